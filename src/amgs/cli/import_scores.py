"""`amgs import`: foreign formats to the columns of amgs."""

from __future__ import annotations

from enum import StrEnum
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


class ForeignFormat(StrEnum):
    """What can be imported."""

    TU_BERLIN = "tu-berlin"


def import_scores(
    form: Annotated[
        ForeignFormat,
        typer.Argument(
            metavar="FORMAT",
            help="tu-berlin: the folder with mgs_by_rater.csv, images.csv and times.csv.",
        ),
    ],
    place: Annotated[Path, typer.Argument(help="The file or folder in that format.")],
    out: Annotated[Path, typer.Option(help="The CSV to write.")],
    only: Annotated[
        str, typer.Option(help="Only these subsets, with commas between: khcas,khkxn,khiso.")
    ] = "",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Bring scores of others into the columns of amgs, for `check`, `summarise` and `compare`.

    tu-berlin: MGS per image (mean over raters; at most one unit not scorable) with animal, group
    (the experiment, or control) and timepoint. Ids that stand in two groups are reported.

    Example: `amgs import tu-berlin scores/ --out berlin.csv --only khcas,khkxn,khiso`
    """
    from amgs.files import refuse_to_replace_file
    from amgs.interop.tu_berlin_cohort import COHORT_COLUMNS, read_cohort_of_tu_berlin
    from amgs.tables import write_table

    del form  # there is one so far
    refuse_to_replace_file(out, COHORT_COLUMNS, overwrite=overwrite)
    found = read_cohort_of_tu_berlin(place, [name for name in only.split(",") if name])
    rows = found.table.astype(object).where(found.table.notna(), None)
    write_table(out, COHORT_COLUMNS, rows.itertuples(index=False))
    warn(found.notes)
    facts = {
        "images": len(found.table),
        "images without a score": int(found.table["mgs"].isna().sum()),
        "animals": found.table["animal"].nunique(),
        "groups": ", ".join(found.table["group"].unique()),
    }
    if json:
        print_json({"out": out.as_posix(), **facts, "notes": list(found.notes)})
        return
    print_facts("Imported", list(facts.items()))
    note(f"Written to {out}. Next: amgs check {out}, amgs summarise {out}", quiet=quiet)
