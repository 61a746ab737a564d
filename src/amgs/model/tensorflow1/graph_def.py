"""The nodes of a frozen graph, with their constants, each checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.errors import WeightsError
from amgs.model.tensorflow1.archive import GRAPH_FILE, is_archive, read_member

MOST_BYTES = 400_000_000
"""The networks that are read have 90 MB; nothing above this is opened."""

MOST_NODES = 20_000

MOST_VALUES = 50_000_000
"""Of one constant: the largest one in these networks has 2 million."""

_FLOAT, _INT32 = 1, 3
_TYPES: Mapping[int, np.dtype[Any]] = {_FLOAT: np.dtype("<f4"), _INT32: np.dtype("<i4")}
"""TensorFlow's numbers of the types that occur in constants."""


@dataclass(frozen=True)
class Node:
    """One operation: what goes in, by name, and its attributes as protobuf messages."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def integers(self, name: str) -> list[int]:
        """Return an attribute that is a list of integers, such as ``strides``."""
        return [int(value) for value in self._get(name).list.i]

    def text(self, name: str, default: str | None = None) -> str:
        """Return an attribute that is a text, such as ``padding``."""
        if default is not None and name not in self.attributes:
            return default
        return bytes(self._get(name).s).decode("ascii", "replace")

    def flag(self, name: str) -> bool:
        """Return an attribute that is yes or no; without it, no, as in TensorFlow."""
        return name in self.attributes and bool(self.attributes[name].b)

    def number(self, name: str) -> float:
        """Return an attribute that is a number, such as ``variance_epsilon``."""
        return float(self._get(name).f)

    def type_of(self, name: str) -> int:
        """Return an attribute that is a type of numbers, by TensorFlow's count of them."""
        return int(self._get(name).type)

    def _get(self, name: str) -> Any:
        try:
            return self.attributes[name]
        except KeyError as error:
            msg = f"Expected the attribute {name!r} at {self.op} {self.name!r}, found none."
            raise WeightsError(msg) from error

    def value(self) -> npt.NDArray[np.generic]:
        """Return the numbers of a constant.

        Raises
        ------
        WeightsError
            If it holds another type, or fewer or more numbers than its shape says.
        """
        tensor = self._get("value").tensor
        dtype = _TYPES.get(tensor.dtype)
        if dtype is None:
            msg = f"Expected numbers in the constant {self.name!r}, found type {tensor.dtype}."
            raise WeightsError(msg)
        shape = [int(dim.size) for dim in tensor.tensor_shape.dim]
        count = prod(shape)
        if tensor.tensor_shape.unknown_rank or min(shape, default=0) < 0 or count > MOST_VALUES:
            msg = f"Expected a shape of at most {MOST_VALUES:,} numbers at {self.name!r}: {shape}."
            raise WeightsError(msg)
        if tensor.tensor_content:
            found = len(tensor.tensor_content) / dtype.itemsize
            values = np.frombuffer(tensor.tensor_content, dtype) if found == count else None
        else:
            listed = tensor.float_val if tensor.dtype == _FLOAT else tensor.int_val
            found = len(listed)
            values = np.array(listed, dtype) if found in {1, count} else None
        if values is None:
            msg = f"Expected {count:,} numbers in the constant {self.name!r}, found {found:,.4g}."
            raise WeightsError(msg)
        # One value may stand for all of a tensor.
        full = np.broadcast_to(values, count) if found == 1 else values
        if dtype.kind == "f" and not np.isfinite(full).all():
            raise WeightsError(f"Expected finite numbers in the constant {self.name!r}.")
        return full.reshape(shape)


@dataclass(frozen=True)
class Graph:
    """All nodes by name, and the version of TensorFlow's format that wrote them."""

    nodes: Mapping[str, Node]
    producer: int

    def __getitem__(self, name: str) -> Node:
        """Return a node by its name, or by the name of its first output."""
        plain = name.removesuffix(":0")
        try:
            return self.nodes[plain]
        except KeyError as error:
            msg = f"Expected a node {plain!r} in the graph, found none."
            raise WeightsError(msg) from error


def read_graph(path: Path) -> Graph:
    """Read a frozen graph: a ``.pb`` file, or TensorFlow's ``inception-2015-12-05.tgz``.

    Raises
    ------
    WeightsError
        If the file is missing, too large, no graph, or has two nodes of one name.
    """
    if not path.is_file():
        raise WeightsError(f"Expected a frozen graph, found nothing at {path}.")
    size = path.stat().st_size
    if size > MOST_BYTES:
        msg = f"Expected a graph of at most {MOST_BYTES:,} bytes, found {size:,} in {path}."
        raise WeightsError(msg)
    content = read_member(path, GRAPH_FILE) if is_archive(path) else path.read_bytes()
    return _parse(content, path)


def _parse(content: bytes, path: Path) -> Graph:
    from google.protobuf.message import DecodeError

    from amgs.model.tensorflow1.messages import graph_message

    message = graph_message()()
    try:
        message.ParseFromString(content)
    except DecodeError as error:
        msg = (
            f"Expected a frozen graph of TensorFlow 1 in {path}, found something else, or a file "
            "that is cut short. Fetch it again."
        )
        raise WeightsError(msg) from error
    if not message.node or len(message.node) > MOST_NODES:
        msg = f"Expected a graph of 1 to {MOST_NODES:,} nodes in {path}, found {len(message.node)}."
        raise WeightsError(msg)
    nodes: dict[str, Node] = {}
    for node in message.node:
        if node.name in nodes:
            raise WeightsError(f"Expected one node {node.name!r} in {path}, found two.")
        # Inputs that begin with ^ say only what must run before.
        inputs = tuple(name for name in node.input if not name.startswith("^"))
        attributes = {entry.key: entry.value for entry in node.attr}
        nodes[node.name] = Node(node.name, node.op, inputs, attributes)
    return Graph(nodes, int(message.versions.producer))
