"""The scales that a study was scored with; answers to units that stay the same count on.

A unit is the same when its name and its description are. Of another unit with the same name the
answers are kept apart in the store, under the name and a mark; putting the earlier scale back in
``study.toml`` makes the earlier answers count again.
"""

from __future__ import annotations

from collections.abc import Mapping

from amgs.errors import StudyError, quoted
from amgs.provenance import hash_text
from amgs.scale import ActionUnit
from amgs.study.actions import who_acts
from amgs.study.folder import StudyFolder

SCALE_USED = "scale used"
"""The kind of event that the first use of a scale is."""

SCORING_BEGAN = "scoring began"
"""The kind of event that keeps the scale and sample that raters began with."""

_MARK_DIGITS = 6


def unit_keys(study: StudyFolder) -> dict[str, str]:
    """Return by unit of the present scale the name under which the store keeps its answers.

    Raises
    ------
    StudyError
        If the study was scored with another scale, and nobody said to go on with this one.
    """
    now = _definitions(study)
    for event in study.store.events.all(SCALE_USED):
        if event["definitions"] == now:
            return dict(event["keys"])
    began = study.store.events.all(SCORING_BEGAN)
    if not began or began[0]["units"] == list(now):
        return {unit: unit for unit in now}  # scored by an earlier amgs, or not at all
    raise StudyError(_explain(study, began[0]["units"]))


def accept_scale(study: StudyFolder) -> None:
    """Go on with the scale in ``study.toml``; it is written down, with what stays the same."""
    now = _definitions(study)
    used = study.store.events.all(SCALE_USED)
    if any(event["definitions"] == now for event in used):
        return
    began = study.store.events.all(SCORING_BEGAN)
    taken: dict[str, str] = {}
    if began and not used:
        # An earlier amgs kept the names only: units of one name are taken for other ones.
        same = began[0]["units"] == list(now)
        taken = {name: now.get(name, "") if same else "?" for name in began[0]["units"]}
    known: dict[tuple[str, str], str] = {(name, mark): name for name, mark in taken.items()}
    for event in used:
        for unit, mark in event["definitions"].items():
            known.setdefault((unit, mark), event["keys"][unit])
    names = {unit for unit, _ in known}
    keys = {
        unit: known.get((unit, mark), f"{unit}@{mark}" if unit in names else unit)
        for unit, mark in now.items()
    }
    detail = {"scale": study.scale.name, "definitions": now, "keys": keys}
    study.store.events.log(SCALE_USED, who_acts(), detail)


def _definitions(study: StudyFolder) -> dict[str, str]:
    return {unit.name: _mark(unit) for unit in study.scale.units}


def _mark(unit: ActionUnit) -> str:
    return hash_text([unit.name, unit.description, *unit.levels])[:_MARK_DIGITS]


def _explain(study: StudyFolder, before: list[str]) -> str:
    now = ", ".join(study.scale.unit_names)
    return (
        f"Expected the scale that scoring began with, found another one in study.toml: units "
        f"{', '.join(before)} when scoring began, {now} now. Put it back, or go on with the new "
        f"one: amgs score {quoted(study.folder)} --new-scale. Answers to units that stay the same "
        "count on; the others are kept, and count again when the earlier scale is put back."
    )


def shown_units(keys: Mapping[str, str]) -> dict[str, str]:
    """Return by name in the store the unit of the present scale."""
    return {key: unit for unit, key in keys.items()}
