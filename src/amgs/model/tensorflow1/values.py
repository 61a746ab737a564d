"""What the nodes of a frozen graph stand for while it is converted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from amgs.errors import WeightsError
from amgs.model.tensorflow1.graph_def import Node

Doubles: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Picture:
    """What has been done to the picture before the first layer."""

    px: int | None = None
    mean: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Maps:
    """Maps of features: their name in the ONNX graph, channels, height and width."""

    name: str
    channels: int
    height: int
    width: int


@dataclass(frozen=True)
class Convolution:
    """A convolution that is not written yet: batch normalisation may follow."""

    maps: Maps
    kernel: Doubles
    bias: Doubles
    strides: tuple[int, int]
    padding: str


@dataclass(frozen=True)
class Features:
    """A vector per picture."""

    name: str
    length: int


@dataclass(frozen=True)
class Layer:
    """Features times weights plus bias, and whether softmax follows."""

    features: Features
    weights: Doubles
    bias: Doubles
    is_final: bool = False


Value: TypeAlias = "Picture | Maps | Convolution | Features | Layer"


def read_window(node: Node, name: str) -> tuple[tuple[int, int], str]:
    """Return height and width of a window or its steps, and the padding."""
    if node.text("data_format", "NHWC") != "NHWC":
        raise WeightsError(f"Expected channels last at {node.name!r}.")
    padding = node.text("padding")
    values = node.integers(name)
    if padding not in {"SAME", "VALID"} or len(values) != 4 or values[0] != 1 or values[3] != 1:  # noqa: PLR2004
        raise WeightsError(f"Expected a window over height and width at {node.name!r}.")
    if not 1 <= min(values[1:3]) <= max(values[1:3]) <= 64:  # noqa: PLR2004
        raise WeightsError(f"Expected {name} of 1 to 64 at {node.name!r}, found {values}.")
    return (values[1], values[2]), padding


def shape_after(
    maps: Maps, size: tuple[int, ...], strides: tuple[int, int], padding: str
) -> tuple[int, int]:
    """Return height and width after a window; the rules of TensorFlow."""
    lengths = []
    for length, window, step in zip((maps.height, maps.width), size, strides, strict=True):
        after = -(-length // step) if padding == "SAME" else (length - window) // step + 1
        if after < 1:
            raise WeightsError(f"A window of {window} does not fit into {length}.")
        lengths.append(after)
    return lengths[0], lengths[1]
