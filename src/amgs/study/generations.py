"""Generations: the settings that faces were extracted with, each beside the ones before.

Faces of an earlier generation are kept. Which one the results use is said by the settings in
``study.toml``; putting the earlier ones back uses the earlier faces again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from amgs.store import SourceRecord
from amgs.study.folder import StudyFolder

GENERATION = "extraction settings"
"""The kind of event that the first use of new settings is."""

_NAMES = ("interval_s", "margin", "min_face_px", "detector")
_DECISIVE = ("options", "detector")


def read_generations(study: StudyFolder) -> dict[int, dict[str, Any]]:
    """Return by number the settings of every generation: ``options``, ``detector``, ``extract``."""
    return {e["number"]: e for e in study.store.events.all(GENERATION)}


def find_generation(
    generations: Mapping[int, Mapping[str, Any]], settings: Mapping[str, Any]
) -> int | None:
    """Return the number of the generation with these settings; ``None`` if there is none."""
    for number, known in generations.items():
        if all(known.get(name) == settings[name] for name in _DECISIVE):
            return number
    return None


def add_generation(study: StudyFolder, settings: Mapping[str, Any]) -> int:
    """Write down new settings, and return their number."""
    number = max(read_generations(study), default=0) + 1
    extract = asdict(study.settings.extract)
    study.store.events.log(GENERATION, "", {"number": number, **settings, "extract": extract})
    return number


def changed_settings(
    study: StudyFolder, generations: Mapping[int, Mapping[str, Any]], source: SourceRecord
) -> list[str]:
    """Return in which settings of ``study.toml`` a source was extracted otherwise."""
    before = generations.get(source.generation, {}).get("extract")
    if before is None or not source.detail.get("row"):
        return []  # from folders of images, or of a version that did not keep them
    now = asdict(study.settings.extract)
    return [
        f"{name} {before[name]}, now {now[name]}"
        for name in _NAMES
        if name in before and before[name] != now[name]
    ]


def settings_in_use(study: StudyFolder) -> dict[str, Any]:
    """Return the settings that the faces of the table were extracted with.

    Those of ``study.toml`` may be others, where earlier faces were kept on purpose; of several
    values all are named.
    """
    generations = read_generations(study)
    used = {s.generation for s in study.store.sources.all() if s.recording and s.detail.get("row")}
    found: dict[str, Any] = {}
    for name in _NAMES:
        values = [
            generations[number]["extract"][name]
            for number in sorted(used)
            if name in generations.get(number, {}).get("extract", {})
        ]
        several = list(dict.fromkeys(values))
        if several:
            plain = [f"{v:g}" if isinstance(v, float) else str(v) for v in several]
            found[name] = several[0] if len(several) == 1 else " or ".join(plain)
    return found
