"""Inception V3 (Szegedy et al. 2016), the network of the paper, as an ONNX graph.

Read top to bottom, it is the table of that paper. Tensor names are those of the published weight
files (torchvision's and timm's state dicts agree). Every block takes the name of its input and
returns the name of its output.

The published port differs in two details from the TensorFlow graph of 2015-12-05 that it came
from, and this follows the port: border pixels of the mean-pooling branches count padding zeros, and
the last block pools by the mean, not the maximum. The graph itself is the backbone
``inception_2015``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import onnx

from amgs.model.backbones.graphs import GraphBuilder
from amgs.model.backbones.onnx_names import INPUT_NAME
from amgs.model.backbones.weights import read_weights

INPUT_PX = 299
N_FEATURES = 2048
BATCH_NORM_EPSILON = 0.001


def build_inception_v3(file: Path) -> onnx.ModelProto:
    """Build the graph from 299 × 299 images in [-1, 1] to 2048 pooled features.

    Parameters
    ----------
    file
        Safetensors with the names of torchvision's ``inception_v3``. Tensors that the features
        do not need (the classifier, the auxiliary branch) may be missing.

    Raises
    ------
    WeightsError
        If the file cannot be read, or a tensor is missing.
    """
    net = _Inception(GraphBuilder(read_weights(file), BATCH_NORM_EPSILON))
    x = net.stem(INPUT_NAME)
    for block in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
        x = net.block_35(x, block)
    x = net.reduce_35_to_17(x, "Mixed_6a")
    for block in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
        x = net.block_17(x, block)
    x = net.reduce_17_to_8(x, "Mixed_7a")
    for block in ("Mixed_7b", "Mixed_7c"):
        x = net.block_8(x, block)
    return net.graph.finish(x, name="inception_v3", input_px=INPUT_PX, n_features=N_FEATURES)


class _Inception:
    """The blocks; a class only so that each can be written without passing the graph along."""

    def __init__(self, graph: GraphBuilder) -> None:
        self.graph = graph

    def conv(
        self, x: str, name: str, padding: tuple[int, int] = (0, 0), stride: Literal[1, 2] = 1
    ) -> str:
        folded = self.graph.convolution(
            x, f"{name}.conv.weight", f"{name}.bn", stride=stride, padding=padding
        )
        return self.graph.relu(folded)

    def stem(self, x: str) -> str:
        x = self.conv(x, "Conv2d_1a_3x3", stride=2)
        x = self.conv(x, "Conv2d_2a_3x3")
        x = self.conv(x, "Conv2d_2b_3x3", (1, 1))
        x = self.graph.max_pool(x)
        x = self.conv(x, "Conv2d_3b_1x1")
        x = self.conv(x, "Conv2d_4a_3x3")
        return self.graph.max_pool(x)

    def block_35(self, x: str, name: str) -> str:
        one = self.conv(x, f"{name}.branch1x1")
        five = self.conv(x, f"{name}.branch5x5_1")
        five = self.conv(five, f"{name}.branch5x5_2", (2, 2))
        double = self.conv(x, f"{name}.branch3x3dbl_1")
        double = self.conv(double, f"{name}.branch3x3dbl_2", (1, 1))
        double = self.conv(double, f"{name}.branch3x3dbl_3", (1, 1))
        pool = self.conv(self.graph.average_pool(x), f"{name}.branch_pool")
        return self.graph.concatenate([one, five, double, pool])

    def reduce_35_to_17(self, x: str, name: str) -> str:
        three = self.conv(x, f"{name}.branch3x3", stride=2)
        double = self.conv(x, f"{name}.branch3x3dbl_1")
        double = self.conv(double, f"{name}.branch3x3dbl_2", (1, 1))
        double = self.conv(double, f"{name}.branch3x3dbl_3", stride=2)
        return self.graph.concatenate([three, double, self.graph.max_pool(x)])

    def block_17(self, x: str, name: str) -> str:
        row, column = (0, 3), (3, 0)
        one = self.conv(x, f"{name}.branch1x1")
        seven = self.conv(x, f"{name}.branch7x7_1")
        seven = self.conv(seven, f"{name}.branch7x7_2", row)
        seven = self.conv(seven, f"{name}.branch7x7_3", column)
        double = self.conv(x, f"{name}.branch7x7dbl_1")
        for number, padding in ((2, column), (3, row), (4, column), (5, row)):
            double = self.conv(double, f"{name}.branch7x7dbl_{number}", padding)
        pool = self.conv(self.graph.average_pool(x), f"{name}.branch_pool")
        return self.graph.concatenate([one, seven, double, pool])

    def reduce_17_to_8(self, x: str, name: str) -> str:
        three = self.conv(x, f"{name}.branch3x3_1")
        three = self.conv(three, f"{name}.branch3x3_2", stride=2)
        seven = self.conv(x, f"{name}.branch7x7x3_1")
        seven = self.conv(seven, f"{name}.branch7x7x3_2", (0, 3))
        seven = self.conv(seven, f"{name}.branch7x7x3_3", (3, 0))
        seven = self.conv(seven, f"{name}.branch7x7x3_4", stride=2)
        return self.graph.concatenate([three, seven, self.graph.max_pool(x)])

    def block_8(self, x: str, name: str) -> str:
        one = self.conv(x, f"{name}.branch1x1")
        three = self._fork(self.conv(x, f"{name}.branch3x3_1"), f"{name}.branch3x3_2")
        double = self.conv(x, f"{name}.branch3x3dbl_1")
        double = self.conv(double, f"{name}.branch3x3dbl_2", (1, 1))
        double = self._fork(double, f"{name}.branch3x3dbl_3")
        pool = self.conv(self.graph.average_pool(x), f"{name}.branch_pool")
        return self.graph.concatenate([one, three, double, pool])

    def _fork(self, x: str, name: str) -> str:
        """Look along the row and along the column, side by side."""
        return self.graph.concatenate(
            [self.conv(x, f"{name}a", (0, 1)), self.conv(x, f"{name}b", (1, 0))]
        )
