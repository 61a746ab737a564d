"""Places of a rater's order, counted from 0: which one is to be scored next."""

from __future__ import annotations

from collections.abc import Container
from itertools import chain


def first_unfinished(finished: Container[int], total: int) -> int:
    """Return the first of so many places that is not finished; `total` when all are."""
    return next((place for place in range(total) if place not in finished), total)


def next_unfinished(finished: Container[int], total: int, after: int) -> int | None:
    """Return the first place after one that is not finished, begun anew after the last place.

    ``None`` when every other place is finished.
    """
    places = chain(range(after + 1, total), range(min(after, total)))
    return next((place for place in places if place not in finished), None)
