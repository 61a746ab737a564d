"""The original authors' network, or one retrained as they did, as a model folder of amgs."""

from __future__ import annotations

from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from amgs.errors import WeightsError
from amgs.model.backbones.networks import Network
from amgs.model.bundle import save_model
from amgs.model.tensorflow1.converting import Converted, convert
from amgs.model.tensorflow1.graph_def import read_graph
from amgs.model.training.heads import Head
from amgs.provenance import git_id, hash_file, record_provenance
from amgs.vocabulary import CLASSES, NO_PAIN, PAIN

OUTPUT = "final_result"
"""The softmax that the authors' training program adds."""

AUTHORS_GIT_ID = "ab3cad97483a561309f7f6972ac65ff539ce612d"
"""What git calls the authors' `model-v3.pb`."""

_MOST_LABEL_BYTES = 10_000

NOTICE = (
    "This model was trained elsewhere. Before you rely on it, compare it with people's scores of "
    "your own animals (`amgs score`, then `amgs evaluate`)."
)

CARD_TEMPLATE = "imported_model.txt"


def import_model(
    graph: Path, labels: Path, out: Path, *, overwrite: bool = False
) -> dict[str, Any]:
    """Convert a frozen graph with a layer for pain / no pain into a model folder.

    Parameters
    ----------
    graph
        The ``.pb`` file, as the authors' `model-v3.pb`.
    labels
        The text file beside it, one class per line in the order of the outputs.
    out
        The model folder.
    overwrite
        Replace a model that is there.

    Returns
    -------
    dict
        The card.

    Raises
    ------
    WeightsError
        If the graph holds anything that is not known, or the labels are not `pain` and `no pain`.
    OutputExistsError
        If the folder exists and `overwrite` is false, or if it holds something else.
    """
    order = read_labels(labels)
    found = convert(read_graph(graph), OUTPUT)
    head = _head(found, order)
    sha256, git = hash_file(graph), git_id(graph)
    is_authors = git == AUTHORS_GIT_ID
    if is_authors and order != [NO_PAIN, PAIN]:
        msg = (
            f"Expected `no pain` before `pain` in {labels}, as the outputs of the authors' network "
            "are, found them the other way round: every call would be turned round. Use their "
            "file labels-v3.txt."
        )
        raise WeightsError(msg)
    title = (
        "pain / no pain, the network of Tuttle et al. 2018"
        if is_authors
        else (f"pain / no pain, imported from {graph.name}")
    )
    card: dict[str, Any] = {
        "title": title,
        "imported_from": {"file": graph.name, "sha256": sha256, "git": git},
        "notice": NOTICE,
        "card": (files("amgs") / "data" / CARD_TEMPLATE)
        .read_text(encoding="utf-8")
        .format(
            title=title,
            file=graph.name,
            sha256=sha256,
            authors="yes, byte for byte" if is_authors else "no: what is said below may not hold",
            n_features=found.n_features,
            px=found.preprocessing.input_px,
        ),
        "warnings": [],
        "provenance": asdict(
            record_provenance({}, {graph.name: sha256, labels.name: hash_file(labels)})
        ),
    }
    with TemporaryDirectory() as folder:
        network = Path(folder) / "network.onnx"
        network.write_bytes(found.network.SerializeToString(deterministic=True))
        Network(network).check(found.preprocessing.input_px, found.n_features)
        save_model(out, head, network, found.preprocessing, card, parts={}, overwrite=overwrite)
    return card


def read_labels(path: Path) -> list[str]:
    """Read the classes in the order of the outputs.

    Raises
    ------
    WeightsError
        If they are not `pain` and `no pain`, once each.
    """
    if not path.is_file() or path.stat().st_size > _MOST_LABEL_BYTES:
        raise WeightsError(f"Expected a small text file with two labels, found none at {path}.")
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = [" ".join(line.lower().split()) for line in text.splitlines() if line.strip()]
    if sorted(lines) != sorted(CLASSES):
        msg = (
            f"Expected the lines 'no pain' and 'pain' in {path}, in the order of the network's "
            f"outputs, found {lines[:4]}."
        )
        raise WeightsError(msg)
    return lines


def _head(found: Converted, order: list[str]) -> Head:
    """Two outputs and a softmax are one layer with their difference."""
    if found.weights is None or found.bias is None or found.weights.shape[1] != len(order):
        classes = 0 if found.weights is None else found.weights.shape[1]
        raise WeightsError(f"Expected a layer of {len(order)} classes, found {classes}.")
    pain, no_pain = order.index(PAIN), order.index(NO_PAIN)
    weights = found.weights[:, pain] - found.weights[:, no_pain]
    return Head(weights.astype(np.float32), float(found.bias[pain] - found.bias[no_pain]))
