"""Published weight files as plain arrays, read without running code from them.

Two containers are in use: safetensors, and the state dict that ``torch.save`` writes. The second
is a pickle, which could run anything; here it is read by an unpickler that knows only how to make
tensors of numbers and refuses every other name.
"""

from __future__ import annotations

import io
import pickle  # only for its grammar: see _TensorUnpickler
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import numpy.typing as npt

from amgs.errors import WeightsError

Array = npt.NDArray[np.generic]

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_DTYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


def read_weights(path: Path) -> dict[str, Array]:
    """Read every tensor of a weight file; nothing in the file is ever run.

    Parameters
    ----------
    path
        A ``.safetensors`` file, or a state dict written by ``torch.save`` (``.pth``, ``.pt``,
        ``.bin``; the zip format since torch 1.6 and the older one). The content decides.

    Returns
    -------
    dict of str to numpy.ndarray
        The tensors by name.

    Raises
    ------
    WeightsError
        If the file is missing, is neither kind, is cut short, or contains anything but tensors.
    """
    if not path.is_file():
        msg = f"Expected a weight file, found nothing at {path}. Check the path after --weights."
        raise WeightsError(msg)
    try:
        return _read_any(path)
    except WeightsError:
        raise
    except Exception as error:
        msg = (
            f"Expected a safetensors file or a state dict saved by torch, but {path} could not be "
            f"read ({error}). It may be cut short or damaged: fetch it again and compare its hash."
        )
        raise WeightsError(msg) from error


def _read_any(path: Path) -> dict[str, Array]:
    if zipfile.is_zipfile(path):
        return _read_zip(path)
    with path.open("rb") as stream:
        if stream.read(2) == b"\x80\x02":
            stream.seek(0)
            return _read_legacy(stream)
    return _read_safetensors(path)


def _read_safetensors(path: Path) -> dict[str, Array]:
    from safetensors.numpy import load_file

    return dict(load_file(path))


def _read_zip(path: Path) -> dict[str, Array]:
    with zipfile.ZipFile(path) as archive:
        pickled = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(pickled) != 1:
            msg = f"Expected a state dict saved by torch, but {path} is another kind of zip file."
            raise WeightsError(msg)
        folder = pickled[0].removesuffix("data.pkl")
        state = _TensorUnpickler(io.BytesIO(archive.read(pickled[0]))).load()
        return _fill(state, lambda storage: archive.read(f"{folder}data/{storage.key}"))


def _read_legacy(stream: BinaryIO) -> dict[str, Array]:
    if _TensorUnpickler(stream).load() != _LEGACY_MAGIC:
        raise WeightsError("Expected a state dict saved by torch, found another pickle.")
    if _TensorUnpickler(stream).load() != _LEGACY_PROTOCOL:
        raise WeightsError("Expected a state dict of torch's protocol 1001, found another one.")
    system: dict[str, Any] = _TensorUnpickler(stream).load()
    if system.get("little_endian") is not True:
        raise WeightsError("Expected little-endian tensors, found big-endian ones.")
    unpickler = _TensorUnpickler(stream)
    state = unpickler.load()
    content = {}
    for key in _TensorUnpickler(stream).load():
        stream.read(8)  # the count of elements, known from the pickle
        content[key] = stream.read(unpickler.storages[key].n_bytes)
    return _fill(state, lambda storage: content[storage.key])


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    count: int

    @property
    def n_bytes(self) -> int:
        return self.count * self.dtype.itemsize


@dataclass(frozen=True)
class _Tensor:
    """A view into a storage that has not been read yet."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def from_bytes(self, content: bytes) -> Array:
        if len(content) != self.storage.n_bytes:
            raise WeightsError(
                f"Expected {self.storage.n_bytes} bytes for a tensor, found {len(content)}: "
                "the weight file is cut short. Fetch it again and compare its hash."
            )
        flat = np.frombuffer(content, dtype=self.storage.dtype)[self.offset :]
        furthest = sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        if min(self.shape, default=1) > 0 and not 0 <= furthest < flat.size:
            raise WeightsError("A tensor reaches beyond its data: the weight file is damaged.")
        steps = [stride * flat.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(flat, self.shape, steps, writeable=False).copy()


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(tensor: _Tensor, *_: object) -> _Tensor:
    return tensor


class _TensorUnpickler(pickle.Unpickler):
    """Knows tensors and ordered dictionaries; every other name in the pickle is refused."""

    _KNOWN: ClassVar[dict[tuple[str, str], Callable[..., Any]]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    }

    def __init__(self, stream: BinaryIO | io.BytesIO) -> None:
        super().__init__(stream)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _DTYPES:
            return name
        try:
            return self._KNOWN[module, name]
        except KeyError as error:
            msg = (
                f"Expected only tensors, but the weight file asks to run {module}.{name}. "
                "It was not run. Use a file from the publisher of the weights."
            )
            raise WeightsError(msg) from error

    def persistent_load(self, pid: Any) -> _Storage:
        kind, storage_name, key, _location, count = pid[:5]
        if kind != "storage" or (len(pid) > 5 and pid[5] is not None):  # noqa: PLR2004
            raise WeightsError("A tensor in the weight file has a form that amgs cannot read.")
        storage = _Storage(str(key), _DTYPES[storage_name], int(count))
        self.storages[storage.key] = storage
        return storage


def _fill(state: object, content_of: Callable[[_Storage], bytes]) -> dict[str, Array]:
    """Read the numbers of each tensor; a checkpoint may keep the state dict under a name."""
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict):
        raise WeightsError("Expected a dictionary of tensors in the weight file, found none.")
    return {
        str(name): tensor.from_bytes(content_of(tensor.storage))
        for name, tensor in state.items()
        if isinstance(tensor, _Tensor)
    }
