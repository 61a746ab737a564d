"""An executor on a Dask cluster that loses a worker and keeps the work."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs._version import __version__
from amgs.cluster.units import Back, do_there, leave_token
from amgs.errors import ClusterError, WorkLostError

if TYPE_CHECKING:
    from distributed import Client

PATIENCE_S = 900.0
"""A unit of work that takes longer than this hangs; most take a minute."""

MOST_TRIES = 4
"""A unit that failed so often, on another worker each time where there are more, is given up."""

_EVERY_S = 5.0
_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())


@dataclass(slots=True)
class _Unit:
    """One unit of work on its way: what it is, who failed at it, and who waits for it."""

    number: int
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    waiting: Future[Any]
    failed_on: list[str] = field(default_factory=list)
    sent: Any = None
    tries: int = 0
    ended: int = 0
    began_s: float | None = None
    on: str = ""


class DaskExecutor(Executor):
    """Sends units of work to a Dask cluster; those of a lost worker are done by another.

    A worker that dies is noticed by Dask. One that hangs is restarted after `patience_s`. One that
    does not see the shared files, cannot write them, or runs another version of amgs is told of,
    and its units go elsewhere. What was done again is in `notes`.

    Parameters
    ----------
    client
        A connected client; it is left open.
    shared
        The folder with the files of the work, which every worker must see; a file with a random
        name lies there while the executor is open.
    patience_s
        After how many seconds a unit of work hangs.
    expected
        How many workers there will be, where they come one by one.
    """

    sends_far = True
    """Small items go together (`amgs.jobs.bounded_map`)."""

    def __init__(
        self,
        client: Client,
        shared: Path | None = None,
        patience_s: float = PATIENCE_S,
        expected: int = 1,
    ) -> None:
        self.notes: list[str] = []
        self._expected = expected
        self._client = client
        self._patience_s = patience_s
        self._units: dict[int, _Unit] = {}
        self._lock = threading.RLock()
        self._next = 0
        self._suspects: deque[_Unit] = deque()
        self._on_trial: _Unit | None = None
        self._closed = threading.Event()
        self._token = leave_token(shared)
        self._watch = threading.Thread(target=self._watch_over, daemon=True)
        self._watch.start()

    @property
    def _max_workers(self) -> int:
        """How many units are worked on at a time at present; asked by `amgs.jobs.count_workers`."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return max(self._expected, sum(int(worker["nthreads"]) for worker in workers))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send a unit of work; see `concurrent.futures.Executor.submit`.

        The future raises `WorkLostError` where no worker could do it, and what `fn` raised, except
        errors of files, which are held to be the worker's.
        """
        if kwargs:
            msg = "Expected a function of arguments by their place, found some by name."
            raise TypeError(msg)
        with self._lock:
            if self._closed.is_set():
                msg = "This executor is closed."
                raise RuntimeError(msg)
            unit = _Unit(self._next, fn, args, Future())
            self._next += 1
            self._units[unit.number] = unit
        unit.waiting.add_done_callback(lambda future: self._cancelled(unit, future))
        self._send(unit)
        return unit.waiting

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop sending; the cluster stays."""
        del wait
        self._closed.set()
        with self._lock:
            units = list(self._units.values())
        for unit in units:
            if cancel_futures or not unit.waiting.done():
                unit.waiting.cancel()
        if self._token:
            Path(self._token).unlink(missing_ok=True)

    def _send(self, unit: _Unit) -> None:
        unit.tries += 1
        unit.began_s, unit.on = None, ""
        known = self._client.scheduler_info(n_workers=-1)["workers"] if unit.failed_on else {}
        others = [address for address in known if address not in unit.failed_on]
        unit.sent = self._client.submit(
            do_there,
            unit.function,
            unit.arguments,
            self._token,
            __version__,
            str(Path.cwd()),
            key=f"amgs-{id(self):x}-{unit.number}-{unit.tries}",
            workers=others or None,
            allow_other_workers=bool(others),
            pure=False,
        )
        unit.sent.add_done_callback(lambda sent: self._came_back(unit, sent))

    def _cancelled(self, unit: _Unit, future: Future[Any]) -> None:
        if not future.cancelled():
            return
        if unit.sent is not None:
            unit.sent.cancel()
        with self._lock:
            self._units.pop(unit.number, None)
        self._end_trial(unit)

    def _came_back(self, unit: _Unit, sent: Any) -> None:
        """Take a result in; called in a thread of the client."""
        if unit.waiting.cancelled() or sent is not unit.sent:
            return
        try:
            self._take_in(unit, sent)
        except Exception as error:  # noqa: BLE001 - whoever waits must learn of it, whatever it is
            self._finish(unit, error=error)

    def _take_in(self, unit: _Unit, sent: Any) -> None:
        from distributed.scheduler import KilledWorker

        if sent.status == "cancelled":
            msg = "The cluster forgot this work; is its scheduler still there?"
            self._again(unit, "", msg)
            return
        if sent.status == "error":
            error = sent.exception()
            if not isinstance(error, KilledWorker):
                self._finish(unit, error=error)
                return
            # Dask suspects whatever was on a worker that died, also what only waited there: each
            # is tried once more, one after the other, so that only the culprit is given up.
            unit.ended += 1
            if unit.ended > 1:
                what = "workers ended at it, again and again"
                self._finish(unit, error=WorkLostError(what))
            else:
                unit.sent = None
                with self._lock:
                    self._suspects.append(unit)
                self._try_next_suspect()
            return
        back: Back = sent.result()
        if back.lost:
            self._again(unit, back.worker, back.lost)
        else:
            self._finish(unit, result=back.result)

    def _try_next_suspect(self) -> None:
        with self._lock:
            while self._on_trial is None and self._suspects:
                unit = self._suspects.popleft()
                if not unit.waiting.cancelled():
                    self._on_trial = unit
                    self._send(unit)

    def _end_trial(self, unit: _Unit) -> None:
        with self._lock:
            if self._on_trial is not unit:
                return
            self._on_trial = None
        self._try_next_suspect()

    def _again(self, unit: _Unit, worker: str, reason: str) -> None:
        if worker:
            unit.failed_on.append(worker)
        if unit.tries >= MOST_TRIES:
            self._finish(unit, error=WorkLostError(f"worker {worker or 'unknown'}: {reason}"))
            return
        self._note(f"worker {worker or 'unknown'}: {reason}; its work was given to another")
        self._send(unit)

    def _finish(self, unit: _Unit, result: Any = None, error: BaseException | None = None) -> None:
        with self._lock:
            self._units.pop(unit.number, None)
        unit.sent = None
        self._end_trial(unit)
        if not unit.waiting.set_running_or_notify_cancel():
            return
        if error is not None:
            unit.waiting.set_exception(error)
        else:
            unit.waiting.set_result(result)

    def _note(self, text: str) -> None:
        with self._lock:
            if text not in self.notes:
                self.notes.append(text)
                _log.warning(text)

    def _watch_over(self) -> None:
        """Restart workers that hang, and tell of those that are gone."""
        alone: list[float] = []
        while not self._closed.wait(min(_EVERY_S, self._patience_s / 3)):
            processing: dict[str, Any] = {}
            try:
                processing = self._client.processing()
            except Exception as error:  # noqa: BLE001 - the next round may reach the scheduler again
                _log.debug("the scheduler did not answer: %s", error)
            if not processing:
                self._wait_for_workers(alone)
                continue
            alone.clear()
            where = {key: worker for worker, keys in processing.items() for key in keys}
            hung = set()
            for unit in self._waiting():
                key = getattr(unit.sent, "key", None)
                worker = where.get(key, "")
                if worker != unit.on:
                    if unit.on and unit.on not in processing:
                        self._note(f"worker {unit.on} is gone; its work was given to another")
                    unit.on, unit.began_s = worker, time.monotonic() if worker else None
                if unit.began_s and time.monotonic() - unit.began_s > self._patience_s:
                    hung.add(worker)
            for worker in hung:
                self._note(
                    f"worker {worker} did not finish a unit of work within "
                    f"{self._patience_s:g} s and was restarted; its work was given to another"
                )
                self._restart(worker)

    def _wait_for_workers(self, alone: list[float]) -> None:
        """Say that there is nobody to work, and give up after a while."""
        alone.append(time.monotonic())
        if len(alone) == 1 and self._waiting():
            _log.warning("no worker is left; waiting for new ones")
        if alone[-1] - alone[0] < self._patience_s:
            return
        what = f"Expected workers on the cluster, found none for {self._patience_s:g} s. All that "
        what += "was done is kept; the same command continues when there are workers again."
        for unit in self._waiting():
            self._finish(unit, error=ClusterError(what))

    def _waiting(self) -> list[_Unit]:
        with self._lock:
            return list(self._units.values())

    def _restart(self, worker: str) -> None:
        try:
            self._client.restart_workers([worker], timeout=30, raise_for_error=False)
        except Exception as error:  # noqa: BLE001 - a worker without a nanny: only Dask can drop it
            _log.debug("%s was not restarted: %s", worker, error)
            self._client.retire_workers([worker], close_workers=True)
