"""How often extraction notes possible sleep where synthetic mice sleep, and where they do not.

    python benchmarks/sleep_noticed.py [--seed 100] [--animals 3]

For every size of zone and coat, videos of 150 s, each with an animal that sleeps much and one that
does not, with the demo's camera noise. Counted are images that extraction kept, and whether they
are marked. The rule was set on other animals (drawn with the seeds 1 and 2). Two minutes per line.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from amgs.simulate.anatomy import CoatName
from amgs.simulate.behaviour import SLEEPY
from amgs.simulate.cubicle import VideoOptions
from amgs.simulate.experiment import Experiment, SimulatedGroup
from amgs.simulate.studies import create_synthetic_study, draw_study, true_rows
from amgs.study.study import Study

VIDEO_PX = ((1280, 720), (960, 540), (640, 360))
COATS: tuple[CoatName, ...] = ("white", "black", "agouti")
RATE, DURATION_S, NOISE_SD, BLUR = 5, 150.0, 5.0, 1.2 / 1920


def count(study: Study) -> Counter[tuple[bool, bool]]:
    """Count the kept images by whether the animal sleeps and whether they are marked."""
    truth = true_rows(study)
    return Counter(
        (truth[face.image]["behaviour"] == "asleep", face.possible_sleep == "yes")
        for face in study.store.faces.all()
    )


def main() -> None:
    """Print a line per size and coat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--animals", type=int, default=3)
    given = parser.parse_args()
    groups = (SimulatedGroup("sleepy", (0.0,), 2 * SLEEPY), SimulatedGroup("awake", (0.0,), 0.0))
    print("zone       coat    asleep: marked    awake: marked")
    for width, height in VIDEO_PX:
        options = VideoOptions(width, height, RATE, DURATION_S, NOISE_SD, BLUR * width)
        for coat in COATS:
            plan = Experiment(groups, given.animals, ("baseline",), coats=(coat,))
            with (
                tempfile.TemporaryDirectory() as folder,
                create_synthetic_study(Path(folder) / "night", "night", given.seed) as study,
            ):
                with ProcessPoolExecutor() as pool:
                    draw_study(study, plan, options, given.seed, pool)
                study.extract()
                n = count(study)
            asleep = f"{n[True, True]} of {n[True, True] + n[True, False]}"
            awake = f"{n[False, True]} of {n[False, True] + n[False, False]}"
            print(f"{width // 2:4d}×{height:4d}  {coat:7s}{asleep:>14s}{awake:>17s}", flush=True)


if __name__ == "__main__":
    main()
