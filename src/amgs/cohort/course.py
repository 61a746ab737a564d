"""A time course as one number per animal: the area under it."""

from __future__ import annotations

from collections.abc import Sequence

from amgs.cohort.design import Cohort
from amgs.cohort.differences import Change
from amgs.cohort.group_model import fit_groups
from amgs.cohort.oneway import NotComputed, Result
from amgs.cohort.plan import Plan
from amgs.cohort.units import experimental_units
from amgs.timepoints import order_timepoints, says_order, seconds_of

_LEAST = 2


def area_under_course(cohort: Cohort, baseline: str | None, plan: Plan) -> Result:
    """Compare the areas under the animals' time courses after the baseline.

    The area is by the trapezoid rule over the times that the timepoints' names say, divided by
    their span: the mean value over that time, in the value's own unit. Animals that lack a
    timepoint are left out. Units and covariates are those of the primary analysis.

    Returns
    -------
    dict
        ``timepoints``, ``animals``, ``unit``, ``omnibus``, ``means`` and all pairs by Tukey's test
        in ``rows``, by the analysis that is planned.
    """
    later = [name for name in cohort.timepoints if name != baseline]
    if len(later) < _LEAST:
        return NotComputed("there is one timepoint after the baseline").as_dict()
    if not says_order(later):
        return NotComputed(
            f"the names of the timepoints ({', '.join(later)}) do not all say a time, such as 30min"
        ).as_dict()
    # In the order of time, whatever the baseline is called: else an area would have negative steps.
    later = order_timepoints(later, None)
    times = [float(seconds_of(name) or 0.0) for name in later]
    if len(set(times)) < len(times):
        return NotComputed(
            f"two of the timepoints ({', '.join(later)}) have names that say the same time"
        ).as_dict()
    changes = _areas(cohort, baseline, later, times)
    sizes = {g: sum(c.group == g for c in changes) for g in cohort.groups}
    changes = [c for c in changes if sizes[c.group] > 1]
    try:
        if not changes:
            raise ArithmeticError("no two animals of a group have a value at every timepoint")
        units = experimental_units(changes, cohort.clusters, plan.covariates, cohort.facts)
        model = fit_groups(units.changes, plan.analysis, units.covariates)
        return {
            "timepoints": later,
            "animals": len(changes),
            "unit": units.kind,
            "omnibus": model.omnibus(),
            "means": model.means(),
            "rows": model.all_pairs(),
        }
    except ArithmeticError as error:
        return NotComputed(str(error)).as_dict()


def _areas(
    cohort: Cohort, baseline: str | None, later: Sequence[str], times: Sequence[float]
) -> list[Change]:
    known: dict[str, dict[str, float]] = {}
    groups = {}
    for cell in cohort.cells:
        groups[cell.animal] = cell.group
        if cell.value is not None and not cell.excluded_because:
            known.setdefault(cell.animal, {})[cell.timepoint] = cell.value
    found = []
    for animal, values in known.items():
        if not set(later) <= set(values) or (baseline is not None and baseline not in values):
            continue
        steps = zip(times, times[1:], later, later[1:], strict=False)
        area = sum((t - s) * (values[a] + values[b]) / 2 for s, t, a, b in steps)
        mean = area / (times[-1] - times[0])
        before = None if baseline is None else values[baseline]
        found.append(Change(animal, groups[animal], before, mean, mean - (before or 0.0)))
    return found
