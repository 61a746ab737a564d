"""What is wrong, or odd, between the lines of ``recordings.csv``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from amgs.errors import count_of
from amgs.extraction.places import FilmedPlace, places_filmed_twice
from amgs.study.planned import ABOUT_THE_ANIMAL, BORN, UNKNOWN, PlannedRecording
from amgs.tables import list_animals_in_two_groups


def faults_between(rows: Sequence[PlannedRecording], baseline: str) -> Iterator[str]:
    """Yield what is wrong between lines."""
    yield from list_animals_in_two_groups((r.animal, r.group) for r in rows)
    yield from _names_alike(rows)
    yield from _two_names(rows)
    yield from _repeated_names(rows)
    yield from _zones(rows)
    if baseline and baseline not in {r.timepoint for r in rows}:
        found = ", ".join(dict.fromkeys(r.timepoint for r in rows))
        yield (
            f"no recording at the baseline {baseline!r}; the timepoints are {found}. Name the "
            'baseline in study.toml; a study without one says baseline = ""'
        )
    yield from _late_baselines(rows, baseline)
    for r in rows:
        if r.date and r.further.get(BORN, "") > r.date.isoformat():
            yield f"line {r.line}: {r.animal} was born on {r.further[BORN]}, after it was filmed"


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
    for column in (*ABOUT_THE_ANIMAL, BORN):
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
        if not r.animal or not r.timepoint:
            continue  # that they are missing is told already
        if r.name in first:
            yield (
                f"line {r.line}: {r.animal} at {r.timepoint} stands in line {first[r.name]} "
                "already; if it was filmed twice, give both a name in a column `recording`"
            )
        first.setdefault(r.name, r.line)


def _zones(rows: Sequence[PlannedRecording]) -> Iterator[str]:
    """Find recordings that look at the same place of a video at the same time."""
    return places_filmed_twice(
        [
            FilmedPlace(r.line, r.video, tuple(r.files), r.zone, r.period)
            for r in rows
            if r.video and r.zone != UNKNOWN
        ]
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


def warnings_between(rows: Sequence[PlannedRecording], baseline: str) -> Iterator[str]:
    """Yield what is unusual, but can be used."""
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
        who = "1 animal has" if len(animals) == 1 else f"{count_of(len(animals), 'animal')} have"
        yield f"{who} {what}, so no change from it: {names}{more}"


def _by_animal(rows: Iterable[PlannedRecording]) -> dict[str, list[PlannedRecording]]:
    found: dict[str, list[PlannedRecording]] = {}
    for r in rows:
        found.setdefault(r.animal, []).append(r)
    return found
