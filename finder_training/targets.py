"""What the network should say for a scene: maps of centres, and values at the centres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, log, sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from amgs.faces.base import EYE_STATES, VIEWS
from amgs.faces.centre_maps import (
    CHANNELS,
    FACE_PARTS,
    N_CHANNELS,
    SIZE_UNIT_PX,
    STRIDE_PX,
    PartName,
)
from amgs.faces.detections import Box
from finder_training.eyes import SMALLEST_EYE_PX
from finder_training.photographs import MarkedEar, MarkedEye, MarkedFace
from finder_training.scenes import Scene

Maps = npt.NDArray[np.float32]
Extras: TypeAlias = dict[str, tuple[float, ...]]

SPREAD = {"face": 0.09, "eye": 0.2, "ear": 0.15, "nose": 0.0}
"""Standard deviation of the hill around a centre, as a share of the part's size."""

LEAST_SPREAD = 0.75
SMALLEST_PX = 2.0


@dataclass(frozen=True, slots=True)
class Targets:
    """Maps for one scene.

    Parameters
    ----------
    centres
        Hills of height 1, (parts, rows, columns).
    loss_mask
        0 where nothing is asked of the centres.
    values
        What sizes, offsets, states and views should be, with the channels of the network's maps.
        States and views are shares that sum to 1.
    weights
        How much each value counts, same shape; 0 nearly everywhere.
    """

    centres: Maps
    loss_mask: Maps
    values: Maps
    weights: Maps


def make_targets(scene: Scene) -> Targets:
    """Make the maps for one scene."""
    cells = scene.rgb.shape[0] // STRIDE_PX
    targets = Targets(
        np.zeros((len(FACE_PARTS), cells, cells), np.float32),
        np.ones((len(FACE_PARTS), cells, cells), np.float32),
        np.zeros((N_CHANNELS, cells, cells), np.float32),
        np.zeros((N_CHANNELS, cells, cells), np.float32),
    )
    for left, top, right, bottom in scene.ignored:
        rows = slice(max(0, floor(top / STRIDE_PX)), max(0, ceil(bottom / STRIDE_PX)))
        columns = slice(max(0, floor(left / STRIDE_PX)), max(0, ceil(right / STRIDE_PX)))
        targets.loss_mask[:, rows, columns] = 0
    for face in scene.faces:
        for part, box, more in _parts(face):
            _add(targets, part, box, more)
    return targets


def _parts(face: MarkedFace) -> Iterator[tuple[PartName, Box, Extras]]:
    """Yield every part with its box and what else is to be said at its centre."""
    yield "face", face.box, {"view": tuple(float(view == face.view) for view in VIEWS)}
    for eye in face.eyes:
        yield "eye", eye.box, _say_of_eye(eye)
    for ear in face.ears:
        yield "ear", ear.box, _say_of_ear(ear)
    if face.nose is not None:
        x, y = face.nose
        yield "nose", (x, y, x, y), {}


def _say_of_eye(eye: MarkedEye) -> Extras:
    """Two readers who differ share the target; of an eye that is too small nobody can tell."""
    clear = eye.is_clear and max(_lengths(eye.box)) >= SMALLEST_EYE_PX
    extras: Extras = {"eye_unclear": (float(not clear),)}
    if clear:
        readings = eye.readings
        extras["eye_state"] = tuple(readings.count(s) / len(readings) for s in EYE_STATES)
    return extras


def _say_of_ear(ear: MarkedEar) -> Extras:
    """Say where root and end lie, from the ear's centre, in units of its longer side."""
    left, top, right, bottom = ear.box
    length = max(*_lengths(ear.box), 1.0)
    extras: Extras = {}
    for name, point in (("ear_base", ear.base), ("ear_tip", ear.tip)):
        if point is not None:
            dx, dy = point[0] - (left + right) / 2, point[1] - (top + bottom) / 2
            extras[name] = (dx / length, dy / length)
    return extras


def _lengths(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def _add(targets: Targets, part: PartName, box: Box, more: Extras) -> None:
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    x, y = (left + right) / 2 / STRIDE_PX, (top + bottom) / 2 / STRIDE_PX
    cells = targets.centres.shape[1]
    column, row = min(cells - 1, int(x)), min(cells - 1, int(y))
    spread = max(LEAST_SPREAD, SPREAD[part] * sqrt(max(width, 1) * max(height, 1)) / STRIDE_PX)
    reach = ceil(3 * spread)
    rows = slice(max(0, row - reach), min(cells, row + reach + 1))
    columns = slice(max(0, column - reach), min(cells, column + reach + 1))
    ys, xs = np.mgrid[rows, columns]
    hill = np.exp(-((xs - column) ** 2 + (ys - row) ** 2) / (2 * spread**2)).astype(np.float32)
    region = targets.centres[FACE_PARTS.index(part), rows, columns]
    np.maximum(region, hill, out=region)

    near = (np.abs(ys - row) <= 1) & (np.abs(xs - column) <= 1)
    weight = np.where(near, np.where((ys == row) & (xs == column), 1.0, 0.35), 0.0)
    offset = CHANNELS[f"{part}_offset"]
    _set(targets, offset.start, rows, columns, x - 0.5 - xs, weight)
    _set(targets, offset.start + 1, rows, columns, y - 0.5 - ys, weight)
    if part != "nose":
        size = CHANNELS[f"{part}_size"]
        for number, length in enumerate((width, height)):
            value = np.full(xs.shape, log(max(length, SMALLEST_PX) / SIZE_UNIT_PX))
            _set(targets, size.start + number, rows, columns, value, weight)
    for name, said in more.items():
        for channel, one in enumerate(said, start=CHANNELS[name].start):
            _set(targets, channel, rows, columns, np.full(xs.shape, one), weight)


def _set(
    targets: Targets,
    channel: int,
    rows: slice,
    columns: slice,
    value: npt.NDArray[np.floating],
    weight: npt.NDArray[np.floating],
) -> None:
    """Write values where they weigh more than what is there."""
    better = weight > targets.weights[channel, rows, columns]
    targets.values[channel, rows, columns][better] = value[better]
    targets.weights[channel, rows, columns][better] = weight[better]
