"""`amgs compare`: groups of animals against each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.compare_output import print_comparison
from amgs.cli.console import (
    FiguresOption,
    JsonOption,
    OverwriteOption,
    QuietOption,
    TimepointOption,
    note,
    open_study,
    print_json,
    refuse_beside_study,
    warn,
)
from amgs.cohort.words import ANCOVA, AnalysisName, OutlierRule

if TYPE_CHECKING:
    from amgs.cohort.comparison import ComparisonChoice


def compare(
    summary: Annotated[
        Path,
        typer.Argument(
            help="A study; or a CSV with one row per animal and timepoint: "
            "`animal,group,timepoint,VALUE`."
        ),
    ],
    value: Annotated[
        str,
        typer.Option(
            help="The column to compare, or an output of a model. Default: pct_pain; in a study "
            "the planned outcome."
        ),
    ] = "",
    baseline: Annotated[
        str | None,
        typer.Option(help="Which timepoint is the baseline. Default: the one called `baseline`."),
    ] = None,
    timepoint: TimepointOption = None,
    outliers: Annotated[
        OutlierRule | None,
        typer.Option(
            help="Animals whose baseline has an externally studentised residual above 3: `report` "
            "lists them (default), `remove` leaves them out."
        ),
    ] = None,
    analysis: Annotated[
        AnalysisName | None,
        typer.Option(
            help="The primary analysis. `ancova` (default): the value at the timepoint, adjusted "
            "for the baseline. `change`: after minus baseline."
        ),
    ] = None,
    control: Annotated[
        str, typer.Option(help="Compare all groups with this one (Dunnett) instead of all pairs.")
    ] = "",
    contrasts: Annotated[
        str,
        typer.Option(help="Compare these pairs only (Holm), as `surgery - sham; drug - surgery`."),
    ] = "",
    trend: Annotated[
        str, typer.Option(help="Doses of groups for a linear trend: `vehicle: 0; low: 1; high: 3`.")
    ] = "",
    covariates: Annotated[
        str, typer.Option(help="Columns that are adjusted for besides the baseline: `sex, strain`.")
    ] = "",
    factors: Annotated[
        str,
        typer.Option(
            help="Two factors and their interaction: `group:sex`, or `surgery:drug` where groups "
            "are named as `surgery:saline`."
        ),
    ] = "",
    margin: Annotated[
        float,
        typer.Option(
            min=0, help="The largest difference that does not matter; tests equivalence with it."
        ),
    ] = 0.0,
    wanted: Annotated[
        float | None,
        typer.Option(
            help="Also compute how many animals per group show a difference of this size between "
            "two groups (Tukey, 80 % power), given the spread of the changes in this table."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A CSV to write, one line per pair.")] = None,
    figures: FiguresOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare groups: the planned analysis first, then the paper's, then the rest.

    The animal is the unit; a table of images is refused. The primary analysis is that of [plan] in
    study.toml, or of the options here. One-way ANOVA of changes and Tukey's test, as in the paper,
    effect sizes, and tests without their assumptions stand beside it. No test is replaced
    automatically; violated assumptions are reported.

    Example: `amgs compare summary.csv --timepoint 60min --control vehicle --margin 10`
    """
    from amgs.cohort.comparison import (
        DEFAULT_VALUE,
        PAIR_COLUMNS,
        ComparisonChoice,
        pair_rows,
    )
    from amgs.cohort.plan import Plan
    from amgs.cohort.second_outcome import compare_table
    from amgs.figures.table import write_figures
    from amgs.files import refuse_to_replace_file
    from amgs.study import is_study
    from amgs.tables import write_table

    named = tuple(filter(None, map(str.strip, covariates.split(","))))
    plan = Plan(analysis or ANCOVA, control, contrasts, trend, named, factors, margin)
    choice = ComparisonChoice(value, baseline, timepoint, outliers, wanted, plan)
    if out is not None:
        refuse_to_replace_file(out, PAIR_COLUMNS, overwrite=overwrite)
    if is_study(summary):
        _refuse_plan(
            baseline=baseline,
            analysis=analysis,
            control=control,
            contrasts=contrasts,
            trend=trend,
            covariates=covariates,
            factors=factors,
            margin=margin or None,
        )
        found = _compare_study(summary, choice, quiet=quiet or json)
        figures = figures or summary / "results" / "figures"
    else:
        found = compare_table(summary, value or DEFAULT_VALUE, choice)
    if out is not None:
        write_table(out, PAIR_COLUMNS, pair_rows(found))
    written = [] if figures is None else write_figures(figures, "comparison", found)
    if json:
        print_json(found)
        return
    print_comparison(found)
    warn(found["notes"])
    if out is not None:
        note(f"Pairs written to {out}.", quiet=quiet)
    for path in written:
        note(f"Figure written to {path}", quiet=quiet)


def _refuse_plan(**given: object) -> None:
    sections = dict.fromkeys(given, "plan") | {"baseline": "study"}
    refuse_beside_study(
        {f"--{name}": value for name, value in given.items()},
        {f"--{name}": f"[{section}] {name}" for name, section in sections.items()},
    )


def _compare_study(folder: Path, choice: ComparisonChoice, *, quiet: bool) -> dict[str, Any]:
    with open_study(folder) as study:
        found = study.compare(choice)
    if found.summary.model:
        note(f"Predictions of the model {found.summary.model}; see `amgs summarise`.", quiet=quiet)
    note(f"Pairs written to {found.pairs}.", quiet=quiet)
    return found.document
