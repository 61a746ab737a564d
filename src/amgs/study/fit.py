"""How the faces of a study fit its table: what was moved, changed, taken away or is new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amgs.errors import StudyError, count_of, list_faults, quoted
from amgs.store import SourceRecord
from amgs.study.adopting import adopt_earlier_sources
from amgs.study.design import Design
from amgs.study.folder import StudyFolder
from amgs.study.generations import changed_settings, read_generations
from amgs.study.sources import WantedSource, list_wanted


@dataclass(frozen=True)
class Fit:
    """How the faces of a study fit its table.

    Parameters
    ----------
    wanted
        What every line of the table wants.
    assigned
        By recording the source that it has.
    by_base
        Sources of the same video, zone and period, in the order in which they came.
    moved
        Recordings whose faces are in the study under another name, or were set aside.
    changed
        Recordings whose video, zone or period is another one than their faces came from.
    retired
        Recordings with faces that no line names any more.
    settings
        Recordings whose faces were extracted with other settings than those of ``study.toml``.
    new
        Recordings that were not extracted yet.
    """

    wanted: Mapping[str, WantedSource]
    assigned: Mapping[str, SourceRecord]
    by_base: Mapping[str, list[SourceRecord]]
    moved: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    retired: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)

    @property
    def settled(self) -> set[str]:
        """Recordings that have the faces which their line wants."""
        return set(self.assigned) - set(self.moved) - set(self.changed)

    @property
    def remedies(self) -> list[tuple[str, str]]:
        """All in which faces contradict the table, each with what mends it."""
        missing = "find the file, or correct its name in recordings.csv"
        found = [(text, "`amgs extract` makes faces fit") for text in self.moved.values()]
        found += [
            (text, "`amgs extract` makes faces fit" if self.wanted[name].is_here else missing)
            for name, text in self.changed.items()
        ]
        found += [(text, "`amgs extract` makes faces fit") for text in self.retired.values()]
        ways = "put them back, or `amgs extract` with --only-new or --new-generation"
        return found + [(text, ways) for text in self.settings.values()]


def compare_with_table(study: StudyFolder, design: Design | None = None) -> Fit:
    """Compare the faces of a study with its table as it is now.

    Raises
    ------
    StudyError
        If the table has faults.
    """
    design = design or study.design()
    adopt_earlier_sources(study, design)
    sources = study.store.sources.all()
    by_base: dict[str, list[SourceRecord]] = defaultdict(list)
    for source in sources:
        by_base[source.base].append(source)
    assigned = {s.recording: s for s in sources if s.recording}
    fit = Fit(list_wanted(study, design, sources), assigned, by_base)
    generations = read_generations(study)
    moved_away: set[str] = set()
    for name, wanted in fit.wanted.items():
        own = assigned.get(name)
        if own is not None and _is_of(own, wanted):
            changes = [] if own.kept else changed_settings(study, generations, own)
            if changes:
                fit.settings[name] = f"{name}: extracted with {'; '.join(changes)}"
            continue
        before = _say_difference(fit, name, wanted, own)
        moved_away.add(before)
    for name in assigned:
        if name not in fit.wanted and name not in moved_away:
            fit.retired[name] = f"{name}: has faces, and no line in recordings.csv any more"
    return fit


def _is_of(source: SourceRecord, wanted: WantedSource) -> bool:
    if wanted.base:
        return source.base == wanted.base
    # Its files are elsewhere, and nothing is known of them but what they were called.
    r, detail = wanted.recording, source.detail
    named = [Path(file["path"]).name for file in detail.get("files", ())]
    same_place = detail.get("zone") == r.zone.name and detail.get("period", "") == r.period.name
    return same_place and named == [Path(file).name for file in r.files]


def _say_difference(fit: Fit, name: str, wanted: WantedSource, own: SourceRecord | None) -> str:
    """Say what a recording lacks; return the name under which its faces are filed so far."""
    r = wanted.recording
    there = [s for s in fit.by_base.get(wanted.base, ()) if s.detail.get("row") or s.recording]
    if there:
        before = next((s.recording for s in there if s.recording), "")
        whose = f"are filed as {before}" if before else "were set aside"
        fit.moved[name] = f"line {r.line}: {name} is {wanted.place}; its faces {whose}"
        return before
    if own is not None:
        was = own.detail.get("place") or "another video, zone or period"
        fit.changed[name] = f"line {r.line}: {name} is {wanted.place}; its faces are of {was}"
    else:
        fit.new.append(name)
    return ""


def require_fit(study: StudyFolder, design: Design | None = None) -> Fit:
    """Stop when faces contradict the table: a result would be of another animal.

    Raises
    ------
    StudyError
        With every difference, and the command that mends it.
    """
    fit = compare_with_table(study, design)
    if fit.remedies:
        listed = [f"{text}; {remedy}" for text, remedy in fit.remedies]
        msg = (
            "Expected the faces of the study to fit recordings.csv and study.toml, found "
            f"{count_of(len(listed), 'difference')}:\n{list_faults(listed)}\nThe command: amgs "
            f"extract {quoted(study.folder)} (scores and predictions follow their faces; nothing "
            "is lost)."
        )
        raise StudyError(msg)
    return fit
