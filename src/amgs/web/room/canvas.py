"""The picture of a face that raters see: always of one size, so that its outline tells nothing."""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from amgs.faces.detections import Box
from amgs.images.reading import RGB
from amgs.study.settings import AS_FILMED, EQUAL, GREY

SIDE_PX = 800
"""Width and height of every picture."""

MOST_SHIFT_PX = 1.5
"""Every showing is moved by a random part of a pixel, or a little more, so that both showings of a
hidden repeat differ in every byte."""

BLOCK_BYTES = 256 * 1024
"""Files are filled up to a multiple of this: the length of a file tells no face from another."""

FACE_SHARE = 0.76
"""The longer side of the face's box, as a share of the picture, where the background is changed."""

GREY_LEVEL = 128
MEAN, SD = 128.0, 52.0
"""Brightness of the face where it is made equal."""

_QUALITY = 90
_EDGE = 2.6  # between an ellipse (2) and a rectangle: ears lie in the corners of the box
_SOFT = 0.14
_SMALL_PX = 50  # blurred by making it small and large again
_LEAST_GAIN, _MOST_GAIN = 0.5, 2.5


def draw_canvas(
    rgb: RGB, box: Box | None, mark: str, background: str = AS_FILMED, brightness: str = AS_FILMED
) -> bytes:
    """Return the picture of a face as a JPEG: pixels only, nothing that the file knew besides.

    Parameters
    ----------
    rgb
        The image, uint8, height × width × 3.
    box
        Where the face is in it; the whole image where this is not known.
    mark
        Of this showing: the shift follows from it.
    background
        ``as filmed``: all of the image, on a blurred copy of itself that fills the square.
        ``blurred`` or ``grey``: what is outside the face is blurred, or one grey.
    brightness
        ``equal``: the same mean (128) and standard deviation (52) of the luminance in the face.

    Returns
    -------
    bytes
        A JPEG of `SIDE_PX` × `SIDE_PX`, filled up to a multiple of `BLOCK_BYTES`.
    """
    height, width = rgb.shape[:2]
    whole: Box = (0.0, 0.0, float(width), float(height))
    if background == AS_FILMED:
        shown, share, face = whole, 1.0 - 4 * MOST_SHIFT_PX / SIDE_PX, whole
    else:
        shown, share = box or whole, FACE_SHARE
        face = shown
    if brightness == EQUAL:
        rgb = _equalise(rgb, face)
    scale = share * SIDE_PX / max(shown[2] - shown[0], shown[3] - shown[1])
    middle = ((shown[0] + shown[2]) / 2, (shown[1] + shown[3]) / 2)
    picture = _place(rgb, scale, middle, _shift(mark))
    grey = Image.new("RGB", picture.size, (GREY_LEVEL, GREY_LEVEL, GREY_LEVEL))
    ground = grey if background == GREY else _fill(picture, rgb)
    half = (scale * (shown[2] - shown[0]) / 2, scale * (shown[3] - shown[1]) / 2)
    mask = _rectangle(half) if background == AS_FILMED else _ellipse()
    # Two shifts may be nearly alike: a little noise of its own makes every showing another file.
    seed = int.from_bytes(hashlib.sha256(f"noise|{mark}".encode()).digest()[:8])
    grain = np.random.default_rng(seed).integers(-1, 2, (SIDE_PX, SIDE_PX, 1), np.int16)
    mixed = np.asarray(Image.composite(picture, ground, mask), np.int16)
    if background == GREY:  # none where there is no face: the corners are the same everywhere
        grain *= np.asarray(mask)[..., None] > 0
    stream = io.BytesIO()
    drawn = Image.fromarray(np.clip(mixed + grain, 0, 255).astype(np.uint8))
    drawn.save(stream, "JPEG", quality=_QUALITY)
    content = stream.getvalue()
    return content.ljust(-(-len(content) // BLOCK_BYTES) * BLOCK_BYTES, b"\0")


def _shift(mark: str) -> tuple[float, float]:
    digest = hashlib.sha256(f"shift|{mark}".encode()).digest()
    parts = (int.from_bytes(digest[:4]), int.from_bytes(digest[4:8]))
    dx, dy = (MOST_SHIFT_PX * (2 * part / 2**32 - 1) for part in parts)
    return dx, dy


def _place(
    rgb: RGB, scale: float, middle: tuple[float, float], shift: tuple[float, float]
) -> Image.Image:
    """Draw an image at a scale, a point of it in the middle; it is mirrored beyond its edge."""
    image = Image.fromarray(rgb)
    if scale < 1:  # bicubic takes few pixels into account: small patterns would flicker
        size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
        middle = (middle[0] * size[0] / rgb.shape[1], middle[1] * size[1] / rgb.shape[0])
        scale = 1.0
    pad = int(np.ceil(SIDE_PX / scale)) + 2
    padded = np.pad(np.asarray(image), ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    step = 1 / scale
    left = middle[0] + pad - step * (SIDE_PX / 2 + shift[0])
    top = middle[1] + pad - step * (SIDE_PX / 2 + shift[1])
    return Image.fromarray(padded).transform(
        (SIDE_PX, SIDE_PX),
        Image.Transform.AFFINE,
        (step, 0, left, 0, step, top),
        Image.Resampling.BICUBIC,
    )


def _fill(picture: Image.Image, rgb: RGB) -> Image.Image:
    """Return a blurred copy of the image that fills the square."""
    small = Image.fromarray(rgb).resize((_SMALL_PX, _SMALL_PX), Image.Resampling.BOX)
    soft = small.filter(ImageFilter.GaussianBlur(_SMALL_PX / 8))
    return soft.resize(picture.size, Image.Resampling.BICUBIC)


def _rectangle(half: tuple[float, float]) -> Image.Image:
    """Return 1 inside the image, softly less towards edges that lie inside the square."""
    soft = SIDE_PX * _SOFT / 4
    away = np.abs(np.arange(SIDE_PX) + 0.5 - SIDE_PX / 2)
    sides = []
    for size in half:
        inside = size >= SIDE_PX / 2 - 4 * MOST_SHIFT_PX
        sides.append(np.ones(SIDE_PX) if inside else np.clip((size - away) / soft, 0, 1))
    return _as_mask(np.outer(sides[1], sides[0]))


@lru_cache
def _ellipse() -> Image.Image:
    """Return 1 in the face, softly 0 outside; of one form for all faces."""
    away = np.abs(np.arange(SIDE_PX) + 0.5 - SIDE_PX / 2) / (SIDE_PX / 2 * FACE_SHARE * 1.12)
    radius = (away[:, None] ** _EDGE + away[None, :] ** _EDGE) ** (1 / _EDGE)
    return _as_mask(np.clip((1 + _SOFT / 2 - radius) / _SOFT, 0, 1))


def _as_mask(share: npt.NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(np.rint(255 * share).astype(np.uint8))


def _equalise(rgb: RGB, face: Box) -> RGB:
    """Give the face the same mean brightness and contrast as every other one."""
    left, top, right, bottom = (round(value) for value in face)
    light = np.asarray(Image.fromarray(rgb).convert("L"), np.float32)[top:bottom, left:right]
    gain = np.clip(SD / max(float(light.std()), 1e-6), _LEAST_GAIN, _MOST_GAIN)
    changed = (rgb.astype(np.float32) - light.mean()) * gain + MEAN
    equal: RGB = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    return equal
