"""Whether an imported network says what the one of its publishers says, by their known answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from amgs.errors import WeightsError
from amgs.images.reading import decode_image, read_image
from amgs.model.backbones.networks import BATCH_SIZE, Network
from amgs.model.bundle import Model, load_model
from amgs.model.importing import AUTHORS_GIT_ID
from amgs.model.tensorflow1.archive import PANDA_FILE, is_archive, read_member
from amgs.model.tensorflow1.body import convert_body
from amgs.model.tensorflow1.converting import convert
from amgs.model.tensorflow1.graph_def import read_graph
from amgs.vocabulary import EVEN_ODDS

CLASSIFIER_OUTPUT = "softmax"
PANDA_CLASS, PANDA_P = 169, 0.88493
"""What the network of 2015 says of its own example, decoded as Pillow does (0.89107 with the faster
decoder of TensorFlow)."""

PANDA_WITHIN = 0.001
LOG_WITHIN = 0.02
"""The median difference from the authors' log that JPEG decoders explain."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was compared.

    Parameters
    ----------
    what
        What was compared.
    found
        What was found, with the figures.
    passed
        Whether it is as expected.
    """

    what: str
    found: str
    passed: bool


def verify_model(
    folder: Path, inception: Path | None = None, logged: Sequence[tuple[Path, float]] = ()
) -> list[Check]:
    """Compare an imported model with what its publishers' program says.

    Parameters
    ----------
    folder
        The model folder, from `import_model`.
    inception
        TensorFlow's ``inception-2015-12-05.tgz``, or ``classify_image_graph_def.pb`` with
        ``cropped_panda.jpg`` beside it: the body must be the same, and the picture's answer known.
    logged
        Images with the probability of pain in the authors' log.

    Returns
    -------
    list of Check
        In the order in which they were made.

    Raises
    ------
    BrokenModelError
        If the folder is no model, or was changed after it was written.
    WeightsError
        If the model was not imported, or `inception` cannot be read.
    """
    model = load_model(folder)
    origin = model.card.get("imported_from")
    if not origin:
        msg = (
            f"Expected a model made by `amgs models import`, found {model.card.get('title')!r} in "
            f"{folder}. A model of amgs is whole: its hashes were just checked."
        )
        raise WeightsError(msg)
    is_authors = origin["git"] == AUTHORS_GIT_ID
    checks = [
        Check("the folder", "whole and unchanged since it was imported", passed=True),
        Check(
            "the file it came from",
            "the authors' published file, byte for byte"
            if is_authors
            else f"{origin['file']}, not the authors' published file: git id {origin['git']}",
            passed=is_authors,
        ),
    ]
    if inception is not None:
        checks += _compare_with_inception(model, inception)
    if logged:
        checks.append(_compare_with_log(model, logged))
    return checks


def _compare_with_inception(model: Model, file: Path) -> list[Check]:
    body = convert_body(file).network.SerializeToString(deterministic=True)
    same = body == model.network_file.read_bytes()
    found = "the same, number by number" if same else "another one: it was trained or changed"
    classifier = convert(read_graph(file), CLASSIFIER_OUTPUT)
    if classifier.weights is None or classifier.bias is None:
        raise WeightsError(f"Expected a layer of classes in {file}, found none.")
    panda = decode_image(_read_panda(file))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        path.write_bytes(body)
        features = Network(path).features(classifier.preprocessing.apply(panda)[None])
    logits = features[0].astype(np.float64) @ classifier.weights + classifier.bias
    p = np.exp(logits - logits.max())
    p /= p.sum()
    best = int(p.argmax())
    return [
        Check("the body, against the network of 2015", found, passed=same),
        Check(
            f"{PANDA_FILE}, through the network of 2015",
            f"class {best} with {p[best]:.5f}; expected {PANDA_CLASS} with {PANDA_P}",
            passed=best == PANDA_CLASS and abs(p[best] - PANDA_P) <= PANDA_WITHIN,
        ),
    ]


def _read_panda(file: Path) -> bytes:
    if is_archive(file):
        return read_member(file, PANDA_FILE)
    beside = file.with_name(PANDA_FILE)
    if not beside.is_file():
        raise WeightsError(f"Expected {PANDA_FILE} beside {file}, found none.")
    return beside.read_bytes()


def _compare_with_log(model: Model, logged: Sequence[tuple[Path, float]]) -> Check:
    network = model.open_network()
    found: list[float] = []
    for first in range(0, len(logged), BATCH_SIZE):
        batch = [read_image(path) for path, _ in logged[first : first + BATCH_SIZE]]
        prepared = np.stack([model.preprocessing.apply(rgb) for rgb in batch])
        found += model.head.p_pain(network.features(prepared)).tolist()
    expected = np.array([p for _, p in logged])
    differences = np.abs(np.array(found) - expected)
    same = (np.array(found) >= EVEN_ODDS) == (expected >= EVEN_ODDS)
    median = float(np.median(differences))
    return Check(
        "the authors' log",
        f"{len(logged)} images: {same.sum()} called the same; P(pain) differs by {median:.4f} "
        f"(median), {differences.max():.4f} (largest)",
        passed=median <= LOG_WITHIN,
    )
