"""Periods: which part of a video is a recording, as people write it in a table."""

from __future__ import annotations

import re
from dataclasses import dataclass

from amgs.errors import ImpossibleValueError

END = float("inf")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of a video in seconds from its start; ``stop_s`` is infinite for its end."""

    start_s: float = 0.0
    stop_s: float = END

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.start_s == 0 and self.stop_s == END

    @property
    def name(self) -> str:
        """The period as text, the same for the same period; empty for the whole video."""
        return "" if self.is_whole else f"{self.start_s:g}-{self.stop_s:g}"

    def overlaps(self, other: Period) -> bool:
        """Whether two periods share a moment."""
        return self.start_s < other.stop_s and other.start_s < self.stop_s


WHOLE = Period()


def parse_period(start: str, stop: str) -> Period:
    """Read from when to when, in minutes (``5``, ``5.5``) or as a clock shows it (``5:30``).

    Parameters
    ----------
    start, stop
        Text of the columns ``from`` and ``to``; empty for the start and the end of the video.

    Raises
    ------
    ImpossibleValueError
        If one of them is no time, or the period ends before it begins.
    """
    period = Period(
        _seconds(start, "from") if start.strip() else 0.0,
        _seconds(stop, "to") if stop.strip() else END,
    )
    if period.stop_s <= period.start_s:
        msg = f"Expected a period that ends after it begins, found from {start or 0} to {stop}."
        raise ImpossibleValueError(msg)
    return period


def _seconds(text: str, column: str) -> float:
    plain = text.strip()
    clock = re.fullmatch(r"(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d+)?)", plain)
    if clock and float(clock[3]) < 60:  # noqa: PLR2004
        return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    # German spreadsheets write decimals with a comma.
    if re.fullmatch(r"\d+(?:[.,]\d+)?", plain):
        return float(plain.replace(",", ".")) * 60
    msg = (
        f"Expected minutes in the column `{column}` (5 or 5.5), or minutes and seconds (5:30), "
        f"found {text!r}."
    )
    raise ImpossibleValueError(msg)
