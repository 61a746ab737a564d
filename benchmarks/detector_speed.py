"""The detector in onnxruntime against eager torch, side by side.

    python benchmarks/detector_speed.py

Beside it stand the same network in eager torch, and the whole network that it was made thin from
(versions up to 3.0; weights do not matter for speed). All see the same images; the outputs are
compared first. Needs the extra `train`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from amgs.config import thread_count
from amgs.faces.centre_net import CentreNet, centre_net_path
from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face
from finder_training.export import ExportedFinder
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
    eager = ExportedFinder(FinderNetwork.from_exported(centre_net_path())).eval()
    whole = ExportedFinder(FinderNetwork()).eval()
    shipped = CentreNet()
    session = shipped._session
    with torch.inference_mode():
        expected = eager(torch.from_numpy(pictures[:1]))[1].numpy()
    found = session.run(["raw_values"], {"pictures": pictures[:1]})[0]
    print(f"largest difference of the values: {np.abs(expected - found).max():.1e}")

    def with_onnxruntime() -> None:
        with ThreadPoolExecutor(threads) as executor:
            list(executor.map(lambda p: session.run(None, {"pictures": p[None]}), pictures))

    def with_torch(network: ExportedFinder, batch: int) -> None:
        with torch.inference_mode():
            for start in range(0, COUNT, batch):
                network(torch.from_numpy(pictures[start : start + batch]))

    ways: dict[str, Callable[[], object]] = {
        "onnxruntime, one image per core": with_onnxruntime,
        "eager torch, one at a time": lambda: with_torch(eager, 1),
        "eager torch, batches of 8": lambda: with_torch(eager, 8),
        "whole network, one at a time": lambda: with_torch(whole, 1),
        "whole network, batches of 8": lambda: with_torch(whole, 8),
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
    drawn = [draw_face(random_face(rng), rng) for _ in range(COUNT)]

    def find() -> None:
        with ThreadPoolExecutor(threads) as executor:
            list(executor.map(shipped.find, drawn))

    rate = np.median([pictures_per_second(find) for _ in range(ROUNDS)])
    print(f"all of `find` on synthetic faces of 256 pixels: {rate:.1f} images/s")


if __name__ == "__main__":
    main()
