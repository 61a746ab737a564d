"""Inception of 2015-12-05 without its last layer: the backbone that the paper retrained."""

from __future__ import annotations

from pathlib import Path

import onnx

from amgs.errors import WeightsError
from amgs.model.backbones.table import NETWORK_OF_THE_PAPER, find_backbone
from amgs.model.tensorflow1.converting import Converted, convert
from amgs.model.tensorflow1.graph_def import read_graph

FEATURES = "pool_3/_reshape"
"""The vector before the last layer, in the published graph and in graphs retrained from it."""


def build_inception_2015(file: Path) -> onnx.ModelProto:
    """Build the backbone ``inception_2015`` from a frozen graph.

    Parameters
    ----------
    file
        ``inception-2015-12-05.tgz``, ``classify_image_graph_def.pb``, or a graph retrained from it,
        such as the authors' ``model-v3.pb``.

    Raises
    ------
    WeightsError
        If the graph is another network, or prepares pictures in another way.
    """
    return convert_body(file).network


def convert_body(file: Path) -> Converted:
    """Convert a frozen graph up to its features; see `build_inception_2015`."""
    found = convert(read_graph(file), FEATURES)
    backbone = find_backbone(NETWORK_OF_THE_PAPER)
    if (found.preprocessing, found.n_features) != (backbone.preprocessing, backbone.n_features):
        msg = (
            f"Expected Inception of 2015 in {file}, which takes {backbone.preprocessing} and gives "
            f"{backbone.n_features} features, found {found.preprocessing} and {found.n_features}."
        )
        raise WeightsError(msg)
    return found
