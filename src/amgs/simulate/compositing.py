"""One animal of a video in its cubicle: painted once per pose, laid over what stands still."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import uniform_filter1d

from amgs.jobs import bounded_map
from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.behaviour import BLINK_S, UNITS, Bout, FilmedAnimal, simulate_behaviour
from amgs.simulate.cubicle import VideoOptions
from amgs.simulate.face import Box, parts_in
from amgs.simulate.mouse import paint_mouse, paint_trunk
from amgs.simulate.posture import pose
from amgs.simulate.shapes import View

MOUSE_HALF, MOUSE_CENTRE_Y = 1.40, -0.23
"""What the image of a whole mouse shows."""

BREATHS_PER_S, BREATH_PX = 3.0, 0.004
MOVING_FRAMES = 2
STRETCHED = 2.4
"""So much longer is an animal that rears, and its head is out of the image."""

FEET_ABOVE = 0.164
"""Where the feet are in the image of a mouse, from below."""

_SIDE = 0.99
_PAINTED_AT = 0.57
_FACE_SEEN_TO_DEG = 105.0
_AHEAD = 4
_COARSE = 4

Luma = npt.NDArray[np.int16]
Chroma = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Planes:
    """An image as videos store it: brightness, and two colours at half the size."""

    y: Luma
    u: Chroma
    v: Chroma


@dataclass(frozen=True)
class Painted:
    """A hold with its images: the animal, and with its lids shut if it blinks."""

    hold: Bout
    sprite: Image.Image
    lids: Image.Image | None


@dataclass(frozen=True)
class Cubicle:
    """Where an animal is: the name and place of its zone, what is behind it and before it."""

    zone: str
    place: Box
    behind: Image.Image
    before: Image.Image


class RenderedAnimal:
    """An animal in its zone: what is seen of it at a time, and what is true.

    Parameters
    ----------
    animal
        Who it is.
    cubicle
        Where it is.
    options
        How the video is made.
    seed
        Decides what it does.
    pool
        Paints poses ahead.
    """

    def __init__(
        self,
        animal: FilmedAnimal,
        cubicle: Cubicle,
        options: VideoOptions,
        seed: Sequence[int],
        pool: Executor,
    ) -> None:
        self.animal, self.cubicle = animal, cubicle
        self._infrared = options.infrared
        place = cubicle.place
        side = int(min(place[3] - place[1], place[2] - place[0]) * _SIDE)
        self._side = side - side % 2
        self._left = (int(place[2] - place[0]) - self._side) // 2
        self._top = int(place[3] - place[1]) - self._side + self._side // 14
        painter = _Painter(self._side, self._top, options.brightness)
        holds = simulate_behaviour(animal, options.duration_s + 1, np.random.default_rng(seed))
        self._painted: Iterator[Painted] = bounded_map(pool, painter, holds, _AHEAD)
        self._now = next(self._painted)
        self._earlier: Image.Image | None = None  # while it moves from there to here
        self._since = 0
        self._kept: dict[tuple[bool, int], Planes] = {}

    def advance(self, time_s: float) -> None:
        """Go to the hold that is on at a time."""
        while time_s >= self._now.hold.end_s:
            earlier, self._now = self._now, next(self._painted)
            self._kept.clear()
            if not (earlier.hold.behaviour == self._now.hold.behaviour == "asleep"):
                self._earlier, self._since = earlier.sprite, 0

    def step(self) -> None:
        """End a frame."""
        self._since += 1
        if self._since >= MOVING_FRAMES:
            self._earlier = None

    def _blinking(self, time_s: float) -> bool:
        return any(0 <= time_s - blink < BLINK_S for blink in self._now.hold.blinks)

    def show(self, time_s: float) -> Planes:
        """Return the zone as it is seen now."""
        top = self._breath(time_s)
        if self._earlier is not None:
            share = (self._since + 1) / (MOVING_FRAMES + 1)
            return self._composed(_smear(self._earlier, self._now.sprite, share), top)
        lids = self._now.lids if self._blinking(time_s) else None
        key = (lids is not None, top)
        if key not in self._kept:
            self._kept[key] = self._composed(lids or self._now.sprite, top)
        return self._kept[key]

    def _breath(self, time_s: float) -> int:
        wave = np.sin(2 * np.pi * BREATHS_PER_S * time_s)
        return round(float(wave) * BREATH_PX * self._side)

    def _composed(self, sprite: Image.Image, top: int) -> Planes:
        image = self.cubicle.behind.copy()
        image.paste(sprite, (self._left, top), sprite)
        image.paste(self.cubicle.before, (0, 0), self.cubicle.before)
        if self._infrared:
            image = image.convert("L").convert("RGB")
        return compute_planes(image)

    def truth(self, frame: int, time_s: float) -> list[object]:
        """Return the row of a frame."""
        hold, moving = self._now.hold, self._earlier is not None
        face = hold.face
        units = [f"{getattr(face, unit):.3f}" for unit in UNITS]
        row: list[object] = [frame, f"{time_s:.3f}", self.animal.name, self.cubicle.zone]
        row += [hold.behaviour, _yes(moving), _yes(self._blinking(time_s)), *units]
        if hold.behaviour == "rearing" or abs(face.yaw_deg) > _FACE_SEEN_TO_DEG or moving:
            return [*row, "", "", "", "", 0, 0]
        parts = parts_in(pose(face), _view(face, self._side))
        corner = (
            self.cubicle.place[0] + self._left,
            self.cubicle.place[1] + self._top + self._breath(time_s),
        )
        box = [round(v + corner[i % 2], 1) for i, v in enumerate(parts.face)]
        return [*row, *box, len(parts.eyes), len(parts.ears)]


def _yes(true: bool) -> str:
    return "yes" if true else "no"


def compute_planes(image: Image.Image) -> Planes:
    """Return an image in brightness and colour; its sides must be even."""
    import av

    frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
    planes: Any = frame.reformat(format="yuv420p").to_ndarray()
    width, height = image.size
    colours = planes[height:].reshape(2, height // 2, width // 2)
    return Planes(planes[:height].astype(np.int16), colours[0], colours[1])


def _view(face: FaceParameters, pixels: int) -> View:
    lengths = 2 * MOUSE_HALF
    return View(
        pixels,
        MOUSE_HALF,
        MOUSE_CENTRE_Y + face.shift_y * lengths,
        centre_x=-face.shift_x * lengths,
    )


@dataclass(frozen=True)
class _Painter:
    """Paints holds, at less than full size: a camera's image is no sharper.

    What it paints reaches from the top of the zone to the floor: an animal may rear.
    """

    side: int
    top: int
    brightness: float

    def __call__(self, hold: Bout) -> Painted:
        lids = self._paint(hold, replace(hold.face, blink=1.0)) if hold.blinks else None
        return Painted(hold, self._paint(hold, hold.face), lids)

    def _paint(self, hold: Bout, face: FaceParameters) -> Image.Image:
        view = _view(face, round(self.side * _PAINTED_AT))
        rears = hold.behaviour == "rearing"
        grooms = hold.behaviour == "grooming"
        mouse = (
            paint_trunk(face, view, STRETCHED)
            if rears
            else paint_mouse(face, view, grooming=grooms)
        )
        layers = np.array(mouse, np.float32)
        layers[..., :3] *= self.brightness
        image = Image.fromarray(np.clip(layers, 0, 255).astype(np.uint8), "RGBA")
        whole = Image.new("RGBA", (self.side, self.side + self.top))
        tall = round(self.side * (STRETCHED if rears else 1.0))
        large = image.resize((self.side, tall), Image.Resampling.BICUBIC)
        # The feet stay where they are: what is below them is stretched as well.
        under = round((tall - self.side) * FEET_ABOVE)
        whole.paste(large, (0, self.top + self.side - tall + under))
        return whole


def _smear(a: Image.Image, b: Image.Image, share: float) -> Image.Image:
    """Return the animal on its way from one pose to the next, smeared by its motion."""
    # A smeared image holds no detail: a quarter of the rows and columns is enough.
    first, second = (_premultiplied(image.reduce(_COARSE)) for image in (a, b))
    width = max(3, a.width // 18 // _COARSE)
    mixed = uniform_filter1d(first * (1 - share) + second * share, width, axis=1)
    mixed[..., :3] /= np.maximum(mixed[..., 3:], 1) / 255
    small: Any = Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8), "RGBA")
    large: Image.Image = small.resize(a.size, Image.Resampling.BILINEAR)
    return large


def _premultiplied(image: Image.Image) -> npt.NDArray[np.float32]:
    layers = np.array(image, np.float32)
    layers[..., :3] *= layers[..., 3:] / 255
    return layers
