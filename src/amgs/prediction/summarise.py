"""From images to animals: how much pain was seen in each, and whether enough was seen at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from amgs.errors import ImpossibleValueError
from amgs.prediction.rebasing import rebase_calls, summarise_rebased
from amgs.prediction.recording_times import RecordingTime
from amgs.prediction.shares import standard_error_of_share
from amgs.prediction.summary_columns import mean_columns
from amgs.prediction.summary_options import (
    GROUP_KEYS,
    SummaryOptions,
    check_columns,
    check_groups,
)
from amgs.prediction.wakefulness import (
    SLEEPING,
    STATE,
    count_states,
    sleep_seen_by_model,
    units_besides_eyes,
)
from amgs.vocabulary import (
    PAIN,
    PART_COLUMN,
    THRESHOLDS,
    TRAINED_PARTS,
    Output,
)

if TYPE_CHECKING:
    import pandas as pd


def summarise_animals(
    predictions: pd.DataFrame,
    options: SummaryOptions,
    times: Mapping[str, RecordingTime] | None = None,
    outputs: Sequence[Output] = (),
) -> list[dict[str, Any]]:
    """Summarise images into one row per animal and timepoint.

    Parameters
    ----------
    predictions
        From `read_predictions` or `read_predictions_or_scores`, with ``animal``, ``group`` and
        ``timepoint``; with ``recording`` where `times` are given, with ``time_s`` where a period
        is.
    options
        Threshold, period, minimum.
    times
        How long each recording is. Without, nothing is said per minute and the minimum is not
        applied.
    outputs
        What the model says; every number besides a call gets a mean over the images that have it.

    Returns
    -------
    list of dict
        The columns of `summary_columns`, in the order in which animals appear.
        ``pct_pain = 100 · pain images / confident images``; ``mean_signed_score`` is over confident
        images, ``mean_mgs_sum`` (human MGS, sum of the units) over all scored ones; the values
        whose names end in ``_rebased`` see `amgs.prediction.rebasing`. What does not exist is
        ``None``.

    Raises
    ------
    TableError
        If a column or a cell is missing.
    DesignError
        If an animal is in two groups.
    ImpossibleValueError
        If threshold or period make no sense.
    """
    check_columns(predictions, options, times)
    check_groups(predictions, times)
    if times is not None and options.sleep_by_model:
        times = sleep_seen_by_model(times, predictions)
    chosen = choose_images(predictions, options)
    # Of all images, not only of those in the period: who has none in it is told, not forgotten.
    filmed = _recordings_of(_by_unit(predictions), times)
    in_period = _by_unit(chosen)
    # Counted also where they are left out.
    whole = replace(options, leave_out_sleep=False, sleep_by_model=False)
    asleep = _by_unit(choose_images(predictions, whole))
    states = SLEEPING if units_besides_eyes(outputs) else ()
    rebased = _rebase(predictions, options)
    rows = []
    # Animals without any image still get a row: they are not forgotten.
    for unit, names in filmed.items():
        part = in_period.get(unit, chosen.iloc[:0])
        minutes = _minutes(names, options, times)
        row = _summarise_one(part, options, minutes, _means(part, outputs))
        if times is not None and len(part) == 0:
            # Why there is none is known better from the recording than from its images.
            reasons = dict.fromkeys(times[name].reason for name in sorted(names))
            row["reason"] = "; ".join(filter(None, reasons)) or row["reason"]
        row |= count_states(asleep.get(unit, chosen.iloc[:0]), states)
        if rebased is not None:
            row |= summarise_rebased(rebased[part.index], options.threshold, options.min_images)
        whose = dict(zip(GROUP_KEYS, unit, strict=True))
        rows.append(whose | {"recordings": len(names) or None} | row)
    return rows


def _rebase(predictions: pd.DataFrame, options: SummaryOptions) -> pd.Series[float] | None:
    """Re-base calls on the animals' own baseline, of which no period is cut out."""
    if not options.baseline or "p_pain" not in predictions:
        return None
    counting = replace(options, from_min=None, to_min=None)
    return rebase_calls(choose_images(predictions, counting), options.baseline)


def _means(part: pd.DataFrame, outputs: Sequence[Output]) -> dict[str, float | str | None]:
    """Return the mean of every number a model says, and of words what it says most often."""
    found: dict[str, float | str | None] = {}
    for column in mean_columns(outputs):
        values = part[column.removeprefix("mean_")].dropna()
        found[column] = float(values.mean()) if len(values) else None
    for name in (output.name for output in outputs if output.kind == "text"):
        said = part[name][part[name] != ""].value_counts()
        found[name] = str(said.index[0]) if len(said) else ""
    return found


def _by_unit(predictions: pd.DataFrame) -> dict[tuple[str, ...], pd.DataFrame]:
    grouped = predictions.groupby(list(GROUP_KEYS), sort=False)
    return {tuple(map(str, unit)): part for unit, part in grouped}


def unseen_recordings(predictions: pd.DataFrame, times: Mapping[str, RecordingTime]) -> list[str]:
    """Return recordings that were filmed, but have no image and do not say whose they are."""
    seen = set(predictions["recording"]) if "recording" in predictions else set()
    return sorted(name for name, t in times.items() if name not in seen and t.unit is None)


def _recordings_of(
    by_unit: Mapping[tuple[str, ...], pd.DataFrame], times: Mapping[str, RecordingTime] | None
) -> dict[tuple[str, ...], set[str]]:
    """Return the recordings of every unit, also of those without an image."""
    found: dict[tuple[str, ...], set[str]] = {
        unit: set(part["recording"]) if "recording" in part else set()
        for unit, part in by_unit.items()
    }
    for name, time in (times or {}).items():
        if time.unit is not None:
            found.setdefault(time.unit, set()).add(name)
    return found


def _summarise_one(
    part: pd.DataFrame,
    options: SummaryOptions,
    minutes: float | None,
    means: Mapping[str, float | str | None],
) -> dict[str, Any]:
    scored: list[float] = part["mgs"].dropna().tolist() if "mgs" in part else []
    if "confidence" not in part:
        return _summarise_without_calls(part, scored, minutes, means)
    confident = options.confident(part)
    pain = int((confident["predicted"] == PAIN).sum())
    n = len(confident)
    rate = None if not minutes else n / minutes
    reason = ""
    if len(part) == 0:
        reason = "no image is left of those that were found" if options.chooses else "no image"
    elif n == 0:
        reason = f"no image of confidence {options.threshold:g} or more"
    elif n < options.min_images:
        reason = f"fewer than {options.min_images} confident images"
    elif minutes is not None and (rate is None or rate < options.min_per_minute):
        reason = f"fewer than {options.min_per_minute:g} confident images per minute"
    return {
        "minutes": minutes,
        "images": len(part),
        "confident_images": n,
        "confident_per_minute": rate,
        "pain_images": pain,
        "pct_pain": 100 * pain / n if n else None,
        "pct_pain_se": standard_error_of_share(pain, n),
        "mean_signed_score": float(confident["signed_score"].mean()) if n else None,
        "mean_mgs_sum": float(np.mean(scored)) if len(scored) else None,
        "n_mgs": len(scored),
        "seen_in_training": count_seen(part),
        "included": "no" if reason else "yes",
        "reason": reason,
        **means,
    }


def _summarise_without_calls(
    part: pd.DataFrame,
    scored: list[float],
    minutes: float | None,
    means: Mapping[str, float | str | None],
) -> dict[str, Any]:
    """Summarise human scores, or readings of a model that calls nothing pain."""
    calls = (
        "confident_images",
        "confident_per_minute",
        "pain_images",
        "pct_pain",
        "pct_pain_se",
    )
    # Of a model the reading decides whether there is something to count, else the human score.
    known = any(mean not in {None, ""} for mean in means.values()) if means else bool(scored)
    missing = "no image could be read" if means else "no image was scored"
    return {
        "minutes": minutes,
        "images": len(part),
        **dict.fromkeys((*calls, "mean_signed_score")),
        "mean_mgs_sum": float(np.mean(scored)) if scored else None,
        "n_mgs": len(scored),
        "seen_in_training": count_seen(part) if means else None,
        "included": "yes" if known else "no",
        "reason": "" if known else missing,
        **means,
    }


def time_course(
    predictions: pd.DataFrame,
    options: SummaryOptions,
    bin_min: float,
    times: Mapping[str, RecordingTime] | None = None,
    outputs: Sequence[Output] = (),
) -> Iterator[dict[str, Any]]:
    """Yield the same summary for consecutive bins of time, with ``from_min`` and ``to_min``.

    The minimum per minute applies to every bin. A rest of less than half a bin belongs to the bin
    before it: a bin of two seconds would be one image, and its % pain 0 or 100.
    """
    if not 0 < bin_min < inf:
        raise ImpossibleValueError(f"Expected bins longer than 0 minutes, found {bin_min:g}.")
    check_columns(predictions, options, times, with_time=True)
    start, stop = (options.from_min or 0.0), options.to_min
    end = float(predictions["time_s"].max()) / 60
    if times:
        end = max(end, *((time.duration_s or 0.0) / 60 for time in times.values()))
    end = end if stop is None else min(stop, end)
    if start >= end:
        msg = f"Expected a period within the recordings, which end at minute {end:.1f}"
        raise ImpossibleValueError(f"{msg}, found one from minute {start:g}.")
    # Half a bin or more is one of its own; the tiny surplus absorbs the rounding of the division.
    n_bins = max(1, int((end - start) / bin_min + 0.5 + 1e-9))
    for number in range(n_bins):
        low, high = start + number * bin_min, start + (number + 1) * bin_min
        last = number == n_bins - 1
        # The last bin is open to the right, so that an image at the very end is in it.
        cut = replace(options, from_min=low, to_min=stop if last else high)
        for row in summarise_animals(predictions, cut, times, outputs):
            yield {"from_min": low, "to_min": end if last else high} | row


def threshold_sensitivity(
    predictions: pd.DataFrame,
    options: SummaryOptions,
    times: Mapping[str, RecordingTime] | None = None,
) -> list[dict[str, Any]]:
    """Return % pain and animals included per group and timepoint at thresholds 0.5 to 0.95.

    Empty for human scores alone, which have no confidence.
    """
    found: list[dict[str, Any]] = []
    if "confidence" not in predictions:
        return found
    for threshold in THRESHOLDS:
        cut = replace(options, threshold=threshold)
        by_group: dict[tuple[str, str], list[float]] = {}
        for row in summarise_animals(predictions, cut, times):
            values = by_group.setdefault((row["group"], row["timepoint"]), [])
            if row["included"] == "yes":
                values.append(row["pct_pain"])
        found += [
            {
                "threshold": threshold,
                "group": group,
                "timepoint": timepoint,
                "animals": len(values),
                "mean_pct_pain": float(np.mean(values)) if values else None,
            }
            for (group, timepoint), values in by_group.items()
        ]
    return found


def choose_images(predictions: pd.DataFrame, options: SummaryOptions) -> pd.DataFrame:
    """Return the images that count: in the period, awake and unseen, where that was asked for."""
    chosen = predictions
    if options.from_min is not None or options.to_min is not None:
        start, stop = options.period_s
        chosen = chosen[(chosen["time_s"] >= start) & (chosen["time_s"] < stop)]
    if options.leave_out_sleep:
        asleep = (
            chosen[STATE] != "awake"
            if options.sleep_by_model
            else chosen["possible_sleep"] == "yes"
        )
        chosen = chosen[~asleep]
    if options.unseen_only and PART_COLUMN in chosen:
        chosen = chosen[~chosen[PART_COLUMN].isin(TRAINED_PARTS)]
    return chosen


def count_seen(predictions: pd.DataFrame) -> int:
    """Return how many of the images were used for training or model selection."""
    if PART_COLUMN not in predictions:
        return 0
    return int(predictions[PART_COLUMN].isin(TRAINED_PARTS).sum())


def _minutes(
    recordings: set[str], options: SummaryOptions, times: Mapping[str, RecordingTime] | None
) -> float | None:
    if times is None:
        return None
    minutes = [
        times[name].minutes(options.period_s, without_sleep=options.leave_out_sleep)
        for name in sorted(recordings)
    ]
    known = [m for m in minutes if m is not None]
    return sum(known) if len(known) == len(minutes) else None
