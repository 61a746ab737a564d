"""`amgs evidence`: what a model's calls rest on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.classify import choose_reader, study_among
from amgs.cli.classify_output import print_model_notice
from amgs.cli.console import (
    DetectorOption,
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    number,
    open_study,
    print_json,
    print_table,
    refuse_beside_study,
    require_faces,
    show_progress,
    warn,
)
from amgs.cli.where import OnOption, run_on
from amgs.errors import count_of
from amgs.vocabulary import EVEN_ODDS, EXPLAINED_FACES

if TYPE_CHECKING:
    from amgs.prediction.explaining import Evidence
    from amgs.prediction.readers import Reader


def evidence(
    model: Annotated[
        Path,
        typer.Argument(
            help="A model folder, made by `amgs train`. With a study, the name of one of its "
            "models, or the study alone for the one that was trained or used last."
        ),
    ],
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            help="A study; or images, folders, or one CSV with an `image` column, and where known "
            "animal, group, timepoint, label."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder to write. Of a study: results/evidence inside it."),
    ] = None,
    faces: Annotated[
        int, typer.Option(min=1, help="Faces that are looked at closely, about a second each.")
    ] = EXPLAINED_FACES,
    detector: DetectorOption = None,
    on: OnOption = "",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """See what a model's calls rest on: eyes, ears, muzzle, or what is no face at all.

    Every region of a face, and every place of a grid over it, is blurred away in turn, and how far
    the call changes is measured. And it is tried whether pain can be told without a face: from the
    background alone, the zone or the date. If so, the result may come from how the animals were
    filmed.

    Example: `amgs evidence laparotomy`
    """
    study = study_among(model, images)
    if study is not None:
        refuse_beside_study(
            {"--out": out, "--detector": detector}, {"--detector": "[extract] detector"}
        )
        found, reader, folder = _of_study(study, model, faces, on, silent=quiet or json)
    else:
        found, reader, folder = _of_images(
            model, images, out, faces, detector, on, overwrite=overwrite, silent=quiet or json
        )
    if json:
        print_json({**found.as_dict(), "model": reader.name, "folder": folder.as_posix()})
        return
    _print(found)
    warn(found.notes)
    note(f"Maps of single faces, means by group and the table are in {folder}.", quiet=quiet)


def _of_study(
    place: Path, model: Path, n: int, on: str, *, silent: bool
) -> tuple[Evidence, Reader, Path]:
    from amgs.study.evidence import EVIDENCE

    with open_study(place) as study:
        require_faces(study, place, "evidence")
        reader = choose_reader(study, place, model, quiet=silent)
        with run_on(on, study.folder) as executor, show_progress(quiet=silent) as progress:
            found = study.explain(reader, n, executor=executor, progress=progress)
        return found, reader, study.results / EVIDENCE


def _of_images(
    model: Path,
    images: list[Path] | None,
    out: Path | None,
    n: int,
    detector: str | None,
    on: str,
    *,
    overwrite: bool,
    silent: bool,
) -> tuple[Evidence, Reader, Path]:
    from amgs.faces.detectors import open_detector
    from amgs.figures.evidence import write_evidence
    from amgs.files import refuse_to_replace_folder
    from amgs.prediction import list_images, open_reader
    from amgs.prediction.explaining import ExplainedImage, explain
    from amgs.provenance import record_provenance

    if not images:
        raise typer.BadParameter("Name images, folders, a CSV or a study after the model.")
    if out is None:
        raise typer.BadParameter("--out is missing: the folder to write.")
    refuse_to_replace_folder(out, "evidence.json", overwrite=overwrite)
    reader = open_reader(model)
    print_model_notice(reader)
    listing = list_images(images)
    known = []
    for image in listing:
        said = dict(zip(listing.known, image.known, strict=True))
        set_name = ", ".join(filter(None, (said.get("group"), said.get("timepoint"))))
        known.append(ExplainedImage(image, said.get("animal", ""), set_name, said.get("label", "")))
    with run_on(on, out.parent) as executor, show_progress(quiet=silent) as progress:
        found = explain(
            reader,
            open_detector() if detector is None else open_detector(detector),
            known,
            most=n,
            executor=executor,
            progress=progress,
        )
    origin = record_provenance({"model": reader.name, "faces": n}, {"model": reader.sha256})
    write_evidence(out, found, origin.as_dict())
    return found, reader, out


def _print(found: Evidence) -> None:
    from amgs.prediction.evidence import REGIONS
    from amgs.prediction.evidence_sets import compare_calls

    rows: list[list[str]] = [
        [
            one.name,
            f"{one.images} ({one.animals})",
            *(number(one.effects[region], 2) for region in REGIONS),
            "" if one.share_outside is None else f"{100 * one.share_outside:.0f} %",
        ]
        for one in found.sets
    ]
    both = compare_calls(found.sets)
    if both is not None:
        cells = [number(both["effects"][region], 2) for region in REGIONS]
        share = both["share_outside"]
        rows.append(["pain − no pain", "", *cells, "" if share is None else f"{100 * share:.0f} %"])
    print_table(
        "What carried the calls: Shapley values of regions, in log odds of pain",
        ["faces", "images (animals)", *REGIONS, "share outside"],
        rows,
    )
    missing = sum(face.effects is None for face in found.faces)
    if missing:
        note(f"In {count_of(missing, 'image')} no face was found; they are left out.")
    if found.probes:
        print_table(
            "What tells pain from no pain, of animals left out",
            ["from", "AUC", "95 % limits over animals", "images (animals)"],
            [_probe_row(probe.as_dict()) for probe in found.probes],
        )


def _probe_row(probe: dict[str, Any]) -> list[str]:
    limits = probe["interval"]
    return [
        probe["name"],
        "0.50 or less" if probe["auc"] <= EVEN_ODDS else number(probe["auc"], 2),
        "too few animals" if limits is None else f"{limits[0]:.2f} to {limits[1]:.2f}",
        f"{probe['images']} ({probe['animals']})",
    ]
