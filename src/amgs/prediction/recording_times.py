"""How long recordings are and where an animal may have slept: what `amgs extract` left behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

from amgs.errors import TableError, list_faults
from amgs.tables import read_table

_ENDS = ("from_s", "to_s")
_UNIT = ("animal", "group", "timepoint")


@dataclass(frozen=True, slots=True)
class RecordingTime:
    """How long a recording is, and where its animal may have slept, in seconds.

    ``unit`` is animal, group and timepoint, where the table of recordings said them.
    """

    duration_s: float
    sleep: tuple[tuple[float, float], ...] = field(default_factory=tuple)
    unit: tuple[str, str, str] | None = None

    def minutes(self, period_s: tuple[float, float], *, without_sleep: bool) -> float:
        """Return how many minutes of a period were filmed (and awake)."""
        start, stop = period_s[0], min(period_s[1], self.duration_s)
        seconds = max(0.0, stop - start)
        if without_sleep:
            seconds -= sum(max(0.0, min(b, stop) - max(a, start)) for a, b in self.sleep)
        return max(0.0, seconds) / 60


def read_recording_times(extraction: Path) -> dict[str, RecordingTime]:
    """Read lengths and possible sleep from what `amgs extract` left.

    Parameters
    ----------
    extraction
        The folder, or its ``extraction.csv``.

    Raises
    ------
    TableError
        If the tables are not there or damaged.
    """
    folder = extraction if extraction.is_dir() else extraction.parent
    lengths = read_table(folder / "extraction.csv", required=("recording", "duration_s"))
    faults: list[str] = []
    sleep: dict[str, list[tuple[float, float]]] = {}
    listed = folder / "possible_sleep.csv"
    if listed.exists():
        table = read_table(listed, required=("recording", "from_s", "to_s"), rows_needed=False)
        for line, row in table.iterrows():
            stretch = tuple(_seconds(row[c], f"{listed.name} line {line}", faults) for c in _ENDS)
            sleep.setdefault(row["recording"], []).append((stretch[0], stretch[1]))
    times = {}
    for line, row in lengths.iterrows():
        known = tuple(str(row.get(name, "")) for name in _UNIT)
        times[str(row["recording"])] = RecordingTime(
            _seconds(row["duration_s"], f"extraction.csv line {line}", faults),
            tuple(sleep.get(row["recording"], ())),
            (known[0], known[1], known[2]) if all(known) else None,
        )
    if faults:
        msg = (
            f"Expected times in seconds, such as 1800.5, in {folder}, found:\n{list_faults(faults)}"
        )
        raise TableError(msg)
    return times


def _seconds(text: str, where: str, faults: list[str]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        faults.append(f"{where}: {text!r}")
    return value
