"""A frozen graph as an ONNX network and, where it has one, its trained layer.

From its output back to the picture, every operation is looked up in one table; what is not in it is
refused. Batch normalisation is folded into the convolution before it, in double precision. Axes
change from TensorFlow's height × width × channels to ONNX's channels × height × width.
"""

from __future__ import annotations

from dataclasses import dataclass

import onnx

from amgs.errors import WeightsError
from amgs.model.backbones.preprocessing import Preprocessing
from amgs.model.tensorflow1.graph_def import Graph
from amgs.model.tensorflow1.operations import Operations
from amgs.model.tensorflow1.values import Doubles, Features, Layer

GRAPH_NAME = "tensorflow1"
"""One for all: the same network gives the same bytes, wherever its graph came from."""


@dataclass(frozen=True)
class Converted:
    """A graph in the form of amgs.

    Parameters
    ----------
    network
        From preprocessed images to features.
    preprocessing
        What it takes.
    n_features
        How many features it gives.
    weights, bias
        Of the last layer, (features, classes) and (classes,); ``None`` if the output is features.
    """

    network: onnx.ModelProto
    preprocessing: Preprocessing
    n_features: int
    weights: Doubles | None
    bias: Doubles | None


def convert(graph: Graph, output: str) -> Converted:
    """Convert what leads to one output of a graph.

    Parameters
    ----------
    graph
        From `read_graph`.
    output
        The node: features (after a reshape), or the softmax over the classes.

    Raises
    ------
    WeightsError
        If an operation, an attribute or a shape is not one that is known; it is named.
    """
    converter = Operations(graph)
    value = converter.compute(output)
    layer = value if isinstance(value, Layer) else None
    features = layer.features if layer else value
    if not isinstance(features, Features) or (layer and not layer.is_final):
        msg = f"Expected features or a softmax at {output!r}, found {graph[output].op}."
        raise WeightsError(msg)
    preprocessing = converter.preprocessing()
    network = converter.builder.close(
        features.name, name=GRAPH_NAME, input_px=preprocessing.input_px, n_features=features.length
    )
    return Converted(
        network,
        preprocessing,
        features.length,
        layer.weights if layer else None,
        layer.bias if layer else None,
    )
