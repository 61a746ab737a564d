"""`amgs compare`: groups of animals against each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import (
    FiguresOption,
    JsonOption,
    OverwriteOption,
    QuietOption,
    TimepointOption,
    note,
    number,
    open_study,
    print_facts,
    print_json,
    print_table,
    refuse_beside_study,
    warn,
)
from amgs.cohort.words import OutlierRule, describe_test, p_value

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
        str, typer.Option(help="The column to compare, or an output of a model.")
    ] = "pct_pain",
    baseline: Annotated[
        str | None,
        typer.Option(help="Which timepoint is the baseline. Default: the one called `baseline`."),
    ] = None,
    timepoint: TimepointOption = None,
    outliers: Annotated[
        OutlierRule,
        typer.Option(
            help="Animals whose baseline has a studentised residual above 3: `report` lists them, "
            "`remove` leaves them out, as Tuttle et al. did."
        ),
    ] = "report",
    wanted: Annotated[
        float | None,
        typer.Option(
            help="Also compute how many animals per group detect a difference of this size between "
            "two groups (80 % power), given the spread in this table."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A CSV to write, one line per pair.")] = None,
    figures: FiguresOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare the change from baseline between groups: ANOVA and Tukey's test, as in the paper.

    The animal is the unit; a table of images is refused. Beside the paper's tests are effect sizes
    with intervals, and tests that need neither equal variances nor normality. No test is replaced
    automatically; violated assumptions are reported.

    Example: `amgs compare summary.csv --timepoint 60min`
    """
    from amgs.cohort.comparison import PAIR_COLUMNS, ComparisonChoice, compare_groups, pair_rows
    from amgs.cohort.design import read_cohort
    from amgs.figures.table import write_figures
    from amgs.files import refuse_to_replace_file
    from amgs.study import is_study
    from amgs.tables import write_table

    choice = ComparisonChoice(value, baseline, timepoint, outliers, wanted)
    if out is not None:
        refuse_to_replace_file(out, PAIR_COLUMNS, overwrite=overwrite)
    if is_study(summary):
        refuse_beside_study({"--baseline": baseline}, {"--baseline": "[study] baseline"})
        found = _compare_study(summary, choice, quiet=quiet or json)
        figures = figures or summary / "results" / "figures"
    else:
        found = compare_groups(read_cohort(summary, value), choice).document
    if out is not None:
        write_table(out, PAIR_COLUMNS, pair_rows(found))
    written = [] if figures is None else write_figures(figures, "comparison", found)
    if json:
        print_json(found)
        return
    _print(found)
    warn(found["notes"])
    if out is not None:
        note(f"Pairs written to {out}.", quiet=quiet)
    for path in written:
        note(f"Figure written to {path}", quiet=quiet)


def _compare_study(folder: Path, choice: ComparisonChoice, *, quiet: bool) -> dict[str, Any]:
    with open_study(folder) as study:
        found = study.compare(choice)
    if found.summary.model:
        note(f"Predictions of the model {found.summary.model}; see `amgs summarise`.", quiet=quiet)
    note(f"Pairs written to {found.pairs}.", quiet=quiet)
    return found.document


def _print(found: dict[str, Any]) -> None:
    what = found["value"]
    if found["baseline"] is not None:
        what = f"{what}: {found['timepoint']} minus {found['baseline']}"
    print_table(
        what,
        ["group", "animals", "mean", "SEM", "SD"],
        [
            [g["group"], g["n"], number(g["mean"]), number(g["sem"]), number(g["sd"])]
            for g in found["groups"]
        ],
    )
    print_facts("Tests (the animal is the unit)", _tests(found))
    if isinstance(found["tukey"], list):
        print_table(
            "Tukey's test, 95 % limits; Hedges' g with 95 % interval",
            ["pair", "difference", "lower", "upper", "p", "g"],
            [
                [
                    f"{row['a']} – {row['b']}",
                    number(row["difference"]),
                    number(row["lower"]),
                    number(row["upper"]),
                    p_value(row["p"]),
                    _effect(row),
                ]
                for row in found["tukey"]
            ],
        )
    if found["paired"]:
        _print_paired(found)
    if "contrasts" in found["mixed_model"]:
        _print_mixed(found["mixed_model"], found["baseline"])
    if found["excluded"]:
        rows = [[e["animal"], e["group"], e["reason"]] for e in found["excluded"]]
        print_table("Left out", ["animal", "group", "because"], rows)


def _print_paired(found: dict[str, Any]) -> None:
    print_table(
        f"Each group against its own {found['baseline']} (paired)",
        ["group", "animals", "change", "lower", "upper", "t", "p", "p (Holm)", "p (Wilcoxon)"],
        [
            [row["group"], row["n"], f"not computed: {row['reason']}", *[""] * 6]
            if "reason" in row
            else [
                row["group"],
                row["n"],
                number(row["mean"]),
                number(row["lower"]),
                number(row["upper"]),
                f"t({row['df']}) = {row['t']:.2f}",
                p_value(row["p"]),
                p_value(row["p_holm"]),
                p_value(row["wilcoxon"]["p"]) if "p" in row["wilcoxon"] else "–",
            ]
            for row in found["paired"]
        ],
    )


def _print_mixed(model: dict[str, Any], baseline: str) -> None:
    print_table(
        f"Mixed model, {model['n_animals']} animals: changes from {baseline}, group against group",
        ["timepoint", "pair", "difference", "lower", "upper", "p", "p (Holm)"],
        [
            [
                row["timepoint"],
                f"{row['a']} – {row['b']}",
                number(row["estimate"]),
                number(row["lower"]),
                number(row["upper"]),
                p_value(row["p"]),
                p_value(row["p_holm"]),
            ]
            for row in model["contrasts"]
        ],
    )


def _tests(found: dict[str, Any]) -> list[tuple[str, object]]:
    further = found["sensitivity"]
    return [
        ("one-way ANOVA", describe_test(found["anova"], "F")),
        ("η², ω²", _pair(found["anova"], "eta_squared", "omega_squared")),
        ("Anderson–Darling (normality)", describe_test(found["anderson_darling"], "a_squared")),
        ("Levene (equal variances)", describe_test(found["levene"], "F")),
        ("Welch's ANOVA", describe_test(further["welch"], "F")),
        ("Kruskal–Wallis", describe_test(further["kruskal_wallis"], "H")),
        ("animals per group for 80 % power", _needed(found["power"])),
    ]


def _pair(result: dict[str, Any], first: str, second: str) -> str:
    if not result.get("computed", True):
        return "–"
    return f"{result[first]:.3f}, {result[second]:.3f}"


def _needed(power: dict[str, Any]) -> str:
    if not power.get("computed", True):
        return f"not computed: {power['reason']}"
    parts = []
    for name, label in (("eta_squared", "from η²"), ("omega_squared", "from ω²")):
        known = power[name]
        parts.append(f"{known.get('per_group') or '–'} ({label})")
    if "wanted" in power:
        wanted = power["wanted"]
        needed = wanted["per_group"] or "more than can be computed"
        parts.append(f"{needed} (a difference of {wanted['difference']:g})")
    return ", ".join(parts)


def _effect(row: dict[str, Any]) -> str:
    if row["hedges_g"] is None or row["hedges_g_interval"] is None:
        return "–"
    low, high = row["hedges_g_interval"]
    return f"{row['hedges_g']:.2f} ({low:.2f} to {high:.2f})"
