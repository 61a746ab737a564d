"""What the finder's network says: maps at a quarter of the picture, one list of their channels.

The network, the targets it is trained with and the decoding share this list.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

PartName: TypeAlias = Literal["face", "eye", "ear", "nose"]
"""What has a centre."""

EyeState: TypeAlias = Literal["open", "narrowed", "closed"]
"""How far an eye is open."""

View: TypeAlias = Literal["front", "three_quarter", "profile", "other"]
"""From where a face is seen; `other` is from above, from behind or upside down."""

PARTS: tuple[PartName, ...] = get_args(PartName)
EYE_STATES: tuple[EyeState, ...] = get_args(EyeState)
VIEWS: tuple[View, ...] = get_args(View)

STRIDE_PX = 4
"""Pixels of the picture per cell of the maps."""

MULTIPLE_PX = 32
"""Sides of the network's input are multiples of this."""

SIZE_UNIT_PX = 16.0
"""Sizes are learned as ln(side / 16 px)."""

_LAYOUT = (
    ("centres", len(PARTS)),
    ("face_size", 2),
    ("eye_size", 2),
    ("ear_size", 2),
    ("face_offset", 2),
    ("eye_offset", 2),
    ("ear_offset", 2),
    ("nose_offset", 2),
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
