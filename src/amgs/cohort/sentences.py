"""Results in sentences that say no more than the numbers carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from amgs.cohort.words import ALPHA, ANCOVA, describe_test, p_text, written


def name_analysis(primary: Mapping[str, Any], baseline: str | None) -> str:
    """Return what the analysis is called, with what it adjusts for and its unit."""
    if primary.get("analysis") == ANCOVA and baseline is not None:
        further = [name for name in primary.get("covariates", []) if name != "baseline"]
        adjusted = " and ".join([baseline, *further])
        text = f"analysis of covariance, adjusted for {adjusted}"
    else:
        further = list(primary.get("covariates", []))
        of = "values" if baseline is None else f"changes from {baseline}"
        text = f"analysis of variance of the {of}"
        text += f", adjusted for {' and '.join(further)}" if further else ""
    unit = "means of cages" if primary.get("unit") == "cage" else "the animal is the unit"
    return f"{text} ({unit})"


def describe_primary(primary: Mapping[str, Any], baseline: str | None) -> list[str]:
    """Return the answer in sentences: all groups together, pairs, equivalence, trend."""
    name = name_analysis(primary, baseline)
    if not primary.get("computed", True):
        return [f"{_capital(name)}: not computed, as {primary['reason']}."]
    found = [f"{_capital(name)}: {describe_test(primary['omnibus'], 'F')}."]
    found += [_pairs(primary)]
    found += describe_equivalence(primary.get("equivalence", []))
    trend = primary.get("trend")
    if trend:
        found.append(
            f"Linear trend over dose: {trend['estimate']:.3g} per unit of dose (95 % CI "
            f"{trend['lower']:.3g} to {trend['upper']:.3g}, {p_text(trend['p'])})."
        )
    return found


def _pairs(primary: Mapping[str, Any]) -> str:
    rows = primary["rows"]
    shown = [_one(r) for r in rows if r["p"] < ALPHA]
    sizes = ", ".join(f"{m['group']} {m['n']}" for m in primary["means"])
    test = _capital(primary["comparisons"])
    if shown:
        rest = [_one(r) for r in rows if r["p"] >= ALPHA]
        text = f"{test}: {'; '.join(shown)}."
        return text + (f" Not shown to differ: {'; '.join(rest)}." if rest else "")
    widest = max(max(abs(r["lower"]), abs(r["upper"])) for r in rows)
    most = written(widest, widest)
    return (
        f"{test}: no difference between two groups was shown (n: {sizes}); the intervals allow "
        f"differences up to {most}. This does not show that the groups are alike."
    )


def _one(row: Mapping[str, Any]) -> str:
    difference, lower, upper = _with_limits(row, "difference")
    return f"{row['a']} – {row['b']} {difference} (95 % CI {lower} to {upper}, {p_text(row['p'])})"


def _with_limits(row: Mapping[str, Any], name: str) -> tuple[str, str, str]:
    """Write an estimate and its limits with as many decimals as the limits allow."""
    width = row["upper"] - row["lower"]
    value, lower, upper = (written(row[key], width) for key in (name, "lower", "upper"))
    return value, lower, upper


def describe_equivalence(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the tests of equivalence say of every pair."""
    found = []
    for r in rows:
        _, lower, upper = _with_limits(r, "difference")
        limits = f"90 % CI {lower} to {upper}, margin ±{r['margin']:g}"
        pair = f"{r['a']} – {r['b']}"
        if r["equivalent"]:
            says = f"equivalent within the margin ({limits}, {p_text(r['p'])})"
        elif r["not_higher"]:
            says = f"not higher by the margin ({limits}, {p_text(r['p_not_higher'])})"
            says += "; equivalence was not shown"
        elif r["not_lower"]:
            says = f"not lower by the margin ({limits}, {p_text(r['p_not_lower'])})"
            says += "; equivalence was not shown"
        else:
            says = f"equivalence was not shown ({limits}, {p_text(r['p'])})"
        found.append(f"{pair}: {says}.")
    return found


def describe_factors(factors: Mapping[str, Any]) -> list[str]:
    """Return what two factors and their interaction say."""
    if not factors.get("computed", True):
        return [f"Two factors: not computed, as {factors['reason']}."]
    found = [f"{name}: {describe_test(test, 'F')}." for name, test in factors["effects"].items()]
    both = factors.get("interaction")
    if both:
        a, b, c, d = both["of"]
        estimate, lower, upper = _with_limits(both, "estimate")
        found.append(
            f"The difference {a} – {b} in {c} minus that in {d} is {estimate} (95 % "
            f"limits {lower} to {upper}, {p_text(both['p'])}). An effect "
            "in one and none in the other is not yet a difference between them; this is its test."
        )
    return found


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def list_questions(baseline: str | None) -> list[tuple[str, str, str]]:
    """Return question, test, why: which of the many numbers answers what."""
    compared = "changes" if baseline is not None else "values"
    return [
        (question, test.format(compared), why.format(compared))
        for question, test, why, asked in _QUESTIONS
        if asked is None or asked == (baseline is not None)
    ]


_QUESTIONS = (
    (
        "Do the groups differ?",
        "the analysis above",
        (
            "Adjusting for the baseline is more precise than subtracting it unless "
            "values before and after are closely correlated, and takes care of differences that "
            "groups had at baseline by chance."
        ),
        True,
    ),
    ("Do the groups differ?", "the analysis above", "There is no baseline to adjust for.", False),
    (
        "What does the method of the paper say?",
        "one-way ANOVA of {}, Tukey's test",
        "What Tuttle et al. did; comparable with published studies.",
        None,
    ),
    (
        "Does it depend on equal variances?",
        "Welch, Games–Howell",
        "% pain near 0 or 100 varies less than in between.",
        None,
    ),
    (
        "Does it depend on a normal distribution?",
        "permutation test, Kruskal–Wallis, Dunn",
        "They assume none. The permutation test is of the primary analysis, the others of {}.",
        None,
    ),
    (
        "Did a group change at all?",
        "paired t-test, Wilcoxon",
        (
            "Each group against its own baseline. A change in one group and none in another is "
            "not yet a difference between them."
        ),
        True,
    ),
    (
        "Are two groups alike?",
        "equivalence (two one-sided tests)",
        "A large p never shows that; an interval inside a margin fixed beforehand does.",
        None,
    ),
    (
        "Do the courses differ over all timepoints?",
        "mixed model, area under the course",
        "Uses animals that lack a timepoint; p (Holm) is corrected over all timepoints.",
        True,
    ),
)
"""Question, test, why, and whether it is asked with or without a baseline alone."""
