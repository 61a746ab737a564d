"""The messages of a TensorFlow 1 graph, as far as they are needed to read one.

Names and numbers of fields are those that TensorFlow publishes (graph.proto, node_def.proto,
attr_value.proto, tensor.proto). What a file holds beyond them is skipped by protobuf.
"""

from __future__ import annotations

from functools import cache
from typing import Any

PACKAGE = "amgs.tensorflow1"

# name: (number, type, repeated); a type that begins with a capital is one of these messages
MESSAGES: dict[str, dict[str, tuple[int, str, bool]]] = {
    "GraphDef": {"node": (1, "NodeDef", True), "versions": (4, "VersionDef", False)},
    "VersionDef": {"producer": (1, "int32", False)},
    "NodeDef": {
        "name": (1, "string", False),
        "op": (2, "string", False),
        "input": (3, "string", True),
        "attr": (5, "AttrEntry", True),
    },
    "AttrEntry": {"key": (1, "string", False), "value": (2, "AttrValue", False)},
    "AttrValue": {
        "list": (1, "ListValue", False),
        "s": (2, "bytes", False),
        "i": (3, "int64", False),
        "f": (4, "float", False),
        "b": (5, "bool", False),
        "type": (6, "int32", False),
        "shape": (7, "TensorShapeProto", False),
        "tensor": (8, "TensorProto", False),
    },
    "ListValue": {"i": (3, "int64", True)},
    "TensorProto": {
        "dtype": (1, "int32", False),
        "tensor_shape": (2, "TensorShapeProto", False),
        "tensor_content": (4, "bytes", False),
        "float_val": (5, "float", True),
        "int_val": (7, "int32", True),
    },
    "TensorShapeProto": {"dim": (2, "Dim", True), "unknown_rank": (3, "bool", False)},
    "Dim": {"size": (1, "int64", False)},
}

ONE_OF = "AttrValue"
"""Of its fields exactly one is there, also where it is 0 or false."""


@cache
def graph_message() -> Any:
    """Return the class of the message that a file holds."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    field_type: Any = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="amgs_tensorflow1.proto", package=PACKAGE, syntax="proto3"
    )
    for message, fields in MESSAGES.items():
        described = file.message_type.add(name=message)
        if message == ONE_OF:
            described.oneof_decl.add(name="value")
        for name, (number, kind, repeated) in fields.items():
            is_message = kind in MESSAGES
            described.field.add(
                name=name,
                number=number,
                label=field_type.LABEL_REPEATED if repeated else field_type.LABEL_OPTIONAL,
                type=getattr(field_type, "TYPE_MESSAGE" if is_message else f"TYPE_{kind.upper()}"),
                type_name=f".{PACKAGE}.{kind}" if is_message else None,
                oneof_index=0 if message == ONE_OF else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.GraphDef"))
