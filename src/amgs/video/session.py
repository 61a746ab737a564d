"""A session: one video, or several files that a camera wrote one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import UnreadableVideoError, count_of
from amgs.video.periods import Period
from amgs.video.reader import open_video
from amgs.video.sampling import Interval

if TYPE_CHECKING:
    from amgs.video.frame_table import FrameTable

LONGEST_PAUSE_S = 6 * 3600
"""Times further apart than this are of a clock that was set, not of one session."""

LEAST_PAUSE_S = 0.1
"""A pause of fewer seconds is the rounding of two clocks."""

_EARLY_S = 2.0
"""Cameras note whole seconds, so the next file may seem to begin a little before the last ends."""

SLOW_GROUP_S = 300.0
"""With keyframes further apart extraction is slower than writing the video once more."""

_HEADER_MAY_LIE_BY_S = 2.0


@dataclass(frozen=True, slots=True)
class SessionFile:
    """One file of a session; ``offset_s`` is its start, from the start of the first file."""

    path: Path
    table: FrameTable
    offset_s: float

    @property
    def stop_s(self) -> float:
        """Its end, from the start of the first file."""
        return self.offset_s + self.table.duration_s


@dataclass(frozen=True, slots=True)
class Session:
    """Files in order of time, and the size of their upright frames."""

    files: tuple[SessionFile, ...]
    width: int
    height: int
    warnings: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """From the first frame of the first file to the end of the last."""
        return self.files[-1].stop_s

    @property
    def pauses(self) -> list[tuple[float, float]]:
        """Return from when to when nothing was filmed, between two files or within one."""
        between = [
            (before.stop_s, after.offset_s)
            for before, after in zip(self.files, self.files[1:], strict=False)
            if after.offset_s - before.stop_s > LEAST_PAUSE_S
        ]
        within = [(f.offset_s + a, f.offset_s + b) for f in self.files for a, b in f.table.gaps()]
        return sorted(between + within)

    def clip(self, period: Period) -> tuple[float, float]:
        """Return a period within the session, in seconds.

        Raises
        ------
        UnreadableVideoError
            If the session ends before the period begins.
        """
        if period.start_s >= self.duration_s:
            msg = (
                f"Expected a period within the {self.duration_s / 60:.1f} minutes of "
                f"{self.files[0].path.name}, found one from minute {period.start_s / 60:g}"
            )
            raise UnreadableVideoError(msg)
        return period.start_s, min(period.stop_s, self.duration_s)

    def place(self, interval: Interval) -> tuple[int, Interval] | None:
        """Return which file holds an interval, and the interval by that file's own time.

        An interval that spans two files is taken from the one that holds most of it; ``None`` where
        nothing was filmed.
        """
        best: tuple[float, int] | None = None
        last = len(self.files) - 1
        for number, file in enumerate(self.files):
            # The last interval ends a little behind the last frame, which must stay in it.
            stop_s = interval.stop_s if number == last else min(interval.stop_s, file.stop_s)
            shared = stop_s - max(interval.start_s, file.offset_s)
            if shared > 0 and (best is None or shared > best[0]):
                best = (shared, number)
        if best is None:
            return None
        file = self.files[best[1]]
        stop_s = interval.stop_s - file.offset_s
        if best[1] != last:
            stop_s = min(stop_s, file.table.duration_s)
        start_s = max(0.0, interval.start_s - file.offset_s)
        return best[1], Interval(interval.number, start_s, stop_s)


def open_session(paths: Sequence[Path]) -> Session:
    """Read the frames of files that were filmed one after the other.

    A pause between two files is known where both carry the time at which they were begun, as
    cameras write it; else the next is taken to begin where the one before ends, and that is told.

    Parameters
    ----------
    paths
        In the order of time.

    Raises
    ------
    UnreadableVideoError
        If a file cannot be used, or has frames of another size than the first.
    """
    files: list[SessionFile] = []
    sizes: list[tuple[int, int]] = []
    begun: list[datetime | None] = []
    warnings: list[str] = []
    for path in paths:
        video = open_video(path)
        try:
            sizes.append((video.info.width, video.info.height))
            begun.append(video.begun)
            promised, found = video.promised_duration_s, video.info.duration_s
            if promised is not None and promised - found > _HEADER_MAY_LIE_BY_S:
                warnings.append(
                    f"{path.name}: the header gives a length of {promised:.1f} s, but the frames "
                    f"end after {found:.1f} s. The file may be cut off; only the part present is "
                    "used."
                )
            if video.lost_frames:
                warnings.append(
                    f"{path.name}: its header promises {video.lost_frames} frames more than it "
                    "holds, and it has no times of its own. If they are missing in the middle, "
                    "times behind that place are too early; copy the video again if you can."
                )
            gaps = video.table.gaps()
            if gaps:
                total_s = sum(b - a for a, b in gaps)
                warnings.append(
                    f"{path.name}: has no frames for {total_s:.1f} s in all, in "
                    f"{count_of(len(gaps), 'gap')}; the first begins at {gaps[0][0]:.1f} s. That "
                    "time counts as not filmed."
                )
            apart_s = video.table.longest_group_s
            if apart_s > SLOW_GROUP_S:
                warnings.append(
                    f"{path.name}: its keyframes are up to {apart_s / 60:.0f} minutes apart, and "
                    "all frames between them are decoded again and again. `amgs convert` writes "
                    "it once more, so that extraction is many times as fast."
                )
            offset_s = 0.0
            if files:
                last = files[-1]
                # What amgs recorded has the computer's clock, however long a camera was away.
                longest_s = inf if _is_ours(path) and _is_ours(last.path) else LONGEST_PAUSE_S
                gap = _gap_between(begun[-2], begun[-1], last.table.duration_s)
                pause = _as_pause(gap, longest_s)
                offset_s = last.stop_s + (pause or 0.0)
                if pause is None or pause > LEAST_PAUSE_S:
                    warnings.append(_say_pause(last.path.name, path.name, gap, pause))
            files.append(SessionFile(path, video.table, offset_s))
        finally:
            video.close()
    other = [f"{p.name}: {w} × {h}" for p, (w, h) in zip(paths, sizes, strict=True)]
    if len(set(sizes)) > 1:
        msg = f"Expected frames of one size in all files of a session, found {', '.join(other)}"
        raise UnreadableVideoError(msg)
    return Session(tuple(files), *sizes[0], tuple(warnings))


def pause_between(
    before: datetime | None,
    after: datetime | None,
    duration_s: float,
    longest_s: float = LONGEST_PAUSE_S,
) -> float | None:
    """Return for how many seconds nothing was filmed between two files, by when both were begun.

    ``None`` where that is not known, or a clock was set in between.

    Parameters
    ----------
    before, after
        When each file was begun; ``None`` where that is not known.
    duration_s
        How long the first one is.
    longest_s
        Of a longer one the clock is not believed.
    """
    return _as_pause(_gap_between(before, after, duration_s), longest_s)


def _gap_between(
    before: datetime | None, after: datetime | None, duration_s: float
) -> float | None:
    if before is None or after is None:
        return None
    return (after - before).total_seconds() - duration_s


def _as_pause(gap_s: float | None, longest_s: float) -> float | None:
    return None if gap_s is None or not -_EARLY_S <= gap_s <= longest_s else max(0.0, gap_s)


def _is_ours(path: Path) -> bool:
    """Whether `amgs watch` recorded a file: the times of its frames lie beside it."""
    return path.with_name(f"{path.stem}_times.csv").is_file()


def _say_pause(before: str, after: str, gap: float | None, pause: float | None) -> str:
    begins = f"so it is taken to begin where {before} ends"
    if gap is None:
        return f"{after}: when it was begun is not known, {begins}"
    if gap < 0:
        return (
            f"{after}: begins {-gap:.1f} s before the end of {before}, by the times in both files, "
            f"which cannot be, {begins}. Were they filmed in this order?"
        )
    if pause is None:
        return (
            f"{after}: begins {gap / 3600:.1f} h after the end of {before}, by the times in both "
            f"files. That is taken for a clock that was set, {begins}"
        )
    return f"{after}: begins {pause:.1f} s after the end of {before}, by the times in both files"
