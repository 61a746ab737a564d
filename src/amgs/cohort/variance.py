"""Linear models with several random effects: REML, and degrees of freedom by Satterthwaite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amgs.cohort.linear import describe_estimate
from amgs.cohort.oneway import Floats, Result

RESIDUAL = "residual"
_ZERO = 1e-10
_MOST_STEPS = 50
_NO_STEP = 1e-12
_EQUAL_DF = 1e-8
_LEAST_DF = 2.0
_STARTS = (0.05, 1.0)


@dataclass(frozen=True, eq=False)
class VarianceFit:
    """``y = X β + Σ Z_k b_k + e`` with ``b_k ~ N(0, variance_k)`` and independent residuals.

    Parameters
    ----------
    beta, covariance
        Fixed effects by generalised least squares, and their covariance.
    variances
        By restricted maximum likelihood: name of the random effect → variance, ``residual`` last.
    """

    beta: Floats
    covariance: Floats
    variances: Mapping[str, float]
    _designs: tuple[Floats, ...]
    _x: Floats
    _information: Floats
    _kept: tuple[int, ...]
    _weights: Floats

    @property
    def singular(self) -> bool:
        """Whether a variance is estimated as zero, so that its random effect plays no part."""
        return len(self._kept) < len(self.variances)

    def contrast(self, weights: Floats) -> Result:
        """Return estimate, standard error, Satterthwaite's df, t, p and 95 % limits.

        Raises
        ------
        ArithmeticError
            If the contrast has no variance, or its degrees of freedom do not exist.
        """
        # With an infinite df this would be a z-test; small cohorts need the t with its own df.
        variance = float(weights @ self.covariance @ weights)
        df = self._degrees_of_freedom(weights, variance)
        if not (np.isfinite(variance) and variance > 0 and np.isfinite(df) and df > 0):
            raise ArithmeticError("the variances cannot be told apart with these data")
        return describe_estimate(float(weights @ self.beta), variance**0.5, df)

    def joint_test(self, rows: Floats) -> Result:
        """Test several independent contrasts together: F with Satterthwaite's denominator df.

        The contrasts are turned into uncorrelated ones; their dfs ``ν`` are combined by
        ``E = Σ ν / (ν - 2)`` to ``2 E / (E - q)``, as R's lmerTest does (Kuznetsova et al. 2017).
        """
        from scipy.stats import f

        spread, turned = np.linalg.eigh(rows @ self.covariance @ rows.T)
        if spread.min() <= _ZERO * spread.max():
            raise ArithmeticError("the contrasts depend on each other")
        single = turned.T @ rows
        statistic = float(((single @ self.beta) ** 2 / spread).mean())
        nus = np.array(
            [self._degrees_of_freedom(r, float(v)) for r, v in zip(single, spread, strict=True)]
        )
        q = len(spread)
        if np.ptp(nus) < _EQUAL_DF * max(1.0, float(nus.max())):
            df = float(nus.mean())
        elif (nus <= _LEAST_DF).any():
            df = _LEAST_DF
        else:
            e = float((nus / (nus - 2)).sum())
            df = 2 * e / (e - q)
        if not (np.isfinite(statistic) and np.isfinite(df) and df > 0):
            raise ArithmeticError("the variances cannot be told apart with these data")
        return {
            "F": statistic,
            "df_between": q,
            "df_within": df,
            "p": float(f.sf(statistic, q, df)),
        }

    def _degrees_of_freedom(self, weights: Floats, variance: float) -> float:
        """Return ``2 v² / (g' H⁻¹ g)``: v the variance, g its gradient, H the information."""
        # In closed form, not by differences of the deviance: those drown in rounding wherever a
        # variance is small beside another, and the df can then be anything.
        u = self._weights @ self._x @ (self.covariance @ weights)
        gradient = np.array([float(((z.T @ u) ** 2).sum()) for z in self._designs])
        return float(2 * variance**2 / (gradient @ np.linalg.solve(self._information, gradient)))


def fit_variances(y: Floats, x: Floats, effects: Mapping[str, npt.NDArray[np.intp]]) -> VarianceFit:
    """Fit a linear model with independent random intercepts by restricted maximum likelihood.

    Parameters
    ----------
    y
        Values.
    x
        Fixed effects, one column each, of full rank.
    effects
        Name → which level every value has, numbered from 0.

    Raises
    ------
    ArithmeticError
        If there is no residual variance, or the variances cannot be told apart.
    """
    n, p = x.shape
    if n <= p:
        raise ArithmeticError("there are too few animals for this model")
    first = np.linalg.lstsq(x, y, rcond=None)[0]
    rest = y - x @ first
    scale = float(np.sqrt((rest**2).sum() / (n - p)))
    if not np.isfinite(scale) or scale <= _ZERO * max(1e-300, float(np.abs(y).max())):
        raise ArithmeticError("the values follow the means but for rounding: no residual")
    # REML does not see the fixed effects; without them, and with a residual of 1, every number
    # below is of ordinary size whatever the unit of the values is.
    rest = rest / scale
    designs = [np.eye(int(level.max()) + 1)[level] for level in effects.values()]
    model = _Profile(rest, x, designs)
    ratios = model.best_ratios()
    residual = model.rest(ratios) / (n - p)
    if residual <= _ZERO:
        raise ArithmeticError("the values follow the means but for rounding: no residual")
    theta = np.append(ratios * residual, residual)
    parts = [*designs, np.eye(n)]
    theta, information, weights, kept = _polish(rest, x, parts, theta)
    covariance = np.linalg.inv(x.T @ weights @ x)
    beta = covariance @ (x.T @ (weights @ rest))
    names = [*effects, RESIDUAL]
    return VarianceFit(
        first + beta * scale,
        np.asarray(covariance * scale**2, float),
        {name: float(v) * scale**2 for name, v in zip(names, theta, strict=True)},
        tuple(parts[k] for k in kept),
        x,
        information / scale**4,
        tuple(kept),
        weights / scale**2,
    )


class _Profile:
    """The REML deviance as a function of the ratios of variances to the residual one."""

    def __init__(self, y: Floats, x: Floats, designs: list[Floats]) -> None:
        self._n, self._p = x.shape
        self._sizes = [z.shape[1] for z in designs]
        z, both = np.hstack(designs), np.column_stack([x, y])
        self._zz, self._zr = z.T @ z, z.T @ both
        self._rr = both.T @ both

    def best_ratios(self) -> Floats:
        """Return the ratios with the least deviance; 0 where a random effect plays no part."""
        from scipy.optimize import minimize

        def deviance(logs: Floats) -> float:
            return self.deviance(np.exp(logs))

        k = len(self._sizes)
        if k == 1:  # a second, local minimum is possible: a grid finds the valley of the lowest
            grid = np.linspace(-12, 12, 49)
            starts = [np.array([grid[int(np.argmin([deviance(np.array([g])) for g in grid]))]])]
        else:
            starts = [np.full(k, np.log(s)) for s in _STARTS]
        found = [
            minimize(deviance, s, method="L-BFGS-B", bounds=[(-25.0, 25.0)] * k) for s in starts
        ]
        ratios: Floats = np.exp(min(found, key=lambda f: float(f.fun)).x)
        # ln(ratio) never reaches a ratio of 0, which is the estimate where levels do not differ.
        for index in range(k):
            without = ratios.copy()
            without[index] = 0.0
            if self.deviance(without) <= self.deviance(ratios) + _NO_STEP:
                ratios = without
        return ratios

    def deviance(self, ratios: Floats) -> float:
        """Return the profiled REML deviance, but for a constant."""
        rest, logs = self._parts(ratios)
        return float((self._n - self._p) * np.log(max(rest, 1e-300)) + logs)

    def rest(self, ratios: Floats) -> float:
        """Return the residual sum of squares."""
        return self._parts(ratios)[0]

    def _parts(self, ratios: Floats) -> tuple[float, float]:
        # V = I + UU': its inverse and determinant follow from I + U'U, as large as the number of
        # levels, not of values (Woodbury).
        root = np.sqrt(np.repeat(ratios, self._sizes))
        inner = np.linalg.cholesky(np.eye(len(root)) + root[:, None] * self._zz * root)
        half = np.linalg.solve(inner, root[:, None] * self._zr)
        reduced = self._rr - half.T @ half
        a, b, c = reduced[:-1, :-1], reduced[:-1, -1], reduced[-1, -1]
        lower = np.linalg.cholesky(a)
        rest = float(c - (np.linalg.solve(lower, b) ** 2).sum())
        logs = 2 * float(np.log(np.diag(inner)).sum() + np.log(np.diag(lower)).sum())
        return rest, logs


def _polish(
    y: Floats, x: Floats, designs: list[Floats], theta: Floats
) -> tuple[Floats, Floats, Floats, list[int]]:
    """Finish by Newton's method; return variances, information, V⁻¹ and which are not zero.

    With ``P = V⁻¹ - V⁻¹X(X'V⁻¹X)⁻¹X'V⁻¹`` and ``D_i = Z_i Z_i'``, the gradient of the negative
    log likelihood is ``½ tr(P D_i) - ½ y'P D_i P y``, and its Hessian
    ``-½ tr(P D_i P D_j) + y'P D_i P D_j P y`` (Searle, Casella & McCulloch 1992, chapter 6).
    """
    kept = [k for k, v in enumerate(theta) if v > _ZERO * theta[-1]]
    theta = np.where(np.isin(np.arange(len(theta)), kept), theta, 0.0)
    for _ in range(_MOST_STEPS):
        weights, gradient, hessian = _derivatives(y, x, designs, theta, kept)
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError as error:
            msg = "the variances cannot be told apart with these data"
            raise ArithmeticError(msg) from error
        before = theta[kept]
        # A step is shortened, never taken beyond zero.
        share = 1.0
        while (before - share * step <= 0).any() and share > _ZERO:
            share /= 2
        theta[kept] = before - share * step
        if (np.abs(step) <= _NO_STEP * before).all():
            break
    weights, _, hessian = _derivatives(y, x, designs, theta, kept)
    if not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian).min() <= 0:
        raise ArithmeticError("the variances cannot be told apart with these data")
    return theta, hessian, weights, kept


def _derivatives(
    y: Floats, x: Floats, designs: list[Floats], theta: Floats, kept: list[int]
) -> tuple[Floats, Floats, Floats]:
    """Return V⁻¹, gradient and Hessian of the negative log likelihood in the kept variances."""
    n = len(y)
    v = theta[-1] * np.eye(n)
    for k in kept:
        if k < len(designs) - 1:
            v += theta[k] * (designs[k] @ designs[k].T)
    weights = np.linalg.inv(v)
    wx = weights @ x
    projector = weights - wx @ np.linalg.solve(x.T @ wx, wx.T)
    py = projector @ y
    pz = [projector @ designs[k] for k in kept]
    zy = [designs[k].T @ py for k in kept]
    gradient = np.array(
        [
            (float(np.einsum("ij,ij->", designs[k], pz[i])) - float(zy[i] @ zy[i])) / 2
            for i, k in enumerate(kept)
        ]
    )
    size = range(len(kept))
    hessian = np.zeros((len(kept), len(kept)))
    for i in size:
        for j in size:
            between = designs[kept[i]].T @ pz[j]
            hessian[i, j] = float(zy[i] @ between @ zy[j]) - float((between**2).sum()) / 2
    return weights, gradient, hessian
