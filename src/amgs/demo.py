"""The first five minutes: a drawn laboratory, from its films to its report.

Two studies, as a laboratory would do it: in the *pilot*, people score faces and a model is trained;
in the *experiment*, films of other animals are classified by it. All mice are drawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.config import thread_count
from amgs.files import whole_folder
from amgs.jobs import ProgressCallback, map_ahead, no_progress

if TYPE_CHECKING:
    from amgs.study import Study

PILOT_ANIMALS, PILOT_FACES = 18, 7
GROUPS = {"sham": 0.05, "surgery": 1.15, "surgery + analgesic": 0.45}
"""What each group's action units rise by after surgery, on the scale from 0 to 2."""

ANIMALS_PER_GROUP = 5
FILM_S, FILM_RATE, FILM_SIZE = 24.0, 10, (800, 450)
INTERVAL_S = 2.0
SCORED_PER_RECORDING = 2
BASELINE, AFTER = "baseline", "60min"
RATERS = ("Rater one", "Rater two")
MARKER = "amgs-demo.txt"
REPORT = "experiment/results/report.html"

NOTICE = (
    "These mice are drawn, not filmed; none was in pain. The numbers say nothing about real mice."
)

NEXT_COMMANDS = (
    "amgs new my-study",
    "amgs check my-study       (after filling in my-study/recordings.csv)",
    "amgs extract my-study     then: amgs score my-study",
)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Where the demo lies and how it came out."""

    folder: Path
    page: Path
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Animal:
    """A drawn animal and what its action units are at rest."""

    name: str
    group: str
    seed: int
    resting: float

    def units(self, timepoint: str) -> float:
        """Return the mean of its units at a timepoint."""
        return max(0.0, self.resting + (GROUPS[self.group] if timepoint == AFTER else 0.0))


def run_demo(
    folder: Path,
    seed: int = 0,
    *,
    overwrite: bool = False,
    progress: ProgressCallback = no_progress,
) -> DemoResult:
    """Draw a laboratory, and go the whole way with it.

    Parameters
    ----------
    folder
        Gets two studies, ``pilot`` and ``experiment``.
    seed
        The same seed gives the same demo.
    overwrite
        Replace an earlier demo.
    progress
        Told what is going on.

    Raises
    ------
    OutputExistsError
        If the folder exists and `overwrite` is false.
    """
    with whole_folder(folder, MARKER, overwrite=overwrite) as work:
        (work / MARKER).write_text(NOTICE + "\n", encoding="utf-8")
        with ProcessPoolExecutor(thread_count()) as pool:
            card = _pilot(work / "pilot", seed, pool, progress)
            comparison = _experiment(work / "experiment", work, seed, pool, progress)
    document = {"model": card["metrics"]["test"], "comparison": comparison}
    return DemoResult(folder, folder / REPORT, document)


def _cast(n: int, seed: int, groups: Sequence[str]) -> list[_Animal]:
    import numpy as np

    rng = np.random.default_rng([61, seed])
    return [
        _Animal(
            f"m{number + 1:02d}",
            groups[number % len(groups)],
            int(rng.integers(2**31)),
            float(np.clip(rng.normal(0.12, 0.12), 0, 0.5)),
        )
        for number in range(n)
    ]


def _pilot(
    folder: Path, seed: int, pool: ProcessPoolExecutor, progress: ProgressCallback
) -> dict[str, Any]:
    """Faces of the pilot animals, scored by two raters, and a model trained on them."""
    from amgs.model.train import TrainingOptions

    animals = _cast(PILOT_ANIMALS, seed, list(GROUPS))
    with _new_study(folder, "Pilot (drawn mice)", seed) as study:
        truth: dict[str, dict[str, float]] = {}
        jobs = [(folder, animal, t, seed) for animal in animals for t in (BASELINE, AFTER)]
        for drawn in _in_processes(pool, _draw_faces, jobs, "drawing the pilot's faces", progress):
            truth |= drawn
        rows = [
            (a.name, a.group, t, f"films/{a.name}_{t}", "full")
            for a in animals
            for t in (BASELINE, AFTER)
        ]
        _write_design(folder, rows)
        study.extract(progress=progress)
        shown = {face.image: truth[face.content] for face in study.store.faces.all()}
        _score(study, shown, seed, progress)
        return study.train("pilot", TrainingOptions(seed=seed, use_cache=False), progress=progress)


def _experiment(
    folder: Path, work: Path, seed: int, pool: ProcessPoolExecutor, progress: ProgressCallback
) -> dict[str, Any]:
    """Films of other animals: extracted, classified by the pilot's model, compared, reported."""
    from amgs.report.gather import ComparisonChoice
    from amgs.study.answering import comparison_file
    from amgs.study.reporting import report_study
    from amgs.study.unblinding import unblind

    animals = _cast(ANIMALS_PER_GROUP * len(GROUPS), seed + 1000, list(GROUPS))
    with _new_study(folder, "Drawn mice after surgery", seed) as study:
        pairs = [animals[i : i + 2] for i in range(0, len(animals), 2)]
        jobs = [
            (folder, number, pair, t, seed)
            for number, pair in enumerate(pairs)
            for t in (BASELINE, AFTER)
        ]
        rows: list[tuple[str, ...]] = []
        for film in _in_processes(pool, _draw_film, jobs, "drawing films", progress):
            rows += film
        _write_design(folder, sorted(rows))
        study.extract(progress=progress)
        _score(study, _truth_of_films(study), seed + 1, progress)
        model = work / "pilot" / "models" / "pilot"
        study.adopt_model(model)
        study.classify(study.model_folder(), progress)
        unblind(study, "the demo", "all simulated raters have finished")
        report_study(study, ComparisonChoice(), progress=progress)
        kept = comparison_file(study, "pct_pain").read_text(encoding="utf-8")
        document: dict[str, Any] = json.loads(kept)
    return document


def _new_study(folder: Path, name: str, seed: int) -> Study:
    """Lay out a study whose settings fit short films, and that says that its mice are drawn."""
    from amgs.study import Study

    Study.create(folder, name, seed=seed).store.close()
    settings = folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("interval_s = 10.0", f"interval_s = {INTERVAL_S}")
    if folder.name == "experiment":
        text = text.replace(
            "images_per_recording = 0", f"images_per_recording = {SCORED_PER_RECORDING}"
        )
    settings.write_text(text, encoding="utf-8")
    (folder / "notice.txt").write_text(NOTICE + "\n", encoding="utf-8")
    return Study.open(folder)


def _write_design(folder: Path, rows: Sequence[Sequence[str]]) -> None:
    from amgs.tables import write_table

    columns = ("animal", "group", "timepoint", "film", "zone")
    write_table(folder / "recordings.csv", columns, rows)


def _in_processes(
    pool: ProcessPoolExecutor,
    function: Callable[[Any], Any],
    jobs: Sequence[Any],
    what: str,
    progress: ProgressCallback,
) -> Iterator[Any]:
    progress(what, 0, len(jobs))
    for done, result in enumerate(map_ahead(pool, function, jobs, 4), start=1):
        progress(what, done, len(jobs))
        yield result


def _draw_faces(job: tuple[Path, _Animal, str, int]) -> dict[str, dict[str, float]]:
    """Draw the faces of an animal at a timepoint; return the truth by the content of each file."""
    import zlib
    from dataclasses import replace

    import numpy as np
    from PIL import Image

    from amgs.provenance import hash_file
    from amgs.simulate.anatomy import FaceParameters
    from amgs.simulate.behaviour import UNIT_SD, UNITS
    from amgs.simulate.face import draw_face

    folder, animal, timepoint, seed = job
    place = folder / "films" / f"{animal.name}_{timepoint}"
    place.mkdir(parents=True)
    rng = np.random.default_rng([67, seed, zlib.crc32(place.name.encode())])
    base = FaceParameters(animal_seed=animal.seed, background_seed=animal.seed)
    truth = {}
    for number in range(PILOT_FACES):
        values = np.clip(rng.normal(animal.units(timepoint), UNIT_SD, len(UNITS)), 0, 2)
        units = dict(zip(UNITS, values.tolist(), strict=True))
        face = replace(
            base,
            **units,
            yaw_deg=float(np.clip(rng.normal(0, 13), -35, 35)),
            pitch_deg=float(np.clip(rng.normal(0, 6), -14, 14)),
            tilt_deg=float(np.clip(rng.normal(0, 5), -14, 14)),
            blur_px=float(0.4 + rng.gamma(2.0, 0.3)),
            noise_sd=float(rng.uniform(2, 7)),
            brightness=float(np.clip(rng.normal(1, 0.1), 0.7, 1.25)),
        )
        path = place / f"{number}.jpg"
        Image.fromarray(draw_face(face, rng)).save(path, quality=92)
        truth[hash_file(path)] = units
    return truth


def _draw_film(job: tuple[Path, int, list[_Animal], str, int]) -> list[tuple[str, ...]]:
    """Draw one film of one or two animals; return the lines of the design."""
    from amgs.simulate.anatomy import FaceParameters
    from amgs.simulate.behaviour import FilmedAnimal
    from amgs.simulate.cubicle import FilmOptions, zones_of
    from amgs.simulate.film import write_film

    folder, number, pair, timepoint, seed = job
    cast = []
    for animal in pair:
        mean = animal.units(timepoint)
        look = FaceParameters(animal_seed=animal.seed)
        cast.append(FilmedAnimal(animal.name, look, (mean,) * 5, sleepiness=0.004))
    options = FilmOptions(*FILM_SIZE, FILM_RATE, FILM_S)
    name = f"films/{timepoint}_{number + 1:02d}.mp4"
    write_film(folder / name, cast, options, seed * 1000 + number * 2 + (timepoint == AFTER))
    zones = [zone for zone, _ in zones_of(len(pair), options)]
    return [
        (animal.name, animal.group, timepoint, name, zone)
        for animal, zone in zip(pair, zones, strict=True)
    ]


def _truth_of_films(study: Study) -> dict[str, dict[str, float]]:
    """Return the action units of every extracted face, from the truth beside its film."""
    from amgs.simulate.behaviour import UNITS
    from amgs.tables import read_table

    planned, films = study.planned(), {}
    truth = {}
    for face in study.store.faces.all():
        r = planned[face.recording]
        path = study.folder / r.film
        if path not in films:
            table = read_table(path.with_name(f"{path.stem}_truth.csv"), required=("frame",))
            films[path] = {
                (row["animal"], int(row["frame"])): row for row in table.to_dict("records")
            }
        row = films[path][r.animal, int(face.frame or 0)]
        truth[face.image] = {unit: float(row[unit]) for unit in UNITS}
    return truth


def _score(
    study: Study,
    truth: dict[str, dict[str, float]],
    seed: int,
    progress: ProgressCallback,
) -> None:
    """Let two simulated raters score in the study's own scoring room."""
    from amgs.simulate.raters import SimulatedRater

    room = study.room()
    for number, name in enumerate(RATERS):
        rater = room.sign_in(name).rater
        person = SimulatedRater(10 * seed + number)
        order = study.store.scoring.order(rater.id)
        for done, shown in enumerate(order, start=1):
            for unit, score in person.score(truth[shown.image]).items():
                room.answer(shown, unit, score)
            progress(f"{name} scores", done, len(order))
