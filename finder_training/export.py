"""The trained network as an ONNX file that takes images as they are."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from amgs.faces.centre_maps import CHANNELS
from finder_training.fit import MEAN, SCALE
from finder_training.network import FinderNetwork, padding_of


class ExportedFinder(nn.Module):
    """From uint8 images to peaks and values.

    Peaks are the probabilities of centres that are the highest among their eight neighbours; values
    are all other maps. Those of states and views become probabilities where they are read, at
    the centres found: doing it for every cell took a fortieth of the whole time.
    """

    def __init__(self, network: FinderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Take uint8 (batch, height, width, 3) and return peaks and values.

        The values are as the network gives them: `amgs.faces.centre_maps` makes probabilities of
        them at the faces found.
        """
        x = (images.permute(0, 3, 1, 2).float() - MEAN) / SCALE
        maps = self.network(x)
        centres = torch.sigmoid(maps[:, CHANNELS["centres"]])
        highest = functional.max_pool2d(centres, 3, stride=1, padding=1)
        peaks = centres * (centres >= highest).float()
        return peaks, maps[:, CHANNELS["centres"].stop :]


def export_finder(network: FinderNetwork, path: Path) -> None:
    """Write the ONNX file; sides and number of images stay free."""
    module = ExportedFinder(network.eval()).eval()
    example = torch.zeros((1, 320, 320, 3), dtype=torch.uint8)
    free = {0: "n", 1: "height", 2: "width"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own future
        torch.onnx.export(
            module,
            (example,),
            str(path),
            input_names=["pictures"],
            output_names=["peaks", "raw_values"],
            dynamic_axes={
                "pictures": free,
                "peaks": {0: "n", 2: "rows", 3: "columns"},
                "raw_values": {0: "n", 2: "rows", 3: "columns"},
            },
            opset_version=17,
            dynamo=False,
        )
    graph_file = onnx.load(str(path))
    fold_padding(graph_file.graph)
    onnx.checker.check_model(graph_file)
    onnx.save(graph_file, str(path))


def fold_padding(graph: Any) -> None:
    """Let convolutions pad by themselves, in place.

    torch knows no convolution that pads one side more than the other and writes a step of its own
    for it, before which and after which onnxruntime reorders all values: an eighth of the time.
    """
    pads = {node.output[0]: node for node in graph.node if node.op_type == "Pad"}
    for convolution in [node for node in graph.node if node.op_type == "Conv"]:
        pad = pads.get(convolution.input[0])
        if pad is None:
            continue
        convolution.input[0] = pad.input[0]
        attributes = {attribute.name: attribute.ints for attribute in convolution.attribute}
        kernel, stride = attributes["kernel_shape"][0], attributes["strides"][0]
        before, after = padding_of(kernel, stride)
        del attributes["pads"][:]
        attributes["pads"].extend([before, before, after, after])
    _drop_unused(graph)


def _drop_unused(graph: Any) -> None:
    """Remove the steps whose results nothing uses any more, in place."""
    used = {output.name for output in graph.output}
    for node in reversed(list(graph.node)):  # each comes after those that it uses
        if used.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            used.update(node.input)
