"""Reads the numbers of a file that old versions of torch saved, without torch and without its code.

Only for `build_efficientnet_lite0.py`, whose published weights come in this form. Such a file is a
pickle, which can run anything; here it is read by an unpickler that knows only how to make tensors
of numbers and refuses every other name. The package itself reads no pickles.
"""

from __future__ import annotations

import pickle  # only for its grammar: see _TensorUnpickler
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "LongStorage": np.dtype("<i8"),
}


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    count: int


@dataclass(frozen=True)
class _Tensor:
    """A view into a storage that has not been read yet."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def from_bytes(self, content: bytes) -> Array:
        flat = np.frombuffer(content, self.storage.dtype, self.storage.count)[self.offset :]
        steps = [stride * flat.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(flat, self.shape, steps, writeable=False).copy()


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _TensorUnpickler(pickle.Unpickler):
    """Knows tensors and ordered dictionaries; every other name in the pickle is refused."""

    _KNOWN: ClassVar[dict[tuple[str, str], Callable[..., Any]]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    }

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return the few names that are known."""
        if module == "torch" and name in _DTYPES:
            return name
        if (module, name) not in self._KNOWN:
            raise ValueError(f"Expected only tensors, but the file asks to run {module}.{name}.")
        return self._KNOWN[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        """Return the place of a tensor's numbers, which come after the pickle."""
        _, storage_name, key, _, count = pid[:5]
        storage = _Storage(str(key), _DTYPES[storage_name], int(count))
        self.storages[storage.key] = storage
        return storage


def read_torch_file(path: Path) -> dict[str, Array]:
    """Return the tensors of a state dict in the format of torch before 1.6, by name."""
    with path.open("rb") as stream:
        if _TensorUnpickler(stream).load() != _MAGIC:
            raise ValueError(f"{path} is not of the format of torch before 1.6.")
        _TensorUnpickler(stream).load()  # the version of the format
        _TensorUnpickler(stream).load()  # sizes of numbers on the machine that wrote it
        unpickler = _TensorUnpickler(stream)
        state: dict[str, _Tensor] = unpickler.load()
        content: dict[str, bytes] = {}
        for key in _TensorUnpickler(stream).load():
            stream.read(8)  # the count of numbers, known from the pickle
            storage = unpickler.storages[key]
            content[key] = stream.read(storage.count * storage.dtype.itemsize)
    return {name: tensor.from_bytes(content[tensor.storage.key]) for name, tensor in state.items()}
