"""Long work in processes of its own: begun, followed, paused, found again by every page.

The program ends a process by closing its standard input, which is the same on every system, and
which also happens when the program itself ends in whatever way: no work is left behind.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Literal

from amgs.errors import ConflictError
from amgs.processes import begin_process, end_input, give_line, kill_all

State = Literal["running", "stopping", "done", "failed", "stopped"]

RESUMED = ("extract", "classify")
"""Work that goes on where it stopped; other work begins again."""

PATIENCE_S = 15.0
"""So long work may take to end in order; then it is ended."""

_MOST_KEPT = 50


@dataclass
class Work:
    """One piece of long work, as pages show it.

    Parameters
    ----------
    number
        From 1; pages ask for it by this.
    kind, arguments
        What is done; see `amgs.web.lab.worker`.
    title
        What it is called on pages.
    study
        The study's mark; empty for work of no study.
    """

    number: int
    kind: str
    title: str
    study: str
    arguments: Mapping[str, Any]
    state: State = "running"
    step: str = ""
    done: int = 0
    total: int | None = None
    problem: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    step_began: float = 0.0
    step_from: int = 0

    @property
    def at_work(self) -> bool:
        """Whether its process is there."""
        return self.state in {"running", "stopping"}

    @property
    def seconds_left(self) -> float | None:
        """How long the present step will still take at its pace so far."""
        did = self.done - self.step_from
        if self.total is None or did <= 0 or not self.at_work:
            return None
        return (time.monotonic() - self.step_began) / did * (self.total - self.done)

    def as_dict(self) -> dict[str, Any]:
        """Return what the pages' script is told."""
        left = self.seconds_left
        return {
            "number": self.number,
            "kind": self.kind,
            "title": self.title,
            "state": self.state,
            "step": self.step,
            "done": self.done,
            "total": self.total,
            "left": "" if left is None else say_left(left),
            "problem": self.problem,
            "stop": "Pause" if self.kind in RESUMED else "Stop",
        }

    def note(self, said: Mapping[str, Any]) -> None:
        """Take up what its process says."""
        if "warning" in said:
            self.told.append(str(said["warning"]))
        elif "result" in said:
            self.result, self.state = dict(said["result"]), "done"
        elif "problem" in said:
            self.problem, self.state = str(said["problem"]), "failed"
        elif said.get("step") != self.step:
            self.step, self.done, self.total = said["step"], said["done"], said["total"]
            self.step_began, self.step_from = time.monotonic(), self.done
        else:
            self.done, self.total = said["done"], said["total"]


class WorkBoard:
    """All long work of the program.

    Of one study one piece at a time: two that write into it would wait for each other, and two on
    the same cores take as long as one after the other.
    """

    def __init__(self) -> None:
        self._work: dict[int, Work] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.RLock()  # what begins looks first whether the study is idle
        self._last = 0

    def start(
        self, kind: str, title: str, study: str = "", arguments: Mapping[str, Any] | None = None
    ) -> Work:
        """Begin something.

        Raises
        ------
        ConflictError
            If other work of the same study is not finished.
        """
        with self._lock:
            self.require_idle(study)
            work = Work(self._last + 1, kind, title, study, dict(arguments or {}))
            errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the thread that follows
            try:
                process = _begin(work, errors)
            except OSError:
                errors.close()
                raise
            # Only what has begun is at work: else the study would wait for it for ever.
            self._last += 1
            self._work[work.number], self._processes[work.number] = work, process
            for number in [n for n, w in self._work.items() if not w.at_work][:-_MOST_KEPT]:
                del self._work[number]
        threading.Thread(target=self._follow, args=(work, process, errors), daemon=True).start()
        return work

    def require_idle(self, study: str) -> None:
        """Stop where work writes into a study.

        Raises
        ------
        ConflictError
            While it does.
        """
        other = self.of_study(study)
        if other is not None:
            msg = (
                f"Expected a study with nothing at work, found “{other.title}”. Wait for its end, "
                "or pause it first. Nothing was changed."
            )
            raise ConflictError(msg)

    def find(self, number: int) -> Work | None:
        """Return work by its number."""
        return self._work.get(number)

    def _all(self) -> list[Work]:
        """Return all work as it is at this moment; other threads begin and forget some."""
        with self._lock:
            return list(self._work.values())

    def of_study(self, study: str) -> Work | None:
        """Return what is at work for a study."""
        return next((w for w in self._all() if w.at_work and w.study == study), None)

    def latest(self, study: str, *kinds: str) -> Work | None:
        """Return the last work of a study (of some kinds), also when it is over."""
        found = [w for w in self._all() if w.study == study and w.kind in kinds]
        return found[-1] if found else None

    def all_at_work(self) -> list[Work]:
        """Return all that runs."""
        return [work for work in self._all() if work.at_work]

    def stop(self, number: int) -> None:
        """Let work end in order; what is finished of it stays."""
        work, process = self._work.get(number), self._processes.get(number)
        if work is None or process is None or not work.at_work:
            return
        work.state = "stopping"
        end_input(process)
        timer = threading.Timer(PATIENCE_S, _kill_if_alive, (process,))
        timer.daemon = True
        timer.start()

    def stop_all(self, patience_s: float = PATIENCE_S) -> None:
        """End all work and wait for its end."""
        for process in list(self._processes.values()):
            end_input(process)
        until = time.monotonic() + patience_s
        for process in list(self._processes.values()):
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                kill_all(process)

    def _follow(self, work: Work, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101
        for line in process.stdout:
            try:
                work.note(json.loads(line))
            except ValueError:  # the end of a line that was cut off
                continue
        process.wait()
        process.stdout.close()
        if work.state == "stopping":
            work.state = "stopped"
        elif work.state == "running":
            errors.seek(0)
            last = errors.read().decode("utf-8", "replace").strip().splitlines()[-3:]
            work.state, work.problem = "failed", "\n".join(last) or "It ended without a word."
        errors.close()
        self._processes.pop(work.number, None)
        end_input(process)


def say_left(seconds: float) -> str:
    """Return a remaining time in words: about so many seconds, minutes or hours."""
    if seconds < 90:  # noqa: PLR2004 - a minute and a half
        return f"about {max(5, 5 * round(seconds / 5))} s left"
    if seconds < 5400:  # noqa: PLR2004 - an hour and a half
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"


def _begin(work: Work, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Begin the process of a piece of work, and tell it what to do."""
    process = begin_process(["amgs.web.lab.worker"], errors)
    try:
        give_line(process, {"kind": work.kind, "arguments": work.arguments})
    except OSError:
        kill_all(process)
        process.wait()
        raise
    return process


def _kill_if_alive(process: subprocess.Popen[bytes]) -> None:
    # Its number may be another one's by now.
    if process.poll() is None:
        kill_all(process)
