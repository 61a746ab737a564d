"""The trained network as an ONNX file that takes images as they are."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from amgs.faces.centre_maps import CHANNELS
from finder_training.fit import MEAN, SCALE
from finder_training.network import FinderNetwork


class ExportedFinder(nn.Module):
    """From uint8 images to peaks and values.

    Peaks are the probabilities of centres that are the highest among their eight neighbours; values
    are all other maps, with states and views as probabilities.
    """

    def __init__(self, network: FinderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Take uint8 (batch, height, width, 3) and return peaks and values."""
        x = (images.permute(0, 3, 1, 2).float() - MEAN) / SCALE
        maps = self.network(x)
        centres = torch.sigmoid(maps[:, CHANNELS["centres"]])
        highest = functional.max_pool2d(centres, 3, stride=1, padding=1)
        peaks = centres * (centres >= highest).float()
        states = torch.softmax(maps[:, CHANNELS["eye_state"]], dim=1)
        views = torch.softmax(maps[:, CHANNELS["view"]], dim=1)
        unclear = torch.sigmoid(maps[:, CHANNELS["eye_unclear"]])
        between = maps[:, CHANNELS["centres"].stop : CHANNELS["eye_unclear"].start]
        return peaks, torch.cat([between, unclear, states, views], dim=1)


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
            output_names=["peaks", "values"],
            dynamic_axes={
                "pictures": free,
                "peaks": {0: "n", 2: "rows", 3: "columns"},
                "values": {0: "n", 2: "rows", 3: "columns"},
            },
            opset_version=17,
            dynamo=False,
        )
