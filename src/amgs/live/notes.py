"""What a watch leaves in its folder: readings, events, messages, a table for `extract`."""

from __future__ import annotations

import csv
import json
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.csv_cells import harmless_cells
from amgs.files import write_json
from amgs.tables import write_table
from amgs.vocabulary import Output

if TYPE_CHECKING:
    from amgs.live.rolling import LiveImage

STATUS, READINGS, EVENTS, ALERTS, RECORDINGS = (
    "status.json", "readings.csv", "events.jsonl", "alerts.jsonl", "recordings.csv",
)  # fmt: skip
KEPT = 20
"""So many of the last events and messages are in the state; all are in their files."""

_MOST_UNWRITTEN = 1000

_ABOUT = (
    "computer_time", "animal", "time_s", "interval", "image", "problem", "quality",
    "possible_sleep",
)  # fmt: skip


class WatchNotes:
    """Writes down what happens, line by line, so that a power cut costs the last line at most.

    Parameters
    ----------
    folder
        Where to.
    outputs
        What the model says of an image.
    """

    def __init__(self, folder: Path, outputs: Sequence[Output]) -> None:
        self.folder = folder
        self.events: list[dict[str, Any]] = []
        self.alerts: list[dict[str, Any]] = []
        self._unwritten: deque[str] = deque(maxlen=_MOST_UNWRITTEN)
        self._lock = threading.Lock()
        self._outputs = [output.name for output in outputs]
        self._stream = (folder / READINGS).open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._stream, lineterminator="\n")
        self._csv.writerow([*_ABOUT, *self._outputs])
        self._stream.flush()

    def reading(self, animal: str, interval: int, live: LiveImage, problem: str) -> None:
        """Write down an interval of an animal, with what the model says or why it says nothing."""
        values = live.reading.values if live.reading else {}
        row: list[object] = [
            clock(live.computer_s),
            animal,
            f"{live.time_s:.3f}",
            interval,
            live.image,
            problem,
            "" if live.quality is None else live.quality,
            "yes" if live.possible_sleep else "no",
            *("" if (value := values.get(name)) is None else value for name in self._outputs),
        ]
        self._csv.writerow(harmless_cells(row))
        self._stream.flush()

    def event(self, source: str, **facts: Any) -> None:
        """Write down that something happened to a source."""
        found = {"computer_time": clock(time.time()), "source": source, **facts}
        # What cannot be written, as when the disk is full, is written with the next event. Threads
        # that send messages tell of them here too.
        with self._lock:
            self.events = [*self.events, found][-KEPT:]
            self._unwritten.append(json.dumps(found, ensure_ascii=False) + "\n")
            with suppress(OSError):
                with (self.folder / EVENTS).open("a", encoding="utf-8", newline="\n") as stream:
                    stream.writelines(self._unwritten)
                self._unwritten.clear()

    def alert(self, message: dict[str, Any]) -> None:
        """Keep a message among the last ones."""
        self.alerts = [*self.alerts, message][-KEPT:]

    def recordings(self, rows: Iterable[Sequence[object]]) -> None:
        """Write the table that `amgs extract` takes: recording, animal, timepoint, video, zone."""
        columns = ("recording", "animal", "timepoint", "video", "zone")
        write_table(self.folder / RECORDINGS, columns, rows)

    def status(self, found: Mapping[str, Any]) -> None:
        """Write how everything is."""
        write_json(self.folder / STATUS, dict(found))

    def close(self) -> None:
        """Close the table of readings."""
        self._stream.close()


def clock(seconds: float) -> str:
    """Return seconds since 1970 as local time with its offset."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")


def read_status(folder: Path) -> dict[str, Any] | None:
    """Return what a watch said last in a folder; ``None`` if none ever did."""
    try:
        found: dict[str, Any] = json.loads((folder / STATUS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def list_watches(folder: Path) -> Iterator[Path]:
    """Yield the folders of watches in a folder, the newest first."""
    found = [path.parent for path in folder.glob(f"*/{STATUS}")]
    yield from sorted(found, key=lambda path: path.name, reverse=True)
