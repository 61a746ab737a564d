"""Weight files hold numbers; whatever could hold code is refused unread."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from amgs.errors import WeightsError
from amgs.model.backbones.weights import read_weights

VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


class Evil:
    """Leaves a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_safetensors(tmp_path: Path) -> None:
    """Names, shapes and numbers."""
    save_file({"w": VALUES}, tmp_path / "w.safetensors")
    np.testing.assert_array_equal(read_weights(tmp_path / "w.safetensors")["w"], VALUES)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_is_refused_unread(tmp_path: Path, zipped: bool) -> None:
    """In both forms in which torch writes one; nothing in it runs."""
    content = pickle.dumps(Evil(tmp_path / "was run"))
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
    with pytest.raises(WeightsError, match="saved by torch as a pickle"):
        read_weights(path)
    assert not (tmp_path / "was run").exists()
    pickle.loads(content)  # noqa: S301 - the file would have been left, had it been unpickled
    assert (tmp_path / "was run").exists()


def test_cut_short(tmp_path: Path) -> None:
    """A download that stopped half-way is noticed."""
    path = tmp_path / "w.safetensors"
    save_file({"w": VALUES}, path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(WeightsError, match="cut short"):
        read_weights(path)


def test_other_files(tmp_path: Path) -> None:
    """A web page saved under the name of the weights, and nothing at all."""
    path = tmp_path / "w.safetensors"
    path.write_text("<html>Please sign in</html>")
    with pytest.raises(WeightsError, match="Expected a safetensors file"):
        read_weights(path)
    with pytest.raises(WeightsError, match="found nothing at"):
        read_weights(tmp_path / "none.safetensors")
