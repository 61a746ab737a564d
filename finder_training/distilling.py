"""Thin networks learn from photographs and from the whole network together.

    python -m finder_training.distilling --photographs FOLDER --films FOLDER --whole FILE --out FOLDER

Meant for a GPU: all thin networks learn from the same scenes, for as many minutes as are given.
Writes `finder_NAME.onnx` for each.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from finder_training.export import export_finder
from finder_training.films import load_frames, load_frames_without_faces
from finder_training.fit import load_scenes, prepare
from finder_training.learner import Learner, mirror
from finder_training.network import FinderNetwork, Widths, measure_statistics
from finder_training.photographs import Photograph, load_photographs, split_photographs
from finder_training.stages import LONG, FitOptions
from finder_training.thinning import thin

THIN = replace(LONG, seed=4)
"""As the fourth stage; its steps are as many as fit into the time."""

_EARLY = (32, 64, 96, 96)
_FINE = {"fine": (64, 64), "head": (64, 64)}

WIDTHS: dict[str, Widths] = {
    "seven_eighths": Widths((*_EARLY, *[208] * 2, *[416] * 3, *[592] * 3, *[1008] * 4), **_FINE),
    "three_quarters": Widths((*_EARLY, *[192] * 2, *[384] * 3, *[512] * 3, *[864] * 4), **_FINE),
}
"""Channels inside the later blocks, as a share of the whole network's. All are multiples of 16, of
which processors work on all at once."""

LOOKED_AT = 48
"""So many scenes decide which channels stay."""


def distil(
    whole: FinderNetwork,
    batches: Iterator[Sequence[Tensor]],
    minutes: float,
    options: FitOptions,
    report: Callable[[str], None],
    widths: Mapping[str, Widths] = WIDTHS,
) -> dict[str, FinderNetwork]:
    """Train thin networks on the same scenes; every batch is seen twice, once mirrored.

    Parameters
    ----------
    whole
        The network to be like, as `FinderNetwork.from_exported` gives it.
    batches
        Scenes, as `load_scenes` makes them.
    minutes
        How long to learn.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    cpu, on_gpu = torch.device("cpu"), device.type == "cuda"
    first = prepare(next(batches), cpu)[0]
    learners: dict[str, Learner] = {}
    for name, chosen in widths.items():
        network = thin(whole, chosen, first[:LOOKED_AT])
        measure_statistics(network, first)
        learners[name] = Learner(network.to(device), options)
    whole = whole.eval().to(device, memory_format=torch.channels_last)
    begun, running = time.monotonic(), dict.fromkeys(learners, 0.0)
    for batch in batches:
        straight = prepare(batch, device)
        done = (time.monotonic() - begun) / 60 / minutes
        if done >= 1:
            break
        for seen in (straight, mirror(straight)):
            with torch.no_grad(), torch.autocast("cuda", torch.bfloat16, enabled=on_gpu):
                maps, taps = whole.look(seen[0])
            for name, learner in learners.items():
                loss = learner.learn(seen, (maps.float(), taps), done)
                if learner.step % 20 == 1:
                    running[name] = float(loss)
        step = next(iter(learners.values())).step
        if step % 200 == 0:
            losses = ", ".join(f"{name} {loss:.3f}" for name, loss in running.items())
            report(f"{step} steps, {done:.0%}: loss {losses}")
    return {name: learner.averaged.to(cpu).eval() for name, learner in learners.items()}


def main() -> None:
    """Train the thin networks and export them."""
    parser = argparse.ArgumentParser(
        prog="python -m finder_training.distilling", description=__doc__
    )
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--films", type=Path, required=True, help="a folder with the marked films")
    parser.add_argument("--whole", type=Path, required=True, help="the network to be like")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=8.0)
    arguments = parser.parse_args()
    training, _ = split_photographs(load_photographs(arguments.photographs))
    frames = load_frames(arguments.films, trained=True)
    frames += load_frames_without_faces(arguments.films)
    whole = FinderNetwork.from_exported(arguments.whole)
    learn_and_export(training, frames, whole, arguments.minutes, arguments.out)


def learn_and_export(
    training: Sequence[Photograph],
    frames: Sequence[Photograph],
    whole: FinderNetwork,
    minutes: float,
    out: Path,
) -> None:
    """Train thin networks and write one file for each."""
    out.mkdir(parents=True, exist_ok=True)
    batches = iter(load_scenes(training, frames, THIN, 0))
    for name, network in distil(whole, batches, minutes, THIN, say).items():
        export_finder(network, out / f"finder_{name}.onnx")


def say(line: str) -> None:
    """Print a line of progress at once."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
