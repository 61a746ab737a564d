"""`amgs import`: foreign formats to the columns of amgs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    print_facts,
    print_json,
    warn,
)

if TYPE_CHECKING:
    from amgs.interop.base import TableKind


def import_data(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[FORMAT] PLACE",
            help="The file or folder; if it is not recognised, put its format before it.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The CSV to write.")],
    only: Annotated[
        str, typer.Option(help="Only these parts of it, separated by commas: khcas,khkxn,khiso.")
    ] = "",
    columns: Annotated[
        str,
        typer.Option(
            help="For any other table of images: what its columns are called, such as "
            "image=file,animal=mouse_id,label=class."
        ),
    ] = "",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Convert tables and folders of other programs and public data to the columns of amgs.

    The format is recognised by its content. Known are `tu-berlin-faces` (Mouse Grimace Faces as
    published), `tu-berlin` (the folder with mgs_by_rater.csv, images.csv and times.csv, as human
    scores with animals, groups and timepoints), `tu-berlin-ratings` (mgs_by_rater.csv alone, as
    ratings), `authors-folders` (pain and no pain, scores in the file names), `authors-log` (the log
    of the original authors' program), `face-clean` (images called face_clean_…_MMmSSsFFf.jpg, with
    recording and time), `black-mice`, `talbot`, `vidal` and `painface`, `boris` (scores of action
    units given in BORIS: its project or tabular events), `unit-table` (a spreadsheet with a row per
    image and rater and a column per action unit), and a workbook (XLSX) with the columns of
    recordings.csv. Other tables of images are read with --columns.

    Example: `amgs import MouseGrimaceFaces/ --out berlin.csv`
    """
    from amgs.files import refuse_to_replace_file
    from amgs.interop.base import seen_from
    from amgs.interop.formats import open_importer, require_recognised
    from amgs.interop.recordings_workbook import RECORDING_COLUMNS
    from amgs.interop.unit_scores import rename_columns
    from amgs.tables import write_table

    if len(words) > 2:  # noqa: PLR2004
        raise typer.BadParameter("Name one file or folder, and before it its format if needed.")
    place = Path(words[-1])
    if columns:
        found, name, title = rename_columns(place, _parse_columns(columns)), "columns", str(place)
        kind: TableKind = "images"
    else:
        importer = open_importer(words[0]) if len(words) > 1 else require_recognised(place)
        found = importer.read(place, [part for part in only.split(",") if part])
        name, title, kind = importer.name, importer.title, importer.kind
    needed = RECORDING_COLUMNS if kind == "recordings" else list(found.table.columns)
    refuse_to_replace_file(out, needed, overwrite=overwrite)
    table = found.table
    if found.images_at is not None:
        table = table.assign(image=seen_from(table["image"], found.images_at, out.parent))
    rows = table.astype(object).where(table.notna(), None)
    write_table(out, list(table.columns), rows.itertuples(index=False))
    warn(found.notes)
    if json:
        facts = {**found.facts, "notes": list(found.notes)}
        print_json({"out": out.as_posix(), "format": name, "kind": kind, **facts})
        return
    print_facts(f"Imported: {title}", list(found.facts.items()))
    after = {
        "scores": f"amgs check {out}, amgs summarise {out}",
        "ratings": f"amgs agreement {out}",
        "predictions": f"amgs evaluate {out}",
        "recordings": f"amgs check {out.parent}",
        "images": f"amgs train {out} --out models/imported, where it has labels",
    }.get(kind, f"amgs compare {out}")
    note(f"Written to {out}. Next: {after}", quiet=quiet)


def _parse_columns(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    names = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
    if "image" not in names or not all(names.values()):
        raise typer.BadParameter(f"--columns: expected image=…,animal=…, found {text!r}.")
    return names
