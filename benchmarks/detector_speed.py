"""The detector in onnxruntime against the same network in eager torch, side by side.

    python benchmarks/detector_speed.py

Both see the same images; the outputs are compared first. Weights do not matter for speed, so the
torch network has those of the shipped file's backbone only. Needs the extra `train`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from amgs.config import thread_count
from amgs.faces.centre_net import CentreNet
from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face
from finder_training.export import ExportedFinder, export_finder
from finder_training.network import FinderNetwork

COUNT, ROUNDS = 64, 5


def pictures_per_second(work: Callable[[], object]) -> float:
    """Time one way of working."""
    start = time.perf_counter()
    work()
    return COUNT / (time.perf_counter() - start)


def main() -> None:
    """Print rates and ratios, median of the rounds, ways taken in turn."""
    threads = thread_count()
    torch.set_num_threads(threads)
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (COUNT, 320, 320, 3), dtype=np.uint8)
    network = FinderNetwork().eval()
    eager = ExportedFinder(network).eval()
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "finder.onnx"
        export_finder(network, path)
        detector = CentreNet(path)
    session = detector._session
    with torch.inference_mode():
        expected = eager(torch.from_numpy(pictures[:1]))[1].numpy()
    found = session.run(["raw_values"], {"pictures": pictures[:1]})[0]
    print(f"largest difference of the values: {np.abs(expected - found).max():.1e}")

    def with_onnxruntime() -> None:
        with ThreadPoolExecutor(threads) as executor:
            list(executor.map(lambda p: session.run(None, {"pictures": p[None]}), pictures))

    def with_torch(batch: int) -> None:
        with torch.inference_mode():
            for start in range(0, COUNT, batch):
                eager(torch.from_numpy(pictures[start : start + batch]))

    ways: dict[str, Callable[[], object]] = {
        "onnxruntime, one image per core": with_onnxruntime,
        "eager torch, one at a time": lambda: with_torch(1),
        "eager torch, batches of 8": lambda: with_torch(8),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, work in ways.items():
            rates[name].append(pictures_per_second(work))
    ours = np.array(rates["onnxruntime, one image per core"])
    for name, measured in rates.items():
        print(
            f"{name:36s} {np.median(measured):6.1f} images/s; onnxruntime is "
            f"{np.median(ours / np.array(measured)):.2f} times as fast"
        )
    shipped = CentreNet()
    drawn = [draw_face(random_face(rng), rng) for _ in range(COUNT)]

    def whole() -> None:
        with ThreadPoolExecutor(threads) as executor:
            list(executor.map(shipped.find, drawn))

    rate = np.median([pictures_per_second(whole) for _ in range(ROUNDS)])
    print(f"all of `find` on synthetic faces of 256 pixels: {rate:.1f} images/s")


if __name__ == "__main__":
    main()
