"""What counts in a study at present: faces that fit the table and are not excluded, with scores.

Every step that makes a result begins here, so that a correction is in all of them at once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from amgs.errors import AmgsError
from amgs.prediction.recording_times import RecordingTime, read_pauses
from amgs.scoring.labels import ANY_REASON, NEVER, NO_FACE
from amgs.store import FaceRecord, RatingRow, SourceRecord
from amgs.store.records import WHOLE_IMAGE
from amgs.study.exclusions import Exclusions, read_exclusions
from amgs.study.extraction_tables import NOT_EXTRACTED
from amgs.study.fit import Fit, require_fit
from amgs.study.folder import StudyFolder
from amgs.study.planned import PHOTOGRAPHS, PlannedRecording
from amgs.study.scales import shown_units, unit_keys
from amgs.study.sources import IMAGES
from amgs.video.periods import Period


@dataclass(frozen=True)
class Present:
    """What counts in a study at present.

    Parameters
    ----------
    fit
        The table and its sources.
    assigned
        The faces of the table, in its order and that of time.
    faces
        Those of them that count.
    excluded
        By image why a face of the table does not count.
    exclusions
        ``exclusions.csv``.
    ratings
        Answers of raters that count, to these faces.
    """

    fit: Fit
    assigned: tuple[FaceRecord, ...]
    faces: tuple[FaceRecord, ...]
    excluded: Mapping[str, str]
    exclusions: Exclusions
    ratings: tuple[RatingRow, ...]
    left_out_by_raters: int = 0

    @property
    def planned(self) -> dict[str, PlannedRecording]:
        """The lines of the table by recording."""
        return {name: wanted.recording for name, wanted in self.fit.wanted.items()}


def present(study: StudyFolder) -> Present:
    """Return what counts in a study at present.

    Raises
    ------
    StudyError
        If the table has faults, faces contradict it, or an exclusion names nothing of the study.
    """
    design = study.design()
    fit = require_fit(study, design)
    exclusions = read_exclusions(study, design)
    planned = {name: wanted.recording for name, wanted in fit.wanted.items()}
    everything = study.store.faces.all(retired=True)
    # In the order of the table and of time, however often and in whatever order they came.
    place = _places(fit)
    assigned = sorted(
        (face for face in everything if face.recording in planned),
        key=lambda face: (place[face.recording], face.time_s or 0.0, face.image),
    )
    excluded = {
        face.image: reason
        for face in assigned
        if (reason := _why_excluded(face, planned[face.recording], exclusions))
    }
    counted = [face for face in assigned if face.image not in excluded]
    ratings = _ratings(study, everything, counted, exclusions)
    by_majority = _left_out_by_raters(ratings, study.settings.scoring.leave_out_faces)
    excluded |= by_majority
    return Present(
        fit,
        tuple(assigned),
        tuple(face for face in counted if face.image not in by_majority),
        excluded,
        exclusions,
        tuple(row for row in ratings if row.image not in by_majority),
        len(by_majority),
    )


def _places(fit: Fit) -> dict[str, tuple[bool, int, int]]:
    """Return by recording its place: those of one video together, folders of images last."""
    first: dict[str, int] = {}
    found = {}
    for number, (name, wanted) in enumerate(fit.wanted.items()):
        video = first.setdefault(wanted.recording.video, number)
        found[name] = (wanted.kind == IMAGES, video, number)
    return found


def _why_excluded(face: FaceRecord, r: PlannedRecording, exclusions: Exclusions) -> str:
    if not exclusions.rows:
        return ""
    reason = (
        exclusions.find("animal", r.animal)
        or exclusions.find("recording", r.name)
        or exclusions.find("face", face.image)
    )
    if not reason and face.time_s is not None:
        for period, why in exclusions.periods(r.name):
            if period.start_s <= face.time_s < period.stop_s:
                return why
    return reason


def _ratings(
    study: StudyFolder,
    everything: Sequence[FaceRecord],
    counted: Sequence[FaceRecord],
    exclusions: Exclusions,
) -> list[RatingRow]:
    """Return the answers that count, each under the face and the person that it is of at present.

    Answers to a face of an earlier generation count for the one at the same place of the same
    frame, unless the rater answered for that one too; those of merged raters count as of one
    person, whose own come first.
    """
    face_of = {face.id: face for face in everything}
    active = {face.id: face for face in counted}
    by_root = {face.root: face for face in counted}
    rows = study.store.scoring.all()
    units = shown_units(unit_keys(study)) if rows else {}
    raters = {rater.id: rater for rater in study.store.raters.all()}
    set_aside = exclusions.raters
    person = {}
    for rater in raters.values():
        last = rater
        while last.merged_into is not None:
            last = raters[last.merged_into]
        person[rater.name] = last.name
    grouped: dict[tuple[str, int, bool], dict[tuple[bool, bool, str, int], list[RatingRow]]] = (
        defaultdict(lambda: defaultdict(list))
    )
    for row in rows:
        name = person[row.rater]
        if name in set_aside or row.rater in set_aside:
            continue
        target = active.get(row.face_id) or by_root.get(face_of[row.face_id].root)
        if target is None:
            continue
        priority = (name != row.rater, target.id != row.face_id, row.rater, row.face_id)
        unit = units.get(row.unit, row.unit if row.unit == WHOLE_IMAGE else "")
        if not unit:
            continue  # of a scale that the study was scored with before
        moved = row
        if (name, unit, target.id) != (row.rater, row.unit, row.face_id):
            moved = replace(
                row, image=target.image, recording=target.recording, rater=name, unit=unit
            )
        grouped[name, target.id, row.repeat][priority].append(moved)
    wanted = set(units.values())
    chosen = []
    for ways in grouped.values():
        # What somebody finished under one name counts before what was broken off under another.
        first = min(ways, key=lambda way: (not _is_finished(ways[way], wanted), way))
        chosen += ways[first]
    return chosen


def _is_finished(rows: Sequence[RatingRow], units: set[str]) -> bool:
    answered = {row.unit for row in rows}
    return WHOLE_IMAGE in answered or units <= answered


def _left_out_by_raters(ratings: Iterable[RatingRow], rule: str) -> dict[str, str]:
    """Return images that more than half of their raters called no face, or not scorable."""
    if rule == NEVER:
        return {}
    seen: dict[str, set[str]] = defaultdict(set)
    against = Counter[str]()
    for row in ratings:
        if row.repeat:
            continue
        seen[row.image].add(row.rater)
        if row.unit == WHOLE_IMAGE and (rule == ANY_REASON or row.reason == NO_FACE):
            against[row.image] += 1
    return {
        image: f"{rule} by {n} of {len(seen[image])} raters"
        for image, n in against.items()
        if n > len(seen[image]) / 2
    }


def faces_to_score(study: StudyFolder) -> list[FaceRecord]:
    """Return the faces that raters are shown: all but those that are excluded.

    While the owner is at work on a table, raters go on: what cannot be read of it changes nothing
    for them.
    """
    faces = study.store.faces.all()
    try:
        design = study.design()
        exclusions = read_exclusions(study, design)
    except AmgsError:
        return faces
    planned = {r.name: r for r in design.recordings}
    return [
        face
        for face in faces
        if face.recording not in planned
        or not _why_excluded(face, planned[face.recording], exclusions)
    ]


def list_for_report(now: Present) -> list[dict[str, Any]]:
    """Return every exclusion with the groups that it concerns, and how many images."""
    recordings = {r.image: r for r in now.assigned}
    found = []
    for row in now.exclusions.rows:
        groups = {
            r.group
            for name, r in now.planned.items()
            if (row.kind == "animal" and r.animal == row.name)
            or (row.kind in {"recording", "period"} and name == row.name)
        }
        face = recordings.get(row.name)
        if row.kind == "face" and face is not None:
            groups = {now.planned[face.recording].group}
        alone = Exclusions((row,))
        images = sum(
            bool(_why_excluded(face, now.planned[face.recording], alone)) for face in now.assigned
        )
        found.append(
            {
                "what": row.what,
                "kind": row.kind,
                "groups": sorted(groups),
                "reason": row.reason,
                "by": row.by,
                "date": row.date,
                "late": now.exclusions.late.get(row.key, ""),
                "images": images,
            }
        )
    return found


def count_folders(now: Present) -> dict[str, int]:
    """Count images from folders: cropped ones, whole photographs, and those of them with a face."""
    found = Counter[str]()
    faces = Counter(face.recording for face in now.assigned)
    for name, source in now.fit.assigned.items():
        if source.detail.get("kind") != IMAGES or name not in now.fit.wanted:
            continue
        if source.detail.get("images") == PHOTOGRAPHS:
            found["with_face"] += faces[name]
            found["photographs"] += faces[name] + len(source.detail.get("without_face", ()))
        else:
            found["cropped"] += faces[name]
    return dict(found)


def recording_times(now: Present) -> dict[str, RecordingTime]:
    """Return how long every recording of the table is, and why one has no images.

    Of folders of images no length is known.
    """
    times = {}
    for name, r in now.planned.items():
        source = now.fit.assigned.get(name)
        unit = (r.animal, r.group, r.timepoint)
        reason = now.exclusions.find("animal", r.animal) or now.exclusions.find("recording", name)
        if reason or source is None or source.detail.get("problem"):
            problem = NOT_EXTRACTED if source is None else str(source.detail.get("problem", ""))
            times[name] = RecordingTime(0.0, unit=unit, reason=reason or problem)
            continue
        times[name] = _time_of(source, unit, now.exclusions.periods(name))
    # Where every image is left out, that is why there is none.
    counted = {face.recording for face in now.faces}
    for face in now.assigned:
        if face.recording not in counted and face.image in now.excluded:
            reason = now.excluded[face.image]
            times[face.recording] = replace(times[face.recording], reason=reason)
    return times


def _time_of(
    source: SourceRecord,
    unit: tuple[str, str, str],
    excluded: Sequence[tuple[Period, str]],
) -> RecordingTime:
    row = source.detail.get("row", {})
    if source.detail.get("kind") == IMAGES or not row.get("duration_s"):
        return RecordingTime(None, unit=unit)
    duration_s = float(row["duration_s"])
    pauses = read_pauses(str(row.get("pauses", "")))
    pauses += [(period.start_s, min(period.stop_s, duration_s)) for period, _ in excluded]
    sleep = tuple((float(a), float(b)) for a, b in source.detail.get("sleep", ()))
    return RecordingTime(duration_s, sleep, unit, tuple(pauses))
