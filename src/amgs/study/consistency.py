"""What must not change behind a study's back: its scale, its recordings, their lengths."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from amgs.errors import StudyError, list_faults
from amgs.prediction.recording_times import RecordingTime, read_recording_times
from amgs.study.design import RECORDINGS_FILE, PlannedRecording
from amgs.study.layout import FACES

if TYPE_CHECKING:
    from amgs.study.study import Study

SCORING_BEGAN = "scoring began"
"""The kind of event that keeps the scale and sample that raters began with."""


def _scoring_settings(study: Study) -> dict[str, Any]:
    return {
        "units": list(study.scale.unit_names),
        "seed": study.settings.whole("scoring", "seed"),
        "images_per_recording": study.settings.whole("scoring", "images_per_recording"),
    }


def changed_since_scoring(study: Study) -> list[str]:
    """Return which settings are others than those that scoring began with."""
    before = study.store.events.all(SCORING_BEGAN)
    if not before:
        return []
    return [
        f"{name}: {before[0][name]} when scoring began, {value} now"
        for name, value in _scoring_settings(study).items()
        if before[0][name] != value
    ]


def require_same_scoring(study: Study) -> None:
    """See `Study.require_same_scoring`."""
    if not study.store.events.all(SCORING_BEGAN):
        study.store.events.log(SCORING_BEGAN, "", _scoring_settings(study))
    changed = changed_since_scoring(study)
    if changed:
        msg = "Expected the settings that scoring began with, found others:\n"
        raise StudyError(f"{msg}{list_faults(changed)}\nPut them back in study.toml.")


def planned_recordings(study: Study) -> dict[str, PlannedRecording]:
    """See `Study.planned`."""
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


def recording_times(study: Study) -> dict[str, RecordingTime] | None:
    """See `Study.times`."""
    folder = study.folder / FACES
    if not (folder / "extraction.csv").exists():
        return None
    times = read_recording_times(folder)
    planned = {r.name: r for r in study.design().recordings}
    if any(face.recording not in times for face in study.store.faces.all()):
        return None  # some come from folders of images: nothing can be said per minute
    # Whose a recording is, recordings.csv says, also when it was corrected since.
    return {
        name: replace(time, unit=(r.animal, r.group, r.timepoint))
        for name, time in times.items()
        if (r := planned.get(name)) is not None
    }
