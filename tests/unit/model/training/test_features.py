"""Features are cached by content and network; broken images are told, not raised."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amgs.model.backbones.networks import Network
from amgs.model.backbones.table import find_backbone, locate_backbone
from amgs.model.training.augmentation import Alteration
from amgs.model.training.features import FeatureCache, FeatureExtractor, View

BACKBONE = find_backbone("efficientnet_lite0")


@pytest.fixture
def extractor(tmp_path: Path) -> FeatureExtractor:
    network = Network(locate_backbone(BACKBONE))
    cache = FeatureCache(tmp_path / "cache.sqlite")
    return FeatureExtractor(network, BACKBONE.preprocessing, BACKBONE.n_features, cache)


def test_a_second_time_costs_no_forward_pass(extractor: FeatureExtractor, make_image) -> None:
    """Same content under another name, and the altered copy again: nothing is computed."""
    path = make_image("a.png")
    copy = path.with_name("b.png")
    shutil.copyfile(path, copy)
    flipped = Alteration(flip=True)
    first = extractor.extract([View(path), View(path, flipped)])
    assert first.computed == 2
    second = extractor.extract([View(copy, flipped), View(copy)])
    assert second.computed == 0
    np.testing.assert_array_equal(second.features, first.features[::-1])
    np.testing.assert_array_equal(second.perceptual_hashes, first.perceptual_hashes[::-1])


def test_changed_content_is_computed_again(extractor: FeatureExtractor, make_image) -> None:
    """The name alone means nothing."""
    path = make_image("a.png")
    before = extractor.extract([View(path)]).features
    stat = path.stat()
    Image.linear_gradient("L").resize((40, 48)).convert("RGB").save(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    after = extractor.extract([View(path)])
    assert after.computed == 1
    assert np.abs(after.features - before).max() > 0.01


def test_networks_do_not_share_a_cache(cache: Path) -> None:
    """Hash and preprocessing decide the file."""
    one = FeatureCache.for_network("a" * 64, BACKBONE.preprocessing)
    two = FeatureCache.for_network("b" * 64, BACKBONE.preprocessing)
    three = FeatureCache.for_network("a" * 64, find_backbone("inception_v3").preprocessing)
    assert len({one.path, two.path, three.path}) == 3


def test_broken_images_have_a_reason_and_no_features(
    extractor: FeatureExtractor, make_image, tmp_path: Path
) -> None:
    """The other rows are as they would be alone."""
    good = make_image("a.png")
    text = tmp_path / "text.jpg"
    text.write_text("no image")
    found = extractor.extract([View(text), View(good), View(tmp_path / "none.jpg")])
    assert set(found.problems) == {0, 2}
    assert "not a JPEG" in found.problems[0]
    assert np.isnan(found.features[[0, 2]]).all()
    np.testing.assert_array_equal(found.features[1], extractor.extract([View(good)]).features[0])


def test_progress_reaches_the_end(extractor: FeatureExtractor, make_image) -> None:
    """Whoever waits sees how much is left."""
    views = [View(make_image(f"{k}.png")) for k in range(11)]
    seen: list[tuple[str, int, int | None]] = []
    extractor.extract(views, lambda *what: seen.append(what))
    assert ("computing features", 11, 11) in seen
    assert ("reading files", 11, 11) in seen
