"""The images of a pilot as values with a spread, for planning the next experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amgs.errors import ImpossibleValueError, TableError
from amgs.prediction.summarise import choose_images
from amgs.prediction.summary_options import SummaryOptions
from amgs.vocabulary import PAIN, REBASED_VALUES

if TYPE_CHECKING:
    import pandas as pd


def values_of_images(table: pd.DataFrame, options: SummaryOptions, value: str) -> pd.Series[float]:
    """Return what the mean of an animal is made of, for every image that counts.

    Parameters
    ----------
    table
        From `read_predictions_or_scores`.
    options
        Which images count.
    value
        A column of summaries: ``pct_pain``, ``mean_signed_score``, ``mean_mgs_sum`` or
        ``mean_OUTPUT``.

    Raises
    ------
    TableError
        If images do not say it.
    """
    chosen = choose_images(table, options)
    confident = options.confident(chosen) if "confidence" in chosen else chosen
    if value in REBASED_VALUES:
        msg = (
            f"Expected an outcome of which every image has a value of its own, found {value}. Plan "
            f"with {value.removesuffix('_rebased')}."
        )
        raise ImpossibleValueError(msg)
    if value == "pct_pain" and "predicted" in confident:
        return 100.0 * (confident["predicted"] == PAIN).astype(float)
    if value == "mean_signed_score" and "signed_score" in confident:
        return confident["signed_score"].astype(float)
    column = "mgs" if value == "mean_mgs_sum" else value.removeprefix("mean_")
    if column not in chosen:
        msg = f"Expected {column} of every image, for {value}, found {', '.join(chosen.columns)}."
        raise TableError(msg)
    return chosen[column].astype(float).dropna()
