"""Frozen graphs of TensorFlow 1, such as the paper's network, read without TensorFlow.

messages → the format as protobuf messages; graph_def → nodes and tensors, checked; converting → an
ONNX graph with the trained layer apart. Nothing in a graph is run, and nothing is guessed: an
operation that is not in the table is refused by name.
"""
