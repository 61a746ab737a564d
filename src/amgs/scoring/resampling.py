"""Intervals of coefficients of agreement, from resampling images or whole animals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from amgs.scoring.crossed import crossed_variances
from amgs.scoring.reliability import (
    Floats,
    cronbach_alpha,
    intraclass_correlation,
    krippendorff_alpha,
    scored_enough,
    weighted_kappas,
)

N_RESAMPLES = 200
LEAST = 8
"""Percentiles of fewer images or animals promise too much."""

_SEED = 0
_NAMES = ("krippendorff_alpha", "icc", "weighted_kappa", "cronbach_alpha")


def agreement_intervals(scores: Floats, animals: Sequence[str] | None = None) -> dict[str, Any]:
    """Return 95 % percentile intervals of α, ICC, κ and Cronbach's α of one unit.

    Raters are taken as they are: the interval says what other images, or animals, would give.

    Parameters
    ----------
    scores
        Images × raters, NaN where there is no score.
    animals
        The animal of every image; without, images are resampled one by one.

    Returns
    -------
    dict
        ``NAME_interval``: two numbers, or ``None`` with fewer than eight animals (images), or where
        the coefficient does not exist in half of the samples; ``resampled``: images or animals.
        The ICC of images that all raters scored has McGraw & Wong's interval instead where animals
        are not known.
    """
    seen = np.isfinite(scores).any(axis=1)
    scores = scores[seen]
    of = np.arange(len(scores)).astype(str) if animals is None else np.array(animals)[seen]
    names, member = np.unique(of, return_inverse=True)
    enough = scored_enough(scores)
    icc = intraclass_correlation(enough) if len(scores) else {}
    # McGraw & Wong's limits take images as independent, which those of one animal are not.
    classical = icc.get("lower") if animals is None else None
    found: dict[str, Any] = dict.fromkeys(f"{name}_interval" for name in _NAMES)
    found["resampled"] = "images" if animals is None else "animals"
    if len(names) >= LEAST:
        rows_of = [np.flatnonzero(member == k) for k in range(len(names))]
        complete = np.isfinite(enough).all()
        start = None if complete else crossed_variances(enough)
        drawn = _draw(scores, enough, rows_of, start)
        found |= {f"{name}_interval": _percentiles(values) for name, values in drawn.items()}
    if classical is not None:
        found["icc_interval"] = [classical, icc["upper"]]
    return found


def _draw(scores: Floats, enough: Floats, rows_of: list[Any], start: Any) -> dict[str, list[float]]:
    rng = np.random.default_rng(_SEED)
    values: dict[str, list[float]] = {name: [] for name in _NAMES}
    raters = tuple(map(str, range(scores.shape[1])))
    for _ in range(N_RESAMPLES):
        chosen = rng.integers(0, len(rows_of), len(rows_of))
        rows = np.concatenate([rows_of[k] for k in chosen])
        part = scores[rows]
        kappas = weighted_kappas(part, raters)
        crossed = None if start is None else crossed_variances(enough[rows], start)
        once = {
            "krippendorff_alpha": krippendorff_alpha(part),
            "icc": intraclass_correlation(enough[rows]).get("value")
            if start is None
            else None
            if crossed is None
            else crossed.single,
            "weighted_kappa": np.average(
                [k["kappa"] for k in kappas], weights=[k["n"] for k in kappas]
            )
            if kappas
            else None,
            "cronbach_alpha": cronbach_alpha(part),
        }
        for name, value in once.items():
            if value is not None:
                values[name].append(float(value))
    return values


def _percentiles(values: list[float]) -> list[float] | None:
    if len(values) < N_RESAMPLES / 2:
        return None
    low, high = np.quantile(values, [0.025, 0.975])
    return [float(low), float(high)]
