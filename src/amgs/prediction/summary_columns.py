"""The columns of a summary of animals."""

from __future__ import annotations

from collections.abc import Iterable

from amgs.prediction.summary_options import SummaryOptions
from amgs.prediction.wakefulness import SLEEPING, units_besides_eyes
from amgs.vocabulary import PREDICTION_COLUMNS, REBASED_VALUES, Output

SUMMARY_COLUMNS = (
    "animal",
    "group",
    "timepoint",
    "recordings",
    "minutes",
    "images",
    "confident_images",
    "confident_per_minute",
    "pain_images",
    "pct_pain",
    "pct_pain_se",
    "mean_signed_score",
    "mean_mgs_sum",
    "n_mgs",
    "seen_in_training",
    "included",
    "reason",
)
"""Columns of a summary, one row per animal and timepoint."""

REBASED_COLUMNS = ("confident_images_rebased", *REBASED_VALUES)
"""Further columns where a baseline is known: calls re-based on the animal's own."""

SLEEP_COLUMNS = tuple(f"{state}_images" for state in SLEEPING)
"""Further columns where a model reads the units: images in which the animal is not awake."""


def summary_columns(outputs: Iterable[Output], options: SummaryOptions) -> tuple[str, ...]:
    """Return the columns of a summary of what a model says."""
    outputs = list(outputs)
    calls = any(output.name == "p_pain" for output in outputs)
    rebased = REBASED_COLUMNS if options.baseline and calls else ()
    states = SLEEP_COLUMNS if units_besides_eyes(outputs) else ()
    words = tuple(output.name for output in outputs if output.kind == "text")
    return (*SUMMARY_COLUMNS, *mean_columns(outputs), *rebased, *states, *words)


def mean_columns(outputs: Iterable[Output]) -> tuple[str, ...]:
    """Return the columns of a summary for what a model says besides a call: their means."""
    return tuple(
        f"mean_{o.name}"
        for o in outputs
        if o.is_number and not o.detail and o.name not in PREDICTION_COLUMNS
    )
