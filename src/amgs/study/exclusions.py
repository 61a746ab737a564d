"""What is left out of the results, by whom and why: ``exclusions.csv``, beside the study's table.

The table is the only place for such decisions, and every step follows it. What was decided once is
kept in the study's events too, also when its line is taken away again; so a report can say what was
left out after groups and scores had been seen together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from amgs.errors import StudyError, UnknownNameError, list_faults
from amgs.study.actions import EXCLUDED, INCLUDED, RESULTS_SEEN, list_decisions, who_acts
from amgs.study.design import Design
from amgs.study.folder import StudyFolder
from amgs.tables import read_text_table, write_table
from amgs.video.periods import WHOLE, Period, parse_period

EXCLUSIONS_FILE = "exclusions.csv"
COLUMNS = ("kind", "name", "from", "to", "reason", "by", "date")
"""Columns of ``exclusions.csv``."""

ExclusionKind: TypeAlias = Literal["animal", "recording", "period", "face", "rater"]
"""What can be left out; a period is a part of a recording, in minutes from its start."""

KINDS: tuple[ExclusionKind, ...] = get_args(ExclusionKind)


AFTER_UNBLINDING, AFTER_RESULTS = "after unblinding", "after results were seen"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One line of ``exclusions.csv``: what is left out, why, by whom and when it was decided."""

    kind: str
    name: str
    reason: str
    start: str = ""
    stop: str = ""
    by: str = ""
    date: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What is left out, whatever is said of it."""
        return self.kind, self.name, self.start, self.stop

    @property
    def what(self) -> str:
        """What is left out, in words."""
        if self.kind != "period":
            return f"{self.kind} {self.name}"
        start, stop = self.start or "0", self.stop or "the end"
        return f"minute {start} to {stop} of {self.name}"


@dataclass(frozen=True)
class Exclusions:
    """All that is left out of a study.

    Parameters
    ----------
    rows
        The lines of the table.
    late
        By key what was known when it was decided: ``after unblinding``, or ``after results were
        seen``, of those that were not decided blind.
    """

    rows: tuple[Exclusion, ...] = ()
    late: Mapping[tuple[str, str, str, str], str] = field(default_factory=dict)

    def find(self, kind: ExclusionKind, name: str) -> str:
        """Return why something is left out; empty if it is not."""
        for row in self.rows:
            if row.kind == kind and row.name == name:
                return self.say(row)
        return ""

    def say(self, row: Exclusion) -> str:
        """Return the reason as results carry it."""
        late = self.late.get(row.key, "")
        return f"excluded {late}: {row.reason}" if late else f"excluded: {row.reason}"

    def periods(self, recording: str) -> list[tuple[Period, str]]:
        """Return the periods of a recording that are left out, each with the reason."""
        return [
            (parse_period(row.start, row.stop), self.say(row))
            for row in self.rows
            if row.kind == "period" and row.name == recording
        ]

    @property
    def raters(self) -> set[str]:
        """Names of raters whose answers do not count."""
        return {row.name for row in self.rows if row.kind == "rater"}


def read_exclusions(study: StudyFolder, design: Design) -> Exclusions:
    """Read ``exclusions.csv``, and write down what was decided or taken back since.

    Raises
    ------
    StudyError
        With every line that names nothing of this study, or no reason.
    """
    rows = list_rows(study.folder / EXCLUSIONS_FILE)
    names, lengths = _names(study, design), _lengths(study)
    faults = [fault for line, row in rows for fault in _faults(line, row, names, lengths)]
    seen: dict[tuple[str, str, str, str], int] = {}
    for line, row in rows:
        if row.key in seen:
            faults.append(f"line {line}: {row.what} stands in line {seen[row.key]} already")
        seen.setdefault(row.key, line)
    if faults:
        msg = f"Expected decisions about this study in {EXCLUSIONS_FILE}, found {len(faults)} "
        raise StudyError(f"{msg}faults:\n{list_faults(faults)}\nCorrect these lines.")
    listed = tuple(row for _, row in rows)
    decided, late = _write_down(study, listed)
    # What was typed by hand without a date has that of the first time that amgs met it.
    dated = tuple(replace(row, date=row.date or decided[row.key][:10]) for row in listed)
    return Exclusions(dated, late)


def list_rows(path: Path) -> list[tuple[int, Exclusion]]:
    """Return the lines of ``exclusions.csv`` as they stand, also those that name nothing."""
    if not path.exists():
        return []
    table = read_text_table(path, required=("kind", "name", "reason"), rows_needed=False)
    unknown = [name for name in table.columns if name not in COLUMNS]
    if unknown:
        msg = (
            f"Expected the columns {', '.join(COLUMNS)} in {path}, found {', '.join(unknown)}. "
            "Correct the first line."
        )
        raise StudyError(msg)
    return [
        (
            line,
            Exclusion(
                row["kind"].casefold(),
                row["name"],
                row["reason"],
                row.get("from", ""),
                row.get("to", ""),
                row.get("by", ""),
                row.get("date", ""),
            ),
        )
        for line, row in table.records()
    ]


def _names(study: StudyFolder, design: Design) -> dict[str, list[str]]:
    recordings = [r.name for r in design.recordings]
    return {
        "animal": list(dict.fromkeys(r.animal for r in design.recordings)),
        "recording": recordings,
        "period": recordings,
        "face": [f.image for f in study.store.faces.all(retired=True)],
        "rater": [r.name for r in study.store.raters.all()],
    }


def _lengths(study: StudyFolder) -> dict[str, float]:
    """Return how long recordings are, in seconds, where it is known."""
    return {
        s.recording: float(s.detail["row"]["duration_s"])
        for s in study.store.sources.all()
        if s.recording and s.detail.get("row", {}).get("duration_s")
    }


def _faults(
    line: int,
    row: Exclusion,
    names: Mapping[str, Sequence[str]],
    lengths: Mapping[str, float],
) -> Iterable[str]:
    if row.kind not in KINDS:
        yield f"line {line}: kind is {row.kind!r}, expected {', '.join(KINDS)}"
        return
    if row.name not in names[row.kind]:
        near = get_close_matches(row.name, names[row.kind], 1)
        hint = f"; is {near[0]} meant?" if near else ""
        of_what = "recording" if row.kind == "period" else row.kind
        yield f"line {line}: there is no {of_what} {row.name!r}{hint}"
    if not row.reason:
        yield f"line {line}: no reason for leaving out {row.what}"
    if row.kind != "period":
        if row.start or row.stop:
            yield f"line {line}: from and to are for the kind `period`"
        return
    try:
        period = parse_period(row.start, row.stop)
    except ValueError as error:
        yield f"line {line}: {error}"
        return
    length = lengths.get(row.name)
    if length is not None and period.start_s >= length:
        yield (
            f"line {line}: {row.name} is {length / 60:.1f} minutes long, and the period begins at "
            f"minute {period.start_s / 60:g}"
        )
    if period == WHOLE:
        yield f"line {line}: a period needs from or to; to leave out all of it, use `recording`"


def _write_down(
    study: StudyFolder, rows: Sequence[Exclusion]
) -> tuple[dict[tuple[str, str, str, str], str], dict[tuple[str, str, str, str], str]]:
    """Keep what is new or gone as events; return when each was decided, and with what known."""
    events = study.store.events
    at: dict[tuple[str, str, str, str], tuple[str, str]] = {}
    # Two events of one millisecond: what was taken back had been left out before.
    for event in list_decisions(study.store.events):
        key = (event["kind"], event["name"], event["start"], event["stop"])
        if event["what"] == INCLUDED:
            at.pop(key, None)
        else:
            # A reason that is worded better later keeps the day of the decision.
            at[key] = (at.get(key, (event["at"],))[0], event["reason"])
    now = {row.key: row for row in rows}
    for key, row in now.items():
        if key not in at or at[key][1] != row.reason:
            events.log(EXCLUDED, row.by or who_acts(), asdict(row))
            at.setdefault(key, (datetime.now(UTC).isoformat(timespec="milliseconds"), row.reason))
    for key in set(at) - set(now):
        kind, name, start, stop = key
        detail = {"kind": kind, "name": name, "start": start, "stop": stop, "reason": at[key][1]}
        events.log(INCLUDED, who_acts(), detail)
    limits = [
        (events_of[0]["at"], words)
        for events_of, words in (
            (study.unblindings, AFTER_UNBLINDING),
            (events.all(RESULTS_SEEN), AFTER_RESULTS),
        )
        if events_of
    ]
    late: dict[tuple[str, str, str, str], str] = {}
    for limit, words in sorted(limits):
        late |= {key: late.get(key, words) for key in now if at[key][0] > limit}
    return {key: at[key][0] for key in now}, late


def exclude(study: StudyFolder, rows: Sequence[Exclusion]) -> Exclusions:
    """Add lines to ``exclusions.csv``; what stands there already gets the new reason.

    Raises
    ------
    StudyError
        If a line names nothing of this study: nothing is written.
    """
    # One after the other, also where several programs do it.
    with study.store.together():
        today = datetime.now(UTC).date().isoformat()
        dated = [replace(row, by=row.by or who_acts(), date=row.date or today) for row in rows]
        design = study.design()
        names = _names(study, design)
        faults = [
            fault.partition(": ")[2]
            for row in dated
            for fault in _faults(0, row, names, _lengths(study))
        ]
        if faults:
            raise StudyError(
                f"Expected something of this study to leave out:\n{list_faults(faults)}"
            )
        known = {row.key: row for _, row in list_rows(study.folder / EXCLUSIONS_FILE)}
        _write_rows(study, [*(known | {row.key: row for row in dated}).values()])
        return read_exclusions(study, design)


def include(study: StudyFolder, kind: str, name: str, start: str = "", stop: str = "") -> int:
    """Take lines out of ``exclusions.csv``; return how many. The decision stays in the events.

    Raises
    ------
    UnknownNameError
        If nothing of that name is left out.
    """
    with study.store.together():
        known = [row for _, row in list_rows(study.folder / EXCLUSIONS_FILE)]
        doomed = [
            row
            for row in known
            if (row.kind, row.name) == (kind, name)
            and (not (start or stop) or (row.start, row.stop) == (start, stop))
        ]
        if not doomed:
            listed = list_faults([row.what for row in known]) or "  nothing"
            msg = f"Expected something that is left out, found {kind} {name!r}. Left out are:\n"
            raise UnknownNameError(msg + listed)
        design = study.design()
        # What was typed by hand is written down before it goes; a line that names nothing of the
        # study any more was never in force, and must not hinder that it is taken away.
        with suppress(StudyError):
            read_exclusions(study, design)
        _write_rows(study, [row for row in known if row not in doomed])
        with suppress(StudyError):
            read_exclusions(study, design)
        return len(doomed)


def rename_in_exclusions(study: StudyFolder, kind: str, name: str, new_name: str) -> None:
    """Let lines of the table follow when what they name got another name."""
    with study.store.together():
        known = [row for _, row in list_rows(study.folder / EXCLUSIONS_FILE)]
        if any((row.kind, row.name) == (kind, name) for row in known):
            renamed = [
                replace(row, name=new_name) if (row.kind, row.name) == (kind, name) else row
                for row in known
            ]
            _write_rows(study, renamed)


def _write_rows(study: StudyFolder, rows: Sequence[Exclusion]) -> None:
    cells = [[r.kind, r.name, r.start, r.stop, r.reason, r.by, r.date] for r in rows]
    write_table(study.folder / EXCLUSIONS_FILE, COLUMNS, cells)
