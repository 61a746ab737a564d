"""Standardised features of some images, in as few numbers as say all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_SMALLEST_SPREAD = 1e-3
_SMALLEST_SIZE = 1e-9


class Span:
    """The directions in which images differ: weights that they ask for lie in them.

    Features are standardised and divided by the root of their number. Where there are fewer images
    than features, as many numbers as images say all of it.

    Parameters
    ----------
    features
        (images, n).
    """

    def __init__(self, features: npt.NDArray[np.float32]) -> None:
        values = features.astype(np.float64)
        self._mean = values.mean(axis=0)
        spread = np.maximum(values.std(axis=0), _SMALLEST_SPREAD)
        self._scale = spread * np.sqrt(values.shape[1])
        z = (values - self._mean) / self._scale
        wide = z.shape[0] <= z.shape[1]
        sizes, turned = np.linalg.eigh(z @ z.T if wide else z.T @ z)
        kept = sizes > _SMALLEST_SIZE * max(float(sizes[-1]), _SMALLEST_SIZE)
        roots = np.sqrt(sizes[kept])
        axes = z.T @ (turned[:, kept] / roots) if wide else turned[:, kept]
        self.inside: Floats = z @ axes
        self._axes = axes

    def to_features(self, values: Floats) -> tuple[Floats, float]:
        """Return weights of the features and what they add, from weights of `inside`."""
        weights = (self._axes @ values) / self._scale
        return weights, -float(weights @ self._mean)
