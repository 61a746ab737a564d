"""How alike the structure of two images is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Grey: TypeAlias = npt.NDArray[np.float64]

_WINDOW_PX = 7
_INSIDE = slice(_WINDOW_PX // 2, -(_WINDOW_PX // 2))


def structural_similarities(greys: Sequence[Grey]) -> Grey:
    """Return how alike images are, pair by pair: the structural similarity index, at most 1.

    Mean over all windows of 7 × 7 pixels of

        (2 μ_a μ_b + c₁) (2 s_ab + c₂) / ((μ_a² + μ_b² + c₁) (s_a² + s_b² + c₂))

    with means μ, sample variances s² and covariance s_ab in the window, c₁ = (0.01 · 255)² and
    c₂ = (0.03 · 255)² (Wang et al. 2004; uniform windows).

    Parameters
    ----------
    greys
        Images of one size, at least 7 × 7, 0 to 255.

    Returns
    -------
    array
        (images, images), symmetric, with ones on its diagonal.
    """
    from scipy.ndimage import uniform_filter

    def means(values: Grey) -> Grey:
        # Without the border, whose windows reach beyond the image.
        return np.asarray(uniform_filter(values, _WINDOW_PX)[_INSIDE, _INSIDE])

    sample = _WINDOW_PX**2 / (_WINDOW_PX**2 - 1)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean = [means(grey) for grey in greys]
    variance = [
        sample * (means(grey * grey) - mu * mu) for grey, mu in zip(greys, mean, strict=True)
    ]
    matrix = np.eye(len(greys))
    for i, j in combinations(range(len(greys)), 2):
        covariance = sample * (means(greys[i] * greys[j]) - mean[i] * mean[j])
        light = (2 * mean[i] * mean[j] + c1) / (mean[i] ** 2 + mean[j] ** 2 + c1)
        structure = (2 * covariance + c2) / (variance[i] + variance[j] + c2)
        matrix[i, j] = matrix[j, i] = float((light * structure).mean())
    return matrix
