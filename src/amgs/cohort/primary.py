"""The one analysis that answers the question: as planned, with all that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from amgs.cohort.clusters import nested_in_cages
from amgs.cohort.differences import Change
from amgs.cohort.equivalence import equivalence_tests
from amgs.cohort.factors import two_factors
from amgs.cohort.group_model import (
    Analysis,
    GroupModel,
    fit_groups,
    has_constant_baseline,
    parallel_slopes,
)
from amgs.cohort.oneway import NotComputed, Result, pairs
from amgs.cohort.permutation import permutation_test
from amgs.cohort.plan import Plan, check_names, parse_factors, parse_trend
from amgs.cohort.robust import holm
from amgs.cohort.units import Units, experimental_units
from amgs.cohort.words import ANCOVA, CHANGE


def primary_analysis(
    changes: Sequence[Change],
    plan: Plan,
    facts: Mapping[str, Mapping[str, str]],
    clusters: Mapping[str, str],
    *,
    brief: bool = False,
) -> Result:
    """Compare the groups as planned.

    Parameters
    ----------
    changes
        One per animal; groups of one animal are left out before.
    plan
        What is compared, and how.
    facts
        Column → animal → text.
    clusters
        Animal → cage, where known; see `amgs.cohort.units.experimental_units`.
    brief
        Leave out what takes long: permutations, factors.

    Returns
    -------
    dict
        ``unit`` (animal or cage), ``analysis``, ``covariates`` (``covariates_left_out``: those that
        differ within cages; ``constant_baseline`` where all animals have the same value there, and
        changes are compared instead), ``comparisons`` (which test),
        ``omnibus``, ``means``, ``rows`` (differences with simultaneous 95 % limits and adjusted
        p), and where they apply ``parallel_slopes``, ``equivalence``, ``trend``, ``factors``,
        ``permutation``; ``computed: false`` with the reason where it cannot be made.

    Raises
    ------
    DesignError
        If the plan names groups or columns that are not there.
    """
    groups = list(dict.fromkeys(c.group for c in changes))
    compared = _read_plan(plan, groups, facts)
    kind = "cage" if nested_in_cages(changes, clusters) else "animal"
    try:
        units = experimental_units(changes, clusters, plan.covariates, facts)
        kind = units.kind
        # A covariate that is the same in all animals adjusts nothing.
        constant = plan.analysis == ANCOVA and has_constant_baseline(units.changes)
        model = fit_groups(units.changes, CHANGE if constant else plan.analysis, units.covariates)
        found = _tests(model, plan, compared, groups)
    except ArithmeticError as error:
        return {"unit": kind, "analysis": plan.analysis, **NotComputed(str(error)).as_dict()}
    found["unit"] = kind
    if constant:
        found["constant_baseline"] = True
    if units.left_out:
        found["covariates_left_out"] = list(units.left_out)
    if brief:
        return found
    found["permutation"] = permutation_test(units.changes, model.analysis, units.covariates)
    if model.analysis == "ancova":
        found["parallel_slopes"] = _parallel(units)
    if plan.factors:
        animals = parse_factors(plan.factors, {c.animal: c.group for c in changes}, facts)
        found["factors"] = _two_factors(units, animals, model.analysis)
    return found


def _two_factors(
    units: Units, animals: Mapping[str, Mapping[str, str]], analysis: Analysis
) -> Result:
    """Analyse the factors of the units that the primary analysis compares."""
    levels = {name: units.levels(of) for name, of in animals.items()}
    mixed = [name for name, of in levels.items() if of is None]
    if mixed:
        reason = f"cages are compared, and animals of one cage differ in {' and '.join(mixed)}"
        return NotComputed(reason).as_dict()
    known = {name: of for name, of in levels.items() if of is not None}
    others = {name: of for name, of in units.covariates.items() if name not in known}
    found = two_factors(units.changes, known, analysis, others)
    if "levels" in found:  # of animals, which figures show, also where cages are compared
        inside = [animal for members in units.members.values() for animal in members]
        found["levels"] = {a: [of[a] for of in animals.values()] for a in inside}
    return found


def _read_plan(
    plan: Plan, groups: Sequence[str], facts: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, str]]:
    """Return the pairs that are compared; stop at names that are not there."""
    contrasts = check_names(plan, groups, facts)
    if plan.contrasts:
        return contrasts
    if plan.control:
        return [(g, plan.control) for g in groups if g != plan.control]
    return pairs(groups)


def _tests(
    model: GroupModel, plan: Plan, compared: Sequence[tuple[str, str]], groups: Sequence[str]
) -> Result:
    if plan.contrasts:
        rows = [model.compare(a, b) for a, b in compared]
        adjusted = holm([row["p"] for row in rows])
        rows = [
            {**row, "p_unadjusted": row["p"], "p": p} for row, p in zip(rows, adjusted, strict=True)
        ]
        test = "planned contrasts (p by Holm's method, limits not adjusted)"
    elif plan.control:
        rows = model.against(plan.control)
        name = (
            "Dunnett's test" if model.is_dunnett else "p by Holm's method, limits by Bonferroni's"
        )
        test = f"against {plan.control} ({name})"
    else:
        rows, test = model.all_pairs(), "all pairs (Tukey's test)"
    found: dict[str, Any] = {
        "analysis": model.analysis,
        "covariates": list(model.covariates),
        "comparisons": test,
        "omnibus": model.omnibus(),
        "means": model.means(),
        "slope": model.slope(),
        "residual_sd": model.fit.mean_square**0.5,
        "rows": rows,
    }
    if plan.margin > 0:
        found["equivalence"] = equivalence_tests(model, compared, plan.margin)
    if plan.trend:
        found["trend"] = _trend(model, parse_trend(plan.trend, groups))
    return found


def _trend(model: GroupModel, doses: Mapping[str, float]) -> Result:
    """Return the slope of the means on the dose, as one contrast of the means."""
    middle = sum(doses.values()) / len(doses)
    squares = sum((d - middle) ** 2 for d in doses.values())
    weights = model.weights({g: (d - middle) / squares for g, d in doses.items()})
    return {"doses": dict(doses), **model.fit.contrast(weights)}


def _parallel(units: Units) -> Result:
    try:
        return parallel_slopes(units.changes, units.covariates)
    except ArithmeticError as error:
        return NotComputed(str(error)).as_dict()
