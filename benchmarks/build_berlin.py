"""Time and memory of `amgs models build berlin`, on files of the published form and size.

The pictures of TU Berlin cannot lie here, so drawn faces stand under their names: 3,406 scored
images of 328 mice from five subsets, in a main table of 34,935 rows. What the model learns from
them says nothing; how long it takes and how much memory it needs does.

    python benchmarks/build_berlin.py [--share 1.0] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from amgs.interop.building import build_berlin, scored_faces
from amgs.interop.tu_berlin_faces import read_tu_berlin_faces
from amgs.model.graded import expected_scores
from amgs.model.training.features import View
from amgs.model.training.graded_images import measure_graded
from amgs.model.training.grading import train_graded
from amgs.model.training.options import TrainingOptions
from amgs.model.training.train import open_extractor
from berlin import make_berlin  # type: ignore[import-not-found]

MEGA = 1_000_000


def main() -> None:
    """Make the files, read them, build the model, and print seconds and megabytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the published counts")
    parser.add_argument("--folder", type=Path, help="keep the made files here")
    parser.add_argument("--graded", action="store_true", help="grade each laboratory left out too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary) / "berlin"
        if not folder.exists():
            make_berlin(folder, asked.share)
        began = time.perf_counter()
        facts = read_tu_berlin_faces(folder).facts
        print(f"reading: {time.perf_counter() - began:.1f} s; {dict(facts)}")
        began = time.perf_counter()
        options = TrainingOptions(use_cache=False)
        card = build_berlin(folder, Path(temporary) / "model", options).card
        seconds = time.perf_counter() - began
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGA
        print(f"building: {seconds:.0f} s, at most {most:.0f} MB")
        for name, found in card["laboratories"].items():
            print(name, {key: found.get(key) for key in ("images", "pearson_r", "auc", "reason")})
        if asked.graded:
            grade_left_out(folder)


def grade_left_out(folder: Path) -> None:
    """Print how graded readings agree with the raters of a laboratory that was left out."""
    scored = scored_faces(folder)
    features = open_extractor(TrainingOptions()).extract([View(p) for p in scored.paths]).features
    animals = np.array(scored.animals)
    laboratories = np.array([animal.split("-")[0] for animal in scored.animals])
    for name in np.unique(laboratories):
        out = laboratories == name
        graded = train_graded(features[~out], scored.scores.take(~out), animals[~out], 0)
        expected = expected_scores(graded.head.probabilities(features[out]))
        found = measure_graded(expected, scored.scores.take(out), animals[out], 0)
        units = {unit: round(of["pearson_r"], 2) for unit, of in found["units"].items()}
        print(f"without {name}: r of the mean {found['mgs_per_unit']['pearson_r']:.3f}; {units}")


if __name__ == "__main__":
    main()
