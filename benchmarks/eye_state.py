"""Both recipes and both backbones on real photographs, told by eye state.

Faces are cut from photographs by their marked boxes (`--photos`: a folder with annotations.json).
A face counts as `pain` here when any visible eye is narrowed or closed, which is the orbital
tightening of the scale and nothing more: nobody knows whether these animals were in pain. Five
seeds; each holds back a different fifth of the photographs, near-duplicates kept together, so that
over the seeds every face is tested once.

    python benchmarks/eye_state.py --photos ../shared/data/mouse_photos [--weights INCEPTION_FILE]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from amgs.images import find_near_duplicates, perceptual_hash, read_image
from amgs.model.metrics import area_under_curve, count_confusion
from amgs.model.training.options import TrainingOptions
from amgs.model.training.recipes import RECIPES
from amgs.model.training.splits import assign_folds
from amgs.model.training.train import train_model
from amgs.prediction import ImageToClassify, classify_images, open_reader
from amgs.prediction.sinks import ListSink
from amgs.vocabulary import NO_PAIN, PAIN, LabelledImage

N_SEEDS = 5


def cut_faces(photos: Path, folder: Path) -> tuple[list[Path], npt.NDArray[np.bool_], list[str]]:
    """Cut every face with a visible eye; return files, whether an eye is not open, photographs."""
    annotations = json.loads((photos / "annotations.json").read_text(encoding="utf-8"))
    files, not_open, sources = [], [], []
    for record in annotations["images"]:
        faces = [face for face in record["faces"] if face["eyes"]] if record["usable"] else []
        if not faces:
            continue
        with Image.open(photos / record["image"]) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        for number, face in enumerate(faces):
            left, top, right, bottom = face["box"]
            box = (
                max(0, round(left)),
                max(0, round(top)),
                min(picture.width, round(right)),
                min(picture.height, round(bottom)),
            )
            path = folder / f"{Path(record['image']).stem}_{number}.png"
            picture.crop(box).save(path)
            files.append(path)
            not_open.append(any(eye["state"] != "open" for eye in face["eyes"]))
            sources.append(record["image"])
    return files, np.array(not_open), sources


def join_sources(files: list[Path], sources: list[str]) -> npt.NDArray[np.str_]:
    """Name photographs that share a near-duplicate face alike."""
    looks = np.stack([perceptual_hash(read_image(path)) for path in files])
    name = {source: source for source in sources}
    for i, j in find_near_duplicates(looks):
        old, new = name[sources[j]], name[sources[i]]
        name = {source: new if called == old else called for source, called in name.items()}
    return np.array([name[source] for source in sources])


def test_once(
    files: list[Path],
    not_open: npt.NDArray[np.bool_],
    units: npt.NDArray[np.str_],
    parts: npt.NDArray[np.str_],
    folder: Path,
    options: TrainingOptions,
) -> npt.NDArray[np.float64]:
    """Train on two parts and return p_pain for the faces held back."""
    images = [
        LabelledImage(path, path.name, PAIN if p else NO_PAIN, animal=unit, part=part)
        for path, p, unit, part in zip(
            files, not_open.tolist(), units.tolist(), parts.tolist(), strict=True
        )
    ]
    train_model(images, folder, options, overwrite=True)
    reader = open_reader(folder)
    sink = ListSink((), reader.outputs)
    held_back = [ImageToClassify(i.path, i.name) for i in images if i.part == "test"]
    classify_images(reader, held_back, len(held_back), sink)
    return np.array([float(row["p_pain"]) for row in sink.rows])


def main() -> None:
    """Print one row per backbone and recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="weights for inception_v3")
    arguments = parser.parse_args()
    backbones: list[tuple[str, Path | None]] = [("efficientnet_lite0", None)]
    if arguments.weights:
        backbones.append(("inception_v3", arguments.weights))
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        (work / "faces").mkdir()
        files, not_open, sources = cut_faces(arguments.photos, work / "faces")
        units = join_sources(files, sources)
        folds = assign_folds(not_open, units, N_SEEDS, 0)
        print(f"{len(files)} faces, {not_open.sum()} with an eye not open, {len(set(units))} units")
        print(f"majority: accuracy {1 - not_open.mean():.3f}, balanced accuracy 0.500, AUC 0.500")
        for backbone, weights in backbones:
            for recipe in RECIPES:
                options = TrainingOptions(backbone=backbone, recipe=recipe, weights=weights)
                report(files, not_open, units, folds, work, options)


def report(
    files: list[Path],
    not_open: npt.NDArray[np.bool_],
    units: npt.NDArray[np.str_],
    folds: npt.NDArray[np.intp],
    work: Path,
    options: TrainingOptions,
) -> None:
    """Run all seeds of one combination and print the row."""
    aucs: list[float] = []
    balanced: list[float] = []
    for seed in range(N_SEEDS):
        inner = assign_folds(not_open, units, 10, seed + 100)
        parts = np.where(folds == seed, "test", np.where(inner == 0, "validation", "train"))
        seeded = replace(options, seed=seed)
        p = test_once(files, not_open, units, parts, work / "model", seeded)
        truth = not_open[folds == seed]
        aucs.append(area_under_curve(truth, p) or 0.0)
        balanced.append(count_confusion(truth, p >= 0.5).balanced_accuracy or 0.0)
    name = f"{options.backbone:20s} {options.recipe:6s}"
    print(f"{name} AUC {_spread(aucs)}  balanced accuracy {_spread(balanced)}", flush=True)


def _spread(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f} {np.round(values, 3)}"


if __name__ == "__main__":
    main()
