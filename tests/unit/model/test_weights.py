"""Weight files are read without running what is in them."""

from __future__ import annotations

import collections
import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from amgs.errors import WeightsError
from amgs.model.weights import read_weights

VALUES = np.arange(6, dtype=np.float32)


class Storage:
    """What torch pickles as a persistent id."""


class Global:
    """Stands for a name in a module that need not exist here."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class TorchPickler(pickle._Pickler):
    """Writes names of torch without torch."""

    def persistent_id(self, obj: object) -> object:
        if isinstance(obj, Storage):
            tail = (None,) if self.legacy else ()
            return ("storage", Global("torch", "FloatStorage"), "0", "cpu", VALUES.size, *tail)
        return None

    def save(self, obj: object, save_persistent_id: bool = True) -> None:
        if isinstance(obj, Global):
            self.write(f"c{obj.module}\n{obj.name}\n".encode())
        else:
            super().save(obj, save_persistent_id)


def pickled(
    legacy: bool, function: tuple[str, str] = ("torch._utils", "_rebuild_tensor_v2")
) -> bytes:
    """Write {'w': a transposed view of a 2 × 3 tensor} as torch would."""
    stream = io.BytesIO()
    pickler = TorchPickler(stream, protocol=2)
    pickler.legacy = legacy
    stream.write(b"\x80\x02}")  # an empty dictionary
    pickler.save("w")
    pickler.save(Global(*function))
    pickler.save((Storage(), 0, (3, 2), (1, 3), False, collections.OrderedDict()))
    stream.write(b"Rs.")  # call it, set the item, stop
    return stream.getvalue()


def write_zip(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/data/0", VALUES.tobytes())
    return path


def write_legacy(path: Path, values: bytes = VALUES.tobytes()) -> Path:
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True, "protocol_version": 1001}]
    parts = [pickle.dumps(item, 2) for item in head]
    parts += [pickled(legacy=True), pickle.dumps(["0"], 2), struct.pack("<q", VALUES.size), values]
    path.write_bytes(b"".join(parts))
    return path


EXPECTED = VALUES.reshape(2, 3).T


def test_zip_state_dict(tmp_path: Path) -> None:
    """The format of torch since 1.6, strides respected."""
    found = read_weights(write_zip(tmp_path / "w.pth", pickled(legacy=False)))
    np.testing.assert_array_equal(found["w"], EXPECTED)


def test_legacy_state_dict(tmp_path: Path) -> None:
    """The older format, in which most published files still come."""
    np.testing.assert_array_equal(read_weights(write_legacy(tmp_path / "w.pth"))["w"], EXPECTED)


def test_safetensors(tmp_path: Path) -> None:
    """The container without code."""
    save_file({"w": EXPECTED.copy()}, tmp_path / "w.safetensors")
    np.testing.assert_array_equal(read_weights(tmp_path / "w.safetensors")["w"], EXPECTED)


def test_a_pickle_that_wants_to_run_something_is_refused(tmp_path: Path) -> None:
    """The name is told, and nothing has happened."""
    evil = pickled(legacy=False, function=("os", "system"))
    with pytest.raises(WeightsError, match=r"asks to run os\.system\. It was not run"):
        read_weights(write_zip(tmp_path / "w.pth", evil))


@pytest.mark.parametrize(
    "name", ["builtins.eval", "torch._utils.__import__", "torch.load", "collections.namedtuple"]
)
def test_only_tensors_are_known(name: str, tmp_path: Path) -> None:
    """Even harmless-looking neighbours of what is allowed are refused."""
    module, function = name.rsplit(".", maxsplit=1)
    content = pickled(legacy=False, function=(module, function))
    with pytest.raises(WeightsError, match="Expected only tensors"):
        read_weights(write_zip(tmp_path / "w.pth", content))


def test_cut_short(tmp_path: Path) -> None:
    """A download that stopped half-way is noticed."""
    with pytest.raises(WeightsError, match="cut short"):
        read_weights(write_legacy(tmp_path / "w.pth", VALUES.tobytes()[:10]))


def test_other_files(tmp_path: Path) -> None:
    """A web page saved under the name of the weights."""
    path = tmp_path / "w.pth"
    path.write_text("<html>Please sign in</html>")
    with pytest.raises(WeightsError, match="Expected a safetensors file or a state dict"):
        read_weights(path)
    with pytest.raises(WeightsError, match="found nothing at"):
        read_weights(tmp_path / "none.pth")
