"""Altered copies are altered as the paper says, and only of the smaller class."""

from __future__ import annotations

import numpy as np
import pytest

from amgs.model.training.augmentation import (
    MAX_CROP,
    UNALTERED,
    Alteration,
    choose_copies,
    draw_alteration,
)

PICTURE = np.arange(100 * 80 * 3, dtype=np.uint32).reshape(100, 80, 3).astype(np.uint8)


def test_unaltered_is_unaltered() -> None:
    """The identity changes nothing."""
    np.testing.assert_array_equal(UNALTERED.apply(PICTURE), PICTURE)


def test_cut_flip_and_brightness() -> None:
    """Each part does what it says."""
    cut = Alteration(left=0.1, top=0.05, right=0.0, bottom=0.1).apply(PICTURE)
    np.testing.assert_array_equal(cut, PICTURE[5:90, 8:])
    np.testing.assert_array_equal(Alteration(flip=True).apply(PICTURE), PICTURE[:, ::-1])
    bright = Alteration(brightness=2.0).apply(np.full((20, 20, 3), 100, np.uint8))
    assert (bright == 200).all()
    assert (Alteration(brightness=3.0).apply(bright) == 255).all()


def test_drawn_alterations_have_the_papers_distribution() -> None:
    """Cuts up to 10 % a side, half flipped, brightness N(1, 0.2)."""
    rng = np.random.default_rng(0)
    drawn = [draw_alteration(rng) for _ in range(4_000)]
    cuts = np.array([[a.left, a.top, a.right, a.bottom] for a in drawn])
    assert cuts.min() >= 0
    assert 0.09 < cuts.max() <= MAX_CROP
    assert cuts.mean() == pytest.approx(0.05, abs=0.002)
    assert np.mean([a.flip for a in drawn]) == pytest.approx(0.5, abs=0.03)
    brightness = np.array([a.brightness for a in drawn])
    assert brightness.mean() == pytest.approx(1.0, abs=0.02)
    assert brightness.std() == pytest.approx(0.2, abs=0.02)


def test_keys_tell_alterations_apart() -> None:
    """The cache must not mix them up."""
    rng = np.random.default_rng(0)
    keys = {draw_alteration(rng).key for _ in range(500)} | {UNALTERED.key}
    assert len(keys) == 501


@pytest.mark.parametrize(("n_pain", "n_other"), [(2_444, 3_327), (3, 10), (10, 3), (5, 5)])
def test_copies_balance_the_classes(n_pain: int, n_other: int) -> None:
    """Only the smaller class is copied, each image as often as the others, give or take one."""
    is_pain = np.array([True] * n_pain + [False] * n_other)
    rows = choose_copies(is_pain, np.random.default_rng(0))
    assert len(rows) == abs(n_pain - n_other)
    assert all(is_pain[row] == (n_pain < n_other) for row in rows)
    counts = np.bincount(rows, minlength=len(is_pain))[is_pain == (n_pain < n_other)]
    if rows:
        assert counts.max() - counts.min() <= 1
