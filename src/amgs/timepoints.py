"""The order of timepoints in time, read from their names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from amgs.vocabulary import BASELINE

_SECONDS = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hr": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "w": 604800.0,
    "wk": 604800.0,
    "week": 604800.0,
}
_UNIT = "|".join(sorted(_SECONDS, key=len, reverse=True))
_NUMBER = r"(?P<sign>[-\u2212]?)(?P<number>\d+(?:\.\d+)?)"
_NUMBER_UNIT = re.compile(rf"{_NUMBER}[ _-]*(?P<unit>{_UNIT})s?(?:[ _-].*)?")
_UNIT_NUMBER = re.compile(rf"(?P<unit>{_UNIT})s?[ _-]*{_NUMBER.replace('[-', '[')}")
_BARE = re.compile(rf"t?{_NUMBER}")
_BEFORE = ("post", "after", "at", "t=", "+", "t+")


def seconds_of(name: str) -> float | None:
    """Return how long after the start a timepoint is, as its name says; ``None`` if it does not.

    Understood are a number with a unit (``30min``, ``2 h``, ``24hours``, ``-1 day``), a unit with a
    number (``day 3``, ``D3``, ``week2``) and a bare number (``30``, ``t2``), whose unit is taken to
    be one second: among names that are all bare the order is right.
    """
    plain = " ".join(name.casefold().split())
    for word in _BEFORE:
        if plain.startswith(word):
            plain = plain.removeprefix(word).lstrip(" _-" if word.isalpha() else " ")
    for form in (_NUMBER_UNIT, _UNIT_NUMBER, _BARE):
        found = form.fullmatch(plain)
        if found:
            number = float(found["number"])
            unit = found.groupdict().get("unit")
            return (-number if found["sign"] else number) * _SECONDS.get(unit or "s", 1.0)
    return None


def order_timepoints(names: Iterable[str], baseline: str | None = BASELINE) -> list[str]:
    """Return timepoints in the order of time: the baseline, then as their names say.

    Where one of the names says no time, or some have a unit and others none, they stay in the order
    in which they come.

    Parameters
    ----------
    names
        Each once or more.
    baseline
        Comes first, whatever it is called; ``None`` where there is none.
    """
    there = list(dict.fromkeys(names))
    first = [name for name in there if name == baseline]
    later = [name for name in there if name != baseline]
    return first + (sorted(later, key=_key) if says_order(later) else later)


def says_order(names: Iterable[str]) -> bool:
    """Whether the names of all timepoints say when they are, in comparable units."""
    there = list(names)
    bare = {_BARE.fullmatch(" ".join(name.casefold().split())) is not None for name in there}
    return len(bare) < 2 and all(seconds_of(name) is not None for name in there)  # noqa: PLR2004


def _key(name: str) -> float:
    seconds = seconds_of(name)
    return 0.0 if seconds is None else seconds
