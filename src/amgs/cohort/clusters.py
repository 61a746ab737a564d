"""Animals of one cage: not independent where the cage was treated, not the animal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from amgs.cohort.differences import Change
from amgs.cohort.group_model import Analysis, centred_baseline, covariate_columns
from amgs.cohort.oneway import NotComputed, Result, pairs
from amgs.cohort.robust import holm
from amgs.cohort.variance import fit_variances

_LISTED = 5


def nested_in_cages(changes: Sequence[Change], clusters: Mapping[str, str]) -> bool:
    """Say whether every known cage holds animals of one group only, and some hold several.

    Then the group and what a cage shares cannot be told apart within cages: the treatment may have
    been given by cage, and the cage is the unit (Lazic et al. 2018).
    """
    known = [c for c in changes if c.animal in clusters]
    groups: dict[str, set[str]] = {}
    for change in known:
        groups.setdefault(clusters[change.animal], set()).add(change.group)
    return all(len(names) == 1 for names in groups.values()) and len(groups) < len(known)


def without_cage(animals: Iterable[str], clusters: Mapping[str, str]) -> list[str]:
    """Return the animals whose cage is not known, where that of others is."""
    there = list(dict.fromkeys(animals))
    unknown = [name for name in there if name not in clusters]
    return unknown if len(unknown) < len(there) else []


def some_of(names: Sequence[str]) -> str:
    """Write names, the first five of many."""
    return ", ".join([*names[:_LISTED], *(["…"] if len(names) > _LISTED else [])])


def share_cages(animals: Iterable[str], clusters: Mapping[str, str]) -> bool:
    """Say whether the cage of every animal is known, and some cage holds several."""
    there = set(animals)
    return there <= set(clusters) and len({clusters[name] for name in there}) < len(there)


def cage_means(changes: Sequence[Change], clusters: Mapping[str, str]) -> list[Change]:
    """Return one change per cage: the means of its animals."""
    members: dict[str, list[Change]] = {}
    for change in changes:
        members.setdefault(clusters[change.animal], []).append(change)
    found = []
    for cage, inside in members.items():
        before = [c.baseline for c in inside if c.baseline is not None]
        baseline = float(np.mean(before)) if before else None
        after = float(np.mean([c.after for c in inside]))
        difference = float(np.mean([c.difference for c in inside]))
        found.append(Change(cage, inside[0].group, baseline, after, difference))
    return found


def with_random_cages(
    changes: Sequence[Change],
    clusters: Mapping[str, str],
    analysis: Analysis,
    covariates: Mapping[str, Mapping[str, str]] | None = None,
) -> Result:
    """Compare all pairs of groups with the cage as random effect (REML, Satterthwaite, Holm).

    Parameters
    ----------
    changes, analysis, covariates
        As in `amgs.cohort.group_model.fit_groups`.
    clusters
        Animal → cage.

    Returns
    -------
    dict
        ``var_cage``, ``var_residual``, ``singular``, ``intraclass_correlation`` of animals of a
        cage, and ``rows``. Not computed where cages are not known.
    """
    if not share_cages((c.animal for c in changes), clusters):
        unknown = without_cage((c.animal for c in changes), clusters)
        return NotComputed(
            f"the cage of {some_of(unknown)} is not known"
            if unknown
            else "the cages are not known, or no two animals share one"
        ).as_dict()
    groups = list(dict.fromkeys(c.group for c in changes))
    try:
        before, y = centred_baseline(changes, analysis)
        x = np.eye(len(groups))[[groups.index(c.group) for c in changes]]
        x = x if before is None else np.column_stack([x, before])
        x = np.hstack([x, *covariate_columns(changes, covariates)])
        cages = np.unique([clusters[c.animal] for c in changes], return_inverse=True)[1]
        fit = fit_variances(y, x, {"cage": cages.astype(np.intp)})
        rows = []
        for a, b in pairs(groups):
            weights = np.zeros(x.shape[1])
            weights[groups.index(a)], weights[groups.index(b)] = 1.0, -1.0
            found = fit.contrast(weights)
            rows.append({"a": a, "b": b, "difference": found.pop("estimate"), **found})
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        return NotComputed(str(error)).as_dict()
    cage, residual = fit.variances["cage"], fit.variances["residual"]
    adjusted = holm([row["p"] for row in rows])
    return {
        "n_cages": len({clusters[c.animal] for c in changes}),
        "var_cage": cage,
        "var_residual": residual,
        "intraclass_correlation": cage / (cage + residual),
        "singular": fit.singular,
        "rows": [{**row, "p_holm": p} for row, p in zip(rows, adjusted, strict=True)],
    }
