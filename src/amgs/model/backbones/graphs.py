"""Writing a convolutional network as an ONNX graph, with batch normalisation folded in.

Small on purpose: only what the backbones need. The same weights always give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from amgs._version import __version__
from amgs.errors import WeightsError, count_of
from amgs.model.backbones.onnx_names import INPUT_NAME, OUTPUT_NAME

Array = npt.NDArray[np.float32]
Weights = Mapping[str, npt.NDArray[np.generic]]

OPSET = 17
IR_VERSION = 8
"""Old enough for any onnxruntime that amgs supports."""


class GraphBuilder:
    """Collects layers and their weights; every method returns the name of what it computes.

    Parameters
    ----------
    weights
        The arrays of a state dict, by name.
    batch_norm_epsilon
        The constant the network was trained with.
    """

    def __init__(self, weights: Weights, batch_norm_epsilon: float) -> None:
        self._weights = weights
        self._epsilon = batch_norm_epsilon
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def convolution(
        self,
        x: str,
        kernel: str,
        batch_norm: str,
        *,
        stride: int = 1,
        padding: tuple[int, int] | Literal["same"] = (0, 0),
        groups: int = 1,
    ) -> str:
        """Add a convolution followed by batch normalisation, as one convolution.

        Parameters
        ----------
        x
            What goes in.
        kernel
            Name of the kernel in the weights.
        batch_norm
            Beginning of the names of its scale, shift, mean and variance.
        padding
            Pixels above and below, left and right; ``same`` is TensorFlow's rule, which puts the
            odd pixel below and to the right.
        """
        kernel_values, bias = self._fold(kernel, batch_norm)
        name = f"{x}>{kernel}"
        attributes: dict[str, Any] = {
            "kernel_shape": list(kernel_values.shape[2:]),
            "strides": [stride, stride],
            "group": groups,
        }
        if padding == "same":
            attributes["auto_pad"] = "SAME_UPPER"
        else:
            attributes["pads"] = [*padding, *padding]
        inputs = [x, self._constant(kernel, kernel_values), self._constant(f"{kernel}.b", bias)]
        return self._node("Conv", inputs, name, **attributes)

    def write_convolution(
        self, x: str, kernel: Array, bias: Array, *, strides: tuple[int, int], same: bool
    ) -> str:
        """Add a convolution whose numbers are known: kernel (out, in, height, width), and bias."""
        number = len(self._nodes)
        inputs = [x, self._constant(f"kernel{number}", kernel)]
        inputs.append(self._constant(f"bias{number}", bias))
        return self._node(
            "Conv",
            inputs,
            f"convolution{number}",
            kernel_shape=list(kernel.shape[2:]),
            strides=list(strides),
            auto_pad=_padding(same=same),
        )

    def pool(
        self,
        x: str,
        operator: Literal["MaxPool", "AveragePool"],
        size: tuple[int, int],
        *,
        strides: tuple[int, int],
        same: bool,
    ) -> str:
        """Add the maximum or mean of a window; padding counts for neither."""
        return self._node(
            operator,
            [x],
            f"pool{len(self._nodes)}",
            kernel_shape=list(size),
            strides=list(strides),
            auto_pad=_padding(same=same),
        )

    def relu(self, x: str) -> str:
        """Add max(x, 0)."""
        return self._node("Relu", [x], f"{x}.relu")

    def relu6(self, x: str) -> str:
        """Add min(max(x, 0), 6)."""
        low = self._constant("zero", np.array(0, np.float32))
        high = self._constant("six", np.array(6, np.float32))
        return self._node("Clip", [x, low, high], f"{x}.relu6")

    def add(self, x: str, y: str) -> str:
        """Add the sum of two equal shapes."""
        return self._node("Add", [x, y], f"{x}+{y}")

    def max_pool(self, x: str) -> str:
        """Add a 3 × 3 maximum with stride 2."""
        return self._node("MaxPool", [x], f"{x}.max", kernel_shape=[3, 3], strides=[2, 2])

    def average_pool(self, x: str) -> str:
        """Add a 3 × 3 mean with stride 1 in which the padding counts as zeros."""
        return self._node(
            "AveragePool",
            [x],
            f"{x}.mean",
            kernel_shape=[3, 3],
            strides=[1, 1],
            pads=[1, 1, 1, 1],
            count_include_pad=1,
        )

    def concatenate(self, parts: Sequence[str]) -> str:
        """Add the channels of several inputs after one another."""
        return self._node("Concat", list(parts), f"{parts[-1]}.concat", axis=1)

    def finish(
        self, x: str, *, name: str, input_px: int, n_features: int, inner: Sequence[str] = ()
    ) -> onnx.ModelProto:
        """Average `x`, and then inner layers, over the image and close the graph.

        Returns
        -------
        onnx.ModelProto
            Takes ``images`` (batch, 3, input_px, input_px), gives ``features``
            (batch, n_features), both float32; checked by `onnx.checker`.
        """
        pooled = self._node("GlobalAveragePool", [x], "pooled")
        if inner:
            means = [self._node("GlobalAveragePool", [y], f"{y}.pooled") for y in inner]
            pooled = self.concatenate([pooled, *means])
        return self.close(self.flatten(pooled), name=name, input_px=input_px, n_features=n_features)

    def flatten(self, x: str) -> str:
        """Make a vector of maps of one value each."""
        self._nodes.append(helper.make_node("Flatten", [x], [OUTPUT_NAME], axis=1))
        return OUTPUT_NAME

    def close(self, x: str, *, name: str, input_px: int, n_features: int) -> onnx.ModelProto:
        """Close the graph at the features `x`, which `flatten` gave.

        Returns
        -------
        onnx.ModelProto
            As of `finish`.
        """
        assert x == OUTPUT_NAME  # noqa: S101 - our own mistake if not
        graph = helper.make_graph(
            self._nodes,
            name,
            [_float_tensor(INPUT_NAME, ["batch", 3, input_px, input_px])],
            [_float_tensor(OUTPUT_NAME, ["batch", n_features])],
            self._constants,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="amgs",
            producer_version=__version__.split(".", maxsplit=1)[0],
        )
        onnx.checker.check_model(model)
        return model

    def _fold(self, kernel: str, batch_norm: str) -> tuple[Array, Array]:
        """Multiply a kernel by what its batch normalisation does, in double precision."""
        values = self._take(kernel)
        mean = self._take(f"{batch_norm}.running_mean")
        variance = self._take(f"{batch_norm}.running_var")
        scale = self._take(f"{batch_norm}.weight") / np.sqrt(variance + self._epsilon)
        bias = self._take(f"{batch_norm}.bias") - mean * scale
        return (values * scale[:, None, None, None]).astype(np.float32), bias.astype(np.float32)

    def _take(self, name: str) -> npt.NDArray[np.float64]:
        try:
            return np.asarray(self._weights[name], dtype=np.float64)
        except KeyError as error:
            msg = (
                f"Expected the tensor {name!r} in the weights, found "
                f"{count_of(len(self._weights), 'other')}. "
                "This file belongs to another network."
            )
            raise WeightsError(msg) from error

    def _constant(self, name: str, values: Array) -> str:
        if all(constant.name != name for constant in self._constants):
            self._constants.append(numpy_helper.from_array(values, name))
        return name

    def _node(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        output = f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], name=name, **attributes))
        return output


def _padding(*, same: bool) -> str:
    """Return ONNX's word for TensorFlow's padding: the odd pixel goes below and to the right."""
    return "SAME_UPPER" if same else "VALID"


def _float_tensor(name: str, shape: Sequence[str | int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
