"""Variances of images and raters, crossed, where not every rater scored every image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_FAR = 14.0
_GRID = np.linspace(-12.0, _FAR, 19)
"""Logarithms of the ratios that are tried first."""

_HALVES = (1.5, 0.25, 0.045, 0.008)
_POINTS = 13
"""Then finer and finer grids around the best: so far to each side, with so many points."""

_ZERO = 1e-9


@dataclass(frozen=True, slots=True)
class CrossedVariances:
    """``score = mean + image + rater + rest``, with a variance each, by REML over all scores."""

    image: float
    rater: float
    rest: float

    @property
    def single(self) -> float:
        """ICC(2,1): the share of the images' variance in that of a single score."""
        return self.image / (self.image + self.rater + self.rest)

    def average(self, raters: float) -> float:
        """ICC(2,k): the same of the mean of so many raters."""
        return self.image / (self.image + (self.rater + self.rest) / raters)


class _Patterns:
    """What the likelihood needs, by how many raters scored an image; its size is that of raters."""

    def __init__(self, scores: Floats) -> None:
        known = np.isfinite(scores)
        values = np.where(known, scores, 0.0)
        m = known.sum(axis=1)
        total = int(m.sum())
        centre = values.sum() / total
        spread = float(np.sqrt(((scores[known] - centre) ** 2).mean())) or 1.0
        values = np.where(known, (values - centre) / spread, 0.0)
        self.scale, self.total = spread, total
        z = known.astype(float)
        sums = values.sum(axis=1)
        self.sizes = np.unique(m[m > 0])
        by_size = [m == size for size in self.sizes]
        self.images = np.array([rows.sum() for rows in by_size], float)
        self.both = np.array([z[rows].T @ z[rows] for rows in by_size])
        self.with_sum = np.array([z[rows].T @ sums[rows] for rows in by_size])
        self.with_one = np.array([z[rows].sum(axis=0) for rows in by_size])
        self.sums = np.array([sums[rows].sum() for rows in by_size])
        self.squared_sums = np.array([(sums[rows] ** 2).sum() for rows in by_size])
        self.by_rater = z.sum(axis=0)
        self.rater_sums = values.sum(axis=0)
        self.squares = float((values**2).sum())

    def deviance(self, image: float, rater: float) -> tuple[float, float]:
        """Return the profiled REML deviance at ratios to the rest, and the rest's variance."""
        deviances, rests = self.deviances(np.array([image]), np.array([rater]))
        return float(deviances[0]), float(rests[0])

    def deviances(self, image: Floats, rater: Floats) -> tuple[Floats, Floats]:
        """Return the same at many pairs of ratios at once."""
        # Within an image of m scores the inverse of I + a·11' is I - a / (1 + m a) · 11'; raters
        # are few, and are brought in by a matrix of their number (Woodbury).
        c = image[:, None] / (1 + self.sizes * image[:, None])
        rest_of = 1 - c * self.sizes
        k = len(self.by_rater)
        zz = np.diag(self.by_rater) - np.tensordot(c, self.both, 1)
        zy = self.rater_sums - c @ self.with_sum
        zx = self.by_rater - (c * self.sizes) @ self.with_one
        xx = rest_of @ (self.images * self.sizes)
        xy = rest_of @ self.sums
        yy = self.squares - c @ self.squared_sums
        inner = np.eye(k) + rater[:, None, None] * zz
        solved = np.linalg.solve(inner, np.stack([zx, zy], axis=2)) * rater[:, None, None]
        xx = xx - (zx * solved[:, :, 0]).sum(axis=1)
        xy = xy - (zx * solved[:, :, 1]).sum(axis=1)
        yy = yy - (zy * solved[:, :, 1]).sum(axis=1)
        free = self.total - 1
        rest: Floats = np.maximum((yy - xy**2 / xx) / free, 1e-300)
        logs = np.log1p(image[:, None] * self.sizes) @ self.images
        logs = logs + np.linalg.slogdet(inner)[1] + np.log(xx)
        return free * np.log(rest) + logs, rest


def _best_on_grids(patterns: _Patterns) -> Floats:
    """Return the logarithms of the ratios with the least deviance, to about a thousandth.

    Over all that is possible first: far from the best the deviance is flat in the logarithms, and
    a search that began or strayed there would end there.
    """
    best, steps = np.zeros(2), _GRID
    for half in (*_HALVES, None):
        image, rater = (part.ravel() for part in np.meshgrid(best[0] + steps, best[1] + steps))
        place = int(np.argmin(patterns.deviances(np.exp(image), np.exp(rater))[0]))
        best = np.array([image[place], rater[place]])
        if half is not None:
            steps = np.linspace(-half, half, _POINTS)
    return best


def crossed_variances(scores: Floats, *, polished: bool = True) -> CrossedVariances | None:
    """Return the variances of images, raters and the rest by restricted maximum likelihood.

    Parameters
    ----------
    scores
        Images × raters, NaN where there is no score.
    polished
        ``False`` for resamples: quicker, and exact to about a thousandth.

    Returns
    -------
    CrossedVariances or None
        ``None`` where scores do not vary, or no image or rater has two.
    """
    from scipy.optimize import minimize

    known = np.isfinite(scores)
    counts, by_rater = known.sum(axis=1), known.sum(axis=0)
    scores = scores[:, by_rater > 0]
    if (counts > 1).sum() < 2 or (by_rater > 1).sum() < 2:  # noqa: PLR2004
        return None
    if np.nanmin(scores) == np.nanmax(scores):
        return None
    patterns = _Patterns(scores)
    found = _best_on_grids(patterns)
    if polished:

        def of_logs(logs: Floats) -> float:
            return patterns.deviance(*np.exp(logs).tolist())[0]

        bounds = [(step - _HALVES[0], step + _HALVES[0]) for step in found]
        found = minimize(of_logs, found, method="L-BFGS-B", bounds=bounds).x
    image, rater = np.exp(found).tolist()
    # A ratio of 0 is never reached by its logarithm.
    for candidate in ((0.0, rater), (image, 0.0), (0.0, 0.0)):
        if patterns.deviance(*candidate)[0] <= patterns.deviance(image, rater)[0] + _ZERO:
            image, rater = candidate
    rest = patterns.deviance(image, rater)[1] * patterns.scale**2
    return CrossedVariances(image * rest, rater * rest, rest)
