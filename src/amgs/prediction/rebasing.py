"""Calls re-based on an animal's own baseline: how much more in pain than itself before.

Faces differ: an animal with narrow eyes is called in pain more often than others whatever was done
to it. Where its own images at baseline are known, its calls can be read as differences from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from amgs.vocabulary import DEFAULT_THRESHOLD, EVEN_ODDS

if TYPE_CHECKING:
    import pandas as pd

LEAST_BASELINE_IMAGES = 5
"""An animal with fewer images at baseline has no re-based values: nobody knows its own face."""

_LEAST_P = 1e-6
"""Probabilities are kept to six decimals; log odds of 0 and 1 would have no end."""


def rebase_calls(images: pd.DataFrame, baseline: str) -> pd.Series[float]:
    """Return the probability of pain of every image, re-based on its animal's own baseline.

    In log odds: that of the image, minus the mean of the animal's images at baseline, plus the mean
    over animals of these means. An animal as usual keeps its calls; one whose face looks more like
    pain than others' at baseline is called in pain less often at all timepoints.

    Parameters
    ----------
    images
        ``animal``, ``timepoint`` and ``p_pain``; the images that count, of all timepoints.
    baseline
        The timepoint that is the baseline.

    Returns
    -------
    pandas.Series
        By the index of `images`; missing for animals with fewer than `LEAST_BASELINE_IMAGES` at
        baseline.
    """
    import pandas as pd
    from scipy.special import expit, logit

    p = images["p_pain"].to_numpy(float).clip(_LEAST_P, 1 - _LEAST_P)
    log_odds = pd.Series(logit(p), index=images.index)
    before = log_odds[images["timepoint"] == baseline].groupby(images["animal"])
    own = before.mean()[before.count() >= LEAST_BASELINE_IMAGES]
    moved = log_odds - images["animal"].map(own).astype(float) + own.mean()
    return pd.Series(expit(moved.to_numpy(float)), index=images.index)


def summarise_rebased(
    p_pain: pd.Series[float], threshold: float = DEFAULT_THRESHOLD, min_images: float = 0
) -> dict[str, Any]:
    """Return the values of one animal and timepoint from re-based probabilities.

    Returns
    -------
    dict
        ``confident_images_rebased``, ``pct_pain_rebased`` and ``mean_signed_score_rebased``, as
        without re-basing: over images whose re-based confidence reaches the threshold. ``None``
        where there is none, or fewer than `min_images`.
    """
    known = p_pain.dropna()
    confident = known[np.maximum(known, 1 - known) >= threshold]
    n = len(confident)
    enough = n >= max(1, min_images)
    return {
        "confident_images_rebased": n if len(known) else None,
        "pct_pain_rebased": 100 * float((confident >= EVEN_ODDS).mean()) if enough else None,
        "mean_signed_score_rebased": float((2 * confident - 1).mean()) if enough else None,
    }
