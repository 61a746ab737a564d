"""How often extraction notes possible sleep where synthetic mice sleep, and where they do not.

    python benchmarks/sleep_noticed.py [--seed 100] [--animals 3] [--widths 1280 960 640]
        [--model demo/pilot/models/pilot] [--coats white]

For every size of zone and coat, videos of 150 s with the demo's camera noise: of animals that sleep
much; of animals that do not; of animals in severe pain (eyes nearly shut) that move as all do; and
of animals in severe pain that sit still, for 15 s at a time instead of one. Counted are images that
extraction kept, and whether they are marked. A still animal with shut eyes may be asleep or in
pain: nobody can tell from the video, and the last column says how often that is said. With a model
that reads the action units, a second line says how many are asleep or drowsy by video and model
together. The rules were set on other animals (drawn with the seeds 1 and 2). Up to five minutes
per line.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeAlias

from amgs.prediction.wakefulness import SLEEPING, STATE
from amgs.simulate import behaviour
from amgs.simulate.anatomy import CoatName
from amgs.simulate.behaviour import HOLD_S, SLEEPY
from amgs.simulate.cubicle import VideoOptions
from amgs.simulate.experiment import Experiment, SimulatedGroup
from amgs.simulate.studies import create_synthetic_study, draw_study, true_rows
from amgs.study.study import Study
from amgs.study.summarising import SummaryChoice

Counts: TypeAlias = Counter[tuple[str, bool]]

VIDEO_HEIGHTS = {1280: 720, 960: 540, 640: 360}
COATS: tuple[CoatName, ...] = ("white", "black", "agouti")
RATE, DURATION_S, NOISE_SD, BLUR = 5, 150.0, 5.0, 1.2 / 1920
IN_PAIN, SEVERE, STILL_S = 1.7, 1.5, 15.0


def kind_of(row: dict[str, str]) -> str:
    """Say what a face shows: sleep, severe pain, or neither."""
    if row["behaviour"] == "asleep":
        return "asleep"
    return "in pain" if float(row["orbital_tightening"]) >= SEVERE else "awake"


def hold_for(seconds: float) -> None:
    """Let animals keep a pose for so long, on average; in every process that draws."""
    behaviour.HOLD_S = seconds


def count(
    groups: Sequence[SimulatedGroup],
    coat: CoatName,
    options: VideoOptions,
    given: argparse.Namespace,
    hold_s: float,
) -> tuple[Counts, Counts]:
    """Draw, extract, and count the kept images by what they show and whether they are marked.

    The second counts are of those that are asleep or drowsy by the model; empty without one.
    """
    plan = Experiment(tuple(groups), given.animals, coats=(coat,))
    with (
        tempfile.TemporaryDirectory() as folder,
        create_synthetic_study(Path(folder) / "night", "night", given.seed) as study,
    ):
        with ProcessPoolExecutor(initializer=hold_for, initargs=(hold_s,)) as pool:
            draw_study(study, plan, options, given.seed, pool)
        study.extract()
        return _counted(study, given.model)


def _counted(study: Study, model: Path | None) -> tuple[Counts, Counts]:
    truth = true_rows(study)
    marked = Counter(
        (kind_of(truth[face.image]), face.possible_sleep == "yes")
        for face in study.store.faces.all()
    )
    if model is None:
        return marked, Counter()
    name = study.adopt_model(model).name
    study.classify(name)
    table = study.summarise(SummaryChoice(name)).table
    sleeping = table[STATE].isin(SLEEPING)
    kinds = [kind_of(truth[image.removeprefix("../")]) for image in table["image"]]
    return marked, Counter(zip(kinds, sleeping.tolist(), strict=True))


def main() -> None:
    """Print a line per size and coat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--animals", type=int, default=3)
    parser.add_argument("--widths", type=int, nargs="*", default=list(VIDEO_HEIGHTS))
    parser.add_argument("--coats", nargs="*", default=list(COATS))
    parser.add_argument("--model", type=Path)
    given = parser.parse_args()
    groups = (
        SimulatedGroup("sleepy", (0.0,), 2 * SLEEPY),
        SimulatedGroup("awake", (0.0,), 0.0),
        SimulatedGroup("in pain", (IN_PAIN,), 0.0),
    )
    print("zone       coat         asleep         awake       in pain   in pain, still  (marked)")
    for width in given.widths:
        height = VIDEO_HEIGHTS[width]
        options = VideoOptions(width, height, RATE, DURATION_S, NOISE_SD, BLUR * width)
        for coat in given.coats:
            moving = count(groups, coat, options, given, HOLD_S)
            still = count(groups[2:], coat, options, given, STILL_S)
            _print(f"{width // 2:4d}×{height:4d}  {coat:7s}", moving[0], still[0])
            if given.model:
                _print("  by model too   ", moving[1], still[1])


def _print(name: str, moving: Counts, still: Counts) -> None:
    cells = [
        f"{n[kind, True]} of {n[kind, True] + n[kind, False]}"
        for n, kind in (
            (moving, "asleep"),
            (moving, "awake"),
            (moving, "in pain"),
            (still, "in pain"),
        )
    ]
    print(name, *(f"{c:>13s}" for c in cells), flush=True)


if __name__ == "__main__":
    main()
