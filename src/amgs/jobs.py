"""One step over many items: in order, a bounded number ahead, on any executor.

Every long step of amgs takes an ``executor``: threads of its own where none is given, a
`concurrent.futures.ProcessPoolExecutor`, or one of a cluster (`amgs.cluster`).
Its units of work are plain functions of plain data, so that they can be sent elsewhere. The library
is silent; whoever wants to see progress passes a function.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TypeAlias, TypeVar

from amgs.config import thread_count
from amgs.errors import WorkLostError

T = TypeVar("T")
R = TypeVar("R")

ProgressCallback: TypeAlias = Callable[[str, int, int | None], None]
"""Called with (what is being done, how many are done, how many there are or None)."""

AHEAD_PER_WORKER = 3
"""So many items wait for every worker: enough that none is idle, few enough for constant memory."""


def no_progress(step: str, done: int, total: int | None) -> None:
    """Show nothing."""


@contextmanager
def open_executor(
    executor: Executor | None = None, workers: int | None = None
) -> Iterator[Executor]:
    """Give the executor of a step: the one that was passed in, or threads of its own.

    Parameters
    ----------
    executor
        Used as it is and left open; whoever made it closes it.
    workers
        How many threads, where none was passed in; one per usable core if not given.

    Yields
    ------
    concurrent.futures.Executor
        Threads are joined at the end of the block.
    """
    if executor is not None:
        yield executor
        return
    with ThreadPoolExecutor(workers or thread_count()) as own:
        yield own


def count_workers(executor: Executor) -> int:
    """Return how many items an executor works on at a time, as far as it says so."""
    told = getattr(executor, "_max_workers", None)
    return told if isinstance(told, int) and told > 0 else thread_count()


def bounded_map(
    executor: Executor,
    function: Callable[[T], R],
    items: Iterable[T],
    ahead: int | None = None,
    *,
    together: int = 1,
    lost: Callable[[T, WorkLostError], None] | None = None,
) -> Iterator[R]:
    """Apply `function` to items in the executor and yield results in the order of the items.

    At most `ahead` items are taken in advance, so memory stays constant however many there are;
    `Executor.map` would take them all.

    Parameters
    ----------
    executor
        Any `concurrent.futures.Executor`.
    function
        What to do with one item. What it raises is raised here.
    items
        May be endless.
    ahead
        How many results may wait; three for every worker if not given.
    together
        So many items are sent at a time where sending is dear, as to another machine; what costs
        a moment each should go in greater numbers.
    lost
        Told of items that no worker could do, which are then left out; without it, the first one
        raises.

    Raises
    ------
    WorkLostError
        From a cluster, where no worker could do an item.
    """
    size = together if getattr(executor, "sends_far", False) else 1
    source = batches(items, size)
    work = partial(_do_each, function)
    limit = ahead or AHEAD_PER_WORKER * count_workers(executor)
    waiting: deque[tuple[list[T], Future[list[R]]]] = deque(
        (batch, executor.submit(work, batch)) for batch in islice(source, limit)
    )
    try:
        while waiting:
            sent, future = waiting.popleft()
            results: list[R] = []
            try:
                results = future.result()
            except WorkLostError as error:
                if lost is None:
                    raise
                for item in sent:
                    lost(item, error)
            waiting.extend((batch, executor.submit(work, batch)) for batch in islice(source, 1))
            yield from results
    finally:
        for _, future in waiting:
            future.cancel()


def _do_each(function: Callable[[T], R], items: list[T]) -> list[R]:
    return [function(item) for item in items]


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size` items; the last one may be shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
