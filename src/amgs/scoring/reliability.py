"""Coefficients of agreement, each with its name, its form and the images it rests on."""

from __future__ import annotations

from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from amgs.errors import count_of
from amgs.scoring.crossed import crossed_variances

Floats: TypeAlias = npt.NDArray[np.float64]
Result: TypeAlias = dict[str, Any]

CONFIDENCE = 0.95
_TWO = 2


def krippendorff_alpha(scores: Floats) -> float | None:
    """Return Krippendorff's α for interval data (Krippendorff 2011); missing scores are allowed.

    ``α = 1 - observed / expected``: the mean squared difference of scores of one image, over that
    of any two scores.

    Parameters
    ----------
    scores
        Images × raters, NaN where there is no score.

    Returns
    -------
    float or None
        ``None`` where no image has two scores, or all scores are equal.
    """
    counts = np.isfinite(scores).sum(axis=1)
    paired, m = scores[counts >= _TWO], counts[counts >= _TWO]
    if len(paired) == 0 or np.nanmin(paired) == np.nanmax(paired):
        return None
    # Sums of squared differences over all ordered pairs: 2 (m Σx² - (Σx)²).
    sums, squares = np.nansum(paired, axis=1), np.nansum(paired**2, axis=1)
    n = int(m.sum())
    observed = (2 * (m * squares - sums**2) / (m - 1)).sum() / n
    expected = 2 * (n * squares.sum() - sums.sum() ** 2) / (n * (n - 1))
    return float(1 - observed / expected)


def complete(scores: Floats) -> Floats:
    """Return the images that every rater scored."""
    return scores[np.isfinite(scores).all(axis=1)]


LEAST_SCORES = 10
"""ICC is over raters who scored so many images: one who has only begun would decide how far raters
differ."""


DILIGENT_SHARE = 0.5
"""Cronbach's α is over raters who scored at least this share of what the busiest one did: it needs
images that all of them scored."""


def diligent_raters(scores: Floats) -> npt.NDArray[np.bool_]:
    """Say which raters scored at least half as many images as the busiest.

    One who has only begun would leave no image that all have scored.
    """
    by_rater = np.isfinite(scores).sum(axis=0)
    enough = by_rater >= DILIGENT_SHARE * by_rater.max(initial=0)
    found: npt.NDArray[np.bool_] = enough & (by_rater > 0)
    return found


def scored_enough(scores: Floats) -> Floats:
    """Return the scores of the raters who scored enough images for an ICC."""
    by_rater = np.isfinite(scores).sum(axis=0)
    least = min(LEAST_SCORES, by_rater.max(initial=0) / 2)
    return scores[:, (by_rater >= least) & (by_rater > 0)]


FORM = "ICC(2,1): two-way random, absolute agreement, single rater"


def intraclass_correlation(scores: Floats) -> Result:
    """Return ICC(2,1) and ICC(2,k): two-way random effects, absolute agreement.

    Where all raters scored all images: Shrout & Fleiss (1979), 95 % limits by McGraw & Wong (1996).
    Else over all scores there are, by restricted maximum likelihood with images and raters crossed:
    the images that happen to have a score by everybody are another population, often the easy
    ones. Then there are no limits here; `amgs.scoring.resampling` has them.
    """
    known = np.isfinite(scores)
    seen = scores[known.any(axis=1)][:, known.any(axis=0)]
    if not np.isfinite(seen).all():
        return _over_all_scores(seen)
    return _complete_correlation(seen)


def _over_all_scores(scores: Floats) -> Result:
    form = f"{FORM}; REML over all scores"
    # The mean over images of the variance of a mean of n scores goes with the mean of 1 / n.
    raters = float(1 / np.mean(1 / np.isfinite(scores).sum(axis=1)))
    found = crossed_variances(scores)
    if found is None:
        reason = "no two images were scored by two raters, or the scores do not vary"
        return {"computed": False, "reason": reason, "form": form}
    return {
        "form": form,
        "value": found.single,
        "lower": None,
        "upper": None,
        "n_images": len(scores),
        "average_of_raters": found.average(raters),
        "raters_averaged": raters,
        "variances": {"image": found.image, "rater": found.rater, "rest": found.rest},
    }


def _complete_correlation(x: Floats) -> Result:
    n, k = x.shape
    form = FORM
    if n < _TWO or k < _TWO:
        reason = f"{count_of(n, 'image')} of {count_of(k, 'rater')}; two of each are needed"
        return {"computed": False, "reason": reason, "form": form}
    grand = x.mean()
    # Mean squares of a two-way layout without replication: images, raters, the rest.
    rows = k * ((x.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    columns = n * ((x.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    residual = x - x.mean(axis=1, keepdims=True) - x.mean(axis=0, keepdims=True) + grand
    error = (residual**2).sum() / ((n - 1) * (k - 1))
    if rows == 0 or (error == 0 and columns > 0):
        return {
            "computed": False,
            "reason": "the scores do not vary, or raters differ by a constant only",
            "form": form,
        }
    if error == 0:  # all raters gave the same scores, and these vary
        perfect = {"value": 1.0, "lower": 1.0, "upper": 1.0}
        average = {"average_of_raters": 1.0, "raters_averaged": k}
        return {"form": form, **perfect, "n_images": n, **average}
    # Absolute agreement: raters who are stricter by a constant lower it, unlike consistency.
    single = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    lower, upper = _limits(float(single), rows, columns, error, n, k)
    of_average = rows + (columns - error) / n
    return {
        "form": form,
        "value": float(single),
        "lower": lower,
        "upper": upper,
        "n_images": n,
        "average_of_raters": float((rows - error) / of_average) if of_average else None,
        "raters_averaged": k,
    }


def _limits(  # noqa: PLR0917
    icc: float, rows: float, columns: float, error: float, n: int, k: int
) -> tuple[float, float]:
    from scipy.stats import f

    # Satterthwaite's df for a denominator that mixes two mean squares (McGraw & Wong 1996).
    ratio = columns / error
    numerator = (k - 1) * (n - 1) * (k * icc * ratio + n * (1 + (k - 1) * icc) - k * icc) ** 2
    denominator = (n - 1) * k**2 * icc**2 * ratio**2 + (n * (1 + (k - 1) * icc) - k * icc) ** 2
    df = numerator / denominator
    tail = 1 - (1 - CONFIDENCE) / 2
    above, below = f.ppf(tail, n - 1, df), f.ppf(tail, df, n - 1)
    rest = k * columns + (k * n - k - n) * error
    lower = n * (rows - above * error) / (above * rest + n * rows)
    upper = n * (below * rows - error) / (rest + n * below * rows)
    return float(lower), float(upper)


def cronbach_alpha(scores: Floats) -> float | None:
    """Return Cronbach's α over raters, on the images that all of them scored.

    ``α = k / (k - 1) · (1 - Σ var(rater) / var(sum over raters))``; ``None`` if it does not exist.
    """
    x = complete(scores)
    n, k = x.shape
    if n < _TWO or k < _TWO:
        return None
    total = x.sum(axis=1).var(ddof=1)
    if total == 0:
        return None
    return float(k / (k - 1) * (1 - x.var(axis=0, ddof=1).sum() / total))


def weighted_kappas(scores: Floats, raters: tuple[str, ...]) -> list[Result]:
    """Return the quadratic-weighted κ (Cohen 1968) of every pair of raters with common images."""
    found = []
    for i, j in combinations(range(scores.shape[1]), 2):
        both = np.isfinite(scores[:, i]) & np.isfinite(scores[:, j])
        kappa = quadratic_kappa(scores[both, i], scores[both, j])
        if kappa is not None:
            found.append({"a": raters[i], "b": raters[j], "kappa": kappa, "n": int(both.sum())})
    return found


def quadratic_kappa(a: Floats, b: Floats) -> float | None:
    """Return ``1 - Σ(a - b)² / expected``; ``None`` without images or when nothing varies.

    With quadratic weights, the expected disagreement of independent raters is
    ``var(a) + var(b) + (mean(a) - mean(b))²``.
    """
    if len(a) == 0:
        return None
    expected = a.var() + b.var() + (a.mean() - b.mean()) ** 2
    if expected == 0:
        return None
    return float(1 - ((a - b) ** 2).mean() / expected)


def exact_agreement(scores: Floats) -> float | None:
    """Return the share of pairs of scores of one image that are equal."""
    equal = pairs = 0
    for i, j in combinations(range(scores.shape[1]), 2):
        both = np.isfinite(scores[:, i]) & np.isfinite(scores[:, j])
        pairs += int(both.sum())
        equal += int((scores[both, i] == scores[both, j]).sum())
    return equal / pairs if pairs else None


MIN_OTHERS = 2
"""Fewer other raters make no consensus to be compared with."""


def compare_with_other_raters(scores: Floats, raters: tuple[str, ...]) -> list[Result]:
    """Compare every rater with the mean of at least two others: r, RMSE, bias (rater - others)."""
    found = []
    for number, rater in enumerate(raters):
        x, y = _with_others(scores, number)
        varies = len(x) > _TWO and x.std() > 0 and y.std() > 0
        found.append(
            {
                "rater": rater,
                "n": len(x),
                "pearson_r": float(np.corrcoef(x, y)[0, 1]) if varies else None,
                "rmse": float(np.sqrt(((x - y) ** 2).mean())) if len(x) else None,
                "bias": float((x - y).mean()) if len(x) else None,
            }
        )
    return found


def leave_one_rater_out(scores: Floats, raters: tuple[str, ...]) -> Result:
    """Return the mean over raters of r, and the RMSE over all their images together.

    This is what a model's r and RMSE against the mean of several raters stand beside.
    """
    rows = compare_with_other_raters(scores, raters)
    known = [row["pearson_r"] for row in rows if row["pearson_r"] is not None]
    n = sum(row["n"] for row in rows)
    if not known:
        return {"computed": False, "reason": "no image has three raters, or nothing varies"}
    # Pooled as squares: a mean of root mean squares would be too small.
    squares = sum(row["n"] * row["rmse"] ** 2 for row in rows if row["n"])
    return {"pearson_r": float(np.mean(known)), "rmse": float(np.sqrt(squares / n)), "n": n}


def _with_others(scores: Floats, number: int) -> tuple[Floats, Floats]:
    """Return one rater's scores and the others' means, where both are there."""
    # The rater's own score must not be in the mean it is compared with.
    others = np.delete(scores, number, axis=1)
    counted = np.isfinite(others).sum(axis=1)
    both = np.isfinite(scores[:, number]) & (counted >= MIN_OTHERS)
    return scores[both, number], np.nansum(others[both], axis=1) / counted[both]
