"""The time of frames by the computer, whatever its clock is set to while it records."""

from __future__ import annotations

import time

SET_S = 1.0
"""A clock that differs by more from how it went on was set."""


class SteadyClock:
    """The computer's clock as it was at the beginning, going on evenly whatever it is set to.

    A computer that learns the time from the network while it records sets its clock by minutes or
    years; a recording would have a pause that never was.
    """

    def __init__(self) -> None:
        self._offset_s = time.time() - _steady_s()
        self._told_s = 0.0

    def now(self) -> float:
        """Return seconds since 1970."""
        return self._offset_s + _steady_s()

    def was_set_by(self) -> float | None:
        """Return by how much the computer's clock was set, once for every time that it was."""
        ahead_s = time.time() - self.now()
        if abs(ahead_s - self._told_s) < SET_S:
            return None
        self._told_s = ahead_s
        return ahead_s


def _steady_s() -> float:
    """Return a clock that nobody sets, and that goes on while the computer sleeps."""
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):  # of Linux; of macOS
        if hasattr(time, name):
            return time.clock_gettime(getattr(time, name))
    return time.monotonic()
