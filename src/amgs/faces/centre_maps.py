"""What the network of `centre_net` says: maps at a quarter of the image, and how they are read.

The network, the targets it is trained with and the decoding share one list of channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, tanh
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from amgs.faces.base import (
    EYE_STATES,
    MOST_OF_A_KIND,
    VIEWS,
    FoundEar,
    FoundEye,
    FoundFace,
)
from amgs.faces.detections import Box

PartName: TypeAlias = Literal["face", "eye", "ear", "nose"]
"""What has a centre."""

FACE_PARTS: tuple[PartName, ...] = get_args(PartName)

STRIDE_PX = 4
"""Pixels of the image per cell of the maps."""

MULTIPLE_PX = 32
"""Sides of the network's input are multiples of this."""

SIZE_UNIT_PX = 16.0
"""Sizes are learned as ln(side / 16 px)."""

_LAYOUT = (
    ("centres", len(FACE_PARTS)),
    ("face_size", 2),
    ("eye_size", 2),
    ("ear_size", 2),
    ("face_offset", 2),
    ("eye_offset", 2),
    ("ear_offset", 2),
    ("nose_offset", 2),
    ("ear_base", 2),
    ("ear_tip", 2),
    ("eye_unclear", 1),
    ("eye_state", len(EYE_STATES)),
    ("view", len(VIEWS)),
)


def _slices() -> dict[str, slice]:
    found, start = {}, 0
    for name, length in _LAYOUT:
        found[name] = slice(start, start + length)
        start += length
    return found


CHANNELS = _slices()
"""Name of each group of maps and where it lies."""

N_CHANNELS = sum(length for _, length in _LAYOUT)

MIN_PART_SCORE: dict[PartName, float] = {"face": 0.0, "eye": 0.3, "ear": 0.3, "nose": 0.15}
"""Parts with a lower score are not reported; chosen on the validation photographs."""

_MARGIN = 0.12
"""A part belongs to a face if its centre lies in the box widened by this share on each side."""

_FIRST_VALUE = len(FACE_PARTS)
_MOST_FACES = 20


@dataclass(frozen=True, slots=True)
class _Centre:
    x: float
    y: float
    score: float
    row: int
    column: int


def decode_maps(
    peaks: npt.NDArray[np.float32], values: npt.NDArray[np.float32], min_score: float
) -> list[FoundFace]:
    """Turn the network's maps into faces.

    Parameters
    ----------
    peaks
        Probabilities of centres where they are the highest of their neighbourhood, else 0;
        (parts, rows, columns).
    values
        The other channels of `amgs.faces.centre_maps`.
    min_score
        Of faces.

    Returns
    -------
    list of FoundFace
        In pixels of the network's input, best first.
    """
    faces = [
        (centre, _box(values, centre, "face"))
        for centre in _centres(peaks, values, "face", min_score)[:_MOST_FACES]
    ]
    # Parts are found on their own maps and then given to faces: an ear is never lost because its
    # face was weak, and a part outside every face (a paw taken for an ear) is dropped.
    owned: dict[tuple[int, PartName], list[_Centre]] = {}
    for part in ("eye", "ear", "nose"):
        for centre in _centres(peaks, values, part, MIN_PART_SCORE[part]):
            owner = _owner(centre, [box for _, box in faces])
            if owner is not None:
                owned.setdefault((owner, part), []).append(centre)
    found = []
    for number, (centre, box) in enumerate(faces):
        # Centres come best first, so the surplus that is cut off is the least sure.
        eyes = owned.get((number, "eye"), [])[: MOST_OF_A_KIND["eye"]]
        ears = owned.get((number, "ear"), [])[: MOST_OF_A_KIND["ear"]]
        nose = owned.get((number, "nose"), [])
        found.append(
            FoundFace(
                box=box,
                score=centre.score,
                eyes=tuple(_eye(values, eye) for eye in eyes),
                ears=tuple(_ear(values, ear) for ear in ears),
                nose=(nose[0].x, nose[0].y) if nose else None,
                view_p=_softmax(_at(values, "view", centre)),
            )
        )
    return found


def _centres(
    peaks: npt.NDArray[np.float32],
    values: npt.NDArray[np.float32],
    part: PartName,
    min_score: float,
) -> list[_Centre]:
    """Return the centres of one kind of part, best first."""
    plane = peaks[FACE_PARTS.index(part)]
    rows, columns = np.nonzero(plane >= max(min_score, 1e-3))
    # Stable, so that equal scores keep the order of the image and a run can be repeated exactly.
    order = np.argsort(-plane[rows, columns], kind="stable")[:200]
    found = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        # A cell is 4 pixels wide; the offset says where in it the centre lies.
        dx, dy = values[_shifted(f"{part}_offset"), row, column].tolist()
        x, y = (column + 0.5 + dx) * STRIDE_PX, (row + 0.5 + dy) * STRIDE_PX
        found.append(_Centre(x, y, float(plane[row, column]), row, column))
    return found


def _shifted(name: str) -> slice:
    """Return where a group of channels lies among the values, which lack the centres."""
    channels = CHANNELS[name]
    return slice(channels.start - _FIRST_VALUE, channels.stop - _FIRST_VALUE)


def _at(values: npt.NDArray[np.float32], name: str, centre: _Centre) -> tuple[float, ...]:
    return tuple(values[_shifted(name), centre.row, centre.column].tolist())


def _softmax(logits: tuple[float, ...]) -> tuple[float, ...]:
    highest = max(logits)
    powers = [exp(logit - highest) for logit in logits]
    return tuple(power / sum(powers) for power in powers)


def _box(values: npt.NDArray[np.float32], centre: _Centre, part: PartName) -> Box:
    # Sizes are logarithms: an error of the network is then a share of the size, near and far.
    width, height = (np.exp(v) * SIZE_UNIT_PX for v in _at(values, f"{part}_size", centre))
    x, y = centre.x, centre.y
    return (
        float(x - width / 2),
        float(y - height / 2),
        float(x + width / 2),
        float(y + height / 2),
    )


def _eye(values: npt.NDArray[np.float32], centre: _Centre) -> FoundEye:
    p_open, p_narrowed, p_closed = _softmax(_at(values, "eye_state", centre))
    (unclear,) = _at(values, "eye_unclear", centre)
    box = _box(values, centre, "eye")
    p_unclear = (1 + tanh(unclear / 2)) / 2  # the logistic function, which cannot overflow
    return FoundEye(box, centre.score, p_open, p_narrowed, p_closed, p_unclear)


def _ear(values: npt.NDArray[np.float32], centre: _Centre) -> FoundEar:
    box = _box(values, centre, "ear")
    # From the ear's centre, in units of its longer side.
    length = max(box[2] - box[0], box[3] - box[1])
    base, tip = (
        (centre.x + dx * length, centre.y + dy * length)
        for dx, dy in (_at(values, "ear_base", centre), _at(values, "ear_tip", centre))
    )
    return FoundEar(box, centre.score, base, tip)


def _owner(centre: _Centre, boxes: list[Box]) -> int | None:
    """Return the face a part belongs to: of those that hold it, the one it is most central in."""
    best, nearest = None, 1.0 + 2 * _MARGIN
    for number, (left, top, right, bottom) in enumerate(boxes):
        dx = abs(centre.x - (left + right) / 2) / max(1e-6, (right - left) / 2)
        dy = abs(centre.y - (top + bottom) / 2) / max(1e-6, (bottom - top) / 2)
        # In half sides, as the box is a rectangle: 1 is its border whatever its shape.
        distance = max(dx, dy)
        if distance < nearest:
            best, nearest = number, distance
    return best
