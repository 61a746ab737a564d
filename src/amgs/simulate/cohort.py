"""A cohort of synthetic mice: each with a coat and a look of its own, in more or less pain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from amgs.files import write_json
from amgs.jobs import no_progress
from amgs.simulate.anatomy import CoatName, FaceParameters
from amgs.simulate.face import draw_face
from amgs.tables import write_notice, write_table
from amgs.vocabulary import NO_PAIN, PAIN, SYNTHETIC_NOTICE

COAT_SHARES: dict[CoatName, float] = {"white": 0.70, "agouti": 0.18, "black": 0.12}
PAIN_FROM, NO_PAIN_UP_TO = 3.0, 1.0
"""The authors' rule for labels: pain from MGS 3, no pain up to MGS 1, neither between."""

FACES_MARKER = "synthetic_faces.json"
"""Lies in every folder that `write_synthetic_faces` made; only such a folder is replaced."""

BLINKS = 0.02
_MOST_PER_UNIT = 2.0
_UNITS = 5


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticImage:
    """A drawn face with what is true of it.

    ``latent`` is the pain it was drawn with (0–1); ``mgs`` is the sum of five action units as a
    simulated human scored them, with that human's errors.
    """

    animal: str
    number: int
    latent: float
    mgs: float
    rgb: npt.NDArray[np.uint8]

    @property
    def label(self) -> str | None:
        """The label by the authors' rule; ``None`` in between."""
        if self.mgs >= PAIN_FROM:
            return PAIN
        return NO_PAIN if self.mgs <= NO_PAIN_UP_TO else None


def draw_labelled_faces(
    n_animals: int, images_per_animal: int, seed: int
) -> Iterator[SyntheticImage]:
    """Draw the faces of a cohort, animal by animal; the same seed draws the same faces."""
    for index in range(n_animals):
        rng = np.random.default_rng([seed, index])
        base = _random_animal(rng)
        resting = rng.normal(0, 0.12, _UNITS)
        for number in range(images_per_animal):
            latent = float(rng.beta(0.45, 1.2))
            units = np.clip(_MOST_PER_UNIT * latent + resting + rng.normal(0, 0.4, _UNITS), 0, 2)
            rgb = draw_face(_pose(base, units, rng), rng)
            scored = np.clip(np.round(units + rng.normal(0, 0.35, _UNITS)), 0, 2)
            yield SyntheticImage(f"mouse{index + 1:02d}", number, latent, float(scored.sum()), rgb)


def random_face(rng: np.random.Generator) -> FaceParameters:
    """Choose an animal, a pose and five independent action units at random."""
    return _pose(_random_animal(rng), rng.uniform(0, _MOST_PER_UNIT, _UNITS), rng)


def _random_animal(rng: np.random.Generator) -> FaceParameters:
    coats = list(COAT_SHARES)
    return FaceParameters(
        coat=coats[int(rng.choice(len(coats), p=list(COAT_SHARES.values())))],
        animal_seed=int(rng.integers(2**31)),
        background_seed=int(rng.integers(2**31)),
    )


def write_synthetic_faces(
    folder: Path,
    n_animals: int,
    images_per_animal: int,
    seed: int,
    progress: Callable[[str, int, int | None], None] = no_progress,
) -> Path:
    """Draw a cohort into a folder, with ``labels.csv`` (``image,label,animal,mgs``) and a notice.

    Faces with an MGS between the two classes get no label and are left out of the CSV. The options
    are kept in ``synthetic_faces.json``.
    """
    rows = []
    total = n_animals * images_per_animal
    for done, drawn in enumerate(draw_labelled_faces(n_animals, images_per_animal, seed), start=1):
        name = f"{drawn.animal}/face_{drawn.number:03d}.jpg"
        (folder / drawn.animal).mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn.rgb).save(folder / name, quality=92)
        if drawn.label is not None:
            rows.append([name, drawn.label, drawn.animal, f"{drawn.mgs:g}"])
        progress("drawing mice", done, total)
    write_notice(folder, SYNTHETIC_NOTICE)
    made = {"animals": n_animals, "images_per_animal": images_per_animal, "seed": seed}
    write_json(folder / FACES_MARKER, made)
    write_table(folder / "labels.csv", ("image", "label", "animal", "mgs"), rows)
    return folder / "labels.csv"


def _pose(
    base: FaceParameters, units: npt.NDArray[np.floating], rng: np.random.Generator
) -> FaceParameters:
    orbital, nose, cheek, ear, whisker = units.tolist()
    return replace(
        base,
        orbital_tightening=orbital,
        nose_bulge=nose,
        cheek_bulge=cheek,
        ear_position=ear,
        whisker_change=whisker,
        blink=float(rng.uniform(0.5, 1) if rng.uniform() < BLINKS else 0),
        yaw_deg=float(np.clip(rng.normal(0, 16), -40, 40)),
        pitch_deg=float(np.clip(rng.normal(0, 7), -16, 16)),
        tilt_deg=float(np.clip(rng.normal(0, 7), -20, 20)),
        shift_x=float(rng.normal(0, 0.03)),
        shift_y=float(rng.normal(0, 0.03)),
        blur_px=float(0.3 + rng.gamma(2.0, 0.4)),
        noise_sd=float(rng.uniform(2, 9)),
        brightness=float(np.clip(rng.normal(1, 0.12), 0.6, 1.3)),
    )
