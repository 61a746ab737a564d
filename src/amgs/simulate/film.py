"""Films of drawn mice, with the truth for every frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter, uniform_filter1d

from amgs.files import whole_file
from amgs.jobs import ProgressCallback, no_progress
from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.behaviour import BLINK_S, UNITS, FilmedAnimal, live
from amgs.simulate.cubicle import FilmOptions, bars_of, draw_cubicles, noise_of, zones_of
from amgs.simulate.face import Box, parts_in
from amgs.simulate.mouse import paint_mouse, pose
from amgs.simulate.shapes import View
from amgs.tables import write_table

TRUTH_COLUMNS = (
    "frame",
    "time_s",
    "animal",
    "zone",
    "doing",
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
"""Columns of a film's truth: one row per frame and animal; the box is empty without a face."""

MOUSE_HALF, MOUSE_CENTRE_Y = 1.30, -0.28
"""What the picture of a whole mouse shows."""

BREATHS_PER_S, BREATH_PX = 3.0, 0.004
MOVING_FRAMES = 2
_PAINTED_AT = 0.62
_FACE_SEEN_TO_DEG = 65.0


@dataclass(frozen=True)
class Sprite:
    """A picture of a mouse in one pose, ready to be laid over the cubicle."""

    rgb: npt.NDArray[np.float32]
    alpha: npt.NDArray[np.float32]


def write_film(
    path: Path,
    animals: Sequence[FilmedAnimal],
    options: FilmOptions,
    seed: int,
    progress: ProgressCallback = no_progress,
) -> Path:
    """Draw a film of one or two animals and write it beside its truth.

    Parameters
    ----------
    path
        An ``.mp4`` to make (H.264); ``NAME_truth.csv`` goes beside it.
    animals
        One (zone ``full``) or two (``left``, ``right``).
    options
        Size, rate, length, camera.
    seed
        The same seed gives the same film.
    progress
        Told how many seconds are done.

    Returns
    -------
    Path
        The truth, with the columns of `TRUTH_COLUMNS`.
    """
    rng = np.random.default_rng([41, seed])
    zones = zones_of(len(animals), options)
    actors = [
        _Actor(animal, zone, place, options, np.random.default_rng([43, seed, number]))
        for number, (animal, (zone, place)) in enumerate(zip(animals, zones, strict=True))
    ]
    ground = draw_cubicles([p for _, p in zones], options, seed)
    scene = _Scene(actors, ground, noise_of(options, rng), options)
    total = int(options.duration_s * options.rate)
    rows: list[list[object]] = []
    with whole_file(path) as temporary:
        for number in _encode(temporary, _frames(scene, rows), options):
            if number % options.rate == 0:
                progress("drawing films", number // options.rate, total // options.rate)
    truth = path.with_name(f"{path.stem}_truth.csv")
    write_table(truth, TRUTH_COLUMNS, rows)
    return truth


class _Actor:
    """An animal in its zone: paints each pose once and knows its truth."""

    def __init__(
        self,
        animal: FilmedAnimal,
        zone: str,
        place: Box,
        options: FilmOptions,
        rng: np.random.Generator,
    ) -> None:
        self.animal, self.zone = animal, zone
        side = int(min(place[3] - place[1], place[2] - place[0]) * 0.92)
        self.side = side - side % 2
        middle = int(place[0] + place[2]) // 2
        self.centre = (middle, int(place[3]) - self.side // 2 + self.side // 14)
        self.options = options
        self.rng = rng
        self.holds = live(animal, options.duration_s + 1, rng)
        self.hold = next(self.holds)
        self.sprite = self._paint(self.hold.face)
        self.before: Sprite | None = None
        self.since = MOVING_FRAMES
        self.lids: Sprite | None = None

    def advance(self, time_s: float) -> None:
        """Go to the hold that is on at a time."""
        while time_s >= self.hold.end_s:
            earlier = self.hold
            self.hold = next(self.holds)
            self.lids = None
            if not (earlier.doing == self.hold.doing == "asleep"):
                self.before, self.since = self.sprite, 0
                self.sprite = self._paint(self.hold.face)

    def _view(self, face: FaceParameters, pixels: int | None = None) -> View:
        lengths = 2 * MOUSE_HALF
        return View(
            pixels or self.side,
            MOUSE_HALF,
            MOUSE_CENTRE_Y + face.shift_y * lengths,
            centre_x=-face.shift_x * lengths,
        )

    def _paint(self, face: FaceParameters) -> Sprite:
        """Paint at less than full size: a camera's picture is no sharper."""
        view = self._view(face, round(self.side * _PAINTED_AT))
        layers = np.asarray(paint_mouse(face, view), np.float32)
        if self.hold.doing == "grooming":
            _lay_paws(layers, face, view, self.rng)
        small = Image.fromarray(layers.astype(np.uint8), "RGBA")
        large = small.resize((self.side, self.side), Image.Resampling.BICUBIC)
        layers = np.asarray(large, np.float32)
        rgb = np.asarray(layers[..., :3] * self.options.brightness, np.float32)
        return Sprite(rgb, np.asarray(layers[..., 3:] / 255, np.float32))

    def blinking(self, time_s: float) -> bool:
        """Whether the lids are shut for a moment."""
        return any(0 <= time_s - blink < BLINK_S for blink in self.hold.blinks)

    def show(self, time_s: float) -> Sprite:
        """Return what is seen of the animal now."""
        if self.since < MOVING_FRAMES and self.before is not None:
            share = (self.since + 1) / (MOVING_FRAMES + 1)
            return _smear(self.before, self.sprite, share)
        if self.blinking(time_s):
            if self.lids is None:
                self.lids = self._paint(replace(self.hold.face, blink=1.0))
            return self.lids
        return self.sprite

    def offset(self, time_s: float) -> tuple[int, int]:
        """Return where the picture of the animal goes: breathing, or up and away when it rears."""
        breath = np.sin(2 * np.pi * BREATHS_PER_S * time_s) * BREATH_PX * self.side
        up = self.side if self.hold.doing == "rearing" else 0
        return (
            self.centre[0] - self.side // 2,
            self.centre[1] - self.side // 2 - up + round(float(breath)),
        )

    def truth(self, frame: int, time_s: float) -> list[object]:
        """Return the row of a frame."""
        face, moving = self.hold.face, self.since < MOVING_FRAMES
        units = [f"{getattr(face, unit):.3f}" for unit in UNITS]
        head = [frame, f"{time_s:.3f}", self.animal.name, self.zone, self.hold.doing]
        head += ["yes" if moving else "no", "yes" if self.blinking(time_s) else "no", *units]
        if self.hold.doing == "rearing" or abs(face.yaw_deg) > _FACE_SEEN_TO_DEG or moving:
            return [*head, "", "", "", "", 0, 0]
        parts = parts_in(pose(face), self._view(face))
        left, top = self.offset(time_s)
        box = [round(v + (left, top)[i % 2], 1) for i, v in enumerate(parts.face)]
        return [*head, *box, len(parts.eyes), len(parts.ears)]


def _lay_paws(
    layers: npt.NDArray[np.float32],
    face: FaceParameters,
    view: View,
    rng: np.random.Generator,
) -> None:
    """Put both paws before the muzzle, as a grooming mouse does; the picture is changed."""
    nose = view.to_pixels(*pose(face).nose)
    ys, xs = np.mgrid[: layers.shape[0], : layers.shape[1]]
    for side in (-1, 1):
        cx = nose[0] + side * 0.10 / view.step * rng.uniform(0.6, 1.2)
        cy = nose[1] + 0.04 / view.step * rng.uniform(-1.5, 1.5)
        r = 0.105 / view.step
        mask = np.clip(1.4 - np.hypot((xs - cx) / r, (ys - cy) / (1.5 * r)), 0, 1)[..., None]
        tone = np.array([214, 168, 160], np.float32) * (0.8 + 0.1 * side)
        layers[..., :3] += (tone - layers[..., :3]) * mask
        layers[..., 3:] += (255 - layers[..., 3:]) * mask


def _smear(a: Sprite, b: Sprite, share: float) -> Sprite:
    """Return the animal on its way from one pose to the next, smeared by its motion."""
    width = max(3, a.rgb.shape[1] // 18)
    alpha = a.alpha * (1 - share) + b.alpha * share
    rgb = a.rgb * a.alpha * (1 - share) + b.rgb * b.alpha * share
    # A smeared picture holds no detail: half the rows and columns are enough.
    smeared = uniform_filter1d(rgb[::2, ::2], width // 2, axis=1)
    cover = uniform_filter1d(alpha[::2, ::2], width // 2, axis=1)
    layers = np.concatenate([smeared / np.maximum(cover, 1e-3), cover * 255], axis=2)
    small = Image.fromarray(np.clip(layers, 0, 255).astype(np.uint8), "RGBA")
    large = small.resize((a.rgb.shape[1], a.rgb.shape[0]), Image.Resampling.BILINEAR)
    back = np.asarray(large, np.float32)
    return Sprite(back[..., :3], back[..., 3:] / np.float32(255))


@dataclass(frozen=True)
class _Scene:
    """What a film is put together from."""

    actors: Sequence[_Actor]
    ground: npt.NDArray[np.float32]
    noise: Sequence[npt.NDArray[np.int16]]
    options: FilmOptions


def _frames(scene: _Scene, rows: list[list[object]]) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the pictures, and note the truth of each."""
    options = scene.options
    bars = bars_of(options)
    blur = (options.blur_px, options.blur_px, 0)
    still = np.round(gaussian_filter(scene.ground, blur)).astype(np.int16)
    for number in range(int(options.duration_s * options.rate)):
        time_s = number / options.rate
        picture = still + scene.noise[number % len(scene.noise)]
        for actor in scene.actors:
            actor.advance(time_s)
            _paste(picture, actor.show(time_s), actor.offset(time_s))
            rows.append(actor.truth(number, time_s))
            actor.since += 1
        for columns, tone in bars:
            picture[:, columns] = tone
        if options.infrared:
            picture[:] = picture.mean(axis=2, keepdims=True)
        yield np.clip(picture, 0, 255).astype(np.uint8)


def _paste(picture: npt.NDArray[np.int16], sprite: Sprite, offset: tuple[int, int]) -> None:
    """Lay an animal over the picture; its own noise is that of the picture behind it."""
    height, width = sprite.alpha.shape[:2]
    left, top = offset
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(picture.shape[1], left + width), min(picture.shape[0], top + height)
    if x1 <= x0 or y1 <= y0:
        return
    part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    under = picture[y0:y1, x0:x1]
    alpha = sprite.alpha[part]
    under[:] = under * (1 - alpha) + sprite.rgb[part] * alpha


def _encode(
    path: Path, pictures: Iterator[npt.NDArray[np.uint8]], options: FilmOptions
) -> Iterator[int]:
    """Write pictures as H.264 in MP4; yield the number of each."""
    import av

    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=options.rate)
        stream.width, stream.height = options.width, options.height
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, options.rate)
        stream.options = {"preset": "ultrafast", "crf": str(options.crf)}
        stream.gop_size = options.rate * 2
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
            yield number
        container.mux(stream.encode(None))
