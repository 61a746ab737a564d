"""`amgs export`: tables of amgs in formats of other programs, and a study as one file."""

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
)


def export_data(
    source: Annotated[
        Path, typer.Argument(help="A study; or the table of amgs that the format takes.")
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="Of a study: `workbook` (XLSX: animals, images, ratings, exclusions, key), "
            "`archive` (ZIP: the study without its videos), `figures` (ZIP, with their data), "
            "`boris` (a project of BORIS), `nwb` and `bids` (a new folder). Of a study or a table: "
            "`prism` (one column per group), `prism-grouped` (timepoints by groups), `pzfx` (a "
            "Prism file), `long` (one row per number, with a dictionary), `parquet` (all images), "
            "`ratings` (every answer of every rater), `spreadsheet` (semicolons, decimal commas).",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    value: Annotated[
        str, typer.Option(help="Which number of the animals, where the format has room for one.")
    ] = "",
    faces: Annotated[
        bool, typer.Option("--faces/--no-faces", help="In an archive: with or without the images.")
    ] = True,
    key: Annotated[
        bool,
        typer.Option(
            "--key/--no-key",
            help="In an archive: with or without what tells animals and groups. Without it, it is "
            "a blinded copy; its key is written beside it.",
        ),
    ] = True,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a table in the format of another program, or a study as one file to send.

    From a study, the table is rebuilt from its contents. Before the study is unblinded, ratings
    are exported without anything that reveals a group.

    Example: `amgs export laparotomy --format archive --no-key --out for-the-statistician.zip`
    """
    from amgs.errors import OutputExistsError
    from amgs.files import refuse_to_replace_scores
    from amgs.interop.formats import open_exporter
    from amgs.scoring.ratings import read_ratings_table
    from amgs.study import is_study
    from amgs.study.exporting import STUDY_FORMS, Sending, suffix_of
    from amgs.tables import read_table

    suffix = suffix_of(form)
    if suffix and out.suffix.lower() != suffix:
        raise typer.BadParameter(f"--out must end in {suffix}.")
    if suffix and out.exists() and not overwrite:
        msg = f"{out} exists already. Choose another name with --out, or allow it: --overwrite."
        raise OutputExistsError(msg)
    if overwrite:
        refuse_to_replace_scores(out)
    if is_study(source):
        with open_study(source) as study:
            notes = study.export(form, out, value, Sending(faces, key))
    elif form in STUDY_FORMS:
        raise typer.BadParameter(f"The format {form} takes a study, not a table.")
    else:
        exporter = open_exporter(form)
        if exporter.kind == "ratings":
            table = read_ratings_table(source)
        elif exporter.kind == "predictions":
            table = read_table(source, required=("image",))
        else:
            table = read_table(source, required=("animal", "group", "timepoint"))
        notes = exporter.write(table, out, value)
    for text in notes:
        note(text)
    if json:
        print_json({"out": out.as_posix(), "format": form, "notes": list(notes)})
        return
    note(f"Written to {out}.", quiet=quiet)
