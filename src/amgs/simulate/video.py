"""Videos of synthetic mice, with the truth for every frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.files import atomic_file
from amgs.jobs import ProgressCallback, no_progress
from amgs.simulate.behaviour import UNITS, FilmedAnimal
from amgs.simulate.compositing import Cubicle, RenderedAnimal
from amgs.simulate.cubicle import (
    VideoOptions,
    draw_cubicle_back,
    draw_cubicle_front,
    draw_noise,
    list_zones,
)
from amgs.tables import read_table, write_table

TRUTH_COLUMNS = (
    "frame",
    "time_s",
    "animal",
    "zone",
    "behaviour",
    "moving",
    "blinking",
    *UNITS,
    "box_x1",
    "box_y1",
    "box_x2",
    "box_y2",
    "eyes",
    "ears",
)
"""Columns of a video's truth: one row per frame and animal; the box is empty without a face."""

BLACK, LUMA_WHITE = 16, 235
"""The darkest and brightest values of videos."""

_THREADS = 2
_PRESET = "ultrafast"


def write_video(
    path: Path,
    animals: Sequence[FilmedAnimal],
    options: VideoOptions,
    seed: int,
    progress: ProgressCallback = no_progress,
) -> Path:
    """Draw a video of one or two animals and write it beside its truth.

    Parameters
    ----------
    path
        An ``.mp4`` to make (H.264); ``NAME_truth.csv`` goes beside it.
    animals
        One (zone ``full``) or two (``left``, ``right``).
    options
        Size (even), rate, length, camera.
    seed
        The same seed gives the same video.
    progress
        Told how many seconds are done.

    Returns
    -------
    Path
        The truth, with the columns of `TRUTH_COLUMNS`.
    """
    zones = list_zones(len(animals), options)
    cubicles = [
        Cubicle(
            zone,
            place,
            draw_cubicle_back(place, options, seed, number),
            draw_cubicle_front(place, options, seed * 2 + number),
        )
        for number, (zone, place) in enumerate(zones)
    ]
    with ThreadPoolExecutor(_THREADS) as pool, atomic_file(path) as temporary:
        actors = [
            RenderedAnimal(animal, cubicle, options, [43, seed, number], pool)
            for number, (animal, cubicle) in enumerate(zip(animals, cubicles, strict=True))
        ]
        noise = draw_noise(options, np.random.default_rng([41, seed]))
        rows: list[list[object]] = []
        frames = _frames(actors, noise, options, rows)

        def tell() -> Iterator[list[object]]:
            """Encode the video; each frame's truth goes out as it is made, however many come."""
            for number in encode_video(temporary, frames, options):
                yield from rows
                rows.clear()
                if number % options.rate == 0:
                    progress(
                        "drawing videos", number // options.rate, options.frames // options.rate
                    )

        write_table(truth_beside(path), TRUTH_COLUMNS, tell())
    return truth_beside(path)


def truth_beside(video: Path) -> Path:
    """Return where the truth of a drawn video lies."""
    return video.with_name(f"{video.stem}_truth.csv")


def read_truth(video: Path) -> dict[tuple[str, int], dict[str, str]]:
    """Return the rows of the truth beside a video, by animal and frame."""
    rows: Any = read_table(truth_beside(video), required=TRUTH_COLUMNS).to_dict("records")
    return {(row["animal"], int(row["frame"])): row for row in rows}


def _frames(
    actors: Sequence[RenderedAnimal],
    noise: Sequence[npt.NDArray[np.int16]],
    options: VideoOptions,
    rows: list[list[object]],
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the frames as videos store them (YUV 4:2:0), and note the truth of each."""
    width, height = options.width, options.height
    image = np.empty((height * 3 // 2, width), np.uint8)
    colours = image[height:].reshape(2, height // 2, width // 2)
    for number in range(options.frames):
        time_s = number / options.rate
        grain = noise[number % len(noise)]
        for actor in actors:
            actor.advance(time_s)
            seen = actor.show(time_s)
            left, _, right, _ = map(int, actor.cubicle.place)
            luma = np.clip(seen.y + grain[:, left:right], BLACK, LUMA_WHITE)
            image[:height, left:right] = luma
            colours[0, :, left // 2 : right // 2] = seen.u
            colours[1, :, left // 2 : right // 2] = seen.v
            rows.append(actor.truth(number, time_s))
            actor.step()
        yield image


def encode_video(
    path: Path, images: Iterator[npt.NDArray[np.uint8]], options: VideoOptions
) -> Iterator[int]:
    """Write frames (YUV 4:2:0, one array each) as H.264 in MP4; yield the number of each."""
    import av

    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=options.rate)
        stream.width, stream.height = options.width, options.height
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, options.rate)
        # A fixed number of threads: the same seed gives the same video on every machine.
        stream.thread_count = _THREADS
        stream.options = {"preset": _PRESET, "crf": str(options.crf)}
        stream.gop_size = options.rate * 2
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="yuv420p")
            container.mux(stream.encode(frame))
            yield number
        container.mux(stream.encode(None))
