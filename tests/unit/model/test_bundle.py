"""A model folder is whole and unchanged, or it is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from amgs._version import __version__
from amgs.errors import BrokenModelError, OutputExistsError
from amgs.model.bundle import CARD, HEAD, LIKENESS, NETWORK, TRAINED_ON, load_model, save_model


@pytest.fixture
def copy(model_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_folder, tmp_path / "model"))


def test_a_model_folder_holds_numbers_and_text_only(model_folder: Path) -> None:
    """No pickle, no code; the head opens without allowing pickles."""
    assert sorted(p.name for p in model_folder.iterdir()) == [
        *(NETWORK, CARD, HEAD, LIKENESS, TRAINED_ON)
    ]
    with np.load(model_folder / HEAD, allow_pickle=False) as head:
        assert set(head) == {"weights", "bias", "slope", "intercept"}
    json.loads((model_folder / CARD).read_text(encoding="utf-8"))


def test_it_works_wherever_it_is_moved(model_folder: Path, copy: Path) -> None:
    """The same model under another name is the same model."""
    assert load_model(copy).sha256 == load_model(model_folder).sha256


def test_the_card_says_what_a_reader_needs(model_folder: Path) -> None:
    """Data, split, recipe, metrics with intervals, versions, hashes, date."""
    card = load_model(model_folder).card
    assert card["data"]["animals"] == 10
    assert sum(card["data"]["per_class"].values()) == card["data"]["images"]
    assert set(card["split"]["parts"]) == {"train", "validation", "test"}
    assert card["recipe"]["name"] == "paper"
    test = card["metrics"]["test"]
    assert len(test["all"]["accuracy_wilson"]) == 2
    assert test["majority_accuracy"] >= 0.5
    provenance = card["provenance"]
    assert {"amgs", "python", "packages", "inputs", "seed", "created"} <= set(provenance)
    assert len(provenance["inputs"]["images"]) == 64


def remove(name: str):
    return lambda folder: (folder / name).unlink()


def change_byte(name: str):
    def change(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return change


def edit_card(**changes: object):
    def change(folder: Path) -> None:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        (folder / CARD).write_text(json.dumps({**card, **changes}), encoding="utf-8")

    return change


BROKEN = {
    "network missing": (remove(NETWORK), "backbone.onnx is missing"),
    "head missing": (remove(HEAD), "head.npz is missing"),
    "card missing": (remove(CARD), r"found no card\.json in it"),
    "network changed": (change_byte(NETWORK), "backbone.onnx was changed after the model was made"),
    "head changed": (change_byte(HEAD), "head.npz was changed after the model was made"),
    "card changed": (edit_card(title="better"), "card.json was changed after the model was made"),
    "card no JSON": (lambda f: (f / CARD).write_text("hello"), "Expected JSON in"),
    "another card": (edit_card(format="other"), "Expected the card of an amgs model"),
    "newer format": (
        edit_card(format_version=99),
        f"found format 99. It was made by amgs {__version__}",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_model_is_refused(name: str, copy: Path) -> None:
    """Each kind of damage has its own message."""
    damage, message = BROKEN[name]
    damage(copy)
    with pytest.raises(BrokenModelError, match=message):
        load_model(copy)


def test_no_folder(tmp_path: Path) -> None:
    """The message says how models are made."""
    with pytest.raises(BrokenModelError, match="found no folder there.*`amgs train` makes one"):
        load_model(tmp_path / "none")


def test_a_pickle_in_the_head_is_not_opened(copy: Path) -> None:
    """Even where all hashes fit, an array of objects is refused."""
    from amgs.model.backbones.preprocessing import Preprocessing

    model = load_model(copy)
    np.savez(copy / HEAD, weights=np.array([{"a": 1}], dtype=object), bias=0, slope=1, intercept=0)
    card = {k: v for k, v in model.card.items() if k not in {"files", "preprocessing"}}
    target = copy.parent / "evil"
    preprocessing = Preprocessing(**model.card["preprocessing"])
    save_model(target, model.head, model.network_file, preprocessing, card, parts=model.parts)
    shutil.copyfile(copy / HEAD, target / HEAD)
    with pytest.raises(BrokenModelError):
        load_model(target)


def test_a_model_is_not_overwritten_unasked(copy: Path) -> None:
    """Years of work may hang on it."""
    model = load_model(copy)
    with pytest.raises(OutputExistsError, match="would be replaced"):
        save_model(copy, model.head, model.network_file, model.preprocessing, {}, parts={})
