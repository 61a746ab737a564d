"""Zones: the rectangle of the frame that holds one animal's cubicle."""

from __future__ import annotations

import re
from dataclasses import dataclass

from amgs.errors import ImpossibleValueError

NAMED = {
    "full": (0.0, 0.0, 1.0, 1.0),
    "left": (0.0, 0.0, 0.5, 1.0),
    "right": (0.5, 0.0, 1.0, 1.0),
}
"""Zones with a name, as shares of width and height: left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A rectangle of the upright frame.

    Parameters
    ----------
    name
        As it was given: ``full``, ``left``, ``right`` or ``x,y,w,h`` in pixels.
    """

    name: str

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, top, right, bottom in pixels of a frame of this size.

        Raises
        ------
        ImpossibleValueError
            If the zone reaches beyond the frame.
        """
        if self.name in NAMED:
            left, top, right, bottom = NAMED[self.name]
            return (
                round(left * width),
                round(top * height),
                round(right * width),
                round(bottom * height),
            )
        left, top, right, bottom = (int(corner) for corner in self._corners())
        if right > width or bottom > height:
            msg = (
                f"Expected a zone inside the frame of {width} × {height} pixels, found {self.name} "
                f"(x,y,w,h), which reaches to {right}, {bottom}. See `amgs extract --preview`."
            )
            raise ImpossibleValueError(msg)
        return left, top, right, bottom

    def overlaps(self, other: Zone) -> bool | None:
        """Whether two zones share a place; ``None`` where that depends on the size of the frame."""
        if "full" in {self.name, other.name}:
            return True
        if (self.name in NAMED) != (other.name in NAMED):
            return None  # pixels against shares
        (l1, t1, r1, b1), (l2, t2, r2, b2) = self._corners(), other._corners()
        return l1 < r2 and l2 < r1 and t1 < b2 and t2 < b1

    def _corners(self) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom, as shares or in pixels."""
        if self.name in NAMED:
            return NAMED[self.name]
        x, y, w, h = (int(number) for number in self.name.split(","))
        return x, y, x + w, y + h


def parse_zone(text: str) -> Zone:
    """Read ``full``, ``left``, ``right`` or ``x,y,w,h``; an empty text is ``full``.

    Raises
    ------
    ImpossibleValueError
        If it is none of these.
    """
    plain = text.strip().lower().replace(" ", "") or "full"
    if plain in NAMED:
        return Zone(plain)
    numbers = re.fullmatch(r"(\d+),(\d+),(\d+),(\d+)", plain)
    if not numbers or int(numbers[3]) == 0 or int(numbers[4]) == 0:
        msg = (
            f"Expected a zone as full, left, right or x,y,w,h in pixels (such as 0,0,960,1080), "
            f"found {text!r}."
        )
        raise ImpossibleValueError(msg)
    return Zone(plain)
