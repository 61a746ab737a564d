"""Intervals of coefficients of agreement, from resampling images or whole animals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from amgs.model.over_units import LEAST_UNITS, percentile_interval, resample_units
from amgs.scoring.crossed import crossed_variances
from amgs.scoring.reliability import (
    Floats,
    cronbach_alpha,
    diligent_raters,
    intraclass_correlation,
    krippendorff_alpha,
    scored_enough,
    weighted_kappas,
)

N_RESAMPLES = 200
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
    enough = scored_enough(scores)
    icc = intraclass_correlation(enough) if len(scores) else {}
    # McGraw & Wong's limits take images as independent, which those of one animal are not.
    classical = icc.get("lower") if animals is None else None
    found: dict[str, Any] = dict.fromkeys(f"{name}_interval" for name in _NAMES)
    found["resampled"] = "images" if animals is None else "animals"
    if len(np.unique(of)) >= LEAST_UNITS:
        drawn = _draw(scores, enough, of)
        found |= {f"{name}_interval": _listed(values) for name, values in drawn.items()}
    if classical is not None:
        found["icc_interval"] = [classical, icc["upper"]]
    return found


def _draw(scores: Floats, enough: Floats, of: Any) -> dict[str, list[float | None]]:
    """Return every coefficient of as many samples; ``None`` where one does not exist."""
    complete = bool(np.isfinite(enough).all())
    values: dict[str, list[float | None]] = {name: [] for name in _NAMES}
    raters = tuple(map(str, range(scores.shape[1])))
    diligent = diligent_raters(scores)  # as in the coefficient itself
    for rows in resample_units(of, N_RESAMPLES, _SEED):
        part = scores[rows]
        kappas = weighted_kappas(part, raters)
        crossed = None if complete else crossed_variances(enough[rows], polished=False)
        values["krippendorff_alpha"].append(krippendorff_alpha(part))
        values["icc"].append(
            intraclass_correlation(enough[rows]).get("value")
            if complete
            else None
            if crossed is None
            else crossed.single
        )
        values["weighted_kappa"].append(
            float(np.average([k["kappa"] for k in kappas], weights=[k["n"] for k in kappas]))
            if kappas
            else None
        )
        values["cronbach_alpha"].append(cronbach_alpha(part[:, diligent]))
    return values


def _listed(values: list[float | None]) -> list[float] | None:
    interval = percentile_interval(values)
    return None if interval is None else list(interval)
