"""What the benchmarks work on: many images of the size of the authors', and a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from amgs.model.backbones.table import DEFAULT_BACKBONE, find_backbone, locate_backbone
from amgs.model.bundle import save_model
from amgs.model.training.heads import Head
from amgs.simulate import draw_labelled_faces
from amgs.simulate.anatomy import FaceParameters

AUTHORS_SIZE = (468, 546)
"""Width and height of a face image of the original authors."""

PER_FOLDER = 1_000


def make_images(folder: Path, count: int, distinct: int = 100) -> Path:
    """Write JPEGs in nested folders: synthetic faces, several times each, brighter or darker."""
    drawn = [d.rgb for d in draw_labelled_faces(max(1, distinct // 10), 10, seed=5)]
    big = [Image.fromarray(rgb).resize(AUTHORS_SIZE, Image.Resampling.BICUBIC) for rgb in drawn]
    rng = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"{number // PER_FOLDER:03d}" / f"{number:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        factor = float(rng.uniform(0.8, 1.2))
        big[number % len(big)].point(lambda v, f=factor: v * f).save(path, quality=90)
    return folder


def make_model(folder: Path) -> Path:
    """Write a model with a random head: speed does not depend on what it learned."""
    backbone = find_backbone(DEFAULT_BACKBONE)
    rng = np.random.default_rng(0)
    weights = (0.05 * rng.standard_normal(backbone.n_features)).astype(np.float32)
    head = Head(weights, 0.0)
    network_file = locate_backbone(backbone)
    save_model(folder, head, network_file, backbone.preprocessing, {}, parts={})
    return folder


def pose(
    animal: FaceParameters, units: npt.NDArray[np.floating], rng: np.random.Generator
) -> FaceParameters:
    """Give a drawn animal five action units, and turn its head by chance."""
    orbital, nose, cheek, ear, whisker = units.tolist()
    return replace(
        animal,
        orbital_tightening=orbital,
        nose_bulge=nose,
        cheek_bulge=cheek,
        ear_position=ear,
        whisker_change=whisker,
        yaw_deg=float(np.clip(rng.normal(0, 16), -40, 40)),
        pitch_deg=float(np.clip(rng.normal(0, 7), -16, 16)),
        tilt_deg=float(np.clip(rng.normal(0, 7), -20, 20)),
    )
