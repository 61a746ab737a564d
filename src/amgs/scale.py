"""Grimace scales as data: species, action units, and what each unit looks like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One thing that changes in a face in pain, scored 0 (absent), 1 (moderate) or 2 (marked)."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A grimace scale; its score is the sum of the units, or their mean."""

    name: str
    title: str
    units: tuple[ActionUnit, ...]


ORBITAL = ActionUnit("orbital_tightening", "Orbital tightening")
EAR = ActionUnit("ear_position", "Ear position")
WHISKER = ActionUnit("whisker_change", "Whisker change")

SCALES = {
    "mouse": Scale(
        "mouse",
        "Mouse Grimace Scale (Langford et al. 2010)",
        (
            ORBITAL,
            ActionUnit("nose_bulge", "Nose bulge"),
            ActionUnit("cheek_bulge", "Cheek bulge"),
            EAR,
            WHISKER,
        ),
    ),
    "rat": Scale(
        "rat",
        "Rat Grimace Scale (Sotocinal et al. 2011)",
        (ORBITAL, ActionUnit("nose_cheek_flattening", "Nose and cheek flattening"), EAR, WHISKER),
    ),
}
"""Name of each scale that amgs knows; other units are taken as they come."""

LOWEST, HIGHEST = 0, 2
