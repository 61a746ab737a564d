"""One step over many items: in order, a bounded number ahead, on any executor.

The library is silent; whoever wants to see progress passes a function.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from typing import TypeAlias, TypeVar

T = TypeVar("T")
R = TypeVar("R")

ProgressCallback: TypeAlias = Callable[[str, int, int | None], None]
"""Called with (what is being done, how many are done, how many there are or None)."""


def no_progress(step: str, done: int, total: int | None) -> None:
    """Show nothing."""


def map_ahead(
    executor: Executor, function: Callable[[T], R], items: Iterable[T], ahead: int
) -> Iterator[R]:
    """Apply `function` to items in the executor and yield results in the order of the items.

    At most `ahead` items are taken in advance, so memory stays constant however many there are;
    `Executor.map` would take them all.

    Parameters
    ----------
    executor
        Any `concurrent.futures.Executor`; a Dask cluster gives one by ``Client.get_executor()``.
    function
        What to do with one item. What it raises is raised here.
    items
        May be endless.
    ahead
        How many results may wait.
    """
    source = iter(items)
    waiting: deque[Future[R]] = deque(
        executor.submit(function, item) for item in islice(source, ahead)
    )
    try:
        while waiting:
            result = waiting.popleft().result()
            for item in islice(source, 1):
                waiting.append(executor.submit(function, item))
            yield result
    finally:
        for future in waiting:
            future.cancel()


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size` items; the last one may be shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
