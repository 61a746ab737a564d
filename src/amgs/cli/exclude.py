"""`amgs exclude` and `amgs include`: leave something out of all results, and take it in again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import JsonOption, QuietOption, note, open_study, print_json, print_table
from amgs.errors import quoted

if TYPE_CHECKING:
    from amgs.study import Study

StudyArgument = Annotated[Path, typer.Argument(help="The folder of a study.")]
AnimalOption = Annotated[list[str] | None, typer.Option(help="An animal, at all timepoints.")]
RecordingOption = Annotated[
    list[str] | None, typer.Option(help="A recording; a part of it with --from and --to.")
]
FaceOption = Annotated[
    list[str] | None, typer.Option(help="A face image, such as faces/faces/3f…/3f…_0001m10s.jpg.")
]
RaterOption = Annotated[list[str] | None, typer.Option(help="A rater, such as one who only tried.")]
FromOption = Annotated[
    str, typer.Option("--from", help="From which minute of the recording on (5, 5.5 or 5:30).")
]
ToOption = Annotated[str, typer.Option("--to", help="Up to which minute of the recording.")]


def exclude(
    study: StudyArgument,
    reason: Annotated[str, typer.Option(help="Why, such as: died 12 h after surgery.")] = "",
    animal: AnimalOption = None,
    recording: RecordingOption = None,
    face: FaceOption = None,
    rater: RaterOption = None,
    start: FromOption = "",
    stop: ToOption = "",
    by: Annotated[str, typer.Option(help="Who decides. Default: your name on this computer.")] = "",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Leave animals, recordings, parts of them, faces or raters out of all results, with a reason.

    The decision is a line of exclusions.csv, with your name and the date; every later step follows
    it, and the report counts it by reason and group. Nothing is deleted: `amgs include` takes it
    in again. Without anything to leave out, what is left out is listed.

    Example: `amgs exclude laparotomy --animal m07 --reason "died 12 h after surgery"`
    """
    from amgs.study.exclusions import Exclusion

    chosen = _chosen(animal, recording, face, rater, parts=bool(start or stop))
    if chosen and not reason.strip():
        raise typer.BadParameter("Say why: --reason TEXT.")
    if (start or stop) and not recording:
        raise typer.BadParameter("--from and --to cut a part out of a --recording.")
    with open_study(study) as opened:
        if chosen:
            opened.exclude(
                [
                    Exclusion(kind, name, reason.strip(), start, stop, by)
                    if kind == "period"
                    else Exclusion(kind, name, reason.strip(), by=by)
                    for kind, name in chosen
                ]
            )
        _tell(opened, as_json=json)
    note(f"Kept in {study / 'exclusions.csv'}.", quiet=quiet or not chosen)


def include(
    study: StudyArgument,
    animal: AnimalOption = None,
    recording: RecordingOption = None,
    face: FaceOption = None,
    rater: RaterOption = None,
    start: FromOption = "",
    stop: ToOption = "",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take something in again that was left out. That it was, and why, stays in the study.

    Example: `amgs include laparotomy --animal m07`
    """
    chosen = _chosen(animal, recording, face, rater, parts=bool(start or stop))
    if not chosen:
        raise typer.BadParameter(f"Say what: amgs exclude {quoted(study)} lists it.")
    with open_study(study) as opened:
        for kind, name in chosen:
            opened.include(kind, name, start, stop)
        _tell(opened, as_json=json)
    note("Results follow when they are made anew.", quiet=quiet)


def _chosen(
    animal: Sequence[str] | None,
    recording: Sequence[str] | None,
    face: Sequence[str] | None,
    rater: Sequence[str] | None,
    *,
    parts: bool,
) -> list[tuple[str, str]]:
    given = {
        "animal": animal,
        "period" if parts else "recording": recording,
        "face": face,
        "rater": rater,
    }
    return [(kind, name) for kind, names in given.items() for name in names or ()]


def _tell(study: Study, *, as_json: bool) -> None:
    exclusions = study.exclusions()
    rows: list[dict[str, Any]] = [
        {
            "kind": row.kind,
            "name": row.name,
            "from": row.start,
            "to": row.stop,
            "reason": row.reason,
            "by": row.by,
            "date": row.date,
            "late": exclusions.late.get(row.key, ""),
        }
        for row in exclusions.rows
    ]
    if as_json:
        print_json({"excluded": rows})
    elif rows:
        print_table(
            "Left out of all results",
            ["what", "reason", "by", "date", "decided"],
            [
                [
                    row.what,
                    row.reason,
                    row.by,
                    row.date,
                    exclusions.late.get(row.key, "blind"),
                ]
                for row in exclusions.rows
            ],
        )
    else:
        note("Nothing is left out.")
