"""Run the graphs of `inception_2015.py` in TensorFlow and keep what comes out.

TensorFlow is no dependency of amgs or its tests. To make the numbers again, in an environment of
its own with `tensorflow-cpu` (2.21.0 was used), numpy, protobuf and this checkout on the path:

    PYTHONPATH=src:tests python tests/published/make_tensorflow_references.py
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from published.inception_2015 import (
    GraphWriter,
    some_pictures,
    write_inception,
)
from published.random_weights import DATA

KEPT = 64
"""So many features of each picture are kept."""


def run(writer: GraphWriter, outputs: list[str]) -> list[list[np.ndarray]]:
    """Give every picture to a graph, decoded, in place of the decoder's output."""
    definition = tf.compat.v1.GraphDef()
    definition.ParseFromString(writer.bytes())
    for node in definition.node:
        if node.name == "DecodeJpeg/contents":  # TensorFlow wants a text here
            node.attr["dtype"].type = tf.string.as_datatype_enum
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(b""))
    with tf.Graph().as_default() as graph:
        tf.compat.v1.import_graph_def(definition, name="")
        with tf.compat.v1.Session(graph=graph) as session:
            names = [f"{output}:0" for output in outputs]
            return [session.run(names, {"DecodeJpeg:0": picture}) for picture in some_pictures()]


def main() -> None:
    """Write the file."""
    found = {"version": np.array(tf.__version__)}
    for name, scaled in (("plain", False), ("scaled", True)):
        writer = write_inception(GraphWriter(scale_after_normalization=scaled))
        results = run(writer, ["pool_3/_reshape", "final_result"])
        found[f"{name}_features"] = np.stack([r[0][0, :KEPT] for r in results])
        found[f"{name}_result"] = np.stack([r[1][0] for r in results])
    resized = run(write_inception(GraphWriter(), thin=8), ["ResizeBilinear"])
    found["resized"] = np.stack([r[0][0, ::7, ::5] for r in resized])
    np.savez_compressed(DATA / "tensorflow_inception_2015.npz", **found)


if __name__ == "__main__":
    main()
