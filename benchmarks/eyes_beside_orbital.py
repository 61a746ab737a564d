"""A trained model beside the built-in `orbital`, on photographs that neither was trained with.

    python benchmarks/eyes_beside_orbital.py ../shared/data/mouse_photos

Both read the same face images: the marked boxes with the margin of `amgs extract`, of the
photographs that the detector behind `orbital` was kept from. The model is trained by `amgs train`'s
recipe on all other photographs, with "an eye is not open" as label. Area under the ROC curve of
that, faces without a reading by `orbital` counting as its middle; the difference with its 95 %
interval, photographs resampled.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from amgs.faces.crop import DEFAULT_MARGIN, crop_face
from amgs.images import read_image
from amgs.model.metrics import area_under_curve
from amgs.model.training.options import TrainingOptions
from amgs.model.training.splits import assign_folds
from amgs.model.training.train import train_model
from amgs.prediction.orbital import OrbitalReader
from amgs.prediction.pain import PainReader
from amgs.vocabulary import NO_PAIN, PAIN, LabelledImage
from finder_training.photographs import Photograph, load_photographs, split_photographs

DRAWS = 2000


def cut(photographs: list[Photograph], folder: Path) -> tuple[list[Path], list[bool], list[str]]:
    """Cut the faces with a visible eye; return files, whether an eye is not open, photographs."""
    files, not_open, names = [], [], []
    for photograph in photographs:
        for number, face in enumerate(photograph.faces):
            if not face.eyes:
                continue
            path = folder / f"{Path(photograph.name).stem}_{number}.png"
            Image.fromarray(crop_face(photograph.rgb, face.box, DEFAULT_MARGIN)).save(path)
            files.append(path)
            not_open.append(any(eye.state != "open" for eye in face.eyes))
            names.append(photograph.name)
    return files, not_open, names


def train(files: list[Path], not_open: list[bool], names: list[str], folder: Path) -> PainReader:
    """Train as `amgs train` does, a tenth for validation and a tenth for its own test."""
    truth = np.array(not_open)
    folds = assign_folds(truth, np.array(names), 10, 0)
    parts = np.where(folds == 0, "test", np.where(folds == 1, "validation", "train")).tolist()
    images = [
        LabelledImage(path, path.name, PAIN if shut else NO_PAIN, animal=name, part=part)
        for path, shut, name, part in zip(files, not_open, names, parts, strict=True)
    ]
    train_model(images, folder, TrainingOptions(use_cache=False))
    return PainReader(folder)


def auc_of(truth: npt.NDArray[np.bool_], said: npt.NDArray[np.float64]) -> float:
    """Return the area under the ROC curve, NaN where one class is missing."""
    found = area_under_curve(truth, said)
    return float("nan") if found is None else found


def main() -> None:
    """Print both areas and their difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path)
    given = parser.parse_args()
    known, kept_apart = split_photographs(load_photographs(given.photographs))
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        (work / "known").mkdir()
        (work / "new").mkdir()
        reader = train(*cut(known, work / "known"), work / "model")
        files, not_open, names = cut(kept_apart, work / "new")
        pixels = [read_image(path) for path in files]
        model = np.array([r.number("p_pain") for r in reader.read(pixels)], float)
        orbital = np.array([r.number("p_narrowed") for r in OrbitalReader().read(pixels)], float)
    truth, missing = np.array(not_open), np.isnan(orbital)
    orbital[missing] = np.nanmedian(orbital)
    units, member = np.unique(names, return_inverse=True)
    rng = np.random.default_rng(0)
    differences = []
    for _ in range(DRAWS):
        drawn = rng.integers(0, len(units), len(units))
        rows = np.concatenate([np.flatnonzero(member == unit) for unit in drawn])
        differences.append(auc_of(truth[rows], model[rows]) - auc_of(truth[rows], orbital[rows]))
    low, high = np.nanquantile(differences, [0.025, 0.975])
    a, b = auc_of(truth, model), auc_of(truth, orbital)
    print(
        f"{len(truth)} faces of {len(units)} photographs, {truth.sum()} with an eye not open; "
        f"orbital had no reading of {missing.sum()}\n"
        f"model {a:.3f}, orbital {b:.3f}, difference {a - b:+.3f} ({low:+.3f} to {high:+.3f})"
    )


if __name__ == "__main__":
    main()
