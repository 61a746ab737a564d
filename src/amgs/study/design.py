"""The design of an experiment: ``recordings.csv``, with everything that is wrong told at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path

from amgs.errors import StudyError, TableError, count_of, list_faults
from amgs.extraction.recordings import split_files
from amgs.study.design_checks import faults_between, warnings_between
from amgs.study.planned import (
    ABOUT_THE_ANIMAL,
    BORN,
    CROPPED,
    FURTHER,
    PHOTOGRAPHS,
    UNKNOWN,
    PlannedRecording,
)
from amgs.tables import portable_path, read_text_table
from amgs.timepoints import order_timepoints
from amgs.video.periods import WHOLE, parse_period
from amgs.video.zones import Zone, parse_zone

RECORDINGS_FILE = "recordings.csv"
REQUIRED = ("animal", "group", "timepoint", "video")
OPTIONAL = (
    *("recording", "zone", "from", "to", "images"),
    *FURTHER,
    "date",
)
COLUMNS = (*REQUIRED, "zone", *ABOUT_THE_ANIMAL, "cage", "date")
"""What ``amgs new`` writes; the others may be added: `recording` where an animal has two at one
timepoint, `from` and `to` for a part of a video, `images` for folders of whole photographs,
`laboratory` where there are several."""

_EXCLUDING = ("exclu", "remove", "drop", "ignore", "include")


@dataclass(frozen=True)
class Design:
    """All recordings of an experiment, and what is wrong (`faults`) or odd (`warnings`)."""

    recordings: tuple[PlannedRecording, ...]
    baseline: str
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def groups(self) -> list[str]:
        """Names of the groups, in the order of the file."""
        return list(dict.fromkeys(r.group for r in self.recordings))

    @property
    def timepoints(self) -> list[str]:
        """Names of the timepoints, the baseline first, in the order of time."""
        return order_timepoints((r.timepoint for r in self.recordings), self.baseline)

    def count_animals(self, group: str, timepoint: str | None = None) -> int:
        """Return how many animals of a group there are (at a timepoint)."""
        return len(
            {
                r.animal
                for r in self.recordings
                if r.group == group and timepoint in {None, r.timepoint}
            }
        )

    def require_sound(self, where: Path) -> None:
        """Stop when anything is wrong.

        Raises
        ------
        StudyError
            With every fault.
        """
        if self.faults:
            n = count_of(len(self.faults), "fault")
            msg = f"Expected a sound design in {where}, found {n}:\n"
            text = list_faults(self.faults)
            raise StudyError(f"{msg}{text}\nCorrect the table, then look with `amgs check`.")


def read_design(path: Path, baseline: str) -> Design:
    """Read ``recordings.csv`` and check all that can be seen in the table itself.

    Parameters
    ----------
    path
        The table.
    baseline
        Which timepoint is the baseline.

    Raises
    ------
    StudyError
        If the file is not there, lacks a column or has no rows yet.
    """
    try:
        table = read_text_table(path, required=REQUIRED)
    except TableError as error:
        raise StudyError(f"{error} Fill it in: one line per animal and timepoint.") from error
    faults: list[str] = []
    rows = [_recording(line, row, faults) for line, row in table.records()]
    known = {*REQUIRED, *OPTIONAL}
    warnings = [_unknown_column(name, known) for name in table.columns if name not in known]
    faults += faults_between(rows, baseline)
    warnings += warnings_between(rows, baseline)
    return Design(tuple(rows), baseline, tuple(faults), tuple(warnings))


def _unknown_column(name: str, known: Collection[str]) -> str:
    text = f"the column {name!r} is not known and not used"
    if name.casefold().startswith(_EXCLUDING):
        return f"{text}; what is left out, and why, stands in exclusions.csv (`amgs exclude`)"
    near = get_close_matches(name.casefold(), list(known), 1, 0.7)
    hint = f"is {near[0]!r} meant?" if near else f"known are {', '.join(sorted(known))}"
    return f"{text}; {hint}"


def read_plain_design(path: Path, baseline: str) -> Design:
    """Read which animals of which group there are at which timepoint, from any table of them.

    Parameters
    ----------
    path
        A CSV with ``animal, group, timepoint``: images, scores, or a summary; rows may repeat.
    baseline
        Which timepoint is the baseline.

    Raises
    ------
    TableError
        If it lacks a column.
    """
    table = read_text_table(path, required=REQUIRED[:3])
    faults: list[str] = []
    seen: dict[tuple[str, str, str], int] = {}
    for line, row in table.records():
        faults += [f"line {line}: no {name}" for name in REQUIRED[:3] if not row[name]]
        seen.setdefault((row["animal"], row["group"], row["timepoint"]), line)
    rows = [
        PlannedRecording(line, f"{a}_{g}_{t}", a, g, t, "", Zone("full"), None, _NOTHING)
        for (a, g, t), line in seen.items()
    ]
    faults += faults_between(rows, baseline)
    return Design(tuple(rows), baseline, tuple(faults), tuple(warnings_between(rows, baseline)))


_NOTHING = dict.fromkeys(FURTHER, "")


def _recording(line: int, row: dict[str, str], faults: list[str]) -> PlannedRecording:
    faults += [f"line {line}: no {name}" for name in REQUIRED if not row[name]]
    zone = Zone("full")
    try:
        zone = parse_zone(row.get("zone", ""))
    except ValueError as error:
        faults.append(f"line {line}: {error}")
        zone = UNKNOWN
    period = WHOLE
    try:
        period = parse_period(row.get("from", ""), row.get("to", ""))
    except ValueError as error:
        faults.append(f"line {line}: {error}")
    images = row.get("images", "").casefold() or CROPPED
    if images not in {CROPPED, PHOTOGRAPHS}:
        faults.append(f"line {line}: images is {images!r}, expected {CROPPED} or {PHOTOGRAPHS}")
    return PlannedRecording(
        line=line,
        name=row.get("recording") or f"{row['animal']}_{row['timepoint']}",
        animal=row["animal"],
        group=row["group"],
        timepoint=row["timepoint"],
        video="; ".join(split_files(portable_path(row["video"]))) if row["video"] else "",
        zone=zone,
        date=_date(line, row.get("date", ""), faults),
        further={name: row.get(name, "") for name in FURTHER} | {BORN: _born(line, row, faults)},
        period=period,
        images=images,
    )


def _born(line: int, row: dict[str, str], faults: list[str]) -> str:
    """Return the day of birth, written as all dates are."""
    born = _date(line, row.get(BORN, ""), faults)
    return "" if born is None else born.isoformat()


def _date(line: int, text: str, faults: list[str]) -> date | None:
    if not text:
        return None
    try:
        # With dots the day comes first wherever dates are written so.
        found = (
            datetime.strptime(text, "%d.%m.%Y").date() if "." in text else date.fromisoformat(text)
        )
    except ValueError:
        faults.append(f"line {line}: {text!r} is no date; write it as 2026-03-31 or 31.03.2026")
        return None
    if found > datetime.now(UTC).date() + timedelta(days=1):  # somewhere it is tomorrow already
        faults.append(f"line {line}: the date {text} has not come yet")
    return found
