"""`amgs raters`: who scores a study, and what the owner may correct of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.console import JsonOption, QuietOption, note, open_study, print_json, print_table
from amgs.errors import quoted

PairOption = tuple[str, str] | None


def raters(
    study: Annotated[Path, typer.Argument(help="The folder of a study.")],
    rename: Annotated[
        PairOption, typer.Option(metavar="NAME NEW", help="Give a rater another name.")
    ] = None,
    merge: Annotated[
        PairOption,
        typer.Option(
            metavar="NAME INTO",
            help="Say that two raters are one person; where both scored an image, the answers of "
            "the second count.",
        ),
    ] = None,
    separate: Annotated[
        str | None, typer.Option(metavar="NAME", help="Take back that a rater was merged.")
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the raters of a study and how far they are; rename one, or merge two that are one.

    No answer is ever deleted. A rater whose answers must not count is excluded with a reason:
    `amgs exclude STUDY --rater NAME --reason trial`. All answers as a table: `amgs export STUDY
    --format ratings --out ratings.csv`.

    Example: `amgs raters laparotomy --merge "Ada B" Ada`
    """
    with open_study(study) as opened:
        if rename:
            opened.rename_rater(*rename)
        if merge:
            opened.merge_raters(*merge)
        if separate:
            opened.separate_rater(separate)
        rows = opened.raters()
    if json:
        print_json({"raters": [asdict(row) for row in rows]})
        return
    if not rows:
        note(f"Nobody has scored yet. Next: amgs score {quoted(study)}", quiet=quiet)
        return
    print_table(
        "Raters",
        ["rater", "images finished", "of", "answers", "counts"],
        [
            [
                row.name,
                row.finished,
                row.places,
                row.activity.answers,
                row.excluded or (f"as {row.same_as}" if row.same_as else "yes"),
            ]
            for row in rows
        ],
    )
