"""Groups against each other, as one document: what the paper does, and what a reviewer asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from amgs.cohort.design import Cohort
from amgs.cohort.differences import (
    Change,
    Exclusion,
    changes_from_baseline,
    choose_after,
    choose_baseline,
)
from amgs.cohort.effects import animals_needed, hedges_g, mean_difference_interval
from amgs.cohort.mixed import mixed_model
from amgs.cohort.oneway import (
    OUTLIER_FROM,
    Result,
    Samples,
    anderson_darling_test,
    describe_groups,
    levene_test,
    one_way_anova,
    studentised_residuals,
    tukey_test,
)
from amgs.cohort.paired import paired_tests
from amgs.cohort.robust import dunn_test, games_howell_test, kruskal_wallis_test, welch_anova
from amgs.cohort.words import OutlierRule
from amgs.errors import NothingLeftError

ALPHA = 0.05


PAIR_COLUMNS = ("a", "b", "difference", "lower", "upper", "p", "hedges_g")
"""Columns of the table of pairs of groups (Tukey's test)."""


@dataclass(frozen=True, slots=True)
class ComparisonChoice:
    """What is compared, and how.

    Parameters
    ----------
    value
        The column to compare.
    baseline
        Which timepoint is the baseline; the one called ``baseline`` if ``None``. With a single
        timepoint there is none, and the values themselves are compared.
    timepoint
        Which timepoint is compared with it; needed when there are several.
    outliers
        ``remove`` leaves out animals whose baseline is an outlier, as Tuttle et al. did;
        ``report`` only lists them.
    wanted
        A difference between two groups for which the animals needed are computed.
    """

    value: str = "pct_pain"
    baseline: str | None = None
    timepoint: str | None = None
    outliers: OutlierRule = "report"
    wanted: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All numbers of a comparison; see `compare_groups`.

    ``document`` is what `amgs compare --json` prints; ``changes`` are the animals that went in.
    """

    document: dict[str, Any]
    changes: tuple[Change, ...]


def compare_groups(cohort: Cohort, choice: ComparisonChoice | None = None) -> Comparison:
    """Compare the change from baseline between groups, with the animal as unit.

    Parameters
    ----------
    cohort
        From `read_cohort`, which has chosen the value.
    choice
        Baseline, timepoint, outliers; the usual ones if not given.

    Returns
    -------
    Comparison
        Group statistics, Anderson–Darling, Levene, one-way ANOVA and Tukey's test as in the paper;
        Hedges' g with every pair; each group against its own baseline under ``paired``; Welch,
        Games–Howell, Kruskal–Wallis and Dunn under ``sensitivity``. What cannot be computed says
        why.

    Raises
    ------
    DesignError
        If the timepoints do not say what to compare, or no animal is left.
    """
    choice = choice or ComparisonChoice()
    baseline = choose_baseline(cohort, choice.baseline)
    after = choose_after(cohort, baseline, choice.timepoint)
    changes, excluded = changes_from_baseline(cohort, baseline, after)
    found = _find_outliers(changes, baseline)
    if choice.outliers == "remove":
        names = {row["animal"] for row in found}
        excluded += [
            Exclusion(c.animal, c.group, f"outlier at {baseline} (studentised residual > 3)")
            for c in changes
            if c.animal in names
        ]
        changes = [c for c in changes if c.animal not in names]
        kept = tuple(cell for cell in cohort.cells if cell.animal not in names)
        cohort = replace(cohort, cells=kept)
    if not changes:
        reasons = "; ".join(f"{e.animal}: {e.reason}" for e in excluded[:5])
        msg = f"Expected animals with {cohort.value} at every timepoint, found none. {reasons}"
        if cohort.value == "pct_pain":
            msg += (
                ". The summary names every animal and its reason. A model that is rarely confident "
                "needs more labelled images, or these are judged by another one"
            )
        raise NothingLeftError(msg)
    samples = _by_group(changes, cohort.groups)
    document: dict[str, Any] = {
        "value": cohort.value,
        "baseline": baseline,
        "timepoint": after,
        "unit": "animal",
        "alpha": ALPHA,
        "groups": describe_groups(samples),
        "anderson_darling": anderson_darling_test(samples),
        "levene": levene_test(samples),
        "anova": one_way_anova(samples),
        "tukey": _with_effects(tukey_test(samples), samples),
        "paired": [] if baseline is None else paired_tests(samples),
        "outliers": found,
        "outlier_rule": choice.outliers,
        "excluded": [asdict(e) for e in excluded],
        "sensitivity": {
            "welch": welch_anova(samples),
            "games_howell": games_howell_test(samples),
            "kruskal_wallis": kruskal_wallis_test(samples),
            "dunn": dunn_test(samples),
        },
        "mixed_model": mixed_model(cohort, baseline),
        "power": animals_needed(samples, wanted=choice.wanted),
        "animals": [asdict(c) for c in changes],
    }
    document["notes"] = _notes(document)
    return Comparison(document, tuple(changes))


def pair_rows(document: Mapping[str, Any]) -> list[list[object]]:
    """Return the pairs of groups as rows of `PAIR_COLUMNS`; none where there was no test."""
    pairs = document["tukey"] if isinstance(document["tukey"], list) else []
    return [[row[column] for column in PAIR_COLUMNS] for row in pairs]


def _by_group(changes: list[Change], order: list[str]) -> Samples:
    present = {c.group for c in changes}
    return {
        name: np.array([c.difference for c in changes if c.group == name])
        for name in order
        if name in present
    }


_LEAST_FOR_OUTLIERS = 3


def _find_outliers(changes: list[Change], baseline: str | None) -> list[Result]:
    """List animals whose value at baseline lies far from their group's, of three and more.

    Of two animals each lies as far from their mean as the other.
    """
    if baseline is None:
        return []
    groups = list(dict.fromkeys(c.group for c in changes))
    members = {name: [c for c in changes if c.group == name] for name in groups}
    samples = {
        name: np.array([c.baseline for c in inside], float) for name, inside in members.items()
    }
    residuals = studentised_residuals(samples)
    if not isinstance(residuals, dict):
        return []
    return [
        {
            "animal": change.animal,
            "group": name,
            "baseline": change.baseline,
            "studentised_residual": float(residual) if np.isfinite(residual) else None,
        }
        for name, inside in members.items()
        for change, residual in zip(inside, residuals[name], strict=True)
        if len(inside) >= _LEAST_FOR_OUTLIERS and abs(residual) > OUTLIER_FROM
    ]


def _with_effects(rows: list[Result] | Result, samples: Samples) -> list[Result] | Result:
    if isinstance(rows, dict):
        return rows
    found = []
    for row in rows:
        x, y = samples[row["a"]], samples[row["b"]]
        effect = hedges_g(x, y)
        found.append(
            {
                **row,
                "hedges_g": effect.get("hedges_g"),
                "hedges_g_interval": [effect["lower"], effect["upper"]]
                if effect.get("lower") is not None and effect.get("upper") is not None
                else None,
                "welch_interval": mean_difference_interval(x, y),
            }
        )
    return found


def _notes(document: dict[str, Any]) -> list[str]:
    """Say where the assumptions of the main test are doubtful, and what then to read beside it."""
    notes = []
    normality, levene = document["anderson_darling"], document["levene"]
    if normality.get("p", 1.0) < ALPHA:
        notes.append(
            f"The residuals are not normal (Anderson–Darling p = {normality['p']:.3g}): read "
            "Kruskal–Wallis and Dunn beside the ANOVA."
        )
    if levene.get("p", 1.0) < ALPHA:
        notes.append(
            f"The variances differ (Levene p = {levene['p']:.3g}): read Welch and Games–Howell "
            "beside the ANOVA."
        )
    if document["outliers"] and document["outlier_rule"] == "report":
        names = ", ".join(row["animal"] for row in document["outliers"])
        notes.append(
            f"Outliers at {document['baseline']}, kept: {names}. Tuttle et al. removed such "
            "animals; --outliers remove does."
        )
    if document["outlier_rule"] == "remove" and document["baseline"] is None:
        notes.append("There is no baseline, so no outlier at baseline was looked for.")
    if document["excluded"]:
        notes.append(
            f"{len(document['excluded'])} animals were left out; each has its reason in the list."
        )
    return notes
