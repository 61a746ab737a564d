"""The raters of a study as its owner sees them: renamed, merged when one person came twice."""

from __future__ import annotations

from dataclasses import dataclass

from amgs.errors import UnknownNameError
from amgs.store import Activity, Rater
from amgs.study.actions import MERGED, RENAMED, who_acts
from amgs.study.exclusions import read_exclusions, rename_in_exclusions
from amgs.study.folder import StudyFolder
from amgs.study.rater_names import tidy_name
from amgs.study.room import ScoringRoom


@dataclass(frozen=True, slots=True)
class RaterProgress:
    """How far a rater is; ``same_as`` and ``excluded`` say why their answers count otherwise."""

    name: str
    finished: int
    places: int
    activity: Activity
    same_as: str
    excluded: str


def list_raters(study: StudyFolder) -> list[RaterProgress]:
    """Return all raters, in the order in which they came."""
    raters = study.store.raters.all()
    names = {rater.id: rater.name for rater in raters}
    activity = study.store.scoring.activity()
    exclusions = read_exclusions(study, study.design())
    room = ScoringRoom(study)
    chosen = room.planner.choose()
    found = []
    for rater in raters:
        # As at the next sign-in: faces may have come, or be left out, since.
        room.planner.plan(rater, chosen)
        done, total, _ = room.progress(rater)
        same_as = names.get(rater.merged_into or 0, "")
        excluded = exclusions.find("rater", rater.name)
        did = activity.get(rater.id, Activity())
        found.append(RaterProgress(rater.name, done, total, did, same_as, excluded))
    return found


def find_rater(study: StudyFolder, name: str) -> Rater:
    """Return a rater of a study by name.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    rater = study.store.raters.find(tidy_name(name))
    if rater is None:
        listed = ", ".join(r.name for r in study.store.raters.all()) or "nobody yet"
        raise UnknownNameError(f"Expected a rater of the study ({listed}), found {name!r}.")
    return rater


def rename_rater(study: StudyFolder, name: str, new_name: str) -> None:
    """Give a rater another name; it is written down, and lines of ``exclusions.csv`` follow.

    Raises
    ------
    UnknownNameError
        If there is no such rater.
    ConflictError
        If another rater has the new name.
    """
    rater, tidy = find_rater(study, name), tidy_name(new_name)
    study.store.raters.rename(rater.id, tidy)
    study.store.events.log(RENAMED, who_acts(), {"rater": rater.name, "to": tidy})
    rename_in_exclusions(study, "rater", rater.name, tidy)


def merge_raters(study: StudyFolder, name: str, into: str) -> None:
    """Say that two raters are one person; where both scored an image, the second one's count.

    Raises
    ------
    UnknownNameError
        If there is no such rater, or it is merged into the other way round already.
    """
    first, second = find_rater(study, name), find_rater(study, into)
    by_id = {rater.id: rater for rater in study.store.raters.all()}
    last: Rater | None = second
    while last is not None:
        if last.id == first.id:
            msg = f"Expected two raters, found that {second.name} counts as {first.name} already."
            raise UnknownNameError(msg)
        last = by_id.get(last.merged_into or 0)
    study.store.raters.merge(first.id, second.id)
    study.store.events.log(MERGED, who_acts(), {"rater": first.name, "into": second.name})


def separate_rater(study: StudyFolder, name: str) -> None:
    """Take back that a rater is the same person as another one.

    Raises
    ------
    UnknownNameError
        If there is no such rater.
    """
    rater = find_rater(study, name)
    study.store.raters.merge(rater.id, None)
    study.store.events.log(MERGED, who_acts(), {"rater": rater.name, "into": ""})
