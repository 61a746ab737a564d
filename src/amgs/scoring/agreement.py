"""How far raters agree: every action unit, the mean score, and each rater against the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.scoring.ratings import Ratings
from amgs.scoring.reliability import (
    Floats,
    compare_with_other_raters,
    cronbach_alpha,
    diligent_raters,
    exact_agreement,
    intraclass_correlation,
    krippendorff_alpha,
    leave_one_rater_out,
    scored_enough,
    weighted_kappas,
)
from amgs.scoring.resampling import agreement_intervals


def measure_agreement(
    ratings: Ratings,
    *,
    intervals: bool = False,
    animals: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the agreement of the raters as one document.

    Parameters
    ----------
    ratings
        From `read_ratings`.
    intervals
        Whether to add 95 % intervals by resampling, which takes seconds.
    animals
        Image → animal, where known: whole animals are then resampled, as their images are alike.

    Returns
    -------
    dict
        ``units`` (by name) and ``mgs_per_unit`` (mean of the scorable units, 0–2), each with
        ``krippendorff_alpha, icc, weighted_kappa, cronbach_alpha, exact_agreement, n_images,
        n_with_two, n_raters, not_scorable``; ``n_with_two`` images have two scores or more.
        With intervals ``krippendorff_alpha_interval, icc_interval, weighted_kappa_interval,
        cronbach_alpha_interval`` and ``resampled`` (images or animals).
        ``raters`` against the mean of the others. ``None`` or ``computed: false`` where a number
        does not exist. ``rater_pairs``: the quadratic-weighted κ of each pair over all units
        together.
    """
    units = {
        name: _agreement_of(scores, ratings.raters, ratings.asked[name])
        for name, scores in ratings.units.items()
    }
    mean = ratings.mean_score()
    counts = np.isfinite(mean).sum(axis=0)
    asked = np.any(list(ratings.asked.values()), axis=0)
    of_mean = _agreement_of(mean, ratings.raters, asked)
    del of_mean["weighted_kappa"]
    of_mean["weighted_kappa"] = {
        "computed": False,
        "reason": "a mean of units has no categories; see the units",
    }
    if intervals:
        known = None if animals is None else [animals.get(name, name) for name in ratings.images]
        for name, scores in ratings.units.items():
            units[name] |= agreement_intervals(scores, known)
        of_mean |= agreement_intervals(mean, known)
    return {
        "n_images": len(ratings.images),
        "n_raters": len(ratings.raters),
        "images_by_rater": dict(zip(ratings.raters, counts.tolist(), strict=True)),
        "units": units,
        "mgs_per_unit": of_mean,
        "leave_one_rater_out": leave_one_rater_out(mean, ratings.raters),
        "raters": compare_with_other_raters(mean, ratings.raters),
        # All units together, so that a pair is one number.
        "rater_pairs": weighted_kappas(np.vstack(list(ratings.units.values())), ratings.raters),
    }


def _agreement_of(
    scores: Floats, raters: tuple[str, ...], asked: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    scored = np.isfinite(scores)
    chosen = diligent_raters(scores)
    diligent = scores[:, chosen]
    names = [name for name, one in zip(raters, chosen, strict=True) if one]
    answers = int(asked.sum())
    kappas = weighted_kappas(scores, raters)
    by_size = np.array([k["n"] for k in kappas], float)
    mean_kappa = (
        float(np.average([k["kappa"] for k in kappas], weights=by_size)) if kappas else None
    )
    return {
        "krippendorff_alpha": krippendorff_alpha(scores),
        "icc": intraclass_correlation(scored_enough(scores)),
        "weighted_kappa": {"weights": "quadratic", "mean": mean_kappa, "pairs": kappas},
        "cronbach_alpha": cronbach_alpha(diligent),
        "cronbach_alpha_raters": names,
        "exact_agreement": exact_agreement(scores),
        "n_images": int((scored.sum(axis=1) > 0).sum()),
        "n_raters": int((scored.sum(axis=0) > 0).sum()),
        "n_scores": int(scored.sum()),
        "n_with_two": int((scored.sum(axis=1) > 1).sum()),
        "not_scorable": 1 - int((scored & asked).sum()) / answers if answers else None,
    }
