"""How many frames of damaged videos are right, refused, visibly damaged, or of another time.

Videos whose every frame is known are damaged (bits flipped, cut off, bytes taken out or zeroed) and
16 frames of each are asked for in random order, then compared with those of the whole video.

python benchmarks/damaged_videos.py
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from amgs.errors import UnreadableVideoError
from amgs.video import Video, open_video
from videos import KINDS, VideoKind, write_video  # type: ignore[import-not-found]

N, RATE, ASKED = 120, 25, 16
SAME = 1.5
"""Mean difference in grey values up to which two frames are the same."""

CHOSEN = (
    "mp4_gop15",
    "mts_open_gop",
    "mts_gop250",
    "mkv_gop30",
    "avi_mjpeg",
    "avi_mpeg4",
    "avi_mpeg4_b_frames",
    "wmv",
    "webm_vp9",
    "mpg_mpeg2",
)
FURTHER = {
    "mp4_hevc": VideoKind(codec="libx265", options={"x265-params": "log-level=none"}),
    "mp4_av1": VideoKind(codec="libsvtav1", options={"preset": "10"}),
}


def damage(content: bytes, rng: random.Random) -> Iterator[bytes]:
    """Yield a file damaged in one way after the other."""
    half = len(content) // 2
    for _ in range(2):
        flipped = bytearray(content)
        for _ in range(20):
            place = rng.randrange(len(content) // 10, len(content) - 2000)
            flipped[place] ^= 1 << rng.randrange(8)
        yield bytes(flipped)
    yield content[: int(len(content) * 0.8)]
    yield content[: int(len(content) * 0.999)]
    yield content[:half] + content[half + 1000 :]
    yield content[:half] + bytes(2000) + content[half + 2000 :]


def try_kind(folder: Path, name: str, kind: VideoKind) -> Counter[str]:
    """Damage one video in every way and count what comes of the frames asked for."""
    path, _ = write_video(folder, kind, N, RATE, name=name)
    with closing(open_video(path)) as video:
        true = [video.frame(index).rgb().astype(int) for index in range(len(video.table))]
        times = video.table.times_s.copy()
    found: Counter[str] = Counter()
    for number, content in enumerate(damage(path.read_bytes(), random.Random(5))):  # noqa: S311
        broken = folder / f"{name}_{number}{path.suffix}"
        broken.write_bytes(content)
        try:
            opened = open_video(broken)
        except UnreadableVideoError:
            found["video refused"] += 1
            continue
        with closing(opened) as video:
            count = len(video.table)
            for index in random.Random(1).sample(range(count), min(ASKED, count)):  # noqa: S311
                found[_judge(video, index, true, times)] += 1
    return found


def _judge(video: Video, index: int, true: list[np.ndarray], times: np.ndarray) -> str:
    try:
        frame = video.frame(index)
    except UnreadableVideoError:
        return "frame refused"
    rgb = frame.rgb().astype(int)
    expected = int(np.argmin(np.abs(times - frame.time_s)))
    if np.abs(rgb - true[expected]).mean() < SAME:
        return "right"
    if min(np.abs(rgb - other).mean() for other in true) < SAME:
        return "of another time, told" if video.lost_frames else "of another time"
    return "visibly damaged"


def main() -> None:
    """Print the counts of every kind of video, and of all."""
    total: Counter[str] = Counter()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in {**{n: KINDS[n] for n in CHOSEN}, **FURTHER}.items():
            found = try_kind(Path(folder), name, kind)
            results[name] = dict(found)
            total += found
    print(json.dumps({"videos": results, "all": dict(total)}, indent=2))


if __name__ == "__main__":
    main()
