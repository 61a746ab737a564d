"""A model as a folder: the network, the head, the card. Numbers and text only, no code inside.

======================  ==========================================================================
``backbone.onnx``       the frozen network
``head.npz``            ``weights``, ``bias``, ``slope``, ``intercept``
``trained_on.json``     SHA-256 of every image of the training data, by part
``likeness.npz``        directions of the training images in feature space, and what distance from
                        them is usual (`amgs.model.likeness`); not in every model
``units.npz``           the layer for the action units (`amgs.model.graded`); not in every model
``card.json``           what the model is, what it was trained on, how well it does, the SHA-256 of
                        the other files
======================  ==========================================================================
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.errors import BrokenModelError, list_faults
from amgs.files import atomic_folder, write_json
from amgs.model.backbones.networks import Network
from amgs.model.backbones.preprocessing import Preprocessing
from amgs.model.graded import GradedHead
from amgs.model.likeness import Likeness
from amgs.model.training.heads import Head
from amgs.provenance import hash_file, hash_text
from amgs.vocabulary import PAIN_OUTPUTS, SPLITS, Output, Part

CARD = "card.json"
HEAD = "head.npz"
NETWORK = "backbone.onnx"
TRAINED_ON = "trained_on.json"
LIKENESS = "likeness.npz"
GRADED = "units.npz"
_FILES = (NETWORK, HEAD, TRAINED_ON)
_OPTIONAL = (LIKENESS, GRADED)
FORMAT = "amgs-model"
FORMAT_VERSION = 1
SEAL = "sha256_of_this_card"
"""SHA-256 over the rest of the card, so that a number changed by hand is noticed."""


@dataclass(frozen=True, slots=True)
class Model:
    """A trained classifier, ready to look at images.

    Parameters
    ----------
    head
        The trained layer with its calibration.
    preprocessing
        What its network takes.
    network_file
        The ONNX file in the model folder.
    card
        The text of ``card.json``.
    sha256
        One hash over all that decides what it says: what makes two models the same.
    parts
        SHA-256 of an image of the training data → the part it was in.
    likeness
        How far an image is from those of the training; ``None`` where that is not known.
    graded
        The layer for the action units; ``None`` in a model that only calls pain.
    """

    head: Head
    preprocessing: Preprocessing
    network_file: Path
    card: dict[str, Any]
    sha256: str
    parts: Mapping[str, Part]
    likeness: Likeness | None = None
    graded: GradedHead | None = None

    @property
    def notice(self) -> str:
        """What whoever uses it must know, such as that it was trained on synthetic mice."""
        return str(self.card.get("notice", ""))

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What it says of a face, as its card declares; models of 0.1.0 call pain and no more."""
        declared = self.card.get("outputs")
        return PAIN_OUTPUTS if declared is None else tuple(Output(**entry) for entry in declared)

    def open_network(self) -> Network:
        """Load the network into memory."""
        return Network(self.network_file)


def save_model(
    folder: Path,
    head: Head,
    network_file: Path,
    preprocessing: Preprocessing,
    card: dict[str, Any],
    *,
    parts: Mapping[str, Part],
    likeness: Likeness | None = None,
    graded: GradedHead | None = None,
    overwrite: bool = False,
) -> None:
    """Write a model folder, whole or not at all; the parameters are those of `Model`.

    Raises
    ------
    OutputExistsError
        If the folder exists and `overwrite` is false, or if it holds something else.
    """
    with atomic_folder(folder, CARD, overwrite=overwrite) as temporary:
        shutil.copyfile(network_file, temporary / NETWORK)
        np.savez(
            temporary / HEAD,
            weights=head.weights,
            bias=np.float64(head.bias),
            slope=np.float64(head.slope),
            intercept=np.float64(head.intercept),
        )
        by_part = {part: sorted(h for h, p in parts.items() if p == part) for part in SPLITS}
        write_json(temporary / TRAINED_ON, by_part)
        outputs: tuple[Output, ...] = PAIN_OUTPUTS
        if likeness is not None:
            likeness.save(temporary / LIKENESS)
            outputs = (*outputs, *likeness.outputs)
        if graded is not None:
            graded.save(temporary / GRADED)
            outputs = (*outputs, *graded.outputs)
        names = [*_FILES, *(n for n in _OPTIONAL if (temporary / n).exists())]
        hashes = {name: hash_file(temporary / name) for name in names}
        document = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "outputs": [asdict(output) for output in outputs],
            **card,
            "preprocessing": asdict(preprocessing),
            "files": hashes,
        }
        write_json(temporary / CARD, {**document, SEAL: _seal(document)})


def load_model(folder: Path) -> Model:
    """Read a model folder and check that it is whole and unchanged.

    Raises
    ------
    BrokenModelError
        If it is no model, a file is missing or differs from the card, or the card is damaged.
    """
    card = read_card(folder)
    _check_files(folder, card)
    try:
        preprocessing = Preprocessing.from_card(card["preprocessing"])
        head = _read_head(folder / HEAD)
        by_part = json.loads((folder / TRAINED_ON).read_text(encoding="utf-8"))
        parts = {content: part for part in SPLITS for content in by_part[part]}
        there = [name for name in _OPTIONAL if name in card["files"]]
        n = len(head.weights)
        likeness = Likeness.load(folder / LIKENESS, n) if LIKENESS in there else None
        graded = GradedHead.load(folder / GRADED, n) if GRADED in there else None
    except (KeyError, TypeError, ValueError, OSError) as error:
        msg = f"Expected a model in {folder}, but its card or head cannot be used: {error}."
        raise BrokenModelError(msg) from error
    files = (card["files"][name] for name in (NETWORK, HEAD, *there))
    identity = hash_text([*files, preprocessing.identity])
    return Model(head, preprocessing, folder / NETWORK, card, identity, parts, likeness, graded)


def read_card(folder: Path) -> dict[str, Any]:
    """Read the card of a model without loading the model.

    Raises
    ------
    BrokenModelError
        If the folder is no model of a version this amgs knows.
    """
    if not (folder / CARD).is_file():
        what = f"no {CARD} in it" if folder.is_dir() else "no folder there"
        msg = f"Expected a model folder, found {what}: {folder}. `amgs train` makes one."
        raise BrokenModelError(msg)
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        msg = f"Expected JSON in {folder / CARD}, found something else ({error})."
        raise BrokenModelError(msg) from error
    if not isinstance(card, dict) or card.get("format") != FORMAT or "files" not in card:
        msg = f"Expected the card of an amgs model in {folder / CARD}, found other JSON."
        raise BrokenModelError(msg)
    if card.get("format_version") != FORMAT_VERSION:
        msg = (
            f"Expected a model of format {FORMAT_VERSION} in {folder}, found format "
            f"{card.get('format_version')}. It was made by amgs {_maker(card)}: use that version, "
            "or a newer one."
        )
        raise BrokenModelError(msg)
    return card


def _seal(card: dict[str, Any]) -> str:
    rest = {name: value for name, value in card.items() if name != SEAL}
    return hash_text([json.dumps(rest, sort_keys=True, ensure_ascii=False)])


def _check_files(folder: Path, card: dict[str, Any]) -> None:
    expected: dict[str, str] = card["files"]
    faults = []
    if card.get(SEAL) != _seal(card):
        faults.append(f"{CARD} was changed after the model was made (its checksum does not match)")
    for name in (*_FILES, *(n for n in _OPTIONAL if n in expected)):
        path = folder / name
        if not path.is_file():
            faults.append(f"{name} is missing")
        elif hash_file(path) != expected.get(name):
            faults.append(f"{name} was changed after the model was made (its SHA-256 differs)")
    if faults:
        msg = (
            f"Expected the model in {folder} as it was written, found:\n{list_faults(faults)}\n"
            "Copy the whole folder again from where it was made, or train it again."
        )
        raise BrokenModelError(msg)


def _read_head(path: Path) -> Head:
    with np.load(path, allow_pickle=False) as stored:
        weights: npt.NDArray[np.float32] = stored["weights"].astype(np.float32)
        numbers = {name: float(stored[name]) for name in ("bias", "slope", "intercept")}
    if weights.ndim != 1 or not np.isfinite([*numbers.values(), *weights]).all():
        raise ValueError("the head does not hold one finite weight per feature")
    return Head(weights, **numbers)


def _maker(card: dict[str, Any]) -> str:
    return str(card.get("provenance", {}).get("amgs", "of an unknown version"))
