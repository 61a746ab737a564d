"""Videos made from real photographs, with the truth of every frame.

A photograph lies before a blurred backdrop, drifts and zooms a little as a resting animal does,
runs through the image, goes out of focus, or is not there. Camera noise lies over everything.
The truth says for every frame where the face is, and whether it is sharp.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from finder_training.photographs import Photograph, load_photographs, split_photographs

RGB = npt.NDArray[np.uint8]
WIDTH, HEIGHT, RATE = 1920, 1080, 30
KINDS = ("still", "still", "still", "peek", "moving", "blurred", "empty")
NOISE_SD = 5.0


@dataclass(frozen=True)
class Encoding:
    """How a video is compressed."""

    name: str
    gop: int
    bit_rate: int
    b_frames: int
    codec: str = "libx264"
    times: int = 1


ENCODINGS = (
    Encoding("gop15_20mbit", 15, 20_000_000, 2),
    Encoding("gop250_3mbit", 250, 3_000_000, 2),
)

FURTHER = (
    Encoding("gop15_60mbit_4k", 15, 60_000_000, 2, times=2),
    Encoding("gop250_12mbit_4k", 250, 12_000_000, 2, times=2),
    Encoding("gop15_12mbit_hevc", 15, 12_000_000, 2, "libx265"),
    Encoding("gop250_2mbit_hevc", 250, 2_000_000, 2, "libx265"),
)
"""3840 × 2160, and H.265."""


def usable_photographs(folder: Path, seed: int = 0) -> list[Photograph]:
    """Return validation photographs with one face that shows an eye and an ear."""
    _, validation = split_photographs(load_photographs(folder), seed=seed)
    return [
        p
        for p in validation
        if len(p.faces) == 1
        and p.faces[0].eyes
        and p.faces[0].ears
        and p.faces[0].view != "other"
        and p.faces[0].box[2] - p.faces[0].box[0] >= 60
    ]


def write_videos(
    photographs: Sequence[Photograph],
    folder: Path,
    minutes: float,
    seed: int,
    encodings: Sequence[Encoding] = ENCODINGS,
) -> list[dict[str, Any]]:
    """Write the same images in every encoding, with ``truth.json``; return the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    opened = [_open(folder / f"{e.name}.mp4", e) for e in encodings]
    truth: list[dict[str, Any]] = []
    for number, (rgb, known) in enumerate(draw_pictures(photographs, minutes, seed)):
        truth.append(known)
        drawn = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        for container, stream in opened:
            frame = drawn.reformat(stream.width, stream.height, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
    for container, stream in opened:
        container.mux(stream.encode(None))
        container.close()
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return truth


def _open(path: Path, encoding: Encoding) -> tuple[Any, Any]:
    container = av.open(str(path), "w")
    stream: Any = container.add_stream(encoding.codec, rate=RATE)
    stream.width, stream.height = encoding.times * WIDTH, encoding.times * HEIGHT
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.gop_size, context.max_b_frames = encoding.gop, encoding.b_frames
    context.bit_rate = encoding.bit_rate
    context.options = {
        "preset": "ultrafast" if encoding in FURTHER else "superfast",
        "sc_threshold": "0",
        "keyint_min": str(encoding.gop),
        "maxrate": str(encoding.bit_rate),
        "bufsize": str(encoding.bit_rate),
    }
    return container, stream


def draw_pictures(
    photographs: Sequence[Photograph], minutes: float, seed: int
) -> Iterator[tuple[RGB, dict[str, Any]]]:
    """Yield images with their truth, one scene after another."""
    rng = np.random.default_rng(seed)
    grain = [
        np.clip(rng.normal(0, NOISE_SD, (HEIGHT, WIDTH, 1)), -20, 20).astype(np.int16)
        for _ in range(6)
    ]
    total, made = round(minutes * 60 * RATE), 0
    order: list[int] = []
    while made < total:
        order = order or rng.permutation(len(photographs)).tolist()
        scene = _Scene(photographs[order.pop()], str(rng.choice(KINDS)), rng)
        for frame, known in scene.frames():
            noisy = np.clip(frame.astype(np.int16) + grain[made % len(grain)], 0, 255)
            yield noisy.astype(np.uint8), known
            made += 1
            if made == total:
                return


class _Scene:
    """Some seconds with one photograph."""

    def __init__(self, photograph: Photograph, kind: str, rng: np.random.Generator) -> None:
        self.kind = kind
        self.face = photograph.faces[0].box
        self.rgb = photograph.rgb
        face_px = rng.uniform(190, 420)
        self.zoom = face_px / (self.face[2] - self.face[0])
        self.zoom = min(self.zoom, 1000 / self.rgb.shape[0], 1800 / self.rgb.shape[1])
        self.seconds = {"still": rng.uniform(8, 25), "peek": rng.uniform(10, 16)}.get(
            kind, rng.uniform(3, 12)
        )
        small = cv2.resize(self.rgb, (48, 27), interpolation=cv2.INTER_AREA)
        self.backdrop = cv2.GaussianBlur(
            cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), (0, 0), 25
        )
        width, height = self.rgb.shape[1] * self.zoom, self.rgb.shape[0] * self.zoom
        self.start = np.array(
            [rng.uniform(0, WIDTH - width * 0.98), rng.uniform(0, max(1, HEIGHT - height))]
        )
        self.drift = rng.uniform(-6, 6, 2)
        self.breath = rng.uniform(0.5, 1.5)
        self.dark = float(rng.uniform(0.6, 1.1))
        self.seen_from = rng.uniform(2, self.seconds - 5) if kind == "peek" else 0.0
        self.seen_for = rng.uniform(2.0, 4.0)

    def frames(self) -> Iterator[tuple[RGB, dict[str, Any]]]:
        """Yield the frames of the scene."""
        for number in range(round(self.seconds * RATE)):
            t = number / RATE
            hidden = self.kind == "empty" or (
                self.kind == "peek" and not self.seen_from <= t < self.seen_from + self.seen_for
            )
            if hidden:
                yield (
                    np.asarray(self.backdrop, np.uint8),
                    {"kind": self.kind, "box": None, "sharp": False},
                )
                continue
            yield self._frame(t)

    def _frame(self, t: float) -> tuple[RGB, dict[str, Any]]:
        zoom = self.zoom * (1 + 0.004 * np.sin(2 * np.pi * self.breath * t))
        place = self.start + self.drift * t
        if self.kind == "moving":
            place = self.start + np.array([700 * np.sin(2 * t), 60 * np.cos(3 * t)])
        matrix = np.array([[zoom, 0, place[0]], [0, zoom, place[1]]])
        frame = cv2.warpAffine(
            self.rgb,
            matrix,
            (WIDTH, HEIGHT),
            dst=self.backdrop.copy(),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_TRANSPARENT,
        )
        if self.kind == "moving":
            speed = abs(1400 * np.cos(2 * t)) / RATE * 0.8
            frame = cv2.blur(frame, (max(1, round(speed)), 1))
            sharp = speed < 3
        elif self.kind == "blurred":
            frame = cv2.GaussianBlur(frame, (0, 0), 0.035 * (self.face[2] - self.face[0]) * zoom)
            sharp = False
        else:
            sharp = True
        frame = cv2.convertScaleAbs(frame, alpha=self.dark)
        x0, y0 = self.face[0] * zoom + place[0], self.face[1] * zoom + place[1]
        x1, y1 = self.face[2] * zoom + place[0], self.face[3] * zoom + place[1]
        inside = x0 > 0 and y0 > 0 and x1 < WIDTH and y1 < HEIGHT
        box = [round(float(v), 1) for v in (x0, y0, x1, y1)]
        return np.asarray(frame, np.uint8), {
            "kind": self.kind,
            "box": box,
            "sharp": bool(sharp and inside),
        }
