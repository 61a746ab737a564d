"""Variances of crossed images and raters are the best there are, not the nearest."""

from __future__ import annotations

import numpy as np
import pytest

from amgs.scoring.crossed import _Patterns, crossed_variances


def few_scores(seed: int) -> np.ndarray:
    """Whole scores of 0 to 2 in which images differ little and two cells of five are missing."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(20, 60)), int(rng.integers(3, 7))
    images, raters = rng.normal(0, rng.uniform(0, 0.6), (n, 1)), rng.normal(0, 0.3, (1, k))
    scores = np.clip(np.round(0.8 + images + raters + rng.normal(0, 0.7, (n, k))), 0, 2)
    scores[rng.random((n, k)) < 0.4] = np.nan
    return scores


@pytest.mark.parametrize("seed", range(25))
def test_no_other_variances_are_better(seed: int) -> None:
    """A search from one start ended in one table of ten where the likelihood is flat, at 0."""
    scores = few_scores(seed)
    found = crossed_variances(scores)
    quick = crossed_variances(scores, polished=False)
    assert found is not None
    assert quick is not None
    patterns = _Patterns(scores)
    steps = np.exp(np.linspace(-14, 6, 60))
    image, rater = (part.ravel() for part in np.meshgrid(steps, steps))
    best = patterns.deviances(image, rater)[0].min()
    reached, _ = patterns.deviance(found.image / found.rest, found.rater / found.rest)
    assert reached <= best + 1e-6
    assert quick.single == pytest.approx(found.single, abs=2e-3)
