"""What a synthetic mouse does in a video: it sits, looks about, blinks, grooms, rears, or sleeps.

A mouse moves in jerks: it holds a pose for about a second, then changes it within two frames. So a
video is a list of holds, each with one image of the animal, and breathing in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from amgs.simulate.anatomy import MOST, FaceParameters

Doing: TypeAlias = Literal["sitting", "looking away", "grooming", "rearing", "asleep"]

HOLD_S = 0.9
"""Mean time for which a pose is held."""

UNIT_SD, UNIT_MEMORY = 0.35, 0.92
"""Action units of an animal wander around their mean by so much, from one hold to the next."""

CHANCES: dict[Doing, float] = {"looking away": 0.16, "grooming": 0.05, "rearing": 0.04}
"""How often a hold begins something else than sitting."""

LASTS_S: dict[Doing, tuple[float, float]] = {
    "sitting": (HOLD_S, HOLD_S),
    "looking away": (1.0, 4.0),
    "grooming": (2.0, 6.0),
    "rearing": (1.5, 4.0),
    "asleep": (25.0, 90.0),
}
WAKEFUL, SLEEPY = 0.004, 0.03
"""The chance that a hold begins sleep, in animals as they are and in those that fall asleep."""

BLINK_EVERY_S, BLINK_S = 9.0, 0.16


@dataclass(frozen=True, slots=True)
class FilmedAnimal:
    """One animal of a video.

    Parameters
    ----------
    name
        What it is called in the truth.
    look
        Coat and seeds; action units and pose come from `pain` and behaviour.
    units
        The mean of its five action units, 0–2, in the order of `UNITS`.
    sleepiness
        The chance that a hold begins sleep.
    """

    name: str
    look: FaceParameters
    units: tuple[float, float, float, float, float]
    sleepiness: float = 0.0


UNITS = (
    "orbital_tightening",
    "nose_bulge",
    "cheek_bulge",
    "ear_position",
    "whisker_change",
)


@dataclass(frozen=True, slots=True)
class Bout:
    """A stretch of time in which an animal keeps its pose."""

    start_s: float
    end_s: float
    behaviour: Doing
    face: FaceParameters
    blinks: tuple[float, ...] = ()


def simulate_behaviour(
    animal: FilmedAnimal, duration_s: float, rng: np.random.Generator
) -> Iterator[Bout]:
    """Yield what an animal does, one hold after the other, until the video ends."""
    wander = rng.normal(0, UNIT_SD, len(UNITS))
    now = 0.0
    behaviour: Doing = "sitting"
    until = 0.0
    while now < duration_s:
        if now >= until:
            behaviour = _choose(animal, rng)
            low, high = LASTS_S[behaviour]
            until = now + (rng.uniform(low, high) if behaviour != "sitting" else 0.0)
        wander = UNIT_MEMORY * wander + rng.normal(
            0, UNIT_SD * (1 - UNIT_MEMORY**2) ** 0.5, len(UNITS)
        )
        length = until - now if behaviour == "asleep" else float(rng.gamma(4.0, HOLD_S / 4))
        end = min(duration_s, now + max(0.3, length))
        face = _pose(animal, np.asarray(animal.units) + wander, behaviour, rng)
        yield Bout(now, end, behaviour, face, _blinks(now, end, behaviour, rng))
        now = end


def _choose(animal: FilmedAnimal, rng: np.random.Generator) -> Doing:
    lot = float(rng.uniform())
    if lot < animal.sleepiness:
        return "asleep"
    lot -= animal.sleepiness
    for behaviour, chance in CHANCES.items():
        if lot < chance:
            return behaviour
        lot -= chance
    return "sitting"


def _pose(
    animal: FilmedAnimal, units: np.ndarray, behaviour: Doing, rng: np.random.Generator
) -> FaceParameters:
    shown = dict(zip(UNITS, np.clip(units, 0, MOST).tolist(), strict=True))
    yaw = float(np.clip(rng.normal(0, 13), -35, 35))
    if behaviour == "looking away":
        yaw = float(rng.choice((-1, 1)) * rng.uniform(55, 110))
    return replace(
        animal.look,
        **shown,
        blink=1.0 if behaviour == "asleep" else 0.0,
        yaw_deg=yaw,
        pitch_deg=-14.0 if behaviour == "asleep" else float(np.clip(rng.normal(0, 6), -14, 14)),
        tilt_deg=float(np.clip(rng.normal(0, 5), -14, 14)),
        shift_x=float(np.clip(rng.normal(0, 0.035), -0.08, 0.08)),
        shift_y=float(np.clip(rng.normal(0, 0.02), -0.05, 0.05)),
    )


def _blinks(
    start: float, end: float, behaviour: Doing, rng: np.random.Generator
) -> tuple[float, ...]:
    if behaviour == "asleep":
        return ()
    n = rng.poisson((end - start) / BLINK_EVERY_S)
    return tuple(sorted(rng.uniform(start, end, n).tolist()))
