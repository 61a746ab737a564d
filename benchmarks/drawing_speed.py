"""How fast videos of synthetic mice are made, against only encoding as many images.

    python benchmarks/drawing_speed.py [--seconds 30]

Two animals, 1920 × 1080, 25 images per second. Both ways in turn, in one process.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.behaviour import FilmedAnimal
from amgs.simulate.cubicle import VideoOptions
from amgs.simulate.video import encode_video, write_video

ROUNDS = 3


def draw(path: Path, options: VideoOptions) -> float:
    """Draw a video; return seconds."""
    cast = [
        FilmedAnimal("calm", FaceParameters(animal_seed=1), (0.1,) * 5),
        FilmedAnimal("in pain", FaceParameters(animal_seed=2), (1.3,) * 5),
    ]
    start = time.perf_counter()
    write_video(path, cast, options, seed=1)
    return time.perf_counter() - start


def encode_only(path: Path, options: VideoOptions) -> float:
    """Encode as many images of noise; return seconds."""
    rng = np.random.default_rng(0)
    shape = (options.height * 3 // 2, options.width)
    pictures = [rng.integers(100, 110, shape).astype(np.uint8) for _ in range(4)]

    def frames() -> Iterator[np.ndarray]:
        for number in range(options.frames):
            yield pictures[number % len(pictures)]

    start = time.perf_counter()
    for _ in encode_video(path, frames(), options):
        pass
    return time.perf_counter() - start


def main() -> None:
    """Take both ways in turn and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = VideoOptions(duration_s=parser.parse_args().seconds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        pairs = [(draw(path, options), encode_only(path, options)) for _ in range(ROUNDS)]
    drawn, encoded = np.median(np.array(pairs), axis=0)
    print(f"video of {options.duration_s:.0f} s drawn in {drawn:.1f} s: ", end="")
    print(f"{options.duration_s / drawn:.2f} times real time")
    print(f"only encoding as many images: {encoded:.1f} s; drawing takes {drawn / encoded:.1f} ×")


if __name__ == "__main__":
    main()
