"""Dunnett's test: several groups against one control, in closed form but for one integral."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from amgs.cohort.oneway import CONFIDENCE, Floats

_NODES = 96
_TAIL = 1e-12


@dataclass(frozen=True, eq=False)
class ManyToOne:
    """The joint distribution of the largest difference from a control (Dunnett 1955).

    With a covariate, adjusted differences share its slope besides the control's mean; both enter
    as common parts ``z``: ``difference_i = ε_i / √n_i - z_0 / √n_0 + z_1 e_i`` in units of the
    residual standard deviation.

    Parameters
    ----------
    sizes, control
        Animals of every group, and of the control.
    slopes
        ``e_i``: the distance of a group's mean covariate from the control's, over the square root
        of its sum of squares within groups; zeros without a covariate.
    df
        Of the residual variance.
    """

    sizes: Floats
    control: int
    slopes: Floats
    df: float

    @property
    def errors(self) -> Floats:
        """Standard errors of the differences, in units of the residual standard deviation."""
        found: Floats = np.sqrt(1 / self.sizes + 1 / self.control + self.slopes**2)
        return found

    @cached_property
    def _nodes(self) -> tuple[Floats, Floats]:
        """The common part of every difference at the nodes of the integral, and their weights."""
        # Gauss–Hermite: the weights of a standard normal are those of exp(-z²/2) over √(2π).
        z, w = np.polynomial.hermite_e.hermegauss(_NODES)
        w = w / w.sum()
        if not self.slopes.any():
            return z[:, None] / np.sqrt(self.control) * np.ones(len(self.sizes)), w
        first, second = (part.ravel() for part in np.meshgrid(z, z))
        both = np.outer(w, w).ravel()
        kept = both > _TAIL
        common = first[:, None] / np.sqrt(self.control) + second[:, None] * self.slopes
        return common[kept], both[kept] / both[kept].sum()

    def p_value(self, t: float) -> float:
        """Return the chance that the largest ``|t|`` is at least this large if no group differs."""
        return 1 - self._inside(abs(t))

    @cached_property
    def critical(self) -> float:
        """The ``|t|`` that the largest stays below in 95 % of experiments without effect."""
        from scipy.optimize import brentq
        from scipy.stats import t as student

        tail = (1 - CONFIDENCE) / 2
        low = float(student.isf(tail, self.df))
        high = float(student.isf(tail / len(self.sizes), self.df))  # Bonferroni is never less
        if len(self.sizes) == 1:
            return low
        found = brentq(lambda c: self._inside(c) - CONFIDENCE, low * 0.999, high * 1.001, xtol=1e-9)
        return float(found)

    def _inside(self, t: float) -> float:
        """Return the chance that all ``|t_i|`` are below ``t``, over the residual's own spread."""
        from scipy.special import ndtr
        from scipy.stats import chi
        from scipy.stats import t as student

        if len(self.sizes) == 1:
            return float(1 - 2 * student.sf(t, self.df))
        common, weights = self._nodes
        # s / σ is distributed as χ / √df; Gauss–Legendre between its far quantiles.
        low, high = (float(chi.ppf(q, self.df)) for q in (_TAIL, 1 - _TAIL))
        x, w = np.polynomial.legendre.leggauss(_NODES)
        spread = (high - low) / 2 * x + (high + low) / 2
        density = chi.pdf(spread, self.df) * w * (high - low) / 2
        total = 0.0
        root = np.sqrt(self.sizes)
        for s, share in zip(spread / np.sqrt(self.df), density, strict=True):
            half = t * s * self.errors
            inside = ndtr((half - common) * root) - ndtr((-half - common) * root)
            total += share * float(weights @ inside.prod(axis=1))
        return min(1.0, total / float(density.sum()))
