"""Animals whose baseline lies far from their group's: the rule of the paper, and what it does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amgs.cohort.differences import Change
from amgs.cohort.oneway import OUTLIER_FROM, Floats, Result, studentised_residuals

OUTLIER_RULE = f"externally studentised residual above {OUTLIER_FROM:g}"
"""Tuttle et al. do not say which studentised residual theirs is; programs differ."""

_LEAST = 3


def find_outliers(changes: Sequence[Change], baseline: str | None) -> list[Result]:
    """List animals whose value at baseline lies far from their group's, of three and more.

    Of two animals each lies as far from their mean as the other, so groups of one and two are not
    looked at.

    Returns
    -------
    list of dict
        ``animal, group, baseline``; ``studentised_residual``, externally studentised (the spread
        without the animal; R's ``rstudent``), which decides; ``internal``, with the spread of all
        (R's ``rstandard``; called studentised in SAS and JMP), which is never above √(N - k).
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
    df = len(changes) - len(groups)
    return [
        {
            "animal": change.animal,
            "group": name,
            "baseline": change.baseline,
            "studentised_residual": float(residual) if np.isfinite(residual) else None,
            "internal": _internal(residual, df),
        }
        for name, inside in members.items()
        for change, residual in zip(inside, residuals[name], strict=True)
        if len(inside) >= _LEAST and abs(residual) > OUTLIER_FROM
    ]


def _internal(external: Floats, df: int) -> float:
    """Return the internally studentised residual: ``r = t √(df / (df - 1 + t²))``."""
    t = float(external)
    if not np.isfinite(t):
        return float(np.sign(t) * np.sqrt(df))
    return float(t * np.sqrt(df / (df - 1 + t**2)))
