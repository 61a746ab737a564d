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
_VALUE = r"\d+(?:\.\d+)?"
_PART = rf"(?P<number>{_VALUE})[ _-]*(?P<unit>{_UNIT})s?(?![^\W\d_])"
_ANY_PART = _PART.replace("?P<number>", "?:").replace("?P<unit>", "?:")
_NUMBER_UNIT = re.compile(
    rf"(?P<sign>[-\u2212]?)(?P<parts>{_ANY_PART}(?:[ _,+]*(?:and )?{_ANY_PART})*)"
    r"(?P<tail>(?:[ _-].*)?)"
)
"""``30min``, ``1h 30min``, ``2h after surgery``."""
_ANOTHER_TIME = re.compile(
    rf"[ -]+\d.*|.*(?:\d[ _-]*(?:{_UNIT})s?|(?<![^\W\d_])(?:{_UNIT})s?[ _-]*\d)(?![^\W\d_]).*"
)
"""A number at once, or one with a unit: ``1h 30``, ``24h (day 1)``; not ``after 5-HT``, ``_2``."""
_UNIT_NUMBER = re.compile(
    rf"(?P<unit>{_UNIT})s?(?P<gap>[ _]*)(?P<sign>[-\u2212]?)(?P<number>{_VALUE})"
)
_BARE = re.compile(rf"t?(?P<sign>[-\u2212]?)(?P<number>{_VALUE})")
_BEFORE = ("post", "after", "at", "t=", "+", "t+")


def seconds_of(name: str) -> float | None:
    """Return how long after the start a timepoint is, as its name says; ``None`` if it does not.

    Understood are numbers with units (``30min``, ``1h 30min``, ``24hours``, ``-1 day``), a unit
    with a number (``day 3``, ``D3``, ``D-1``, ``day -1``, ``week2``) and a bare number (``30``,
    ``t2``), whose unit is taken to be one second: among names that are all bare the order is right.
    Whether ``day-1`` is day 1 or the day before the start, nobody can tell.
    """
    plain = _without_first_words(name)
    found = _NUMBER_UNIT.fullmatch(plain)
    if found and not _ANOTHER_TIME.fullmatch(found["tail"]):
        parts = re.finditer(_PART, found["parts"])
        total = sum(float(part["number"]) * _SECONDS[part["unit"]] for part in parts)
        return -total if found["sign"] else total
    found = _UNIT_NUMBER.fullmatch(plain)
    if found:
        if found["sign"] and not found["gap"] and len(found["unit"]) > 1:
            return None
        number = float(found["number"]) * _SECONDS[found["unit"]]
        return -number if found["sign"] else number
    found = _BARE.fullmatch(plain)
    if found is None:
        return None
    return -float(found["number"]) if found["sign"] else float(found["number"])


def _without_first_words(name: str) -> str:
    """Return a name in small letters, without what stands before its time."""
    plain = " ".join(name.casefold().split())
    for word in _BEFORE:
        if plain.startswith(word):
            plain = plain.removeprefix(word).lstrip(" _-" if word.isalpha() else " ")
    return plain


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
    bare = {_BARE.fullmatch(_without_first_words(name)) is not None for name in there}
    times = [seconds_of(name) for name in there]
    known = [time for time in times if time is not None]
    # After the start, D-3 and D-7 are days 3 and 7 with a hyphen, or nobody knows.
    all_before = len(known) > 1 and max(known) < 0
    return len(bare) < 2 and len(known) == len(times) and not all_before  # noqa: PLR2004


def _key(name: str) -> float:
    seconds = seconds_of(name)
    return 0.0 if seconds is None else seconds
