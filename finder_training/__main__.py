"""Train the detector and write its network, measures and card.

    python -m finder_training --photographs FOLDER --out FOLDER

The folder of photographs holds `annotations.json`. Interrupted, the same command goes on. The
fourth stage, and the last one that makes the network thin, are meant for a GPU. Copy
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
from amgs.faces.looks import find_anywhere
from amgs.files import write_json
from amgs.model.metrics import wilson_interval
from amgs.provenance import hash_file
from finder_training.augmentation import augment_appearance
from finder_training.card import write_card
from finder_training.distilling import THIN_STAGE, distil
from finder_training.export import export_finder
from finder_training.eyes import shut_eyes
from finder_training.films import load_frames, load_frames_without_faces
from finder_training.fit import fit, load_scenes
from finder_training.learner import mean_network
from finder_training.measure import cut_without_faces, match, measure
from finder_training.network import FinderNetwork
from finder_training.photographs import Photograph, load_photographs, split_photographs
from finder_training.scenes import cut_scene
from finder_training.stages import FILMS, FINISH, LONG, FitOptions

THIRD_SHARE = 0.75
"""How much of the weights comes from the third stage; the rest from the network it began with."""

ALTERED_FILL, ALTERED_SHUT = 0.25, 0.4


def main() -> None:
    """Train, export, measure, write the card."""
    parser = argparse.ArgumentParser(prog="python -m finder_training", description=__doc__)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--films", type=Path, help="a folder with the marked films")
    parser.add_argument(
        "--begin-with",
        type=Path,
        help="an exported network to go on from, instead of the first stages",
    )
    parser.add_argument(
        "--after",
        type=int,
        choices=(2, 3, 4),
        help="the stage after which the network of --begin-with was exported",
    )
    parser.add_argument(
        "--minutes", type=float, default=9.0, help="how long the thin network learns"
    )
    parser.add_argument("--steps", type=int, default=FitOptions().steps)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if (arguments.begin_with is None) != (arguments.after is None):
        parser.error("expected --begin-with and --after together, found one of them")
    arguments.out.mkdir(parents=True, exist_ok=True)
    photographs = load_photographs(arguments.photographs)
    training, validation = split_photographs(photographs, seed=arguments.seed)
    say(f"{len(training)} photographs to train with, {len(validation)} held back")
    begin_file = arguments.begin_with
    if begin_file is None:
        two_stages(training, arguments.out, arguments.steps, arguments.seed)
        begin_file = arguments.out / "two_stages.onnx"
    network = FinderNetwork.from_exported(begin_file)
    frames: list[Photograph] = []
    if arguments.films is not None:
        frames = load_frames(arguments.films, trained=True)
        frames += load_frames_without_faces(arguments.films)
    stages = [stage for stage in (3, 4) if stage > (arguments.after or 2)]
    for stage in stages:
        network = whole_stage(stage, network, training, frames, arguments)
    last = replace(THIN_STAGE, seed=arguments.seed + 4)
    batches = iter(load_scenes(training, frames, last, 0))
    network = distil(network, batches, arguments.minutes, say, last)
    path = arguments.out / "finder.onnx"
    export_finder(network, path)
    report(path, network, training, validation, arguments.films)


def whole_stage(
    stage: int,
    network: FinderNetwork,
    training: list[Photograph],
    frames: list[Photograph],
    arguments: argparse.Namespace,
) -> FinderNetwork:
    """Take the third or the fourth stage; export what it gives, and read it again, folded."""
    begun = network
    options = replace(FILMS if stage == 3 else LONG, seed=arguments.seed + stage - 1)
    network = fit(training, options, arguments.out / f"stage_{stage}.pt", say, begun, frames)
    if stage == 3:
        network = mean_network(begun, network, THIRD_SHARE)
    path = arguments.out / f"stage_{stage}.onnx"
    export_finder(network, path)
    return FinderNetwork.from_exported(path)


def two_stages(training: list[Photograph], out: Path, steps: int, seed: int) -> None:
    """Train with photographs alone, from ImageNet's weights; export the mean of both stages."""
    first = fit(training, replace(FitOptions(), steps=steps, seed=seed), out / "first.pt", say)
    finish = replace(FINISH, seed=seed + 1)
    second = fit(training, finish, out / "second.pt", say, begin_with=first)
    export_finder(mean_network(first, second), out / "two_stages.onnx")


def report(
    path: Path,
    network: FinderNetwork,
    training: list[Photograph],
    validation: list[Photograph],
    films: Path | None,
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
        "films": "" if films is None else measure_films(detector, films),
        "calibration_error": tallies["all"].summary()["eye_state_calibration_error"],
    }
    summaries = {name: tally.summary() for name, tally in tallies.items()}
    write_json(path.with_name("measures.json"), {**facts, "measures": summaries})
    card = write_card(tallies, training, validation, facts)
    path.with_name("card.md").write_text(card, encoding="utf-8", newline="\n")
    say(json.dumps(summaries["all"], indent=1))
    say(negatives)


def measure_films(detector: CentreNet, folder: Path) -> str:
    """Say how many faces are found in the marked frames of the films, and how many false ones."""
    lines = ["| video | frames | faces | found | false |", "|---|---|---|---|---|"]
    for trained in (False, True):
        clips: dict[str, list[Photograph]] = {}
        for frame in load_frames(folder, trained=trained):
            clips.setdefault(frame.name.split(" ", maxsplit=1)[0], []).append(frame)
        for clip, frames in clips.items():
            compared = [match(f.faces, find_anywhere(detector, f.rgb)) for f in frames]
            n = sum(len(pairs) for pairs, _ in compared)
            found = sum(face is not None for pairs, _ in compared for _, face in pairs)
            false = sum(len(others) for _, others in compared)
            what = "trained with" if trained else "kept apart"
            lines.append(f"| {clip} ({what}) | {len(frames)} | {n} | {found} | {false} |")
    empty = load_frames_without_faces(folder)
    false = sum(bool(find_anywhere(detector, frame.rgb)) for frame in empty)
    lines.append(f"| from above (trained with) | {len(empty)} | 0 | – | {false} |")
    return "\n".join(lines)


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
