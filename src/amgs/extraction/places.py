"""Where and when lines of a table say that animals were filmed: no place twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from amgs.video.periods import Period
from amgs.video.zones import Zone


@dataclass(frozen=True, slots=True)
class FilmedPlace:
    """A zone of a video during a period, as a line of a table names it.

    ``files`` are those of its session, ``video`` the cell that names them.
    """

    line: int
    video: str
    files: tuple[str, ...]
    zone: Zone
    period: Period


def places_filmed_twice(places: Sequence[FilmedPlace]) -> Iterator[str]:
    """Find lines that look at the same place of a video at the same time.

    One animal would count as two.
    """
    by_file: dict[str, list[FilmedPlace]] = {}
    for place in places:
        for file in place.files:
            by_file.setdefault(file, []).append(place)
    for file, inside in by_file.items():
        for a, b in combinations(inside, 2):
            # Periods count from the start of a session: of two sessions they do not compare.
            if a.video == b.video and not a.period.overlaps(b.period):
                continue
            if a.zone == b.zone:
                yield f"line {b.line}: zone {b.zone.name} of {file} is in line {a.line} already"
            elif a.zone.overlaps(b.zone):  # pixels against shares: `amgs check` opens the video
                yield (
                    f"line {b.line}: zone {b.zone.name} of {file} overlaps {a.zone.name} of line "
                    f"{a.line}: one animal would count as two"
                )
