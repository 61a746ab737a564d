"""Zones: the rectangle of the frame that holds one animal's cubicle."""

from __future__ import annotations

import re
from dataclasses import dataclass

from amgs.errors import ImpossibleValueError

NAMED = {
    "full": (0.0, 0.0, 1.0, 1.0),
    "left": (0.0, 0.0, 0.5, 1.0),
    "right": (0.5, 0.0, 1.0, 1.0),
    "top": (0.0, 0.0, 1.0, 0.5),
    "bottom": (0.0, 0.5, 1.0, 1.0),
    "top-left": (0.0, 0.0, 0.5, 0.5),
    "top-right": (0.5, 0.0, 1.0, 0.5),
    "bottom-left": (0.0, 0.5, 0.5, 1.0),
    "bottom-right": (0.5, 0.5, 1.0, 1.0),
}
"""Zones with a name, as shares of width and height: left, top, right, bottom."""


KINDS = f"{', '.join(NAMED)}, or x,y,w,h in pixels (0,0,960,1080) or per cent (0%,0%,50%,100%)"
"""What a zone may be, for messages and help."""

_PIXELS = re.compile(r"(\d+),(\d+),(\d+),(\d+)")
_SHARES = re.compile(",".join([r"(\d+(?:\.\d+)?)%"] * 4))


@dataclass(frozen=True, slots=True)
class Zone:
    """A rectangle of the upright frame.

    Parameters
    ----------
    name
        As it was given: a name, or ``x,y,w,h`` in pixels or per cent.
    """

    name: str

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, top, right, bottom in pixels of a frame of this size.

        Raises
        ------
        ImpossibleValueError
            If the zone reaches beyond the frame.
        """
        if self.in_shares:
            left, top, right, bottom = self._corners()
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

    @property
    def in_shares(self) -> bool:
        """Whether it is a share of the frame, whatever the size of that is."""
        return self.name in NAMED or "%" in self.name

    def overlaps(self, other: Zone) -> bool | None:
        """Whether two zones share a place; ``None`` where that depends on the size of the frame."""
        if "full" in {self.name, other.name}:
            return True
        if self.in_shares != other.in_shares:
            return None  # pixels against shares
        (l1, t1, r1, b1), (l2, t2, r2, b2) = self._corners(), other._corners()
        return l1 < r2 and l2 < r1 and t1 < b2 and t2 < b1

    def _corners(self) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom, as shares or in pixels."""
        if self.name in NAMED:
            return NAMED[self.name]
        if "%" in self.name:
            # In thousandths of a per cent first: 33.3 % and 66.7 % must add up to a whole.
            x, y, w, h = (round(float(n) * 1000) for n in self.name.replace("%", "").split(","))
            return x / 100_000, y / 100_000, (x + w) / 100_000, (y + h) / 100_000
        x, y, w, h = (int(number) for number in self.name.split(","))
        return x, y, x + w, y + h


def parse_zone(text: str) -> Zone:
    """Read a zone: a name, or ``x,y,w,h`` in pixels or per cent; an empty text is ``full``.

    Raises
    ------
    ImpossibleValueError
        If it is none of these, or reaches beyond 100 %.
    """
    plain = re.sub(r"\s", "", text).lower().replace("_", "-") or "full"
    if plain in NAMED:
        return Zone(plain)
    pixels, shares = _PIXELS.fullmatch(plain), _SHARES.fullmatch(plain)
    found = pixels or shares
    if found is None or float(found[3]) == 0 or float(found[4]) == 0:
        raise ImpossibleValueError(f"Expected a zone as {KINDS}, found {text!r}.")
    if shares and max(float(found[1]) + float(found[3]), float(found[2]) + float(found[4])) > 100:  # noqa: PLR2004
        raise ImpossibleValueError(f"Expected a zone inside the frame, found {text!r}: over 100 %.")
    return Zone(plain)
