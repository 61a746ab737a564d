"""A model as one file: the same again elsewhere, and nothing of a stranger's file is trusted."""

from __future__ import annotations

import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from amgs.errors import BrokenModelError, OutputExistsError, WeightsError
from amgs.model.bundle import CARD, HEAD, NETWORK, TRAINED_ON, load_model
from amgs.model.packing import add_model, pack_model
from program import amgs


@pytest.fixture
def packed(model_folder: Path, tmp_path: Path) -> Path:
    pack_model(model_folder, tmp_path / "m.zip")
    return tmp_path / "m.zip"


def test_it_is_the_same_model_elsewhere(model_folder: Path, packed: Path, tmp_path: Path) -> None:
    """Every file, byte for byte; and packed again, the same zip."""
    added = add_model(packed, tmp_path / "added")
    assert added.sha256 == load_model(model_folder).sha256
    for name in (CARD, HEAD, NETWORK, TRAINED_ON):
        assert (tmp_path / "added" / name).read_bytes() == (model_folder / name).read_bytes()
    pack_model(tmp_path / "added", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()


def test_nothing_is_replaced_unasked(model_folder: Path, packed: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputExistsError, match="a packed model; allow it with --overwrite"):
        pack_model(model_folder, packed)
    pack_model(model_folder, packed, overwrite=True)
    (tmp_path / "other.zip").write_bytes(b"PK")
    with pytest.raises(OutputExistsError, match="and is other"):
        pack_model(model_folder, tmp_path / "other.zip", overwrite=True)
    with pytest.raises(OutputExistsError, match=r"name of a \.zip file"):
        pack_model(model_folder, tmp_path / "m.tar")
    add_model(packed, tmp_path / "m")
    with pytest.raises(OutputExistsError, match="exists already"):
        add_model(packed, tmp_path / "m")


def rewrite(packed: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Write the zip again with other content."""
    with zipfile.ZipFile(packed) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return packed


def out_of_the_folder(content: dict[str, bytes]) -> None:
    content["../evil.txt"] = b"x"


def whole_path(content: dict[str, bytes]) -> None:
    content["/etc/evil"] = b"x"


def code(content: dict[str, bytes]) -> None:
    content["model.py"] = b"import os"


def lacking(content: dict[str, bytes]) -> None:
    del content[HEAD]


def other_hashes(content: dict[str, bytes]) -> None:
    card = json.loads(content[CARD])
    card["files"][NETWORK] = "0" * 64
    content[CARD] = json.dumps(card).encode()


def other_network(content: dict[str, bytes]) -> None:
    content[NETWORK] = content[NETWORK][:-1] + b"\x00"


def no_card(content: dict[str, bytes]) -> None:
    content[CARD] = b"{"


def pickled_head(content: dict[str, bytes]) -> None:
    content[HEAD] = b"\x80\x04K\x01."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (out_of_the_folder, r"'\.\./evil\.txt' is no file of a model"),
        (whole_path, r"'/etc/evil' is no file of a model"),
        (code, r"'model\.py' is no file of a model"),
        (lacking, r"head\.npz is missing"),
        (other_hashes, r"card\.json was changed after"),
        (other_network, r"backbone\.onnx was changed after"),
        (no_card, "Expected JSON"),
        (pickled_head, r"head\.npz was changed after"),
    ],
)
def test_what_is_not_as_it_must_be_is_refused(
    packed: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], message: str
) -> None:
    """Each by its own message, and nothing is left behind."""
    rewrite(packed, change)
    with pytest.raises(BrokenModelError, match=message):
        add_model(packed, tmp_path / "added")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.zip"]


def test_a_file_of_another_kind(tmp_path: Path, packed: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"not a zip")
    with pytest.raises(BrokenModelError, match="found another file, or a damaged one"):
        add_model(tmp_path / "x.zip", tmp_path / "m")
    content = packed.read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[: len(content) // 2])
    with pytest.raises(BrokenModelError, match="found another file, or a damaged one"):
        add_model(tmp_path / "cut.zip", tmp_path / "m")
    with pytest.raises(BrokenModelError, match="found nothing at"):
        add_model(tmp_path / "none.zip", tmp_path / "m")


def test_a_zip_that_unpacks_without_end(packed: Path, tmp_path: Path) -> None:
    """A size that is too large is refused before, one that lies while it is unpacked."""
    with zipfile.ZipFile(packed) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, bytes(11_000_000) if name == HEAD else data)
    with pytest.raises(BrokenModelError, match=r"head\.npz would have 11,000,000 bytes"):
        add_model(bomb, tmp_path / "m")
    told = struct.pack("<I", 11_000_000)
    lying = bomb.read_bytes().replace(told, struct.pack("<I", 1_000))
    bomb.write_bytes(lying)
    with pytest.raises(BrokenModelError):
        add_model(bomb, tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_end_in_a_clear_error(packed: Path, tmp_path: Path, seed: int) -> None:
    """Single bytes changed anywhere: refused, or (in what zip does not look at) the same model."""
    import numpy as np

    rng = np.random.default_rng(seed)
    content = bytearray(packed.read_bytes())
    for place in [
        *rng.integers(0, len(content), 3),
        *rng.integers(len(content) - 300, len(content), 3),
    ]:
        content[place] ^= 0x55
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises((BrokenModelError, WeightsError)):
        add_model(tmp_path / "bad.zip", tmp_path / "bad")
    assert not (tmp_path / "bad").exists()


def test_the_commands(model_folder: Path, tmp_path: Path) -> None:
    """Packed, listed and taken in, as a person would."""
    place = tmp_path / "web"
    place.mkdir()
    index = place / "models.json"
    done = amgs(
        *("models", "pack", model_folder, "--out", place / "first.zip", "--index", index),
        *("--licence", "CC-BY-4.0"),
    )
    assert done.returncode == 0, done.stderr
    listed = json.loads(amgs("models", "list", "--index", index, "--json").stdout)
    assert (listed[0]["name"], listed[0]["licence"]) == ("first", "CC-BY-4.0")
    assert listed[0]["animals"] == 10
    out = tmp_path / "here"
    added = amgs("models", "add", "first", "--index", index, "--out", out)
    assert added.returncode == 0, added.stderr
    assert "amgs models check" in added.stderr
    shutil.copyfile(model_folder / CARD, place / "first.zip")
    again = amgs("models", "add", "first", "--index", index, "--out", tmp_path / "two")
    assert again.returncode == 1
    assert "found another" in again.stderr
