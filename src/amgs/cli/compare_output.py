"""What `amgs compare` shows: the primary analysis first, then all that stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from amgs.cli.console import number, print_facts, print_table, say
from amgs.cohort.sentences import describe_factors, describe_primary
from amgs.cohort.words import describe_test, levene_in_use, name_of_means, p_value
from amgs.vocabulary import REBASED_VALUES


def print_comparison(found: Mapping[str, Any]) -> None:
    """Print a comparison: answer, groups, the paper's tests, sensitivity, what was left out."""
    what = found["value"]
    if found["baseline"] is not None:
        what = f"{what}: {found['timepoint']} against {found['baseline']}"
    _print_primary(found, what)
    _print_paper(found)
    if found["paired"]:
        _print_paired(found)
    _print_beside(found)
    if "contrasts" in found["mixed_model"]:
        _print_mixed(found["mixed_model"], found["baseline"])
    if found["excluded"]:
        rows = [[e["animal"], e["group"], e["reason"]] for e in found["excluded"]]
        print_table("Left out", ["animal", "group", "because"], rows)


def _print_primary(found: Mapping[str, Any], what: str) -> None:
    primary = found["primary"]
    planned = "Primary analysis" if found.get("is_primary", True) else "Not the planned outcome"
    sentences = describe_primary(primary, found["baseline"])
    sentences += describe_factors(primary["factors"]) if "factors" in primary else []
    say(f"{planned} of {what}", sentences)
    if "rows" not in primary:
        return
    print_table(
        f"{name_of_means(primary, found['baseline']).capitalize()}s",
        ["group", "n", "mean", "SE", "lower", "upper"],
        [
            [m["group"], m["n"], *_numbers(m, "mean", "se", "lower", "upper")]
            for m in primary["means"]
        ],
    )
    print_pairs(primary["comparisons"][:1].upper() + primary["comparisons"][1:], primary["rows"])
    if primary.get("equivalence"):
        print_table(
            f"Equivalence within ±{primary['equivalence'][0]['margin']:g} (90 % limits)",
            ["pair", "difference", "lower", "upper", "p", "p not higher", "p not lower"],
            [
                [
                    _pair(r),
                    *_numbers(r, "difference", "lower", "upper"),
                    p_value(r["p"]),
                    p_value(r["p_not_higher"]),
                    p_value(r["p_not_lower"]),
                ]
                for r in primary["equivalence"]
            ],
        )


def print_pairs(title: str, rows: Iterable[Mapping[str, Any]], p: str = "p") -> None:
    """Print differences between pairs of groups with limits and p."""
    print_table(
        title,
        ["pair", "difference", "lower", "upper", "p"],
        [[_pair(r), *_numbers(r, "difference", "lower", "upper"), p_value(r[p])] for r in rows],
    )


def _print_paper(found: Mapping[str, Any]) -> None:
    changes = "changes" if found["baseline"] is not None else "values"
    print_table(
        f"As in the paper: {changes}",
        ["group", "animals", "mean", "SEM", "SD"],
        [[g["group"], g["n"], *_numbers(g, "mean", "sem", "sd")] for g in found["groups"]],
    )
    if isinstance(found["tukey"], list):
        print_table(
            "Tukey's test, simultaneous 95 % limits; Hedges' g with the 95 % interval of the pair "
            "alone",
            ["pair", "difference", "lower", "upper", "p", "g"],
            [
                [
                    _pair(row),
                    *_numbers(row, "difference", "lower", "upper"),
                    p_value(row["p"]),
                    _effect(row),
                ]
                for row in found["tukey"]
            ],
        )
    print_facts("Tests (the animal is the unit)", _tests(found))


def _print_beside(found: Mapping[str, Any]) -> None:
    """Print the pairs of the tests that a note sends the reader to, and cages and outliers."""
    beside = found["sensitivity"]
    if levene_in_use(found["levene"])[0].get("p", 1.0) < found["alpha"] and isinstance(
        beside["games_howell"], list
    ):
        print_pairs("Games–Howell (unequal variances)", beside["games_howell"])
    if found["anderson_darling"].get("p", 1.0) < found["alpha"] and isinstance(
        beside["dunn"], list
    ):
        print_table(
            "Dunn (ranks)",
            ["pair", "z", "p unadjusted", "p (Holm)"],
            [
                [_pair(r), number(r["z"], 2), p_value(r["p_unadjusted"]), p_value(r["p"])]
                for r in beside["dunn"]
            ],
        )
    second = found.get("second_outcome", {}).get("primary", {})
    if "rows" in second:
        rebased = ", re-based" if found["second_outcome"]["value"] in REBASED_VALUES else ""
        title = f"Mean signed score{rebased}, less coarse than % pain (primary analysis)"
        print_pairs(title, second["rows"])
    if "rows" in beside["cages"]:
        print_pairs(
            f"Cage as random effect ({beside['cages']['n_cages']} cages; Holm)",
            beside["cages"]["rows"],
            "p_holm",
        )
    if "rows" in beside["outliers"]:
        print_pairs(f"Primary analysis {beside['outliers']['of']}", beside["outliers"]["rows"])


def _print_paired(found: Mapping[str, Any]) -> None:
    print_table(
        f"Each group against its own {found['baseline']} (paired)",
        ["group", "animals", "change", "lower", "upper", "t", "p", "p (Holm)", "p (Wilcoxon)"],
        [
            [row["group"], row["n"], f"not computed: {row['reason']}", *[""] * 6]
            if "reason" in row
            else [
                row["group"],
                row["n"],
                *_numbers(row, "mean", "lower", "upper"),
                f"t({row['df']}) = {row['t']:.2f}",
                p_value(row["p"]),
                p_value(row["p_holm"]),
                p_value(row["wilcoxon"]["p"]) if "p" in row["wilcoxon"] else "–",
            ]
            for row in found["paired"]
        ],
    )


def _print_mixed(model: Mapping[str, Any], baseline: str) -> None:
    singular = (
        "; a variance is estimated as 0, so that df count values, not animals"
        if model["singular"]
        else ""
    )
    print_table(
        f"Mixed model, {model['n_animals']} animals: changes from {baseline}, group against group. "
        f"Group × time: {describe_test(model['interaction'], 'F')}{singular}",
        ["timepoint", "pair", "difference", "lower", "upper", "p", "p (Holm)"],
        [
            [
                row["timepoint"],
                _pair(row),
                *_numbers(row, "estimate", "lower", "upper"),
                p_value(row["p"]),
                p_value(row["p_holm"]),
            ]
            for row in model["contrasts"]
        ],
    )


def _tests(found: Mapping[str, Any]) -> list[tuple[str, object]]:
    further = found["sensitivity"]
    levene = found["levene"]
    by_median = levene.get("by_median", levene)
    degrees = {k: levene[k] for k in ("df_between", "df_within") if k in levene}
    shown = [
        ("one-way ANOVA", describe_test(found["anova"], "F")),
        ("η², ω²", _two(found["anova"], "eta_squared", "omega_squared")),
        ("Anderson–Darling (normality)", describe_test(found["anderson_darling"], "a_squared")),
        ("Levene by the median (equal variances)", describe_test(by_median | degrees, "F")),
        ("Welch's ANOVA", describe_test(further["welch"], "F")),
        ("Kruskal–Wallis", describe_test(further["kruskal_wallis"], "H")),
        ("permutation test", _permutation(found["primary"].get("permutation"))),
        ("area under the time course", _course(found["course"])),
    ]
    if "wanted" in found["power"]:
        shown.append(("animals per group for 80 % power", _needed(found["power"])))
    return [row for row in shown if row[1]]


def _permutation(test: Mapping[str, Any] | None) -> str:
    if test is None:
        return ""
    if "p" not in test:
        return f"not computed: {test['reason']}"
    ways = f"all {test['ways']}" if test["exact"] else f"{test['ways']} random"
    return f"p = {p_value(test['p'])} ({ways} ways)"


def _course(course: Mapping[str, Any]) -> str:
    return describe_test(course["omnibus"], "F") if "omnibus" in course else ""


def _two(result: Mapping[str, Any], first: str, second: str) -> str:
    if not result.get("computed", True):
        return "–"
    return f"{result[first]:.3f}, {result[second]:.3f}"


def _needed(power: Mapping[str, Any]) -> str:
    wanted = power["wanted"]
    known, upper = (
        str(wanted[name] or "more than 10,000") for name in ("per_group", "per_group_sd_upper")
    )
    return (
        f"{known} for a difference of {wanted['difference']:g} (Tukey, SD {wanted['sd']:.1f}); "
        f"{upper} if the SD is at its upper 80 % limit ({wanted['sd_upper']:.1f})"
    )


def _effect(row: Mapping[str, Any]) -> str:
    if row["hedges_g"] is None or row["hedges_g_interval"] is None:
        return "–"
    low, high = row["hedges_g_interval"]
    return f"{row['hedges_g']:.2f} ({low:.2f} to {high:.2f})"


def _pair(row: Mapping[str, Any]) -> str:
    return f"{row['a']} – {row['b']}"


def _numbers(row: Mapping[str, Any], *names: str) -> Sequence[str]:
    return [number(row[name]) for name in names]
