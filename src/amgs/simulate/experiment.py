"""A simulated experiment: groups, animals, timepoints, and how much pain each animal is in."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amgs.jobs import ProgressCallback, bounded_map, no_progress
from amgs.simulate.anatomy import MOST, CoatName, FaceParameters
from amgs.simulate.behaviour import WAKEFUL, FilmedAnimal
from amgs.simulate.cubicle import VideoOptions, list_zones
from amgs.simulate.video import write_video
from amgs.vocabulary import BASELINE

DESIGN_COLUMNS = ("animal", "group", "timepoint", "video", "zone", "coat")
VIDEOS = "videos"
_AHEAD = 4


@dataclass(frozen=True, slots=True)
class SimulatedGroup:
    """A group and what is done to it.

    Parameters
    ----------
    name
        As it stands in the design.
    effects
        What the action units of its animals rise by, on their scale from 0 to 2, at each timepoint
        after the first; the last one holds for all later ones.
    sleepiness
        The chance that a hold of about a second begins sleep.
    """

    name: str
    effects: tuple[float, ...]
    sleepiness: float = WAKEFUL

    def effect(self, place: int) -> float:
        """Return the rise at a timepoint, counted from 0; there is none at the first."""
        return 0.0 if place == 0 else self.effects[min(place, len(self.effects)) - 1]


@dataclass(frozen=True)
class Experiment:
    """The plan of a simulated experiment; every number is on the scale of action units, 0 to 2.

    Parameters
    ----------
    groups
        Who gets what.
    animals_per_group
        The same number in each.
    timepoints
        The first is the baseline.
    resting, spread
        Mean of an animal's action units without pain, and their SD between animals.
    answers
        Between animals, the SD of what an effect does, as a share of it.
    drift
        What the units of every animal rise by from one timepoint to the next, whatever its group.
    coats
        Given to the animals of each group in turns.
    """

    groups: tuple[SimulatedGroup, ...]
    animals_per_group: int = 5
    timepoints: tuple[str, ...] = (BASELINE, "60min")
    resting: float = 0.12
    spread: float = 0.12
    answers: float = 0.0
    drift: float = 0.0
    coats: tuple[CoatName, ...] = ("white",)

    def cast(self, seed: int) -> list[SimulatedAnimal]:
        """Choose the animals; groups take turns, so that each video shows two of them."""
        rng = np.random.default_rng([61, seed])
        return [self._animal(number, rng) for number in range(self.animals_per_group * self.size)]

    @property
    def size(self) -> int:
        """How many groups there are."""
        return len(self.groups)

    def _animal(self, number: int, rng: np.random.Generator) -> SimulatedAnimal:
        group = self.groups[number % self.size]
        look = int(rng.integers(2**31))
        resting = float(np.clip(rng.normal(self.resting, self.spread), 0, 0.5))
        answer = max(0.0, float(rng.normal(1, self.answers)))
        units = {
            timepoint: float(
                np.clip(resting + place * self.drift + answer * group.effect(place), 0, MOST)
            )
            for place, timepoint in enumerate(self.timepoints)
        }
        # Not in step with the groups: a coat must never stand for a group.
        coat = self.coats[number // self.size % len(self.coats)]
        return SimulatedAnimal(
            f"m{number + 1:02d}", group.name, look, units, coat, group.sleepiness
        )


@dataclass(frozen=True)
class SimulatedAnimal:
    """An animal of a simulated experiment.

    ``units`` is the mean of its five action units at every timepoint.
    """

    name: str
    group: str
    seed: int
    units: Mapping[str, float]
    coat: CoatName
    sleepiness: float

    def filmed(self, timepoint: str) -> FilmedAnimal:
        """Return it as it is at a timepoint."""
        u = self.units[timepoint]
        look = FaceParameters(animal_seed=self.seed, coat=self.coat)
        return FilmedAnimal(self.name, look, (u, u, u, u, u), self.sleepiness)


@dataclass(frozen=True)
class _VideoJob:
    folder: Path
    number: int
    animals: tuple[SimulatedAnimal, ...]
    timepoint: str
    options: VideoOptions
    seed: int


def write_videos(
    folder: Path,
    experiment: Experiment,
    options: VideoOptions,
    seed: int,
    executor: Executor,
    *,
    progress: ProgressCallback = no_progress,
) -> list[tuple[str, ...]]:
    """Draw the videos of an experiment, two animals in each, with their truth beside them.

    Parameters
    ----------
    folder
        Gets a folder ``videos``.
    experiment
        The plan.
    options
        How videos are made.
    seed
        The same seed gives the same videos.
    executor
        Draws several videos at once.
    progress
        Told how many videos are done.

    Returns
    -------
    list of tuple
        The rows of the design, with the columns of `DESIGN_COLUMNS`.
    """
    animals = experiment.cast(seed)
    pairs = [tuple(animals[i : i + 2]) for i in range(0, len(animals), 2)]
    jobs = [
        _VideoJob(folder, number, pair, timepoint, options, seed)
        for number, pair in enumerate(pairs)
        for timepoint in experiment.timepoints
    ]
    rows: list[tuple[str, ...]] = []
    progress("drawing videos", 0, len(jobs))
    for done, video in enumerate(bounded_map(executor, _write_one, jobs, _AHEAD), start=1):
        progress("drawing videos", done, len(jobs))
        rows += video
    return sorted(rows)


def _write_one(job: _VideoJob) -> list[tuple[str, ...]]:
    when = re.sub(r"[^\w.-]+", "-", job.timepoint)
    name = f"{VIDEOS}/{when}_{job.number + 1:02d}.mp4"
    # The folder was called so in 0.1.0: a seed keeps giving the videos it gave.
    seed = zlib.crc32(f"{job.seed} films/{Path(name).name}".encode())
    cast = [animal.filmed(job.timepoint) for animal in job.animals]
    write_video(job.folder / name, cast, job.options, seed)
    zones = [zone for zone, _ in list_zones(len(cast), job.options)]
    return [
        (animal.name, animal.group, job.timepoint, name, zone, animal.coat)
        for animal, zone in zip(job.animals, zones, strict=True)
    ]
