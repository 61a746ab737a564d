"""From the network's maps to faces with their parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from amgs.faces.maps import (
    CHANNELS,
    EYE_STATES,
    PARTS,
    SIZE_UNIT_PX,
    STRIDE_PX,
    VIEWS,
    EyeState,
    PartName,
    View,
)

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

MIN_PART_SCORE: dict[PartName, float] = {"face": 0.0, "eye": 0.3, "ear": 0.3, "nose": 0.3}
"""Parts with a lower score are not reported; chosen on the validation photographs."""

MOST_OF_A_KIND = {"eye": 2, "ear": 2, "nose": 1}

_MARGIN = 0.12
"""A part belongs to a face if its centre lies in the box widened by this share on each side."""

_FIRST_VALUE = len(PARTS)
_MOST_FACES = 20


@dataclass(frozen=True, slots=True)
class FoundEye:
    """An eye: box, score, and the probabilities of open, narrowed and closed."""

    box: Box
    score: float
    p_open: float
    p_narrowed: float
    p_closed: float

    @property
    def state(self) -> EyeState:
        """The most probable state."""
        probabilities = (self.p_open, self.p_narrowed, self.p_closed)
        return EYE_STATES[int(np.argmax(probabilities))]


@dataclass(frozen=True, slots=True)
class FoundEar:
    """An ear: box and score."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face with its parts, in pixels of the picture.

    ``view_p`` holds the probabilities of the views in the order of `amgs.faces.maps.VIEWS`.
    """

    box: Box
    score: float
    eyes: tuple[FoundEye, ...]
    ears: tuple[FoundEar, ...]
    nose: tuple[float, float] | None
    view_p: tuple[float, ...]

    @property
    def view(self) -> View:
        """The most probable view."""
        return VIEWS[int(np.argmax(self.view_p))]

    @property
    def width(self) -> float:
        """Width of the box."""
        return self.box[2] - self.box[0]

    def moved(self, scale: float, dx: float, dy: float) -> FoundFace:
        """Return the face with all coordinates scaled, then shifted."""
        return replace(
            self,
            box=_move(self.box, scale, dx, dy),
            eyes=tuple(replace(e, box=_move(e.box, scale, dx, dy)) for e in self.eyes),
            ears=tuple(replace(e, box=_move(e.box, scale, dx, dy)) for e in self.ears),
            nose=None
            if self.nose is None
            else (self.nose[0] * scale + dx, self.nose[1] * scale + dy),
        )


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
        The other channels of `amgs.faces.maps`, states and views as probabilities.
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
    owned: dict[tuple[int, PartName], list[_Centre]] = {}
    for part in ("eye", "ear", "nose"):
        for centre in _centres(peaks, values, part, MIN_PART_SCORE[part]):
            owner = _owner(centre, [box for _, box in faces])
            if owner is not None:
                owned.setdefault((owner, part), []).append(centre)
    found = []
    for number, (centre, box) in enumerate(faces):
        eyes = owned.get((number, "eye"), [])[: MOST_OF_A_KIND["eye"]]
        ears = owned.get((number, "ear"), [])[: MOST_OF_A_KIND["ear"]]
        nose = owned.get((number, "nose"), [])
        found.append(
            FoundFace(
                box=box,
                score=centre.score,
                eyes=tuple(_eye(values, eye) for eye in eyes),
                ears=tuple(FoundEar(_box(values, ear, "ear"), ear.score) for ear in ears),
                nose=(nose[0].x, nose[0].y) if nose else None,
                view_p=_at(values, "view", centre),
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
    plane = peaks[PARTS.index(part)]
    rows, columns = np.nonzero(plane >= max(min_score, 1e-3))
    order = np.argsort(-plane[rows, columns], kind="stable")[:200]
    found = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
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


def _box(values: npt.NDArray[np.float32], centre: _Centre, part: PartName) -> Box:
    width, height = (np.exp(v) * SIZE_UNIT_PX for v in _at(values, f"{part}_size", centre))
    x, y = centre.x, centre.y
    return (
        float(x - width / 2),
        float(y - height / 2),
        float(x + width / 2),
        float(y + height / 2),
    )


def _eye(values: npt.NDArray[np.float32], centre: _Centre) -> FoundEye:
    p_open, p_narrowed, p_closed = _at(values, "eye_state", centre)
    return FoundEye(_box(values, centre, "eye"), centre.score, p_open, p_narrowed, p_closed)


def _owner(centre: _Centre, boxes: list[Box]) -> int | None:
    """Return the face a part belongs to: of those that hold it, the one it is most central in."""
    best, nearest = None, 1.0 + 2 * _MARGIN
    for number, (left, top, right, bottom) in enumerate(boxes):
        dx = abs(centre.x - (left + right) / 2) / max(1e-6, (right - left) / 2)
        dy = abs(centre.y - (top + bottom) / 2) / max(1e-6, (bottom - top) / 2)
        distance = max(dx, dy)
        if distance < nearest:
            best, nearest = number, distance
    return best


def _move(box: Box, scale: float, dx: float, dy: float) -> Box:
    left, top, right, bottom = box
    return left * scale + dx, top * scale + dy, right * scale + dx, bottom * scale + dy
