"""How long recordings are and where an animal may have slept: what `amgs extract` left behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from amgs.tables import read_table


@dataclass(frozen=True, slots=True)
class RecordingTime:
    """How long a recording is, and where its animal may have slept, in seconds."""

    duration_s: float
    sleep: tuple[tuple[float, float], ...] = field(default_factory=tuple)

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
    sleep: dict[str, list[tuple[float, float]]] = {}
    listed = folder / "possible_sleep.csv"
    if listed.exists() and listed.read_text(encoding="utf-8").count("\n") > 1:
        table = read_table(listed, required=("recording", "from_s", "to_s"))
        for row in table.to_dict("records"):
            sleep.setdefault(row["recording"], []).append(
                (float(row["from_s"]), float(row["to_s"]))
            )
    return {
        row["recording"]: RecordingTime(
            float(row["duration_s"]), tuple(sleep.get(row["recording"], ()))
        )
        for row in lengths.to_dict("records")
    }
