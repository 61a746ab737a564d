"""`amgs export`: tables of amgs in formats of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    open_study,
    print_json,
    warn,
)


def export_data(
    source: Annotated[
        Path, typer.Argument(help="A study; or the table of amgs that the format takes.")
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="prism: a column table for GraphPad Prism, one column per group. ratings: every "
            "answer of every rater. spreadsheet: the animals' table with semicolons and decimal "
            "commas.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    value: Annotated[
        str, typer.Option(help="Which number of the animals, for prism. Default: pct_pain.")
    ] = "",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a table in the format of another program.

    From a study, the table is rebuilt from its contents. Before the study is unblinded, ratings
    are exported without anything that reveals a group.

    Example: `amgs export laparotomy --format prism --out pain.csv`
    """
    from amgs.errors import OutputExistsError
    from amgs.interop.formats import open_exporter
    from amgs.scoring.ratings import read_ratings_table
    from amgs.study import is_study
    from amgs.tables import read_table

    exporter = open_exporter(form)
    if out.suffix.lower() != exporter.suffix:
        raise typer.BadParameter(f"--out must end in {exporter.suffix}.")
    if out.exists() and not overwrite:
        msg = f"{out} exists already. Choose another name with --out, or allow it: --overwrite."
        raise OutputExistsError(msg)
    if is_study(source):
        with open_study(source) as study:
            notes = study.export(form, out, value)
    else:
        if exporter.kind == "ratings":
            table = read_ratings_table(source)
        else:
            table = read_table(source, required=("animal", "group", "timepoint"))
        notes = exporter.write(table, out, value)
    warn(notes)
    if json:
        print_json({"out": out.as_posix(), "format": exporter.name, "notes": list(notes)})
        return
    note(f"Written to {out}: {exporter.title}.", quiet=quiet)
