"""Images per second of a graded model beside the same model without its grades.

    python benchmarks/graded_speed.py demo/pilot/models/pilot demo/experiment/faces/faces

Both read the same images in turn, one core, several times; the ratio is of the medians. Without
grades, the model calls pain as that of the paper does, from the same pass through the network.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path

from amgs.images import find_images, read_image
from amgs.model.bundle import load_model
from amgs.prediction.pain import PainReader

MOST, ROUNDS = 200, 7


def main() -> None:
    """Print both, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("images", type=Path)
    given = parser.parse_args()
    whole = load_model(given.model)
    if whole.graded is None:
        parser.error("the model reads no action units")
    readers = {
        "graded": PainReader(whole),
        "pain and distance": PainReader(replace(whole, graded=None)),
        "pain alone": PainReader(replace(whole, graded=None, likeness=None)),
    }
    pixels = [read_image(found.path) for found in list(find_images([given.images]))[:MOST]]
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS):
        for name, reader in readers.items():
            start = time.perf_counter()
            reader.read(pixels)
            seconds[name].append(time.perf_counter() - start)
    usual = statistics.median(seconds["pain alone"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        rate = len(pixels) / median
        print(f"{name:18s} {rate:6.1f} images/s, {usual / median:.3f} of pain alone")


if __name__ == "__main__":
    main()
