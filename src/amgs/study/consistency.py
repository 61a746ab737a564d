"""What must not change behind a study's back: its scale, and whose its faces are."""

from __future__ import annotations

from typing import Any

from amgs.errors import StudyError, list_faults
from amgs.study.fit import require_fit
from amgs.study.folder import StudyFolder
from amgs.study.planned import PlannedRecording

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
    """Return the design by recording, when faces fit it.

    Raises
    ------
    StudyError
        If faces contradict ``recordings.csv``; see `amgs.study.fit.require_fit`.
    """
    return {name: wanted.recording for name, wanted in require_fit(study).wanted.items()}
