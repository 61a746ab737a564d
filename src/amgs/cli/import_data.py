"""`amgs import`: foreign formats to the columns of amgs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Convert tables of other programs to the columns of amgs.

    The format is recognised by its content. Known are `tu-berlin` (the folder with
    mgs_by_rater.csv, images.csv and times.csv, as human scores with animals, groups and
    timepoints), `tu-berlin-ratings` (mgs_by_rater.csv alone, as ratings), and `authors-log` (the
    log of the original authors' program, as predictions).

    Example: `amgs import scores/ --out berlin.csv --only khcas,khkxn,khiso`
    """
    from amgs.files import refuse_to_replace_file
    from amgs.interop.formats import open_importer, require_recognised
    from amgs.tables import write_table

    if len(words) > 2:  # noqa: PLR2004
        raise typer.BadParameter("Name one file or folder, and before it its format if needed.")
    place = Path(words[-1])
    importer = open_importer(words[0]) if len(words) > 1 else require_recognised(place)
    found = importer.read(place, [name for name in only.split(",") if name])
    columns = list(found.table.columns)
    refuse_to_replace_file(out, columns, overwrite=overwrite)
    rows = found.table.astype(object).where(found.table.notna(), None)
    write_table(out, columns, rows.itertuples(index=False))
    warn(found.notes)
    if json:
        facts = {**found.facts, "notes": list(found.notes)}
        print_json({"out": out.as_posix(), "format": importer.name, "kind": importer.kind, **facts})
        return
    print_facts(f"Imported: {importer.title}", list(found.facts.items()))
    after = {
        "scores": f"amgs check {out}, amgs summarise {out}",
        "ratings": f"amgs agreement {out}",
        "predictions": f"amgs evaluate {out}",
    }.get(importer.kind, f"amgs compare {out}")
    note(f"Written to {out}. Next: {after}", quiet=quiet)
