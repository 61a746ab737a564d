"""What must not change behind a study's back: its scale, and whose its faces are."""

from __future__ import annotations

from typing import Any

from amgs.errors import StudyError, list_faults
from amgs.study.fit import require_fit
from amgs.study.folder import StudyFolder
from amgs.study.planned import PlannedRecording
from amgs.study.scales import SCORING_BEGAN, accept_scale, unit_keys

_SAMPLE = ("seed", "images_per_recording")


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
    now = _scoring_settings(study)
    changed = [
        f"{name}: {before[0][name]} when scoring began, {now[name]} now"
        for name in _SAMPLE
        if before[0][name] != now[name]
    ]
    try:
        unit_keys(study)
    except StudyError as error:
        changed.append(str(error))
    return changed


def require_same_scoring(study: StudyFolder) -> None:
    """Stop when scale, seed or sample were changed after scoring began, and nobody said so.

    Raises
    ------
    StudyError
        With what it was and what it is.
    """
    if not study.store.events.all(SCORING_BEGAN):
        study.store.events.log(SCORING_BEGAN, "", _scoring_settings(study))
        accept_scale(study)
    unit_keys(study)
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
