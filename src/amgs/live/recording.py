"""The process that records a source, begun again when it dies."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

from amgs.live.cameras import parse_source
from amgs.processes import begin_process, end_input, give_line, kill_all

AGAIN_S = (1.0, 5.0, 30.0, 60.0)
"""After which pauses a recorder that died is begun again."""

_PATIENCE_S = 10.0


class RecorderProcess:
    """Records one source in a process of its own.

    Parameters
    ----------
    spec
        What `amgs.live.recorder.Recorder` is told.
    errors
        Where its standard error goes.
    heard
        Called, in a thread, with everything that it says, and with ``{"what": "gone"}`` at its end.
    """

    def __init__(
        self, spec: Mapping[str, Any], errors: IO[bytes], heard: Callable[[dict[str, Any]], None]
    ) -> None:
        self._spec = spec
        self._errors = errors
        self._heard = heard
        self._deaths = 0
        self._again_at: float | None = None
        self.said_why = False
        # Of a file the beginning would come again: it is not begun anew.
        self.can_begin_again = parse_source(str(spec["source"])).kind != "file"
        self._begin()

    def _begin(self) -> None:
        self.process = begin_process(["amgs.live.recorder"], self._errors)
        with suppress(OSError):  # it died at once, which its end says
            give_line(self.process, self._spec)
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: Any) -> None:
        for line in process.stdout:
            with suppress(ValueError):  # it died within a line
                self._heard(json.loads(line))
        self._heard({"what": "gone"})

    @property
    def is_waiting(self) -> bool:
        """Whether it died, and is to be begun again."""
        return self._again_at is not None

    def works(self) -> None:
        """Take note that it records: if it dies now, the pause is the shortest one."""
        self._deaths = 0

    def begin_again_later(self) -> None:
        """Have it begun again after a pause, which grows with every death in a row."""
        self._again_at = time.monotonic() + AGAIN_S[min(self._deaths, len(AGAIN_S) - 1)]
        self._deaths += 1

    def begin_again_if_due(self) -> None:
        """Begin it again, if it died and the pause is over."""
        if self._again_at is None or time.monotonic() < self._again_at:
            return
        self._again_at, self.said_why = None, False
        self.end()
        try:
            self._begin()
        except OSError:  # no memory for another process at the moment
            self.begin_again_later()

    def ask_to_end(self) -> None:
        """Have it finish its file and end."""
        end_input(self.process)

    def end(self) -> None:
        """End it, in whatever state it is."""
        end_input(self.process)
        kill_all(self.process)
        with suppress(subprocess.TimeoutExpired):  # a driver may hold it; the others go on
            self.process.wait(_PATIENCE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
