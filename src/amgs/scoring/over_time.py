"""Agreement beyond one number: by timepoint, of raters with themselves, and as scoring goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from amgs.scoring.ratings import ratings_from_table
from amgs.scoring.reliability import krippendorff_alpha, quadratic_kappa

if TYPE_CHECKING:
    import pandas as pd

N_QUARTERS = 4
"""A rater's work is cut into so many parts of equal length to see drift."""

_LEAST_FOR_A_TREND = 10


def detailed_agreement(table: pd.DataFrame) -> dict[str, Any]:
    """Return all that the columns of a table of ratings allow to say.

    Parameters
    ----------
    table
        ``image, rater, unit, value, repeat``; with ``timepoint`` and ``position`` where known.

    Returns
    -------
    dict
        ``not_scorable_by_rater``, and ``within_raters``, ``by_timepoint``, ``drift`` where there
        are repeats, timepoints, places.
    """
    first = table[~table["repeat"]]
    found: dict[str, Any] = {"not_scorable_by_rater": not_scorable_by_rater(first)}
    if table["repeat"].any():
        found["within_raters"] = within_raters(table)
    if "timepoint" in table:
        found["by_timepoint"] = agreement_by(first, "timepoint")
    if "position" in table:
        found["drift"] = drift(first)
    return found


def agreement_by(table: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """Return Krippendorff's α per unit and for the mean score, for each value of a column.

    Parameters
    ----------
    table
        ``image, rater, unit, value`` (NaN: not scorable) and the column, such as ``timepoint``.
    column
        What to divide by.

    Returns
    -------
    list of dict
        The value, ``n_images``, ``units`` and ``mgs_per_unit``, each α or ``None``.
    """
    found = []
    for value, part in table.groupby(column, sort=False):
        ratings = ratings_from_table(part)
        found.append(
            {
                column: str(value),
                "n_images": len(ratings.images),
                "units": {name: krippendorff_alpha(m) for name, m in ratings.units.items()},
                "mgs_per_unit": krippendorff_alpha(ratings.mean_score()),
            }
        )
    return found


def not_scorable_by_rater(table: pd.DataFrame) -> dict[str, float]:
    """Return the share of units that each rater could not score."""
    shares = table["value"].isna().groupby(table["rater"], sort=False).mean()
    return {str(rater): float(share) for rater, share in shares.items()}


def within_raters(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Compare every rater's first and second answers to the same images.

    Parameters
    ----------
    table
        ``image, rater, unit, value, repeat``.

    Returns
    -------
    list of dict
        ``rater, n_images, n_units`` (both answers scored), ``exact_agreement`` (share of equal
        answers), ``weighted_kappa`` (quadratic, over all units), ``not_scorable_once`` (units
        scored only one of both times).
    """
    found = []
    for rater, mine in table.groupby("rater", sort=False):
        keys = ["image", "unit"]
        again = mine[mine["repeat"]].set_index(keys)["value"]
        first = mine[~mine["repeat"]].set_index(keys)["value"]
        both = again.index.intersection(first.index)
        if len(both) == 0:
            continue
        x, y = first.loc[both].to_numpy(float), again.loc[both].to_numpy(float)
        scored = np.isfinite(x) & np.isfinite(y)
        found.append(
            {
                "rater": str(rater),
                "n_images": len({image for image, _ in both}),
                "n_units": int(scored.sum()),
                "exact_agreement": float((x[scored] == y[scored]).mean()) if scored.any() else None,
                "weighted_kappa": quadratic_kappa(x[scored], y[scored]),
                "not_scorable_once": int((np.isfinite(x) != np.isfinite(y)).sum()),
            }
        )
    return found


def drift(table: pd.DataFrame) -> list[dict[str, Any]]:
    """See whether raters become stricter or milder while they score.

    For every rater, the mean score of each image (0–2) minus the mean of the other raters for the
    same image; where no other rater scored it, the image does not count. As images come in random
    order, this must not follow the rater's own position.

    Parameters
    ----------
    table
        ``image, rater, unit, value, position`` (of the rater's own order).

    Returns
    -------
    list of dict
        ``rater, n_images``; ``parts`` with mean difference in each quarter of the rater's work;
        ``slope_per_100`` images with its two-sided ``p``, ``None`` below ten images.
    """
    means = table.groupby(["rater", "image"], sort=False)["value"].mean().unstack("rater")
    place = table.groupby(["rater", "image"])["position"].min()
    found = []
    for rater in means.columns:
        others = means.drop(columns=[rater]).mean(axis=1)
        difference = (means[rater] - others).dropna()
        if difference.empty:
            continue
        position = place.loc[rater].loc[difference.index].to_numpy(float)
        values = difference.to_numpy(float)[np.argsort(position)]
        found.append(
            {
                "rater": str(rater),
                "n_images": len(values),
                "parts": [
                    float(part.mean()) if len(part) else None
                    for part in np.array_split(values, N_QUARTERS)
                ],
                **_trend(np.sort(position), values),
            }
        )
    return found


def _trend(position: Any, values: Any) -> dict[str, float | None]:
    from scipy.stats import linregress

    if len(values) < _LEAST_FOR_A_TREND or np.ptp(position) == 0 or np.ptp(values) == 0:
        return {"slope_per_100": None, "p": None}
    line = linregress(position, values)
    return {"slope_per_100": float(100 * line.slope), "p": float(line.pvalue)}
