"""Extraction against reading every frame with OpenCV, on videos made from real photographs.

    python benchmarks/extraction_speed.py --photographs ../shared/data/mouse_photos [--minutes 5]

The videos are 1920 × 1080 at 30 frames/s: one with a keyframe every 15 frames at 20 Mb/s, one
with one every 250 at 3 Mb/s. Each way works on the same video, in turn, in one process:

- `amgs`: the whole of `amgs extract`: table of frames, looks, crops written, tables written;
- `sparse decoding`: one frame per interval is decoded by as many threads, and nothing else;
- `opencv`: every frame is read, and the same finder (with its second look) sees one per second;
- `together`: all the videos in one run, as a study has them: what is read off one before the work
  begins, which takes one core, is read while the intervals of another are examined.

Then the truth is asked: in how many of the intervals in which the known face is visible an image
was kept, whether it shows that face, and whether a blurred or empty frame was ever kept as good.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from amgs.config import thread_count
from amgs.extraction.extract import extract_faces
from amgs.extraction.recordings import list_videos
from amgs.faces.centre_net import CentreNet
from amgs.faces.detections import iou
from amgs.video import open_video
from amgs.video.sampling import DEFAULT_INTERVAL_S, DEFAULT_SKIP_START_S
from photo_videos import ENCODINGS, FURTHER, RATE, usable_photographs, write_videos

VISIBLE_S = 1.0
"""A face counts as visible in an interval when it is whole and sharp for so long at a stretch."""


def read_every_frame(path: Path, detector: CentreNet) -> tuple[float, int]:
    """Read every frame with OpenCV and look at one per second; return seconds and faces."""
    start = time.perf_counter()
    reader = cv2.VideoCapture(str(path))
    number = faces = 0
    while True:
        ok, bgr = reader.read()
        if not ok:
            break
        if number % RATE == 0:
            faces += bool(detector.find(np.ascontiguousarray(bgr[..., ::-1])))
        number += 1
    reader.release()
    return time.perf_counter() - start, faces


def decode_sparsely(path: Path) -> float:
    """Decode the keyframe before the middle of every interval, and on to it; return seconds."""
    video = open_video(path)
    table = video.table
    video.close()
    step = DEFAULT_INTERVAL_S
    moments = np.arange(step / 2, table.duration_s, step)
    indices = [int(np.searchsorted(table.times_s, moment)) for moment in moments]
    start = time.perf_counter()

    def work(part: list[int]) -> None:
        own = open_video(path, table)
        for index in part:
            own.frame(index)
        own.close()

    n = thread_count()
    with ThreadPoolExecutor(n) as threads:
        list(threads.map(work, [indices[k::n] for k in range(n)]))
    return time.perf_counter() - start


def extract(paths: list[Path], out: Path, detector: CentreNet) -> float:
    """Do all that `amgs extract` does; return seconds."""
    shutil.rmtree(out, ignore_errors=True)
    start = time.perf_counter()
    extract_faces(list_videos(paths), out, detector=detector)
    return time.perf_counter() - start


def compare_with_truth(out: Path, truth: list[dict[str, Any]], times: int) -> dict[str, Any]:
    """Count intervals with a visible face, those with an image, and wrong images."""
    with (out / "faces.csv").open(encoding="utf-8") as stream:
        kept = list(csv.DictReader(stream))
    last = len(truth) // round(DEFAULT_INTERVAL_S * RATE) - 1  # takes what is left over
    by_interval: dict[int, dict[str, str]] = {}
    wrong, not_sharp = [], []
    for row in kept:
        by_interval[min(last, int(float(row["time_s"]) // DEFAULT_INTERVAL_S))] = row
        known = truth[int(row["frame"])]
        box = [float(row[f"box_{side}"]) / times for side in ("x1", "y1", "x2", "y2")]
        if known["box"] is None or iou(box, known["box"]) < 0.4:
            wrong.append((row["frame"], known["kind"]))
        elif known["kind"] in {"blurred", "moving"} and not known["sharp"]:
            not_sharp.append((row["frame"], known["kind"], row["sharpness"]))
    step = round(DEFAULT_INTERVAL_S * RATE)
    visible, found, missed = 0, 0, []
    for number in range(len(truth) // step):
        first = number * step + (round(DEFAULT_SKIP_START_S * RATE) if number == 0 else 0)
        if _longest_sharp(truth[first : (number + 1) * step]) >= VISIBLE_S * RATE:
            visible += 1
            found += number in by_interval
            if number not in by_interval:
                missed.append(number)
    return {
        "intervals with a visible face": visible,
        "of these with an image": found,
        "images": len(kept),
        "showing another thing than the face": wrong,
        "blurred or smeared": not_sharp,
        "intervals missed": missed,
    }


def _longest_sharp(frames: list[dict[str, Any]]) -> int:
    longest = current = 0
    for frame in frames:
        current = current + 1 if frame["sharp"] else 0
        longest = max(longest, current)
    return longest


def main() -> None:
    """Print speed and truth for every video."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--videos", type=Path, help="a folder to keep the videos in, or to reuse")
    parser.add_argument("--further", action="store_true", help="3840 × 2160 and H.265 instead")
    parser.add_argument("--without-opencv", action="store_true", help="which takes long")
    arguments = parser.parse_args()
    encodings = FURTHER if arguments.further else ENCODINGS
    detector = CentreNet()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.videos or Path(temporary)
        if not (folder / "truth.json").exists():
            photographs = usable_photographs(arguments.photographs)
            write_videos(photographs, folder, arguments.minutes, 1, encodings)
        truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        seconds = len(truth) / RATE
        for encoding in encodings:
            path = folder / f"{encoding.name}.mp4"
            out = Path(temporary) / encoding.name
            ours, theirs, sparse = [], [], []
            for _ in range(arguments.rounds):
                ours.append(extract([path], out, detector))
                sparse.append(decode_sparsely(path))
                if not arguments.without_opencv:
                    theirs.append(read_every_frame(path, detector)[0])
            print(f"{encoding.name}: {path.stat().st_size / 1e6:.0f} MB, {seconds:.0f} s of video")
            print(f"  amgs   {seconds / np.median(ours):6.1f} times real time {np.round(ours, 1)}")
            print(f"  sparse decoding {seconds / np.median(sparse):6.1f} times real time")
            if theirs:
                ratios = np.array(theirs) / np.array(ours)
                print(f"  opencv {seconds / np.median(theirs):6.1f} times {np.round(theirs, 1)}")
                print(f"  ratio  {np.median(ratios):6.2f} {np.round(ratios, 2)}")
            for name, value in compare_with_truth(out, truth, encoding.times).items():
                print(f"  {name}: {value}", flush=True)
        paths = [folder / f"{encoding.name}.mp4" for encoding in encodings]
        took = [extract(paths, Path(temporary) / "all", detector) for _ in range(arguments.rounds)]
        speed = len(paths) * seconds / np.median(took)
        print(f"together: {speed:.1f} times real time {np.round(took, 1)}")


if __name__ == "__main__":
    main()
