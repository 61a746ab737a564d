"""Work runs ahead a bounded way and comes back in order."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from amgs.jobs import batches, bounded_map


def test_results_come_in_the_order_of_the_items() -> None:
    """Even when later items are faster."""

    def slow_first(n: int) -> int:
        time.sleep(0.02 if n == 0 else 0)
        return n

    with ThreadPoolExecutor(4) as executor:
        assert list(bounded_map(executor, slow_first, range(20), 6)) == list(range(20))


def test_only_so_many_items_are_taken_ahead() -> None:
    """An endless source is no danger."""
    taken = []

    def source():
        for n in range(1_000_000):
            taken.append(n)
            yield n

    with ThreadPoolExecutor(2) as executor:
        results = bounded_map(executor, lambda n: n, source(), 8)
        for _ in range(10):
            next(results)
        results.close()
    assert len(taken) <= 19


def test_an_error_reaches_the_caller() -> None:
    """It is not swallowed by the pool."""
    with ThreadPoolExecutor(2) as executor, pytest.raises(ZeroDivisionError):
        list(bounded_map(executor, lambda n: 1 / n, [1, 0], 2))


def test_batches_hold_everything_once() -> None:
    """The last batch may be shorter."""
    assert list(batches(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
