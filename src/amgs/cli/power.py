"""`amgs power`: how many animals and images the next experiment needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import JsonOption, number, open_study, print_facts, print_json, print_table
from amgs.cohort.words import ANCOVA, AnalysisName

if TYPE_CHECKING:
    import pandas as pd

    from amgs.prediction.summary_options import SummaryOptions


def power(
    pilot: Annotated[
        Path,
        typer.Argument(
            help="A study, or predictions with animal, group and timepoint: images of a pilot."
        ),
    ],
    difference: Annotated[
        float,
        typer.Option(help="The difference between two groups that is to be shown, such as 20."),
    ],
    value: Annotated[
        str,
        typer.Option(help="The outcome. Default: pct_pain; of a study what is planned."),
    ] = "",
    groups: Annotated[int, typer.Option(min=2, help="How many groups there will be.")] = 3,
    control: Annotated[
        bool, typer.Option("--control", help="All groups are compared with one control only.")
    ] = False,
    contrast: Annotated[
        bool, typer.Option("--contrast", help="One planned contrast is tested, without correction.")
    ] = False,
    analysis: Annotated[
        AnalysisName, typer.Option(help="`ancova` or `change`; see `amgs compare`.")
    ] = ANCOVA,
    power: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="The chance to show the difference.")
    ] = 0.8,
    images: Annotated[
        str, typer.Option(help="Images per animal and timepoint to plan for.")
    ] = "3,5,10,20,60",
    seed: Annotated[int, typer.Option(help="Of the simulated experiments.")] = 0,
    json: JsonOption = False,
) -> None:
    """Plan the next experiment from a pilot: animals per group, by the images of each animal.

    The spread of the pilot is divided into that between animals, from session to session, and
    between images; experiments with that spread are simulated and analysed as planned. A small
    pilot does not know its spread well: the last column takes that into account.

    Example: `amgs power pilot --difference 25 --groups 3`
    """
    import numpy as np

    from amgs.cohort.planning import NextExperiment, plan_animals, variance_parts
    from amgs.prediction.pilot import values_of_images
    from amgs.study import is_study

    if control and contrast:
        raise typer.BadParameter("Choose --control or --contrast.")
    how = "against a control" if control else "one contrast" if contrast else "all pairs"
    wanted = NextExperiment(difference, groups, how, analysis, power)  # type: ignore[arg-type]
    wanted.check()
    counts = _counts(images)
    if is_study(pilot):
        table, options, value = _of_study(pilot, value)
    else:
        table, options, value = _of_file(pilot, value)
    values = values_of_images(table, options, value)
    about = table.loc[values.index, ["animal", "group", "timepoint"]].astype(str)
    columns = (about[name].tolist() for name in ("animal", "group", "timepoint"))
    parts = variance_parts(np.asarray(values, float), *columns)
    rows = plan_animals(parts, wanted, counts, seed)
    if json:
        print_json({"value": value, "parts": parts.as_dict(), "difference": difference,
                    "groups": groups, "comparisons": how, "analysis": analysis, "power": power,
                    "plan": rows})  # fmt: skip
        return
    print_facts(
        f"The pilot: {value}, {parts.animals} animals, {parts.images} images",
        [
            ("SD between animals", number(parts.animal**0.5, 1)),
            ("SD from session to session", number(parts.session**0.5, 1)),
            ("SD between images", number(parts.image**0.5, 1)),
        ],
    )
    print_table(
        f"Animals per group to show a difference of {difference:g} with {100 * power:.0f} % power "
        f"({groups} groups, {how}, {analysis})",
        ["images", "if the pilot's spread is exact", "as the pilot knows it"],
        [
            [row["images"], _animals(row["animals"]), _animals(row["animals_uncertain"])]
            for row in rows
        ],
    )


def _animals(n: int | None) -> str:
    return "more than 200" if n is None else str(n)


def _counts(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise typer.BadParameter(f"--images: expected numbers as 5,10,20, found {text!r}.")
    return [int(part) for part in parts]


def _of_study(folder: Path, value: str) -> tuple[pd.DataFrame, SummaryOptions, str]:
    with open_study(folder) as study:
        value = value or study.settings.plan.outcome
        made = study.pilot(value)
    return made.table, made.options, value


def _of_file(path: Path, value: str) -> tuple[pd.DataFrame, SummaryOptions, str]:
    from amgs.prediction.human import read_predictions_or_scores
    from amgs.prediction.summary_options import SummaryOptions, check_columns

    table, _ = read_predictions_or_scores(path)
    check_columns(table, SummaryOptions(), None)
    known: Any = "pct_pain" if "predicted" in table else "mean_mgs_sum"
    return table, SummaryOptions(), value or known
