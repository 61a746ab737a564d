"""Inception of 2015-12-05 as a frozen graph with random weights, written without TensorFlow.

The names and operations are those of the published file; the numbers are drawn. The same bytes go
to TensorFlow (`make_tensorflow_references.py`) and to amgs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.model.tensorflow1.messages import graph_message

FLOAT, INT32, UINT8, STRING = 1, 3, 4, 7
PRODUCER = 8
"""Later graphs may not hold the operation of this network's batch normalisation."""


SIZES = ((100, 100), (228, 266), (468, 546), (640, 480), (1, 1))
"""Width and height of the pictures: smaller and larger than the network's square, and one pixel."""


def some_pictures() -> list[npt.NDArray[np.uint8]]:
    """Return pictures of different sizes with smooth parts, edges and noise."""
    pictures = []
    for number, (width, height) in enumerate(SIZES):
        rng = np.random.default_rng([1712, number])
        y, x = np.mgrid[0:height, 0:width]
        waves = 90 * np.sin(x / (9 + number)) * np.cos(y / (13 + number))
        edges = 60.0 * ((x // 31 + y // 29) % 2)
        planes = [120 + waves, 80 + edges + 40 * y / height, 200 - 150 * x / width]
        noisy = np.stack(planes, axis=2) + rng.normal(0, 6, (height, width, 3))
        pictures.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return pictures


class GraphWriter:
    """Writes nodes; every method returns the name of the node."""

    def __init__(self, seed: int = 2015, *, scale_after_normalization: bool = False) -> None:
        self.graph: Any = graph_message()()
        self.graph.versions.producer = PRODUCER
        self.rng = np.random.default_rng(seed)
        self.scaled = scale_after_normalization

    def node(self, op: str, name: str, inputs: Sequence[str] = (), **attributes: Any) -> str:
        node = self.graph.node.add(name=name, op=op, input=list(inputs))
        for key, value in attributes.items():
            attribute = node.attr.add(key=key).value
            if isinstance(value, bool):
                attribute.b = value
            elif isinstance(value, float):
                attribute.f = value
            elif isinstance(value, int) and key == "N":
                attribute.i = value
            elif isinstance(value, int):
                attribute.type = value
            elif isinstance(value, str):
                attribute.s = value.encode()
            elif isinstance(value, tuple):
                for size in value:
                    attribute.shape.dim.add(size=size)
            elif isinstance(value, list):
                attribute.list.i.extend(value)
            else:
                self.tensor(attribute.tensor, value)
        return name

    @staticmethod
    def tensor(tensor: Any, values: npt.NDArray[np.generic]) -> None:
        tensor.dtype = FLOAT if values.dtype.kind == "f" else INT32
        for size in values.shape:
            tensor.tensor_shape.dim.add(size=size)
        if values.size == 1 and values.dtype.kind == "f":
            tensor.float_val.append(float(values.reshape(-1)[0]))
        elif values.size == 1:
            tensor.int_val.append(int(values.reshape(-1)[0]))
        else:
            tensor.tensor_content = values.tobytes()

    def constant(self, name: str, values: Any, dtype: str = "<f4") -> str:
        array = np.asarray(values, dtype)
        kind = FLOAT if array.dtype.kind == "f" else INT32
        return self.node("Const", name, dtype=kind, value=array)

    def picture(self, px: int = 299) -> str:
        """From the bytes of a JPEG to the input of the first layer."""
        self.constant("DecodeJpeg/contents", 0.0)  # a text in the published file; nobody reads it
        self.node("DecodeJpeg", "DecodeJpeg", ["DecodeJpeg/contents"])
        self.node("Cast", "Cast", ["DecodeJpeg"], SrcT=UINT8, DstT=FLOAT)
        self.constant("ExpandDims/dim", 0, "<i4")
        self.node("ExpandDims", "ExpandDims", ["Cast", "ExpandDims/dim"], T=FLOAT)
        self.constant("ResizeBilinear/size", [px, px], "<i4")
        inputs = ["ExpandDims", "ResizeBilinear/size"]
        self.node("ResizeBilinear", "ResizeBilinear", inputs, T=FLOAT, align_corners=False)
        self.constant("Sub/y", 128.0)
        self.node("Sub", "Sub", ["ResizeBilinear", "Sub/y"], T=FLOAT)
        self.constant("Mul/y", 1 / 128)
        return self.node("Mul", "Mul", ["Sub", "Mul/y"], T=FLOAT)

    def unit(
        self, x: str, name: str, shape: Sequence[int], stride: int = 1, padding: str = "SAME"
    ) -> str:
        """Convolution, batch normalisation, check, maximum with 0; shape: height, width, in, out."""
        fan_in, channels = int(np.prod(shape[:3])), shape[3]
        # What gamma enlarges must not grow from layer to layer.
        size = np.sqrt(2 / fan_in) / (2 if self.scaled else 1)
        kernel = self.rng.standard_normal(shape) * size
        self.constant(f"{name}/conv2d_params", kernel)
        self.node(
            "Conv2D",
            f"{name}/Conv2D",
            [x, f"{name}/conv2d_params"],
            T=FLOAT,
            strides=[1, stride, stride, 1],
            padding=padding,
        )
        for part, low, high in (
            ("beta", -0.1, 0.1),
            ("gamma", 1.5, 2.5),  # far from 1, so that a wrong use shows
            ("moving_mean", -0.1, 0.1),
            ("moving_variance", 0.5, 1.5),
        ):
            values = self.rng.uniform(low, high, channels)
            self.constant(f"{name}/batchnorm/{part}", values)
        norm = f"{name}/batchnorm"
        self.node(
            "BatchNormWithGlobalNormalization",
            norm,
            [f"{name}/Conv2D", *(f"{norm}/{p}" for p in ("moving_mean", "moving_variance"))]
            + [f"{norm}/{p}" for p in ("beta", "gamma")],
            T=FLOAT,
            variance_epsilon=0.001,
            scale_after_normalization=self.scaled,
        )
        self.node("CheckNumerics", f"{name}/CheckNumerics", [norm], T=FLOAT, message=name)
        inputs = [norm, f"^{name}/CheckNumerics"]
        self.node("Identity", f"{name}/control_dependency", inputs, T=FLOAT)
        return self.node("Relu", name, [f"{name}/control_dependency"], T=FLOAT)

    def pool(self, x: str, name: str, op: str, stride: int, padding: str, size: int = 3) -> str:
        """Maximum or mean; the published maxima carry no type."""
        kind = {} if op == "MaxPool" else {"T": FLOAT}
        window = {"ksize": [1, size, size, 1], "strides": [1, stride, stride, 1]}
        return self.node(op, name, [x], padding=padding, **window, **kind)

    def join(self, name: str, parts: Sequence[str]) -> str:
        self.constant(f"{name}/join/concat_dim", 3, "<i4")
        inputs = [f"{name}/join/concat_dim", *parts]
        self.node("Concat", f"{name}/join", inputs, T=FLOAT, N=len(parts))
        return f"{name}/join"

    def bytes(self) -> bytes:
        return bytes(self.graph.SerializeToString(deterministic=True))


def write_inception(writer: GraphWriter, *, labels: int | None = 2, thin: int = 1) -> GraphWriter:
    """Write all 94 units, with the head of `labels` classes, or none.

    `thin` divides the numbers of channels, for tests that need the form and not the size.
    """
    c = [32, 32, 64, 80, 192]
    w = _Blocks(writer, thin)
    x = writer.picture()
    for number, (size, stride, padding) in enumerate(
        [(3, 2, "VALID"), (3, 1, "VALID"), (3, 1, "SAME")]
    ):
        x = w.unit(x, f"conv_{number}" if number else "conv", size, c[number], stride, padding)
    x = writer.pool(x, "pool", "MaxPool", 2, "VALID")
    x = w.unit(x, "conv_3", 1, c[3], 1, "VALID")
    x = w.unit(x, "conv_4", 3, c[4], 1, "VALID")
    x = writer.pool(x, "pool_1", "MaxPool", 2, "VALID")
    for name, pooled in (("mixed", 32), ("mixed_1", 64), ("mixed_2", 64)):
        x = w.block_35(x, name, pooled)
    x = w.reduce(x, "mixed_3", 384, [64, 96, 96])
    for name, inner in (("mixed_4", 128), ("mixed_5", 160), ("mixed_6", 160), ("mixed_7", 192)):
        x = w.block_17(x, name, inner)
    x = w.reduce_to_8(x, "mixed_8")
    for name, op in (("mixed_9", "AvgPool"), ("mixed_10", "MaxPool")):
        x = w.block_8(x, name, op)
    channels = w.channels[x]
    writer.pool(x, "pool_3", "AvgPool", 1, "VALID", 8)
    writer.constant("pool_3/_reshape/shape", [1, channels], "<i4")
    writer.node("Reshape", "pool_3/_reshape", ["pool_3", "pool_3/_reshape/shape"], T=FLOAT)
    if labels is not None:
        write_head(writer, channels, labels)
    return writer


def write_head(writer: GraphWriter, features: int, labels: int) -> None:
    """Write the last layer with the names that retrain.py gives."""
    place = "input/BottleneckInputPlaceholder"
    writer.node(
        "PlaceholderWithDefault", place, ["pool_3/_reshape:0"], dtype=FLOAT, shape=(-1, features)
    )
    scope = "final_training_ops"
    weights = writer.rng.normal(0, 0.05, (features, labels))
    for kind, values in (("weights", weights), ("biases", writer.rng.normal(0, 0.1, labels))):
        name = f"{scope}/{kind}/final_{kind}"
        writer.constant(name, values)
        writer.node("Identity", f"{name}/read", [name], T=FLOAT)
    mul = f"{scope}/Wx_plus_b/MatMul"
    writer.node(
        "MatMul",
        mul,
        [place, f"{scope}/weights/final_weights/read"],
        T=FLOAT,
        transpose_a=False,
        transpose_b=False,
    )
    inputs = [mul, f"{scope}/biases/final_biases/read"]
    writer.node("Add", f"{scope}/Wx_plus_b/add", inputs, T=FLOAT)
    writer.node("Softmax", "final_result", [f"{scope}/Wx_plus_b/add"], T=FLOAT)


class _Blocks:
    """The blocks of the network; remembers how many channels everything has."""

    def __init__(self, writer: GraphWriter, thin: int) -> None:
        self.writer = writer
        self.thin = thin
        self.channels: dict[str, int] = {"Mul": 3}

    def unit(
        self,
        x: str,
        name: str,
        size: int | tuple[int, int],
        out: int,
        stride: int = 1,
        padding: str = "SAME",
    ) -> str:
        height, width = (size, size) if isinstance(size, int) else size
        while x not in self.channels:  # pools and the like keep what goes in
            x_node = next(n for n in self.writer.graph.node if n.name == x)
            self.channels[x] = self._through(x_node)
        shape = [height, width, self.channels[x], max(1, out // self.thin)]
        self.channels[name] = shape[3]
        return self.writer.unit(x, name, shape, stride, padding)

    def _through(self, node: Any) -> int:
        return self.channels[node.input[0]]

    def chain(self, x: str, units: Sequence[tuple[str, Any, int]]) -> str:
        for name, size, out in units:
            x = self.unit(x, name, size, out)
        return x

    def join(self, name: str, parts: Sequence[str]) -> str:
        joined = self.writer.join(name, parts)
        total = 0
        for part in parts:
            if part not in self.channels:
                node = next(n for n in self.writer.graph.node if n.name == part)
                self.channels[part] = self._through(node)
            total += self.channels[part]
        self.channels[joined] = total
        return joined

    def pooled(self, x: str, name: str, op: str, out: int) -> str:
        pool = self.writer.pool(x, f"{name}/tower_2/pool", op, 1, "SAME")
        return self.unit(pool, f"{name}/tower_2/conv", 1, out)

    def block_35(self, x: str, m: str, pooled: int) -> str:
        parts = [
            self.unit(x, f"{m}/conv", 1, 64),
            self.chain(x, [(f"{m}/tower/conv", 1, 48), (f"{m}/tower/conv_1", 5, 64)]),
            self.chain(
                x,
                [(f"{m}/tower_1/conv", 1, 64)] + [(f"{m}/tower_1/conv_{n}", 3, 96) for n in (1, 2)],
            ),
            self.pooled(x, m, "AvgPool", pooled),
        ]
        return self.join(m, parts)

    def reduce(self, x: str, m: str, out: int, tower: Sequence[int]) -> str:
        first = self.unit(x, f"{m}/conv", 3, out, 2, "VALID")
        y = self.unit(x, f"{m}/tower/conv", 1, tower[0])
        y = self.unit(y, f"{m}/tower/conv_1", 3, tower[1])
        y = self.unit(y, f"{m}/tower/conv_2", 3, tower[2], 2, "VALID")
        return self.join(m, [first, y, self.writer.pool(x, f"{m}/pool", "MaxPool", 2, "VALID")])

    def block_17(self, x: str, m: str, c: int) -> str:
        row, column = (1, 7), (7, 1)
        parts = [
            self.unit(x, f"{m}/conv", 1, 192),
            self.chain(
                x,
                [
                    (f"{m}/tower/conv", 1, c),
                    (f"{m}/tower/conv_1", row, c),
                    (f"{m}/tower/conv_2", column, 192),
                ],
            ),
            self.chain(
                x,
                [
                    (f"{m}/tower_1/conv", 1, c),
                    (f"{m}/tower_1/conv_1", column, c),
                    (f"{m}/tower_1/conv_2", row, c),
                    (f"{m}/tower_1/conv_3", column, c),
                    (f"{m}/tower_1/conv_4", row, 192),
                ],
            ),
            self.pooled(x, m, "AvgPool", 192),
        ]
        return self.join(m, parts)

    def reduce_to_8(self, x: str, m: str) -> str:
        y = self.unit(x, f"{m}/tower/conv", 1, 192)
        y = self.unit(y, f"{m}/tower/conv_1", 3, 320, 2, "VALID")
        z = self.chain(
            x,
            [
                (f"{m}/tower_1/conv", 1, 192),
                (f"{m}/tower_1/conv_1", (1, 7), 192),
                (f"{m}/tower_1/conv_2", (7, 1), 192),
            ],
        )
        z = self.unit(z, f"{m}/tower_1/conv_3", 3, 192, 2, "VALID")
        return self.join(m, [y, z, self.writer.pool(x, f"{m}/pool", "MaxPool", 2, "VALID")])

    def block_8(self, x: str, m: str, op: str) -> str:
        parts = [self.unit(x, f"{m}/conv", 1, 320)]
        y = self.unit(x, f"{m}/tower/conv", 1, 384)
        parts += self._both_ways(y, f"{m}/tower")
        z = self.unit(x, f"{m}/tower_1/conv", 1, 448)
        z = self.unit(z, f"{m}/tower_1/conv_1", 3, 384)
        parts += self._both_ways(z, f"{m}/tower_1")
        return self.join(m, [*parts, self.pooled(x, m, op, 192)])

    def _both_ways(self, x: str, scope: str) -> list[str]:
        return [
            self.unit(x, f"{scope}/mixed/conv", (1, 3), 384),
            self.unit(x, f"{scope}/mixed/conv_1", (3, 1), 384),
        ]


def write_classifier(writer: GraphWriter, features: int, labels: int) -> None:
    """Write the last layer of the published graph, with its names."""
    weights = writer.rng.normal(0, 0.05, (features, labels))
    writer.constant("softmax/weights", weights)
    writer.constant("softmax/biases", writer.rng.normal(0, 0.05, labels))
    inputs = ["pool_3/_reshape", "softmax/weights"]
    writer.node(
        "MatMul", "softmax/logits/MatMul", inputs, T=FLOAT, transpose_a=False, transpose_b=False
    )
    writer.node("BiasAdd", "softmax/logits", ["softmax/logits/MatMul", "softmax/biases"], T=FLOAT)
    writer.node("Softmax", "softmax", ["softmax/logits"], T=FLOAT)
