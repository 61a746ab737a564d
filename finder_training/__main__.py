"""Train the detector and write its network, measures and card.

    python -m finder_training --photographs FOLDER --out FOLDER

The folder of photographs holds `annotations.json`. Interrupted, the same command goes on. Copy
`finder.onnx` and `card.md` into `src/amgs/data/face_finder/` to ship them.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from amgs.faces.centre_net import DEFAULT_MIN_SCORE, INPUT_PX, CentreNet
from amgs.files import write_json
from amgs.model.metrics import wilson_interval
from amgs.provenance import hash_file
from finder_training.augmentation import augment_appearance
from finder_training.card import write_card
from finder_training.export import export_finder
from finder_training.eyes import shut_eyes
from finder_training.fit import FINISH, FitOptions, fit, mean_network
from finder_training.measure import cut_without_faces, measure
from finder_training.network import FinderNetwork
from finder_training.photographs import Photograph, load_photographs, split_photographs
from finder_training.scenes import cut_scene

VALIDATION_SHARE = 0.2
ALTERED_FILL, ALTERED_SHUT = 0.25, 0.4


def main() -> None:
    """Train, export, measure, write the card."""
    parser = argparse.ArgumentParser(prog="python -m finder_training", description=__doc__)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=FitOptions().steps)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    photographs = load_photographs(arguments.photographs)
    training, validation = split_photographs(photographs, VALIDATION_SHARE, arguments.seed)
    say(f"{len(training)} photographs to train with, {len(validation)} held back")
    options = replace(FitOptions(), steps=arguments.steps, seed=arguments.seed)
    first = fit(training, options, arguments.out / "first.pt", say)
    finish = replace(FINISH, seed=arguments.seed + 1)
    second = fit(training, finish, arguments.out / "second.pt", say, begin_with=first)
    network = mean_network(first, second)
    path = arguments.out / "finder.onnx"
    export_finder(network, path)
    report(path, network, training, validation)


def report(
    path: Path,
    network: FinderNetwork,
    training: list[Photograph],
    validation: list[Photograph],
) -> None:
    """Measure the exported network and write `measures.json` and `card.md` beside it."""
    detector = CentreNet(path)
    tallies = measure(detector, validation)
    negatives = count_false(detector, validation)
    facts: dict[str, Any] = {
        "sha256": hash_file(path),
        "megabytes": path.stat().st_size / 1e6,
        "parameters": sum(p.numel() for p in network.parameters()) / 1e6,
        "min_score": DEFAULT_MIN_SCORE,
        "negatives": negatives,
        "altered": measure_altered(detector, validation),
        "calibration_error": tallies["all"].summary()["eye_state_calibration_error"],
    }
    summaries = {name: tally.summary() for name, tally in tallies.items()}
    write_json(path.with_name("measures.json"), {**facts, "measures": summaries})
    card = write_card(tallies, training, validation, facts)
    path.with_name("card.md").write_text(card, encoding="utf-8", newline="\n")
    say(json.dumps(summaries["all"], indent=1))
    say(negatives)


def measure_altered(detector: CentreNet, validation: list[Photograph]) -> str:
    """Say how good the detector is on the photographs altered as a laboratory's camera may do."""
    rng = np.random.default_rng(11)
    altered = []
    for photograph in [p for p in validation if p.faces] * 3:
        scene = shut_eyes(cut_scene(photograph, INPUT_PX, rng, ALTERED_FILL), ALTERED_SHUT, rng)
        scene = augment_appearance(scene, rng)
        if scene.faces and not scene.ignored:
            altered.append(Photograph(photograph.name, scene.rgb, scene.faces))
    found = measure(detector, altered)["all"].summary()
    recall, precision = found["recall"]["value"], found["precision"]["value"]
    auc, eyes = found["eye_state_auc"], found["eyes_found"]["value"]
    return (
        f"On {len(altered)} cuts of the same photographs, altered as strongly as in training "
        "(grey, dim, barred, blurred, noisy; open eyes of two faces in five drawn narrow or shut): "
        f"recall {recall:.2f}, precision {precision:.2f}, eyes found {eyes:.2f}, "
        f"median error {found['eye_error']:.1%}, eye state AUC {auc['value']:.3f} "
        f"({auc['interval'][0]:.2f}–{auc['interval'][1]:.2f}) with {found['eyes_not_open']} "
        f"eyes not open, calibration error {found['eye_state_calibration_error']:.3f}."
    )


def count_false(detector: CentreNet, validation: list[Photograph]) -> str:
    """Say in how many images without a face a face is found."""
    squares = cut_without_faces(validation, 3, 0)
    false = sum(bool(detector.find(square)) for square in squares)
    low, high = wilson_interval(false, len(squares)) or (0.0, 1.0)
    return (
        f"Of {len(squares)} squares cut from the same photographs beside the faces (hands, "
        f"bedding, bodies of the animals), {false} were said to hold a face: "
        f"{false / len(squares):.1%} ({low:.1%}–{high:.1%})."
    )


def say(line: str) -> None:
    """Print a line of progress at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
