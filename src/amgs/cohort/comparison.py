"""Groups against each other, as one document: what the paper does, and what a reviewer asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, get_args

import numpy as np

from amgs.cohort.clusters import with_random_cages
from amgs.cohort.course import area_under_course
from amgs.cohort.design import Cohort, resolve_value
from amgs.cohort.differences import (
    Change,
    Exclusion,
    changes_from_baseline,
    choose_after,
    choose_baseline,
)
from amgs.cohort.effects import animals_needed, hedges_g, mean_difference_interval
from amgs.cohort.loss import loss_by_group
from amgs.cohort.mixed import mixed_model
from amgs.cohort.notes import notes_on
from amgs.cohort.oneway import (
    NotComputed,
    Result,
    Samples,
    anderson_darling_test,
    describe_groups,
    levene_test,
    one_way_anova,
    tukey_test,
)
from amgs.cohort.outliers import OUTLIER_RULE, find_outliers
from amgs.cohort.paired import paired_tests
from amgs.cohort.plan import Plan, check_names
from amgs.cohort.primary import primary_analysis
from amgs.cohort.robust import dunn_test, games_howell_test, kruskal_wallis_test, welch_anova
from amgs.cohort.words import ALPHA, ANCOVA, CHANGE, OutlierRule
from amgs.errors import DesignError, NothingLeftError

DEFAULT_VALUE = "pct_pain"
"""What is compared when nothing is said."""


PAIR_COLUMNS = ("a", "b", "difference", "lower", "upper", "p", "hedges_g")
"""Columns of the table of pairs of groups (Tukey's test)."""


@dataclass(frozen=True, slots=True)
class ComparisonChoice:
    """What is compared, and how.

    Parameters
    ----------
    value
        The column to compare; empty for % pain, or the planned outcome of a study.
    baseline
        Which timepoint is the baseline; the one called ``baseline`` if ``None``. With a single
        timepoint there is none, and the values themselves are compared.
    timepoint
        Which timepoint is compared with it; needed when there are several.
    outliers
        ``remove`` leaves out animals whose baseline is an outlier, as Tuttle et al. did;
        ``report`` only lists them, also when nothing is said.
    wanted
        A difference between two groups for which the animals needed are computed.
    plan
        The primary analysis.
    """

    value: str = ""
    baseline: str | None = None
    timepoint: str | None = None
    outliers: OutlierRule | None = None
    wanted: float | None = None
    plan: Plan = field(default_factory=Plan)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All numbers of a comparison; see `compare_groups`.

    ``document`` is what `amgs compare --json` prints; ``changes`` are the animals that went in.
    """

    document: dict[str, Any]
    changes: tuple[Change, ...]


def _check_choice(cohort: Cohort, choice: ComparisonChoice) -> None:
    if choice.outliers not in get_args(OutlierRule):
        rules = " or ".join(get_args(OutlierRule))
        raise DesignError(f"Expected outliers to be {rules}, found {choice.outliers!r}.")
    if choice.value and resolve_value([cohort.value], choice.value) != cohort.value:
        msg = f"Expected a cohort of {choice.value}, found one of {cohort.value}: read it anew."
        raise DesignError(msg)


def compare_groups(
    cohort: Cohort, choice: ComparisonChoice | None = None, *, brief: bool = False
) -> Comparison:
    """Compare groups, with the animal as unit.

    Parameters
    ----------
    cohort
        From `read_cohort`, which has chosen the value.
    choice
        Baseline, timepoint, outliers, plan; the usual ones if not given.
    brief
        Leave out the Games–Howell test, which takes longer than all the rest.

    Returns
    -------
    Comparison
        ``primary``: the planned analysis (`amgs.cohort.primary.primary_analysis`). As in the paper:
        group statistics, Anderson–Darling, Levene, one-way ANOVA of the changes and Tukey's test;
        Hedges' g with every pair; each group against its own baseline under ``paired``. Further
        under ``sensitivity``: the other of ANCOVA and change score, Welch, Games–Howell,
        Kruskal–Wallis, Dunn, cages as random effect, and the result without outliers. ``loss``:
        animals left out by group. What cannot be computed says why.

    Raises
    ------
    DesignError
        If the timepoints do not say what to compare, the plan names what is not there, or no
        animal is left.
    """
    choice = choice or ComparisonChoice()
    choice = replace(choice, outliers=choice.outliers or "report")
    _check_choice(cohort, choice)
    baseline = choose_baseline(cohort, choice.baseline)
    cohort = replace(cohort, baseline=baseline)
    after = choose_after(cohort, baseline, choice.timepoint)
    changes, excluded = changes_from_baseline(cohort, baseline, after)
    loss = loss_by_group(changes, excluded)
    found = find_outliers(changes, baseline)
    outlying = {row["animal"] for row in found}
    everybody = changes
    if choice.outliers == "remove":
        excluded += [
            Exclusion(c.animal, c.group, f"outlier at {baseline}: {OUTLIER_RULE}")
            for c in changes
            if c.animal in outlying
        ]
        changes = [c for c in changes if c.animal not in outlying]
        kept = tuple(cell for cell in cohort.cells if cell.animal not in outlying)
        cohort = replace(cohort, cells=kept)
    if not changes:
        raise NothingLeftError(_why_nothing(cohort, excluded))
    together, alone = leave_out_single_animals(changes)
    excluded += [
        Exclusion(c.animal, c.group, "the only animal of its group")
        for c in changes
        if c.group in alone
    ]
    changes = together
    everybody = [c for c in everybody if c.group not in alone]
    samples = _by_group(changes, cohort.groups)
    compared = cohort.without_groups(alone)
    document: dict[str, Any] = {
        "value": cohort.value,
        "baseline": baseline,
        "timepoint": after,
        "unit": "animal",
        "alpha": ALPHA,
        "plan": asdict(choice.plan),
        "primary": _as_planned(changes, choice.plan, cohort),
        "groups": describe_groups(samples),
        "anderson_darling": anderson_darling_test(samples),
        "levene": levene_test(samples),
        "anova": one_way_anova(samples),
        "tukey": _with_effects(tukey_test(samples), samples),
        "paired": [] if baseline is None else paired_tests(samples),
        "outliers": found,
        "outlier_rule": choice.outliers,
        "excluded": [asdict(e) for e in excluded],
        "groups_of_one": list(alone),
        "loss": loss,
        "sensitivity": _sensitivity(cohort, changes, samples, choice, brief=brief)
        | {"outliers": _other_outlier_rule(cohort, changes, everybody, outlying, choice)},
        "mixed_model": mixed_model(compared, baseline),
        "course": area_under_course(compared, baseline, choice.plan),
        "power": animals_needed(samples, wanted=choice.wanted),
        "animals": [asdict(c) for c in changes],
    }
    document["notes"] = [*cohort.notes, *notes_on(document, compared, changes)]
    return Comparison(document, tuple(changes))


def _as_planned(changes: Sequence[Change], plan: Plan, cohort: Cohort) -> Result:
    """Make the planned analysis; say so where a group that it names has too few animals left."""
    try:
        return primary_analysis(changes, plan, cohort.facts, cohort.clusters)
    except DesignError:
        left = {change.group for change in changes}
        gone = [name for name in cohort.groups if name not in left]
        if not gone:
            raise
        check_names(plan, cohort.groups, cohort.facts)  # or the plan itself names what is not there
        reason = f"the plan names a group of which too few animals are left ({', '.join(gone)})"
        return {"unit": "animal", "analysis": plan.analysis, **NotComputed(reason).as_dict()}


def _sensitivity(
    cohort: Cohort,
    changes: list[Change],
    samples: Samples,
    choice: ComparisonChoice,
    *,
    brief: bool,
) -> Result:
    """Ask the same question in other ways."""
    plan, clusters = choice.plan, cohort.clusters
    other = replace(plan, analysis=CHANGE if plan.analysis == ANCOVA else ANCOVA, factors="")
    with_baseline = changes[0].baseline is not None
    nothing = NotComputed("there is no baseline").as_dict()
    return {
        other.analysis: _as_planned(changes, other, cohort) if with_baseline else nothing,
        "welch": welch_anova(samples),
        "games_howell": NotComputed("it was not asked for").as_dict()
        if brief
        else games_howell_test(samples),
        "kruskal_wallis": kruskal_wallis_test(samples),
        "dunn": dunn_test(samples),
        "cages": with_random_cages(
            changes,
            clusters,
            plan.analysis,
            {name: cohort.facts[name] for name in plan.covariates},
        ),
    }


def _other_outlier_rule(
    cohort: Cohort,
    changes: list[Change],
    everybody: list[Change],
    outlying: Collection[str],
    choice: ComparisonChoice,
) -> Result:
    """Return the primary analysis with the outliers where they were removed, and without them."""
    if not outlying:
        return NotComputed("there is no outlier at baseline").as_dict()
    removed = choice.outliers == "remove"
    rows = everybody if removed else [c for c in changes if c.animal not in outlying]
    rows, _ = leave_out_single_animals(rows)
    says = "with the outliers" if removed else "without the outliers"
    if len({c.group for c in rows}) < len({c.group for c in changes}):
        return {"of": says, **NotComputed("a group would have too few animals").as_dict()}
    return {"of": says, **_as_planned(rows, choice.plan, cohort)}


def leave_out_single_animals(changes: list[Change]) -> tuple[list[Change], tuple[str, ...]]:
    """Leave out groups of one animal, where others can be compared; return their names too."""
    sizes = Counter(c.group for c in changes)
    alone = tuple(name for name, n in sizes.items() if n == 1)
    if len(sizes) - len(alone) < 2:  # noqa: PLR2004
        return changes, ()
    return [c for c in changes if c.group not in alone], alone


def _why_nothing(cohort: Cohort, excluded: list[Exclusion]) -> str:
    reasons = "; ".join(f"{e.animal}: {e.reason}" for e in excluded[:5])
    msg = f"Expected animals with {cohort.value} at every timepoint, found none. {reasons}"
    if cohort.value == "pct_pain":
        msg += (
            ". The summary names every animal and its reason. A model that is rarely confident "
            "needs more labelled images, or these are judged by another one"
        )
    return msg


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
