"""How images are summarised, and what a table needs for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from amgs.errors import DesignError, ImpossibleValueError, TableError, count_of, list_faults
from amgs.prediction.recording_times import RecordingTime
from amgs.prediction.wakefulness import STATE
from amgs.tables import list_animals_in_two_groups
from amgs.vocabulary import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_MIN_PER_MINUTE = 1.0
"""Animals with fewer confident images per minute are left out (Tuttle et al. 2018)."""
GROUP_KEYS = ("animal", "group", "timepoint")
_PERIOD_END_S = float("inf")


@dataclass(frozen=True, slots=True)
class SummaryOptions:
    """Which images count, and when an animal has shown enough.

    ``from_min`` and ``to_min`` cut a period out of every recording, in minutes from its start.
    ``unseen_only`` leaves out images used for training or model selection. An animal with fewer
    than ``min_images`` confident images at a timepoint does not count. Where ``baseline`` names a
    timepoint, calls are re-based on it too. With ``sleep_by_model`` only those stretches of
    possible sleep are left out in which the model sees sleep too (`amgs.prediction.wakefulness`).
    """

    threshold: float = DEFAULT_THRESHOLD
    min_per_minute: float = DEFAULT_MIN_PER_MINUTE
    from_min: float | None = None
    to_min: float | None = None
    leave_out_sleep: bool = False
    unseen_only: bool = False
    min_images: int = 0
    baseline: str = ""
    sleep_by_model: bool = False

    def __post_init__(self) -> None:
        """Stop at a threshold, period or minimum that makes no sense."""
        _check(self)

    @property
    def period_s(self) -> tuple[float, float]:
        """The period in seconds."""
        end = _PERIOD_END_S if self.to_min is None else self.to_min * 60
        return (self.from_min or 0.0) * 60, end

    @property
    def chooses(self) -> bool:
        """Whether some images may be left out: a period, without sleep, only unseen ones."""
        period = self.from_min is not None or self.to_min is not None
        return period or self.leave_out_sleep or self.unseen_only

    def confident(self, images: pd.DataFrame) -> pd.DataFrame:
        """Return the images whose confidence reaches the threshold; only their calls count."""
        return images[images["confidence"] >= self.threshold]


def with_baseline(options: SummaryOptions, table: pd.DataFrame, baseline: str) -> SummaryOptions:
    """Return options that name the baseline, where images of it are in the table."""
    there = "timepoint" in table and bool((table["timepoint"] == baseline).any())
    return replace(options, baseline=baseline if there else "")


def _check(options: SummaryOptions) -> None:
    start, stop = options.period_s
    faults = []
    if options.sleep_by_model and not options.leave_out_sleep:
        faults.append("sleep as the model sees it only where sleep is left out")
    if not 0.5 <= options.threshold <= 1:  # noqa: PLR2004
        faults.append(f"a threshold from 0.5 to 1, found {options.threshold:g}")
    # Of what is no number every comparison is false.
    if not 0 <= start < stop:
        end = "the end" if options.to_min is None else f"{options.to_min:g}"
        faults.append(
            f"a period that ends after it begins, found minute {options.from_min or 0:g} to {end}"
        )
    if not 0 <= options.min_per_minute < float("inf"):
        faults.append(f"a minimum of at least 0 per minute, found {options.min_per_minute:g}")
    if options.min_images < 0:
        faults.append(f"a minimum of at least 0 images, found {options.min_images}")
    if faults:
        raise ImpossibleValueError(f"Expected {'; '.join(faults)}.")


def check_columns(
    predictions: pd.DataFrame,
    options: SummaryOptions,
    times: Mapping[str, RecordingTime] | None,
    *,
    with_time: bool = False,
) -> None:
    """Stop where a table lacks what the options need."""
    wanted = list(GROUP_KEYS)
    if times is not None:
        wanted.append("recording")
    if with_time or options.from_min is not None or options.to_min is not None:
        wanted.append("time_s")
    if options.leave_out_sleep:
        wanted.append("possible_sleep")
    if options.sleep_by_model and STATE not in predictions:
        msg = (
            "Expected a model that reads the action units of faces from video, to tell sleep from "
            "pain, found one that does not, or images without a recording and a time. Leave out "
            "all possible sleep instead, with --without-sleep alone."
        )
        raise ImpossibleValueError(msg)
    missing = [name for name in wanted if name not in predictions]
    if missing:
        msg = (
            f"Expected the columns {', '.join(wanted)} in the predictions, found no "
            f"{', '.join(missing)}. They come from the table that is classified: give `amgs "
            "classify` a CSV that has them, such as the faces.csv of `amgs extract` with a table "
            "of recordings."
        )
        raise TableError(msg)
    faults = [
        f"line {line}: no {name}"
        for name in wanted
        for line in predictions.index[_empty(predictions[name])]
    ]
    if times is not None:
        unknown = sorted(set(predictions["recording"]) - set(times) - {""})
        faults += [f"recording {name} is not in extraction.csv" for name in unknown]
    if faults:
        msg = f"Expected every image to name its animal, found {count_of(len(faults), 'fault')}:\n"
        raise TableError(f"{msg}{list_faults(faults)}\nCorrect the table and classify again.")


def _empty(column: pd.Series[Any]) -> pd.Series[bool]:
    return column.isna() | (column.astype(str) == "")


def check_groups(
    predictions: pd.DataFrame, times: Mapping[str, RecordingTime] | None = None
) -> None:
    """Stop at an animal in two groups, also where only the table of recordings says so."""
    pairs = zip(predictions["animal"], predictions["group"], strict=True)
    units = (time.unit for time in (times or {}).values() if time.unit is not None)
    faults = list_animals_in_two_groups([*pairs, *(unit[:2] for unit in units)])
    if faults:
        msg = (
            f"Expected every animal in one group, found:\n{list_faults(faults)}\nCorrect the table."
        )
        raise DesignError(msg)
