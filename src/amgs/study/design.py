"""The design of an experiment: ``recordings.csv``, with everything that is wrong told at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path
from typing import Any

from amgs.errors import StudyError, TableError, list_faults
from amgs.extraction.recordings import split_files
from amgs.tables import list_animals_in_two_groups, portable_path, read_table
from amgs.video.periods import WHOLE, Period, parse_period
from amgs.video.zones import Zone, parse_zone

RECORDINGS_FILE = "recordings.csv"
REQUIRED = ("animal", "group", "timepoint", "video")
ABOUT_THE_ANIMAL = ("sex", "strain", "coat")
OPTIONAL = ("recording", "zone", "from", "to", "images", *ABOUT_THE_ANIMAL, "cage", "date")
COLUMNS = (*REQUIRED, "zone", *ABOUT_THE_ANIMAL, "cage", "date")
"""What ``amgs new`` writes; the others may be added: `recording` where an animal has two at one
timepoint, `from` and `to` for a part of a video, `images` for folders of whole photographs."""

CROPPED, PHOTOGRAPHS = "cropped", "photographs"
"""What a folder of images holds: faces alone, or whole photographs in which faces are found."""

UNKNOWN = Zone("unknown")
"""The zone of a line whose own cannot be read: what follows from a zone is not asked of it."""

_EXCLUDING = ("exclu", "remove", "drop", "ignore", "include")


@dataclass(frozen=True, slots=True)
class PlannedRecording:
    """One line of ``recordings.csv``: an animal at a timepoint, and where it was filmed.

    ``video`` is a video, several files of one session divided by ``;``, or a folder of images;
    relative paths start at the study's folder.
    """

    line: int
    name: str
    animal: str
    group: str
    timepoint: str
    video: str
    zone: Zone
    date: date | None
    further: Mapping[str, str]
    period: Period = WHOLE
    images: str = CROPPED

    @property
    def files(self) -> list[str]:
        """The files of its session, in the order of time; one for most."""
        return split_files(self.video)


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
        """Names of the timepoints, the baseline first."""
        names = dict.fromkeys(r.timepoint for r in self.recordings)
        return sorted(names, key=lambda name: name != self.baseline)

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
            msg = f"Expected a sound design in {where}, found {len(self.faults)} faults:\n"
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
        table = read_table(path, required=REQUIRED)
    except TableError as error:
        raise StudyError(f"{error} Fill it in: one line per animal and timepoint.") from error
    faults: list[str] = []
    rows = [
        _recording(int(line), row, faults)
        for line, row in zip(table.index, table.to_dict("records"), strict=True)
    ]
    known = {*REQUIRED, *OPTIONAL}
    warnings = [_unknown_column(name, known) for name in table.columns if name not in known]
    faults += _faults_between(rows, baseline)
    warnings += _warnings(rows, baseline)
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
    table = read_table(path, required=REQUIRED[:3])
    faults: list[str] = []
    seen: dict[tuple[str, str, str], int] = {}
    for line, row in zip(table.index, table.astype(str).to_dict("records"), strict=True):
        faults += [f"line {line}: no {name}" for name in REQUIRED[:3] if not row[name]]
        seen.setdefault((row["animal"], row["group"], row["timepoint"]), int(line))
    rows = [
        PlannedRecording(line, f"{a}_{g}_{t}", a, g, t, "", Zone("full"), None, _NOTHING)
        for (a, g, t), line in seen.items()
    ]
    faults += _faults_between(rows, baseline)
    return Design(tuple(rows), baseline, tuple(faults), tuple(_warnings(rows, baseline)))


_NOTHING = dict.fromkeys((*ABOUT_THE_ANIMAL, "cage"), "")


def _recording(line: int, row: dict[Any, Any], faults: list[str]) -> PlannedRecording:
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
        further={name: row.get(name, "") for name in (*ABOUT_THE_ANIMAL, "cage")},
        period=period,
        images=images,
    )


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


def _faults_between(rows: Sequence[PlannedRecording], baseline: str) -> Iterator[str]:
    """Yield what is wrong between lines."""
    yield from list_animals_in_two_groups((r.animal, r.group) for r in rows)
    yield from _names_alike(rows)
    yield from _two_names(rows)
    yield from _repeated_names(rows)
    yield from _zones(rows)
    if baseline not in {r.timepoint for r in rows}:
        found = ", ".join(dict.fromkeys(r.timepoint for r in rows))
        yield (
            f"no recording at the baseline {baseline!r}; the timepoints are {found}. Name the "
            "baseline in study.toml"
        )
    yield from _late_baselines(rows, baseline)


def _names_alike(rows: Sequence[PlannedRecording]) -> Iterator[str]:
    """Find names that differ in capitals or blanks alone: one group would count as two."""
    for what in ("animal", "group", "timepoint"):
        written: dict[str, dict[str, int]] = {}
        for r in rows:
            name: str = getattr(r, what)
            written.setdefault("".join(name.split()).casefold(), {}).setdefault(name, r.line)
        for spellings in written.values():
            if len(spellings) > 1:
                places = " and ".join(f"{n!r} (line {line})" for n, line in spellings.items())
                yield f"{what} {places} differ in capitals or blanks only; use one of them"


def _two_names(rows: Sequence[PlannedRecording]) -> Iterator[str]:
    for column in ABOUT_THE_ANIMAL:
        said: dict[str, dict[str, int]] = {}
        for r in rows:
            if r.further[column]:
                said.setdefault(r.animal, {}).setdefault(r.further[column], r.line)
        for animal, values in said.items():
            if len(values) > 1:
                places = " and ".join(f"{v} in line {line}" for v, line in values.items())
                yield f"animal {animal}: {column} is {places}"


def _repeated_names(rows: Sequence[PlannedRecording]) -> Iterator[str]:
    first: dict[str, int] = {}
    for r in rows:
        if r.name in first:
            yield (
                f"line {r.line}: {r.animal} at {r.timepoint} stands in line {first[r.name]} "
                "already; if it was filmed twice, give both a name in a column `recording`"
            )
        first.setdefault(r.name, r.line)


def _zones(rows: Sequence[PlannedRecording]) -> Iterator[str]:
    """Find recordings that look at the same place of a video at the same time."""
    by_video: dict[str, list[PlannedRecording]] = {}
    for r in rows:
        for file in r.files if r.video else ():
            by_video.setdefault(file, []).append(r)
    for file, inside in by_video.items():
        for a, b in combinations(inside, 2):
            # Periods count from the start of a session: of two sessions they do not compare.
            if UNKNOWN in {a.zone, b.zone} or (
                a.video == b.video and not a.period.overlaps(b.period)
            ):
                continue
            if a.zone == b.zone:
                yield f"line {b.line}: zone {b.zone.name} of {file} is in line {a.line} already"
            elif a.zone.overlaps(b.zone):  # pixels against shares: `amgs check` opens the video
                yield (
                    f"line {b.line}: zone {b.zone.name} of {file} overlaps {a.zone.name} of line "
                    f"{a.line}: one animal would count as two"
                )


def _late_baselines(rows: Sequence[PlannedRecording], baseline: str) -> Iterator[str]:
    for animal, mine in _by_animal(rows).items():
        before = [r for r in mine if r.timepoint == baseline and r.date]
        for r in mine:
            late = [b for b in before if r.date and b.date and b.date > r.date]
            if r.timepoint != baseline and late:
                yield (
                    f"animal {animal}: the baseline of line {late[0].line} ({late[0].date}) is "
                    f"later than {r.timepoint} of line {r.line} ({r.date})"
                )


def _warnings(rows: Sequence[PlannedRecording], baseline: str) -> Iterator[str]:
    if any(r.timepoint == baseline for r in rows):
        timepoints = {
            animal: {r.timepoint for r in mine}
            for animal, mine in _by_animal(rows).items()
            if animal
        }
        yield from _without_change(
            [a for a, there in timepoints.items() if baseline not in there], f"no {baseline}"
        )
        yield from _without_change(
            [a for a, there in timepoints.items() if there == {baseline}],
            f"nothing besides {baseline}",
        )
    groups = list(dict.fromkeys(r.group for r in rows))
    if len(groups) == 1:
        yield f"there is one group only ({groups[0]}): it can be compared only with its baseline"
    for group in groups:
        animals = {r.animal for r in rows if r.group == group}
        if len(animals) == 1 and group:
            yield f"group {group} has one animal: no group can be compared with it"


_NAMED = 10


def _without_change(animals: Sequence[str], what: str) -> Iterator[str]:
    if animals:
        more = f" and {len(animals) - _NAMED} more" if len(animals) > _NAMED else ""
        names = ", ".join(animals[:_NAMED])
        who = "1 animal has" if len(animals) == 1 else f"{len(animals)} animals have"
        yield f"{who} {what}, so no change from it: {names}{more}"


def _by_animal(rows: Iterable[PlannedRecording]) -> dict[str, list[PlannedRecording]]:
    found: dict[str, list[PlannedRecording]] = {}
    for r in rows:
        found.setdefault(r.animal, []).append(r)
    return found
