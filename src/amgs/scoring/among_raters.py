"""A model judged as a rater is: how far it agrees with people, beside how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.model.graded import LEVELS
from amgs.model.metrics import pearson_r
from amgs.model.unit_scores import UnitScores
from amgs.scoring.ratings import Ratings
from amgs.scoring.reliability import krippendorff_alpha, leave_one_rater_out

Floats = npt.NDArray[np.float64]


def count_scores(ratings: Ratings) -> UnitScores:
    """Return how many raters gave each score to each unit of every image.

    Parameters
    ----------
    ratings
        With a score of each unit per image and rater; NaN where it was not scorable.
    """
    names = tuple(ratings.units)
    counts = np.zeros((len(ratings.images), len(names), LEVELS + 1))
    for unit, name in enumerate(names):
        values = ratings.units[name]
        for level in range(LEVELS):
            counts[:, unit, level] = (values == level).sum(axis=1)
        counts[:, unit, LEVELS] = (ratings.asked[name] & np.isnan(values)).sum(axis=1)
    single = np.stack([ratings.units[name] for name in names], axis=1)
    return UnitScores(names, counts, len(names), single)


def stand_among_raters(
    ratings: Ratings, rows: npt.NDArray[np.intp], expected: Floats
) -> dict[str, Any]:
    """Compare a model's expected scores with single raters, unit by unit and for the mean.

    Parameters
    ----------
    ratings
        Of all images.
    rows
        The images that are looked at.
    expected
        (images, units): what the model expects of them.

    Returns
    -------
    dict
        Unit name, and ``mgs_per_unit``: ``krippendorff_alpha`` of the raters,
        ``krippendorff_alpha_with_model`` with the model as one more rater;
        ``one_rater_against_another`` and ``model_against_one_rater`` (Pearson's r, mean over pairs
        weighted by their images), which are like for like; and ``one_rater_against_the_others``
        (mean r and RMSE, where images have three raters), beside which the model's own r and RMSE
        against the mean of raters stand.
    """
    found = {
        name: _stand(ratings.units[name][rows], expected[:, unit], ratings.raters)
        for unit, name in enumerate(ratings.units)
    }
    mean = ratings.mean_score()[rows]
    found["mgs_per_unit"] = _stand(mean, expected.mean(axis=1), ratings.raters)
    return found


def _stand(scores: Floats, model: Floats, raters: tuple[str, ...]) -> dict[str, Any]:
    n = scores.shape[1]
    pairs = [(scores[:, a], scores[:, b]) for a in range(n) for b in range(a + 1, n)]
    return {
        "krippendorff_alpha": krippendorff_alpha(scores),
        "krippendorff_alpha_with_model": krippendorff_alpha(np.column_stack([scores, model])),
        "one_rater_against_another": _mean_r(pairs),
        "model_against_one_rater": _mean_r([(scores[:, a], model) for a in range(n)]),
        "one_rater_against_the_others": leave_one_rater_out(scores, raters),
    }


def _mean_r(pairs: Sequence[tuple[Floats, Floats]]) -> float | None:
    """Return the mean of Pearson's r over pairs, weighted by the images that both scored."""
    found = [
        (r, int((np.isfinite(a) & np.isfinite(b)).sum()))
        for a, b in pairs
        if (r := pearson_r(a, b)) is not None
    ]
    if not found:
        return None
    values, sizes = zip(*found, strict=True)
    return float(np.average(values, weights=sizes))
