"""The operations of a frozen graph that are known, and what each becomes in an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.errors import WeightsError
from amgs.model.backbones.graphs import GraphBuilder
from amgs.model.backbones.onnx_names import INPUT_NAME
from amgs.model.backbones.preprocessing import Preprocessing
from amgs.model.tensorflow1.graph_def import Graph, Node
from amgs.model.tensorflow1.values import (
    Convolution,
    Features,
    Layer,
    Maps,
    Picture,
    Value,
    read_window,
    shape_after,
)

_CHANNELS_LAST = 3
_FLOAT = 1


class Operations:
    """Computes the values of nodes, each once, and collects the ONNX graph on the way."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.builder = GraphBuilder({}, 0.0)
        self.picture: Picture | None = None
        self._values: dict[str, Value] = {}
        self._operations: dict[str, Callable[[Node], Value]] = {
            "DecodeJpeg": lambda _node: Picture(),
            "Cast": self._cast,
            "ExpandDims": self._expand,
            "ResizeBilinear": self._resize,
            "Sub": self._subtract,
            "Mul": self._multiply,
            "Conv2D": self._convolve,
            "BatchNormWithGlobalNormalization": self._normalise,
            "CheckNumerics": self._pass_on,
            "Identity": self._pass_on,
            "PlaceholderWithDefault": self._pass_on,
            "Relu": self._rectify,
            "MaxPool": self._pool,
            "AvgPool": self._pool,
            "Concat": self._concatenate,
            "Reshape": self._flatten,
            "MatMul": self._weigh,
            "Add": self._add,
            "BiasAdd": self._add,
            "Softmax": self._finish,
        }

    def compute(self, output: str) -> Value:
        """Compute a node, all that it needs first; not by recursion, as graphs are deep."""
        waiting = [self.graph[output].name]
        entered: set[str] = set()
        while waiting:
            node = self.graph[waiting[-1]]
            missing = [n for n in self._needed(node) if n not in self._values]
            if not missing:
                if node.name not in self._values:
                    self._values[node.name] = self._operation(node)(node)
                waiting.pop()
                continue
            if node.name in entered:
                raise WeightsError(f"The graph goes round in a circle at {node.name!r}.")
            entered.add(node.name)
            waiting += missing
        return self._values[self.graph[output].name]

    def preprocessing(self) -> Preprocessing:
        """Return what is done to a picture before the first layer."""
        if self.picture is None or self.picture.px is None:
            raise WeightsError("Expected a graph that resizes a picture, found none.")
        picture = self.picture
        assert picture.px is not None  # noqa: S101 - said just above
        return Preprocessing(picture.px, "tensorflow1", picture.mean, picture.scale)

    def _needed(self, node: Node) -> list[str]:
        """Return the inputs that are not constants; a JPEG's bytes are nobody's output."""
        if node.op == "DecodeJpeg":
            return []
        self._operation(node)
        names = [self.graph[name].name for name in node.inputs]
        return [name for name in names if self._constant_node(name) is None]

    def _operation(self, node: Node) -> Callable[[Node], Value]:
        try:
            return self._operations[node.op]
        except KeyError as error:
            msg = (
                f"Expected one of the operations {', '.join(sorted(self._operations))}, found "
                f"{node.op} at {node.name!r}. The graph is another network, and is not guessed at."
            )
            raise WeightsError(msg) from error

    def _constant_node(self, name: str) -> Node | None:
        node = self.graph[name]
        passed: set[str] = set()
        while node.op == "Identity" and node.inputs:
            if node.name in passed:
                raise WeightsError(f"The graph goes round in a circle at {node.name!r}.")
            passed.add(node.name)
            node = self.graph[node.inputs[0]]
        return node if node.op == "Const" else None

    def _constant(self, node: Node, place: int) -> npt.NDArray[np.generic]:
        self._require_inputs(node, place + 1)
        found = self._constant_node(node.inputs[place])
        if found is None:
            raise WeightsError(f"Expected a constant as input {place} of {node.op} {node.name!r}.")
        return found.value()

    def _scalar(self, node: Node, place: int) -> float:
        values = self._constant(node, place)
        if values.size != 1:
            raise WeightsError(f"Expected one number as input {place} of {node.op} {node.name!r}.")
        return float(np.asarray(values, np.float64).reshape(-1)[0])

    def _input(self, node: Node, kind: type[Any], place: int = 0) -> Any:
        self._require_inputs(node, place + 1)
        value = self._values.get(self.graph[node.inputs[place]].name)
        if kind is Maps:
            value = self._as_maps(value)
        if not isinstance(value, kind):
            what = kind.__name__.strip("_").lower()
            msg = f"Expected {what} as input {place} of {node.op} {node.name!r}, found other."
            raise WeightsError(msg)
        return value

    @staticmethod
    def _require_inputs(node: Node, count: int) -> None:
        if len(node.inputs) < count:
            msg = f"Expected {count} inputs of {node.op} {node.name!r}, found {len(node.inputs)}."
            raise WeightsError(msg)

    def _as_maps(self, value: Value | None) -> Value | None:
        if isinstance(value, Picture):
            if value.px is None or (self.picture is not None and self.picture != value):
                raise WeightsError("Expected one picture of one size at the first layers.")
            self.picture = value
            return Maps(INPUT_NAME, 3, value.px, value.px)
        if isinstance(value, Convolution):
            maps = value.maps
            height, width = shape_after(maps, value.kernel.shape[2:], value.strides, value.padding)
            name = self.builder.write_convolution(
                maps.name,
                value.kernel.astype(np.float32),
                value.bias.astype(np.float32),
                strides=value.strides,
                same=value.padding == "SAME",
            )
            return Maps(name, value.kernel.shape[0], height, width)
        return value

    def _cast(self, node: Node) -> Value:
        if node.type_of("DstT") != _FLOAT:
            raise WeightsError(f"Expected a cast to float32 at {node.name!r}.")
        picture: Picture = self._input(node, Picture)
        return picture

    def _expand(self, node: Node) -> Value:
        if self._scalar(node, 1) != 0:
            raise WeightsError(f"Expected a new first axis at {node.name!r}.")
        picture: Picture = self._input(node, Picture)
        return picture

    def _resize(self, node: Node) -> Value:
        size = np.asarray(self._constant(node, 1), int).reshape(-1).tolist()
        if len(size) != 2:  # noqa: PLR2004
            raise WeightsError(f"Expected height and width at {node.name!r}, found {size}.")
        height, width = size
        if height != width or not 32 <= height <= 1024:  # noqa: PLR2004
            raise WeightsError(f"Expected a square of 32 to 1,024 pixels, found {width}×{height}.")
        if node.flag("align_corners") or node.flag("half_pixel_centers"):
            msg = f"Expected the resizing of TensorFlow 1 at {node.name!r}, found a later one."
            raise WeightsError(msg)
        picture: Picture = self._input(node, Picture)
        return replace(picture, px=height)

    def _subtract(self, node: Node) -> Value:
        picture: Picture = self._input(node, Picture)
        if (picture.mean, picture.scale) != (0.0, 1.0):
            raise WeightsError(f"Expected one subtraction from the picture, found {node.name!r}.")
        return replace(picture, mean=self._scalar(node, 1))

    def _multiply(self, node: Node) -> Value:
        picture: Picture = self._input(node, Picture)
        factor = self._scalar(node, 1)
        if picture.scale != 1.0 or factor <= 0:
            raise WeightsError(f"Expected one positive factor of the picture at {node.name!r}.")
        return replace(picture, scale=1 / factor)

    def _pass_on(self, node: Node) -> Value:
        self._require_inputs(node, 1)
        return self._values[self.graph[node.inputs[0]].name]

    def _convolve(self, node: Node) -> Value:
        maps: Maps = self._input(node, Maps)
        kernel = np.asarray(self._constant(node, 1), np.float64)
        if kernel.ndim != 4 or kernel.shape[2] != maps.channels:  # noqa: PLR2004
            msg = (
                f"Expected a kernel for {maps.channels} channels at {node.name!r}, found one of "
                f"shape {kernel.shape}."
            )
            raise WeightsError(msg)
        if "dilations" in node.attributes and set(node.integers("dilations")) != {1}:
            raise WeightsError(f"Expected no dilation at {node.name!r}.")
        strides, padding = read_window(node, "strides")
        bias = np.zeros(kernel.shape[3])
        return Convolution(maps, kernel.transpose(3, 2, 0, 1), bias, strides, padding)

    def _normalise(self, node: Node) -> Value:
        before: Convolution = self._input(node, Convolution)
        channels = len(before.bias)
        parts = [np.asarray(self._constant(node, place), np.float64) for place in (1, 2, 3, 4)]
        if any(part.shape != (channels,) for part in parts):
            raise WeightsError(f"Expected {channels} numbers in each input of {node.name!r}.")
        mean, variance, beta, gamma = parts
        epsilon = node.number("variance_epsilon")
        if (variance + epsilon <= 0).any():
            raise WeightsError(f"Expected positive variances at {node.name!r}.")
        scale = 1 / np.sqrt(variance + epsilon)
        if node.flag("scale_after_normalization"):
            scale = scale * gamma
        kernel = before.kernel * scale[:, None, None, None]
        return replace(before, kernel=kernel, bias=(before.bias - mean) * scale + beta)

    def _rectify(self, node: Node) -> Value:
        maps: Maps = self._input(node, Maps)
        return replace(maps, name=self.builder.relu(maps.name))

    def _pool(self, node: Node) -> Value:
        maps: Maps = self._input(node, Maps)
        strides, padding = read_window(node, "strides")
        size, _ = read_window(node, "ksize")
        height, width = shape_after(maps, size, strides, padding)
        name = self.builder.pool(
            maps.name,
            "MaxPool" if node.op == "MaxPool" else "AveragePool",
            size,
            strides=strides,
            same=padding == "SAME",
        )
        return Maps(name, maps.channels, height, width)

    def _concatenate(self, node: Node) -> Value:
        if self._scalar(node, 0) != _CHANNELS_LAST:
            raise WeightsError(f"Expected channels to be joined at {node.name!r}.")
        parts: list[Maps] = [self._input(node, Maps, n) for n in range(1, len(node.inputs))]
        if len({(part.height, part.width) for part in parts}) != 1:
            raise WeightsError(f"Expected maps of one size at {node.name!r}.")
        name = self.builder.concatenate([part.name for part in parts])
        return replace(parts[0], name=name, channels=sum(part.channels for part in parts))

    def _flatten(self, node: Node) -> Value:
        maps: Maps = self._input(node, Maps)
        wanted = np.asarray(self._constant(node, 1), int).reshape(-1).tolist()
        if (maps.height, maps.width) != (1, 1) or len(wanted) != 2 or wanted[1] != maps.channels:  # noqa: PLR2004
            raise WeightsError(f"Expected one vector per picture at {node.name!r}.")
        return Features(self.builder.flatten(maps.name), maps.channels)

    def _weigh(self, node: Node) -> Value:
        features: Features = self._input(node, Features)
        weights = np.asarray(self._constant(node, 1), np.float64)
        turned = node.flag("transpose_a") or node.flag("transpose_b")
        if turned or weights.ndim != 2 or weights.shape[0] != features.length:  # noqa: PLR2004
            raise WeightsError(f"Expected weights for {features.length} features at {node.name!r}.")
        return Layer(features, weights, np.zeros(weights.shape[1]))

    def _add(self, node: Node) -> Value:
        layer: Layer = self._input(node, Layer)
        bias = np.asarray(self._constant(node, 1), np.float64)
        if bias.shape != layer.bias.shape or layer.is_final:
            raise WeightsError(f"Expected a bias per class at {node.name!r}.")
        return replace(layer, bias=layer.bias + bias)

    def _finish(self, node: Node) -> Value:
        layer: Layer = self._input(node, Layer)
        if layer.is_final:
            raise WeightsError(f"Expected one softmax, found another at {node.name!r}.")
        return replace(layer, is_final=True)
