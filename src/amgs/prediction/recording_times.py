"""How long recordings are and where an animal may have slept: what `amgs extract` left behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from amgs.errors import TableError, list_faults
from amgs.tables import parse_number, read_table

_ENDS = ("from_s", "to_s")
_UNIT = ("animal", "group", "timepoint")


@dataclass(frozen=True, slots=True)
class RecordingTime:
    """How long a recording is, and where its animal may have slept, in seconds.

    Parameters
    ----------
    duration_s
        From its start to its end; ``None`` where it is not known, as of single images.
    sleep
        Stretches of possible sleep.
    unit
        Animal, group and timepoint, where the table of recordings said them.
    pauses
        Stretches that do not count: nothing was filmed, or they are excluded.
    reason
        Why it has no image, where that is known.
    """

    duration_s: float | None
    sleep: tuple[tuple[float, float], ...] = field(default_factory=tuple)
    unit: tuple[str, str, str] | None = None
    pauses: tuple[tuple[float, float], ...] = field(default_factory=tuple)
    reason: str = ""

    def minutes(self, period_s: tuple[float, float], *, without_sleep: bool) -> float | None:
        """Return how many minutes of a period were filmed (and awake); ``None`` if not known."""
        if self.duration_s is None:
            return None
        start, stop = period_s[0], min(period_s[1], self.duration_s)
        left_out = [*self.pauses, *(self.sleep if without_sleep else ())]
        seconds, reached = max(0.0, stop - start), start
        # Stretches may overlap: what two of them leave out is left out once.
        for a, b in sorted(left_out):
            begin, end = max(a, reached), min(b, stop)
            if end > begin:
                seconds -= end - begin
                reached = end
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
    folder = extraction.parent if extraction.name == "extraction.csv" else extraction
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
            tuple(_pauses(str(row.get("pauses", "")), f"extraction.csv line {line}", faults)),
        )
    if faults:
        msg = (
            f"Expected times in seconds, such as 1800.5, in {folder}, found:\n{list_faults(faults)}"
        )
        raise TableError(msg)
    return times


def read_pauses(text: str) -> list[tuple[float, float]]:
    """Read the column ``pauses`` of ``extraction.csv``: ``612.00-615.20; …``, in seconds.

    Raises
    ------
    TableError
        If it is something else.
    """
    faults: list[str] = []
    found = _pauses(text, "pauses", faults)
    if faults:
        raise TableError(f"Expected pauses as 612.00-615.20, found {'; '.join(faults)}.")
    return found


def _pauses(text: str, where: str, faults: list[str]) -> list[tuple[float, float]]:
    found = []
    for part in filter(None, map(str.strip, text.split(";"))):
        start, _, stop = part.partition("-")
        ends = parse_number(start), parse_number(stop)
        if ends[0] is None or ends[1] is None or not 0 <= ends[0] <= ends[1]:
            faults.append(f"{where}: {part!r} is no pause such as 612.00-615.20")
        else:
            found.append((ends[0], ends[1]))
    return found


def _seconds(text: str, where: str, faults: list[str]) -> float:
    value = parse_number(text)
    if value is None or value < 0:
        faults.append(f"{where}: {text!r}")
        return float("nan")
    return value
