"""How a laboratory's camera may see the same scene: coat, light, colour, bars, glare, noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from amgs.images.reading import RGB
from finder_training.eyes import pale_eyes
from finder_training.photographs import MarkedFace
from finder_training.scenes import Scene

Values = npt.NDArray[np.float32]
FrameCandidate = Callable[[Values, np.random.Generator], Values]


def augment_appearance(scene: Scene, rng: np.random.Generator) -> Scene:
    """Change coat and light, put things in front, and look through another camera."""
    if rng.random() < 0.25:
        scene = _whiten(scene, rng)
        if rng.random() < 0.5:
            scene = pale_eyes(scene, rng)
    elif rng.random() < 0.04:
        scene = pale_eyes(scene, rng)
    values = scene.rgb.astype(np.float32)
    for chance, look in LOOKS:
        if rng.random() < chance:
            values = look(values, rng)
    rgb = np.clip(values, 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        rgb = _compress(rgb, int(rng.integers(15, 80)))
    return replace(scene, rgb=rgb)


def _blur(values: npt.NDArray[np.float32], sigma: float) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


def _whiten(scene: Scene, rng: np.random.Generator) -> Scene:
    """Turn the coats nearly white: fur bright and without colour, what is darkest stays dark."""
    values = scene.rgb.astype(np.float32)
    for face in scene.faces:
        region = _inner(values, face)
        if region.size == 0:
            continue
        dark, bright = np.percentile(region.mean(axis=2), (3, rng.uniform(45, 75)))
        lifted = np.clip((values - dark) / max(12.0, bright - dark), 0, 1.15) ** rng.uniform(
            0.35, 0.7
        )
        lifted *= rng.uniform(165, 235)
        grey = lifted.mean(axis=2, keepdims=True)
        lifted = grey + (lifted - grey) * rng.uniform(0, 0.35)
        mask = _soft_region(values.shape[:2], face, rng)[..., None]
        values = values * (1 - mask) + lifted * mask
    return replace(scene, rgb=np.clip(values, 0, 255).astype(np.uint8))


def _inner(values: Values, face: MarkedFace) -> Values:
    left, top, right, bottom = face.box
    dx, dy = (right - left) * 0.15, (bottom - top) * 0.15
    return values[
        max(0, int(top + dy)) : int(bottom - dy), max(0, int(left + dx)) : int(right - dx)
    ]


def _soft_region(
    shape: tuple[int, int], face: MarkedFace, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return a soft ellipse around the face, or the whole image."""
    if rng.random() < 0.4:
        return np.ones(shape, np.float32)
    left, top, right, bottom = face.box
    ys, xs = np.ogrid[: shape[0], : shape[1]]
    rx, ry = (right - left) * rng.uniform(0.7, 1.3), (bottom - top) * rng.uniform(0.7, 1.3)
    distance = ((xs - (left + right) / 2) / rx) ** 2 + ((ys - (top + bottom) / 2) / ry) ** 2
    return np.clip(2.2 - 1.6 * distance, 0, 1).astype(np.float32)


def _grey(values: Values, rng: np.random.Generator) -> Values:
    """Infra-red and grey cameras: some mixture of the channels, sometimes tinted."""
    weights = rng.dirichlet((2.0, 2.0, 1.0)).astype(np.float32)
    grey = np.repeat((values @ weights)[..., None], 3, axis=2)
    if rng.random() < 0.3:
        tint = np.asarray(rng.uniform(0.7, 1.2, 3), np.float32)
        grey = grey * tint
    return grey


def _gamma(values: Values, rng: np.random.Generator) -> Values:
    exponent = float(np.exp(rng.normal(0, 0.45)))
    return np.asarray(255 * (np.clip(values, 0, 255) / 255) ** exponent, np.float32)


def _contrast(values: Values, rng: np.random.Generator) -> Values:
    middle = float(rng.uniform(60, 180))
    factor, shift = float(np.exp(rng.normal(-0.1, 0.35))), float(rng.normal(0, 20))
    return np.asarray((values - middle) * factor + middle + shift, np.float32)


def _colour(values: Values, rng: np.random.Generator) -> Values:
    return values * np.asarray(np.exp(rng.normal(0, 0.18, 3)), np.float32)


def _saturation(values: Values, rng: np.random.Generator) -> Values:
    grey = values.mean(axis=2, keepdims=True)
    return np.asarray(grey + (values - grey) * float(rng.uniform(0.1, 1.6)), np.float32)


def _light(values: Values, rng: np.random.Generator) -> Values:
    """Light that falls off across the image."""
    side = values.shape[0]
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8)
    ys, xs = np.mgrid[:side, :side] / side - 0.5
    slope = 1 + depth * (xs * np.cos(angle) + ys * np.sin(angle))
    return values * np.asarray(slope, np.float32)[..., None]


def _bars(values: Values, rng: np.random.Generator) -> Values:
    """Cage bars or mesh in front."""
    side = values.shape[0]
    layer = np.zeros((side, side), np.float32)
    step, width = int(rng.integers(side // 12, side // 3)), int(rng.integers(1, max(2, side // 60)))
    lean, start = rng.normal(0, 0.08) * side, int(rng.integers(step))
    for place in range(start - side // 4, side + side // 4, step):
        cv2.line(layer, (place, 0), (int(place + lean), side), 1.0, width, cv2.LINE_AA)
        if rng.random() < 0.15:
            cv2.line(layer, (0, place), (side, int(place + lean)), 1.0, width, cv2.LINE_AA)
    if rng.random() < 0.4:
        layer = np.ascontiguousarray(layer.T)
    mask = (layer * float(rng.uniform(0.4, 1)))[..., None]
    return np.asarray(values * (1 - mask) + mask * float(rng.uniform(10, 240)), np.float32)


def _glare(values: Values, rng: np.random.Generator) -> Values:
    """Reflections on the wall of a cubicle."""
    side = values.shape[0]
    layer = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        centre = tuple(int(v) for v in rng.uniform(0, side, 2))
        axes = (int(rng.uniform(0.02, 0.2) * side) + 1, int(rng.uniform(0.01, 0.08) * side) + 1)
        cv2.ellipse(layer, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    layer = _blur(layer, float(rng.uniform(0.005, 0.04) * side))
    return values + layer[..., None] * float(rng.uniform(60, 220))


def _veil(values: Values, rng: np.random.Generator) -> Values:
    """Scratched or dirty plastic: a pale veil over everything."""
    share = float(rng.uniform(0.1, 0.5))
    return values * (1 - share) + share * float(rng.uniform(60, 230))


def _cover(values: Values, rng: np.random.Generator) -> Values:
    """Paws, bedding, a finger: blobs of a colour of the image itself in front of it."""
    side = values.shape[0]
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.integers(0, side, 2)
        colour = values[y, x] * float(rng.uniform(0.7, 1.2))
        mask = np.zeros((side, side), np.float32)
        centre = tuple(int(v) for v in rng.uniform(0, side, 2))
        axes = tuple(int(v) + 1 for v in rng.uniform(0.01, 0.09, 2) * side)
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        soft = _blur(mask, 1.0)[..., None]
        values = values * (1 - soft) + soft * colour
    return values


def _soft(values: Values, rng: np.random.Generator) -> Values:
    side = values.shape[0]
    if rng.random() < 0.5:
        small = max(40, int(side * rng.uniform(0.25, 0.8)))
        shrunk = cv2.resize(values, (small, small), interpolation=cv2.INTER_AREA)
        return np.asarray(
            cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR), np.float32
        )
    sigma = float(rng.gamma(2.0, 0.5)) + 0.2
    return _blur(values, sigma)


def _smear(values: Values, rng: np.random.Generator) -> Values:
    """Smear as when the animal, or the camera, moves while the shutter is open."""
    length = int(rng.integers(3, max(4, values.shape[0] // 20)))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    middle, dx, dy = (length - 1) / 2, np.cos(angle), np.sin(angle)
    ends = [
        (round(middle + way * middle * dx), round(middle + way * middle * dy)) for way in (-1, 1)
    ]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1)
    return np.asarray(cv2.filter2D(values, -1, kernel / kernel.sum()), np.float32)


def _comb(values: Values, rng: np.random.Generator) -> Values:
    """Shift every other row, as the half images of an interlaced camera are."""
    combed = values.copy()
    combed[1::2] = np.roll(values[1::2], int(rng.integers(1, 7)), axis=1)
    return combed


def _noise(values: Values, rng: np.random.Generator) -> Values:
    channels = 1 if rng.random() < 0.5 else 3
    grain = rng.standard_normal((*values.shape[:2], channels), np.float32)
    if rng.random() < 0.4:
        grain = _blur(grain, 0.8).reshape(*values.shape[:2], channels) * 2
    return values + grain * float(rng.gamma(2.0, 4.5))


LOOKS: tuple[tuple[float, FrameCandidate], ...] = (
    (0.15, _cover),
    (0.15, _bars),
    (0.35, _light),
    (0.7, _gamma),
    (0.5, _colour),
    (0.4, _saturation),
    (0.4, _grey),
    (0.12, _glare),
    (0.12, _veil),
    (0.6, _contrast),
    (0.35, _soft),
    (0.08, _smear),
    (0.04, _comb),
    (0.45, _noise),
)
"""How often each change is made, in the order in which light reaches a file."""


def _compress(rgb: RGB, quality: int) -> RGB:
    _, encoded = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
