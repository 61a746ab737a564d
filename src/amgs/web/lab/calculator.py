"""What needs numpy's larger relatives, in a process of its own: the lab itself stays small.

A page that compares groups, decodes a frame or looks for faces asks for it here. The process is
started at the first question and ends when nothing was asked for some minutes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

from amgs.processes import end_with_parent
from amgs.web.lab.computed import get_ready

R = TypeVar("R")

IDLE_S = 300.0


class Calculator:
    """Answers questions in another process; used by several threads at once.

    Parameters
    ----------
    idle_s
        Seconds without a question after which the process ends.
    """

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._asked = 0
        self._timer: threading.Timer | None = None

    def ask(self, function: Callable[..., R], *arguments: Any) -> R:
        """Return what a function of `amgs.web.lab.computed` gives, or raise what it raises."""
        for last in (False, True):
            try:
                return self._submit(function, arguments)
            except BrokenProcessPool:  # a decoder may end its process: once more in a new one
                with self._lock:
                    self._pool = None
                if last:
                    raise
        raise AssertionError

    def warm(self) -> None:
        """Start the process, so that the first question does not wait for it."""
        threading.Thread(target=self.ask, args=(get_ready,), daemon=True).start()

    def _submit(self, function: Callable[..., R], arguments: tuple[Any, ...]) -> R:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    2, mp_context=get_context("spawn"), initializer=end_with_parent
                )
            future = self._pool.submit(function, *arguments)
            self._asked += 1
        try:
            return future.result()
        finally:
            with self._lock:
                self._asked -= 1
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = threading.Timer(self._idle_s, self._end_when_idle)
                self._timer.daemon = True
                self._timer.start()

    def _end_when_idle(self) -> None:
        with self._lock:
            if self._asked == 0:
                self._end()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._end()

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
