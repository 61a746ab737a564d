"""How soon a video without any face ends: as it is, with fewer savings, and with none.

    python benchmarks/faceless.py [--minutes 10]

The video is 1280 × 720 at 30 frames/s with a keyframe every 15 frames: bedding, over which a dark
back without a face wanders. All ways work on the same video, in turn, in one process:

- `every half second`: all keyframes and all further frames of every interval are examined, as where
  an animal hides its face for a while;
- `every 2 s`: one frame per 2 s is examined, as where a survey of 16 frames showed no face;
- `as it is`: two frames of every interval are, where 48 frames showed none.

All ways look at 48 frames before, so the first two are a little slower than they were on their own.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from amgs.extraction import candidates, survey
from amgs.extraction.extract import extract_faces
from amgs.extraction.recordings import list_videos
from amgs.faces.centre_net import CentreNet

WIDTH, HEIGHT, RATE, ROUNDS = 1280, 720, 30, 3
NEVER = 10**9


def write_bedding(path: Path, seconds: int) -> None:
    """Write the video."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(110, 190, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    bedding = np.repeat(np.repeat(coarse, 8, axis=0), 8, axis=1)
    ys, xs = np.ogrid[:HEIGHT, :WIDTH]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"g": "15", "preset": "fast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for number in range(seconds * RATE):
            angle = number / (7 * RATE)
            x, y = WIDTH / 2 + 400 * np.cos(angle), HEIGHT / 2 + 200 * np.sin(1.7 * angle)
            back = ((xs - x) / 130) ** 2 + ((ys - y) / 80) ** 2 < 1
            rgb = np.where(back[..., None], np.uint8(45), bedding)
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def extract(path: Path, out: Path, detector: CentreNet) -> tuple[float, str]:
    """Do all that `amgs extract` does; return seconds and how many frames it counted."""
    shutil.rmtree(out, ignore_errors=True)
    start = time.perf_counter()
    summary = extract_faces(list_videos([path]), out, detector=detector)
    (row,) = summary.recordings
    return time.perf_counter() - start, f"{row['candidates']} frames, {summary.images} images"


def main() -> None:
    """Print seconds and ratios, median of the rounds, ways taken in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes: float = parser.parse_args().minutes
    few, least = survey.FEW_KEYFRAMES, candidates.LEAST_BARE
    ways = {
        "every half second": (NEVER, NEVER),
        "every 2 s": (few, NEVER),
        "as it is": (few, least),
    }
    detector = CentreNet()
    took: dict[str, list[float]] = {name: [] for name in ways}
    said: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "bedding.mp4"
        write_bedding(path, round(60 * minutes))
        for _ in range(ROUNDS):
            for name, (survey.FEW_KEYFRAMES, candidates.LEAST_BARE) in ways.items():
                seconds, said[name] = extract(path, Path(temporary) / "out", detector)
                took[name].append(seconds)
    slowest = np.array(took["every half second"])
    for name, measured in took.items():
        ratio = np.median(slowest / np.array(measured))
        print(f"{name:20s} {np.median(measured):6.1f} s, {ratio:.1f} times as fast; {said[name]}")


if __name__ == "__main__":
    main()
