"""What must not change behind a study's back: its scale, its recordings, their lengths."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from amgs.errors import StudyError, list_faults
from amgs.extraction.tables import EXTRACTION_TABLE
from amgs.prediction.recording_times import RecordingTime, read_recording_times
from amgs.study.design import RECORDINGS_FILE, PlannedRecording
from amgs.study.folder import StudyFolder

SCORING_BEGAN = "scoring began"
"""The kind of event that keeps the scale and sample that raters began with."""


def _scoring_settings(study: StudyFolder) -> dict[str, Any]:
    return {
        "units": list(study.scale.unit_names),
        "seed": study.settings.scoring.seed,
        "images_per_recording": study.settings.scoring.images_per_recording,
    }


def changed_since_scoring(study: StudyFolder) -> list[str]:
    """Return which settings are others than those that scoring began with."""
    before = study.store.events.all(SCORING_BEGAN)
    if not before:
        return []
    return [
        f"{name}: {before[0][name]} when scoring began, {value} now"
        for name, value in _scoring_settings(study).items()
        if before[0][name] != value
    ]


def require_same_scoring(study: StudyFolder) -> None:
    """Stop when scale, seed or sample were changed after scoring began.

    Old answers would be counted as if they had been given on another scale.

    Raises
    ------
    StudyError
        With what it was and what it is.
    """
    if not study.store.events.all(SCORING_BEGAN):
        study.store.events.log(SCORING_BEGAN, "", _scoring_settings(study))
    changed = changed_since_scoring(study)
    if changed:
        msg = "Expected the settings that scoring began with, found others:\n"
        raise StudyError(f"{msg}{list_faults(changed)}\nPut them back in study.toml.")


def planned_recordings(study: StudyFolder) -> dict[str, PlannedRecording]:
    """Return the design by recording, when it has every recording that has faces.

    Raises
    ------
    StudyError
        If a recording with faces is not in ``recordings.csv`` any more.
    """
    planned = {r.name: r for r in study.design().recordings}
    lost = {f.recording for f in study.store.faces.all()} - set(planned)
    if lost:
        msg = (
            f"Expected every recording that has faces in {RECORDINGS_FILE}, found "
            f"{len(lost)} missing there:\n{list_faults(sorted(lost))}\nPut their lines back, "
            "with the names they had (column `recording`)."
        )
        raise StudyError(msg)
    return planned


def recording_times(study: StudyFolder) -> dict[str, RecordingTime] | None:
    """Return how long recordings are; ``None`` when faces come from folders of images too."""
    if not (study.faces / EXTRACTION_TABLE).exists():
        return None
    times = read_recording_times(study.faces)
    planned = {r.name: r for r in study.design().recordings}
    if any(face.recording not in times for face in study.store.faces.all()):
        return None  # some come from folders of images: nothing can be said per minute
    # Whose a recording is, recordings.csv says, also when it was corrected since.
    return {
        name: replace(time, unit=(r.animal, r.group, r.timepoint))
        for name, time in times.items()
        if (r := planned.get(name)) is not None
    }
