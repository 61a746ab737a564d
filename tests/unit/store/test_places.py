"""Which place comes next is counted from where a rater is."""

from __future__ import annotations

import pytest

from amgs.store.places import next_unfinished


@pytest.mark.parametrize(
    ("finished", "total", "after", "expected"),
    [
        ({0, 1}, 5, 1, 2),
        ({0, 2, 3, 4}, 5, 4, 1),
        ({0, 2, 3, 4}, 5, 1, None),
        (set(), 1, 0, None),
        ({3}, 3, 9, 0),
    ],
    ids=["the next", "begun anew", "only itself is open", "one place", "places were taken away"],
)
def test_the_next_unfinished_place(finished, total, after, expected) -> None:
    assert next_unfinished(finished, total, after) == expected
