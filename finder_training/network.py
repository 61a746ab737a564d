"""The network of the face detector, for training: EfficientNet-Lite0, a pyramid, maps of stride 4.

EfficientNet-Lite0 (Tan & Le 2019; the Lite variant has no squeeze-and-excitation and uses ReLU6)
gives features of strides 4, 8, 16 and 32. They are fused from coarse to fine (Lin et al. 2017), and
maps say for every cell whether the centre of a face, eye, ear or nose lies there, how large it is
and where exactly (Zhou et al. 2019, "Objects as points"), and for eyes how far they are open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from amgs.faces.centre_maps import CHANNELS, N_CHANNELS

BATCH_NORM_EPSILON = 0.001

# repeats, kernel, stride of the first, expansion, channels in, channels out
STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)
TAPS = {2: 24, 4: 40, 10: 112, 15: 320}
"""Blocks after which features are taken, with their channels: strides 4, 8, 16, 32."""

NEW_IN_VERSION_2 = ("ear_base", "ear_tip", "eye_unclear")

RARE = -4.0
"""Where the maps of centres start: a probability of 0.018, since nearly no cell is a centre."""


def padding_of(kernel: int, stride: int) -> tuple[int, int]:
    """Return TensorFlow's padding before and after, for sides that are multiples of the stride."""
    total = kernel - stride
    return total // 2, total - total // 2


class Convolution(nn.Module):
    """Convolution with TensorFlow's padding for even sizes, and batch normalisation."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        before, after = padding_of(kernel, stride)
        self.padding = (before, after, before, after)
        self.symmetric = before if before == after else 0
        self.convolution = nn.Conv2d(
            channels_in, channels_out, kernel, stride, self.symmetric, groups=groups, bias=False
        )
        self.normalisation = nn.BatchNorm2d(channels_out, BATCH_NORM_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and normalise."""
        if self.padding[1] != self.symmetric:
            x = functional.pad(x, self.padding)
        result: Tensor = self.normalisation(self.convolution(x))
        return result


class InvertedResidual(nn.Module):
    """Widen, look around each channel, narrow; add what came in where shapes agree."""

    def __init__(
        self,
        channels_in: int,
        inner: int,
        channels_out: int,
        kernel: int,
        stride: int,
        *,
        widens: bool,
    ) -> None:
        super().__init__()
        self.expand = Convolution(channels_in, inner, 1) if widens else None
        self.depthwise = Convolution(inner, inner, kernel, stride, groups=inner)
        self.project = Convolution(inner, channels_out, 1)
        self.residual = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block."""
        y = x if self.expand is None else functional.relu6(self.expand(x))
        y = functional.relu6(self.depthwise(y))
        result: Tensor = self.project(y)
        return x + result if self.residual else result


class Separable(nn.Module):
    """A depthwise 3 × 3 and a pointwise convolution with ReLU."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.depthwise = Convolution(channels_in, channels_in, 3, groups=channels_in)
        self.pointwise = Convolution(channels_in, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Look around, then mix channels."""
        return functional.relu(self.pointwise(self.depthwise(x)))


@dataclass(frozen=True, slots=True)
class Widths:
    """How many channels the network has where that is free to choose.

    Parameters
    ----------
    inner
        Inside each block, between widening and narrowing.
    pyramid
        In the pyramid's coarser levels.
    fine
        In its finest level, before and after that is smoothed.
    head
        After both layers of the head.
    """

    inner: tuple[int, ...]
    pyramid: int = 96
    fine: tuple[int, int] = (96, 96)
    head: tuple[int, int] = (80, 80)


def _block_shapes() -> list[tuple[int, int, int, int, int]]:
    """Return kernel, stride, expansion, channels in and channels out of every block."""
    shapes = []
    for repeats, kernel, first_stride, expansion, channels_in, channels_out in STAGES:
        for repeat in range(repeats):
            stride, inward = (first_stride, channels_in) if repeat == 0 else (1, channels_out)
            shapes.append((kernel, stride, expansion, inward, channels_out))
    return shapes


WHOLE = Widths(tuple(expansion * inward for _, _, expansion, inward, _ in _block_shapes()))
"""The widths of EfficientNet-Lite0 and of the pyramid that was trained on it first."""


class FinderNetwork(nn.Module):
    """Images (batch, 3, height, width), sides multiples of 32, to maps of a quarter the side."""

    def __init__(self, widths: Widths = WHOLE) -> None:
        super().__init__()
        self.widths = widths
        self.stem = Convolution(3, 32, 3, 2)
        self.blocks = nn.ModuleList(
            InvertedResidual(inward, inner, outward, kernel, stride, widens=expansion > 1)
            for (kernel, stride, expansion, inward, outward), inner in zip(
                _block_shapes(), widths.inner, strict=True
            )
        )
        coarse, (fused, smooth), (first, last) = widths.pyramid, widths.fine, widths.head
        levels = (fused, *[coarse] * (len(TAPS) - 1))
        self.lateral = nn.ModuleList(
            Convolution(c, level, 1) for c, level in zip(TAPS.values(), levels, strict=True)
        )
        self.context = nn.Sequential(Separable(coarse, coarse), Separable(coarse, coarse))
        self.smooth = nn.ModuleList(
            [Separable(fused, smooth), Separable(coarse, fused), Separable(coarse, coarse)]
        )
        self.head = nn.Sequential(Separable(smooth, first), Separable(first, last))
        self.maps = nn.Conv2d(last, N_CHANNELS, 1)
        nn.init.normal_(self.maps.weight, std=0.01)
        bias = torch.zeros(N_CHANNELS)
        bias[CHANNELS["centres"]] = RARE
        self.maps.bias = nn.Parameter(bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return the maps (batch, N_CHANNELS, height / 4, width / 4), centres as logits."""
        return self.look(images)[0]

    def look(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the maps, and what the blocks gave after which features are taken."""
        x = functional.relu6(self.stem(images))
        taps = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in TAPS:
                taps.append(x)
        fused: Tensor = self.context(self.lateral[-1](taps[-1]))
        for level in range(len(taps) - 2, -1, -1):
            finer = self.lateral[level](taps[level])
            fused = self.smooth[level](finer + functional.interpolate(fused, scale_factor=2.0))
        return self.maps(self.head(fused)), taps

    @classmethod
    def from_exported(cls, onnx_file: Path) -> FinderNetwork:
        """Return the network of an exported file, in which normalisation is folded.

        Its widths are the file's. The channels of the maps are those of today; what the file does
        not know begins at zero.
        The statistics must stay fixed when training goes on, or be measured anew
        (`measure_statistics`).
        """
        graph = onnx.load(str(onnx_file)).graph
        known = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        weights = [
            [torch.from_numpy(known[name].copy()) for name in node.input[1:]]
            for node in graph.node
            if node.op_type == "Conv"
        ]
        shapes = {n.name: known[n.input[1]].shape for n in graph.node if n.op_type == "Conv"}
        network = cls(_widths(shapes))
        network.eval()
        with torch.no_grad():
            for ours, (weight, bias) in zip(network.convolutions(), weights[:-1], strict=True):
                ours.convolution.weight.copy_(weight)
                ours.normalisation.bias.copy_(bias)
                ours.normalisation.weight.fill_(1)
                ours.normalisation.running_mean.zero_()
                ours.normalisation.running_var.fill_(1 - BATCH_NORM_EPSILON)
            network._load_maps(*weights[-1])
        return network

    def convolutions(self) -> list[Convolution]:
        """Return all convolutions but the last, in the order in which images pass them."""
        passed: list[Convolution] = []
        hooks = [
            module.register_forward_hook(lambda module, _in, _out: passed.append(module))
            for module in self.modules()
            if isinstance(module, Convolution)
        ]
        with torch.no_grad():
            self(torch.zeros(1, 3, 64, 64))
        for hook in hooks:
            hook.remove()
        return passed

    def _load_maps(self, weight: Tensor, bias: Tensor) -> None:
        names = list(CHANNELS)
        if len(bias) != N_CHANNELS:
            assert len(bias) == N_CHANNELS - sum(_length(name) for name in NEW_IN_VERSION_2)
            names = [name for name in names if name not in NEW_IN_VERSION_2]
        self.maps.weight.zero_()
        self.maps.bias.zero_()
        start = 0
        for name in names:
            rows = slice(start, start + _length(name))
            self.maps.weight[CHANNELS[name]] = weight[rows]
            self.maps.bias[CHANNELS[name]] = bias[rows]
            start = rows.stop

    def load_backbone(self, published: Mapping[str, Tensor]) -> None:
        """Take over the ImageNet weights of EfficientNet-Lite0."""
        renamed = {}
        for name, tensor in published.items():
            known = _rename(name)
            if known is not None:
                renamed[known] = tensor
        result = self.load_state_dict(renamed, strict=False)
        backbone = [n for n in result.missing_keys if n.startswith(("stem", "blocks"))]
        assert not backbone, backbone
        assert not result.unexpected_keys, result.unexpected_keys


@torch.no_grad()
def measure_statistics(network: FinderNetwork, images: Tensor) -> None:
    """Give a network with folded normalisation its statistics back, without changing what it says.

    Afterwards training can go on with normalisation by batches.

    Parameters
    ----------
    network
        In place.
    images
        Normalised training images (images, 3, height, width).
    """

    def renew(module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        assert isinstance(module, nn.BatchNorm2d)
        mean, variance = inputs[0].mean(dim=(0, 2, 3)), inputs[0].var(dim=(0, 2, 3))
        slope = module.weight / (module.running_var + module.eps).sqrt()
        module.bias.copy_(module.bias + slope * (mean - module.running_mean))
        module.weight.copy_(slope * (variance + module.eps).sqrt())
        module.running_mean.copy_(mean)
        module.running_var.copy_(variance)

    hooks = [
        module.register_forward_hook(renew)
        for module in network.modules()
        if isinstance(module, nn.BatchNorm2d)
    ]
    network.eval()(images)
    for hook in hooks:
        hook.remove()


def _widths(shapes: Mapping[str, tuple[int, ...]]) -> Widths:
    """Read the widths off the shapes of an exported file's convolutions."""

    def channels(layer: str) -> int:
        return shapes[f"/network/{layer}/convolution/Conv"][0]

    return Widths(
        inner=tuple(channels(f"blocks.{n}/depthwise") for n in range(len(WHOLE.inner))),
        pyramid=channels("lateral.3"),
        fine=(channels("lateral.0"), channels("smooth.0/pointwise")),
        head=(channels("head/head.0/pointwise"), channels("head/head.1/pointwise")),
    )


def _length(name: str) -> int:
    return int(CHANNELS[name].stop - CHANNELS[name].start)


def _rename(name: str) -> str | None:
    """Return our name of a tensor of the published file; ``None`` for those of its classifier."""
    if name.startswith(("_conv_head", "_bn1", "_fc")):
        return None
    kinds = {
        "_conv_stem": "stem.convolution",
        "_expand_conv": "expand.convolution",
        "_depthwise_conv": "depthwise.convolution",
        "_project_conv": "project.convolution",
    }
    parts = name.split(".")
    if parts[0] == "_bn0":
        return f"stem.normalisation.{parts[-1]}"
    if parts[0] == "_conv_stem":
        return f"stem.convolution.{parts[-1]}"
    _, number, kind, tensor = parts
    inner = kinds.get(kind)
    if inner is None:
        layer = {"_bn0": "expand", "_bn1": "depthwise", "_bn2": "project"}[kind]
        inner = f"{layer}.normalisation"
    return f"blocks.{number}.{inner}.{tensor}"
