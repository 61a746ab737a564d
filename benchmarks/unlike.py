"""How surely images unlike the training images are noticed, and how often like ones are.

A model's training images are drawn white mice. Shown to it: other white mice filmed alike (which
must be quiet), and black mice, agouti mice, another camera, an empty cubicle, and real photographs
where they are at hand. Per image the area under the ROC curve against the white mice, and the share
of recordings (20 images) with an alarm.

    python benchmarks/unlike.py [--seeds 5] [--photographs ../shared/data/mouse_photos]
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from amgs.images import read_image
from amgs.images.reading import RGB
from amgs.model.backbones.networks import Network
from amgs.model.backbones.table import DEFAULT_BACKBONE, find_backbone, locate_backbone
from amgs.model.likeness import Likeness, learn_likeness
from amgs.model.metrics import area_under_curve
from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.face import draw_background, draw_face
from making import pose

EACH = 20
"""Images of a recording."""

LEAST_PX = 60

TRAINED, NEW = 20, 15
"""Animals that are trained with, and new ones."""

HOME = FaceParameters(coat="white", blur_px=0.8, noise_sd=3.0)
OTHERS = {
    "black": replace(HOME, coat="black"),
    "agouti": replace(HOME, coat="agouti"),
    "infrared": replace(HOME, infrared=True),
    "soft focus, noisy": replace(HOME, blur_px=2.2, noise_sd=9.0),
    "darker": replace(HOME, brightness=0.65),
}

BACKBONE = find_backbone(DEFAULT_BACKBONE)
Recordings = list[npt.NDArray[np.float32]]


def features_of(network: Network, pictures: Sequence[RGB]) -> npt.NDArray[np.float32]:
    """Pass pictures through the network."""
    prepared = [BACKBONE.preprocessing.apply(rgb) for rgb in pictures]
    found = [network.features(np.stack(prepared[k : k + 4])) for k in range(0, len(prepared), 4)]
    return np.concatenate(found)


def draw_recording(look: FaceParameters, seed: Sequence[int]) -> list[RGB]:
    """Draw the faces of one animal, in any state."""
    rng = np.random.default_rng(seed)
    base = replace(
        look, animal_seed=int(rng.integers(2**31)), background_seed=int(rng.integers(2**31))
    )
    faces = []
    for _ in range(EACH):
        units = np.clip(2 * rng.beta(0.45, 1.2) + rng.normal(0, 0.3, 5), 0, 2)
        faces.append(draw_face(pose(base, units, rng), rng))
    return faces


def empty_cubicles(seed: int) -> Iterator[list[RGB]]:
    """Draw cubicles without an animal."""
    rng = np.random.default_rng([seed, 5])
    for _ in range(5):
        yield [np.asarray(draw_background(int(rng.integers(2**31)), 300)) for _ in range(EACH)]


def photographs(folder: Path) -> dict[str, list[list[RGB]]]:
    """Cut the marked faces of real photographs, by species and coat, in sets of twenty."""
    document = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    found: dict[str, list[RGB]] = defaultdict(list)
    for entry in document["images"]:
        for face in entry["faces"] if entry["usable"] else ():
            x1, y1, x2, y2 = (round(float(edge)) for edge in face["box"])
            cut = read_image(folder / entry["image"])[max(y1, 0) : y2, max(x1, 0) : x2]
            if min(cut.shape[:2]) >= LEAST_PX:
                found[face["coat"]].append(cut)
    return {
        f"photographs, {name}": [cuts[k : k + EACH] for k in range(0, len(cuts) - EACH + 1, EACH)]
        for name, cuts in found.items()
        if len(cuts) >= EACH
    }


def alarm_rate(likeness: Likeness, recordings: Recordings) -> tuple[float, float]:
    """Return the shares of recordings and of images with an alarm."""
    by_recording = [likeness.distances(features) for features in recordings]
    images = np.concatenate(by_recording) > likeness.image_limit
    return float(np.mean([d.mean() > 1 for d in by_recording])), float(images.mean())


def main() -> None:
    """Draw, measure, and print one line per kind of image."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--photographs", type=Path)
    asked = parser.parse_args()
    real = photographs(asked.photographs) if asked.photographs else {}
    rows: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    with ProcessPoolExecutor() as pool:
        for found in pool.map(partial(measure, real), range(asked.seeds)):
            for name, row in found.items():
                rows[name].append(row)
    print(f"{'shown':32} AUC by image (lowest)  recordings alarmed  images alarmed")
    for name, of_seeds in rows.items():
        auc, recordings, images = np.mean(of_seeds, axis=0)
        lowest = min(row[0] for row in of_seeds)
        print(f"{name:32} {auc:.3f} ({lowest:.3f})  {recordings:18.3f}  {images:14.3f}")


def measure(
    real: Mapping[str, Sequence[Sequence[RGB]]], seed: int
) -> dict[str, tuple[float, float, float]]:
    """Return for every kind of image: AUC, shares of recordings and of images with an alarm."""
    network = Network(locate_backbone(BACKBONE))
    trained = [features_of(network, draw_recording(HOME, [seed, 0, a])) for a in range(TRAINED)]
    animals = np.repeat([f"a{a}" for a in range(TRAINED)], EACH)
    likeness = learn_likeness(np.concatenate(trained), animals, seed)
    assert likeness is not None
    shown = {
        "white, other animals": [
            features_of(network, draw_recording(HOME, [seed, 1, a])) for a in range(NEW)
        ]
    }
    for number, (name, look) in enumerate(OTHERS.items(), start=2):
        shown[name] = [
            features_of(network, draw_recording(look, [seed, number, a])) for a in range(6)
        ]
    shown["empty cubicle"] = [features_of(network, empty) for empty in empty_cubicles(seed)]
    for name, sets in real.items():
        shown[name] = [features_of(network, cuts) for cuts in sets]
    at_home = likeness.distances(np.concatenate(shown["white, other animals"]))
    found = {}
    for name, recordings in shown.items():
        distances = likeness.distances(np.concatenate(recordings))
        unlike = np.repeat([False, True], [len(at_home), len(distances)])
        auc = area_under_curve(unlike, np.concatenate([at_home, distances]))
        found[name] = (float(auc or np.nan), *alarm_rate(likeness, recordings))
    return found


if __name__ == "__main__":
    main()
