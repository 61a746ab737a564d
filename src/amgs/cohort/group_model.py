"""The groups' means, adjusted for what is known of the animals before: ANCOVA and change scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from amgs.cohort.differences import Change
from amgs.cohort.linear import LinearFit, fit_linear
from amgs.cohort.many_to_one import ManyToOne
from amgs.cohort.oneway import CONFIDENCE, Floats, Result, critical_range, is_constant, pairs
from amgs.cohort.robust import holm
from amgs.cohort.words import AnalysisName

Analysis: TypeAlias = AnalysisName
"""``ancova``: the value after, with the baseline as covariate. ``change``: after minus baseline."""


@dataclass(frozen=True, eq=False)
class GroupModel:
    """Means of groups by a linear model of one value per animal.

    The first coefficients are the groups' adjusted means: at the mean baseline of all animals, and
    in the middle of all levels of further covariates.
    """

    groups: tuple[str, ...]
    sizes: Floats
    fit: LinearFit
    analysis: Analysis
    covariates: tuple[str, ...]
    raw: Mapping[str, Result]
    _slopes: Floats = field(default_factory=lambda: np.zeros(0))

    def means(self) -> list[Result]:
        """Return every group's adjusted mean with its 95 % limits, and the values as they are.

        ``baseline_mean, baseline_sd`` and ``after_mean, sd`` are not adjusted.
        """
        return [
            {
                "group": name,
                "n": int(n),
                **_renamed(self.fit.contrast(self.weights({name: 1.0}))),
                **self.raw[name],
            }
            for name, n in zip(self.groups, self.sizes, strict=True)
        ]

    def slope(self) -> Result | None:
        """Return the slope on the baseline with its limits; ``None`` where it is no covariate."""
        if "baseline" not in self.covariates:
            return None
        weights = np.zeros(len(self.fit.beta))
        weights[len(self.groups)] = 1.0  # the baseline is the first column after the groups
        return self.fit.contrast(weights)

    def weights(self, of: Mapping[str, float]) -> Floats:
        """Return the weights of a contrast of the groups' means."""
        found = np.zeros(len(self.fit.beta))
        for name, weight in of.items():
            found[self.groups.index(name)] = weight
        return found

    def omnibus(self) -> Result:
        """Test whether any two groups differ."""
        first = self.groups[0]
        rows = [self.weights({name: 1.0, first: -1.0}) for name in self.groups[1:]]
        return self.fit.joint_test(np.array(rows))

    def all_pairs(self) -> list[Result]:
        """Compare all pairs: p and simultaneous limits by the studentised range (Tukey–Kramer)."""
        from scipy.stats import studentized_range

        k, df = len(self.groups), self.fit.df
        critical = critical_range(k, df) / 2**0.5
        rows = []
        for a, b in pairs(self.groups):
            row = self.compare(a, b)
            p = float(studentized_range.sf(abs(row["t"]) * np.sqrt(2), k, df))
            rows.append(_simultaneous(row, critical, p))
        return rows

    @property
    def is_dunnett(self) -> bool:
        """Whether comparisons with a control are by Dunnett's test: at most with the baseline."""
        return len(self.covariates) <= len(self._slopes[:1])

    def against(self, control: str) -> list[Result]:
        """Compare every other group with a control by Dunnett's test.

        With covariates besides the baseline p values are adjusted by Holm's method instead, and the
        limits by Bonferroni's.
        """
        others = [name for name in self.groups if name != control]
        rows = [self.compare(name, control) for name in others]
        if not self.is_dunnett:
            adjusted = holm([row["p"] for row in rows])
            critical = _bonferroni(len(rows), self.fit.df)
            return [_simultaneous(r, critical, p) for r, p in zip(rows, adjusted, strict=True)]
        of = {name: k for k, name in enumerate(self.groups)}
        chosen = [of[name] for name in others]
        slopes = self._slopes if len(self._slopes) else np.zeros(len(self.groups))
        joint = ManyToOne(
            self.sizes[chosen],
            int(self.sizes[of[control]]),
            slopes[chosen] - slopes[of[control]],
            self.fit.df,
        )
        return [_simultaneous(row, joint.critical, joint.p_value(row["t"])) for row in rows]

    def compare(self, a: str, b: str) -> Result:
        """Compare two groups: the mean of ``a`` minus that of ``b``, unadjusted."""
        found = self.fit.contrast(self.weights({a: 1.0, b: -1.0}))
        return {"a": a, "b": b, "difference": found.pop("estimate"), **found}


def fit_groups(
    changes: Sequence[Change],
    analysis: Analysis,
    covariates: Mapping[str, Mapping[str, str]] | None = None,
) -> GroupModel:
    """Fit the groups' means.

    Parameters
    ----------
    changes
        One per animal. Without a baseline the values themselves are compared.
    analysis
        ``ancova`` needs a baseline.
    covariates
        Name → animal → level, such as the sex.

    Raises
    ------
    ArithmeticError
        If the model cannot be fitted; the message says why.
    """
    groups = tuple(dict.fromkeys(c.group for c in changes))
    if len(groups) < 2:  # noqa: PLR2004
        raise ArithmeticError(f"there is one group ({', '.join(groups)}), a comparison needs two")
    member = np.array([groups.index(c.group) for c in changes])
    x = np.eye(len(groups))[member]
    columns, named, slopes = [x], [], np.zeros(0)
    before, y = centred_baseline(changes, analysis)
    if analysis == "ancova" and has_constant_baseline(changes):
        raise ArithmeticError("all animals have the same value at baseline")
    if before is not None:
        columns.append(before[:, None])
        named.append("baseline")
        means = np.array([before[member == g].mean() for g in range(len(groups))])
        within = float(((before - means[member]) ** 2).sum())
        slopes = means / np.sqrt(within) if within > 0 else slopes
    columns += covariate_columns(changes, covariates)
    named += list(covariates or {})
    fit = fit_linear(y, np.hstack(columns))
    done: Analysis = "change" if before is None else "ancova"
    raw = {name: _raw([c for c in changes if c.group == name]) for name in groups}
    sizes = np.bincount(member).astype(float)
    return GroupModel(groups, sizes, fit, done, tuple(named), raw, slopes)


def _raw(members: Sequence[Change]) -> Result:
    """Return means and standard deviations of a group before and after, as they are."""
    found: Result = {}
    before = [c.baseline for c in members if c.baseline is not None]
    for name, values in (("baseline", before), ("after", [c.after for c in members])):
        if values:
            found[f"{name}_mean"] = float(np.mean(values))
            found[f"{name}_sd"] = float(np.std(values, ddof=1)) if len(values) > 1 else None
    found["sd"] = found.get("after_sd")
    return found


def has_constant_baseline(changes: Sequence[Change]) -> bool:
    """Whether there is a baseline, and all animals have the same value at it."""
    before = [c.baseline for c in changes if c.baseline is not None]
    return bool(before) and is_constant(np.array(before))


def centred_baseline(changes: Sequence[Change], analysis: Analysis) -> tuple[Floats | None, Floats]:
    """Return the baseline as covariate, centred, and the values that go with it.

    Without a covariate, as the plan says or because there is no baseline or all are equal: ``None``
    and the changes (the values themselves where there is no baseline).
    """
    differences = np.array([c.difference for c in changes], float)
    if analysis != "ancova" or changes[0].baseline is None:
        return None, differences
    before = np.array([c.baseline for c in changes], float)
    if is_constant(before):
        return None, differences
    return before - before.mean(), np.array([c.after for c in changes], float)


def covariate_columns(
    changes: Sequence[Change], covariates: Mapping[str, Mapping[str, str]] | None
) -> list[Floats]:
    """Return the columns of every covariate, as `sum_coded` makes them."""
    return [
        sum_coded([levels.get(c.animal, "") for c in changes], name)
        for name, levels in (covariates or {}).items()
    ]


def sum_coded(levels: Sequence[str], name: str) -> Floats:
    """Return columns that sum to zero over the levels, so that other effects are in their middle.

    Raises
    ------
    ArithmeticError
        If an animal has no level, or all have the same.
    """
    missing = sum(not level for level in levels)
    if missing:
        raise ArithmeticError(f"{missing} animals have no {name}")
    there = list(dict.fromkeys(levels))
    if len(there) < 2:  # noqa: PLR2004
        raise ArithmeticError(f"all animals have the same {name} ({there[0]})")
    code = np.vstack([np.eye(len(there) - 1), -np.ones(len(there) - 1)])
    found: Floats = code[[there.index(level) for level in levels]]
    return found


def parallel_slopes(
    changes: Sequence[Change], covariates: Mapping[str, Mapping[str, str]] | None = None
) -> Result:
    """Test whether the slope on the baseline is the same in all groups, as ANCOVA takes it to be.

    Parameters
    ----------
    changes, covariates
        As in `fit_groups`.

    Raises
    ------
    ArithmeticError
        If there are too few animals for a slope in every group.
    """
    groups = list(dict.fromkeys(c.group for c in changes))
    constant = [g for g in groups if len({c.baseline for c in changes if c.group == g}) == 1]
    if constant:
        msg = f"all animals of {', '.join(constant)} have the same value at baseline"
        raise ArithmeticError(msg)
    member = np.array([groups.index(c.group) for c in changes])
    before = np.array([c.baseline for c in changes], float)
    y = np.array([c.after for c in changes], float)
    x = np.eye(len(groups))[member]
    slopes = x * (before - before.mean())[:, None]
    fit = fit_linear(y, np.hstack([x, slopes, *covariate_columns(changes, covariates)]))
    k = len(groups)
    rows = np.zeros((k - 1, len(fit.beta)))
    for place in range(1, k):
        rows[place - 1, [k + place, k]] = 1.0, -1.0
    return fit.joint_test(rows)


def _bonferroni(n: int, df: float) -> float:
    from scipy.stats import t as student

    return float(student.isf((1 - CONFIDENCE) / 2 / n, df))


def _simultaneous(row: Result, critical: float, p: float) -> Result:
    half = critical * row["se"]
    limits = {"lower": row["difference"] - half, "upper": row["difference"] + half}
    return {**row, **limits, "p": float(p)}


def _renamed(row: dict[str, Any]) -> Result:
    return {
        k: row[v] for k, v in (("mean", "estimate"), *((n, n) for n in ("se", "lower", "upper")))
    }
