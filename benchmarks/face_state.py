"""What the built-in model `face` reads of ears, beside the truth.

    python benchmarks/face_state.py [--photographs FOLDER] [--seeds 11 12 13]

On synthetic faces: how many can be read; r of the width ratio of the ears with the drawn action
unit, over all and within animals (each minus its own mean); and r of the angle between roots and
ends of ears, which is not offered. On photographs kept apart from training (with the folder of
marked ones): how well the ratio and the angle agree with hand marks.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import pearsonr

from amgs.faces.base import FoundEar, FoundFace
from amgs.faces.detections import Point, iou
from amgs.faces.detectors import open_detector
from amgs.prediction.face_state import measure_ears
from amgs.prediction.orbital import MIN_FACE_SCORE, find_main_face
from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face

ANIMALS, EACH = 25, 16


def spread_of(ears: list[tuple[Point | None, Point | None]], nose: Point | None) -> float | None:
    """Return the mean angle of two ears, root to end, outwards from the axis of the head."""
    if nose is None or len(ears) != 2 or any(end is None for ear in ears for end in ear):
        return None
    roots, ends = np.array(ears, float).transpose(1, 0, 2)
    axis = roots.mean(0) - np.array(nose)
    axis /= np.linalg.norm(axis)
    across = np.array([-axis[1], axis[0]])
    side = np.sign((roots - roots.mean(0)) @ across)
    along = ends - roots
    return float(np.degrees(np.arctan2((along @ across) * side, along @ axis)).mean())


def ends_of(ears: tuple[FoundEar, ...]) -> list[tuple[Point | None, Point | None]]:
    """Return roots and ends."""
    return [(ear.base, ear.tip) for ear in ears]


def synthetic(seed: int) -> None:
    """Print a line for one set of drawn faces."""
    detector, rng = open_detector(), np.random.default_rng(seed)
    rows: list[tuple[int, float, float, float]] = []
    for animal in range(ANIMALS):
        own = random_face(rng)
        for _ in range(EACH):
            other = random_face(rng)
            face = replace(other, animal_seed=own.animal_seed, coat=own.coat)
            found = find_main_face(detector, draw_face(face, rng))
            ratio = None if found is None else measure_ears(found)
            angle = None if found is None else spread_of(ends_of(found.ears), found.nose)
            missing = float("nan")
            rows.append((animal, face.ear_position, ratio or missing, angle or missing))
    table = np.array(rows)
    read, angled = np.isfinite(table[:, 2]), np.isfinite(table[:, 3])
    of_all = pearsonr(table[read, 1], table[read, 2])[0]
    of_angle = pearsonr(table[angled, 1], table[angled, 3])[0]
    own_means = within(table[read])
    print(
        f"drawn, seed {seed}: read {read.mean():.0%} of {len(table)}; r with ear position "
        f"{of_all:.2f}, within animals {own_means:.2f}; of the angle {of_angle:.2f}"
    )


def within(table: np.ndarray) -> float:
    """Return r of unit and ratio, each minus its animal's mean."""
    by_animal = defaultdict(list)
    for row in table:
        by_animal[row[0]].append(row[1:3])
    centred = np.concatenate([np.array(v) - np.mean(v, 0) for v in by_animal.values()])
    return float(pearsonr(centred[:, 0], centred[:, 1])[0])


def photographs(folder: Path) -> None:
    """Print how ratio and angle agree with the marks of photographs kept apart."""
    from finder_training.photographs import load_photographs, split_photographs

    detector = open_detector()
    _, kept_apart = split_photographs(load_photographs(folder))
    ratios, angles, two_ears = [], [], 0
    for photograph in kept_apart:
        found = detector.find(photograph.rgb, MIN_FACE_SCORE)
        for marked in photograph.faces:
            two_ears += len(marked.ears) == 2
            same: list[FoundFace] = [f for f in found if iou(f.box, marked.box) >= 0.5]
            if not same:
                continue
            face = max(same, key=lambda f: f.score)
            ratio = measure_ears(face)
            if ratio is not None and len(marked.ears) == 2:
                by_hand = [(b[2] - b[0]) / (b[3] - b[1]) for b in (e.box for e in marked.ears)]
                ratios.append((np.mean(by_hand), ratio))
            said = spread_of(ends_of(face.ears), face.nose)
            true = spread_of([(e.base, e.tip) for e in marked.ears], marked.nose)
            if said is not None and true is not None:
                angles.append((true, said))
    for name, pairs in (("width ratio", ratios), ("angle", angles)):
        hand, said = np.array(pairs).T
        print(
            f"photographs kept apart, {name}: {len(pairs)} of {two_ears} faces with two ears; r "
            f"with the marks {pearsonr(hand, said)[0]:.2f}, median error "
            f"{np.median(np.abs(hand - said)):.3g} (SD of the marks {hand.std():.3g})"
        )


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[11, 12, 13])
    given = parser.parse_args()
    for seed in given.seeds:
        synthetic(seed)
    if given.photographs:
        photographs(given.photographs)


if __name__ == "__main__":
    main()
