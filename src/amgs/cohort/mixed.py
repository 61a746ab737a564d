"""A linear mixed model over all timepoints: animal as random effect, REML, Satterthwaite's df."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amgs.cohort.design import Cell, Cohort
from amgs.cohort.oneway import CONFIDENCE, NotComputed, Result, pairs
from amgs.cohort.robust import holm

Floats = npt.NDArray[np.float64]
_STEP = 1e-4
_TINY = 1e-10


@dataclass(frozen=True)
class RandomInterceptFit:
    """``y = X β + b[animal] + e`` with ``b ~ N(0, var_animal)`` and ``e ~ N(0, var_residual)``.

    Parameters
    ----------
    beta, covariance
        Fixed effects by generalised least squares, and their covariance.
    var_animal, var_residual
        Variances by restricted maximum likelihood.
    """

    y: Floats
    x: Floats
    animal: npt.NDArray[np.intp]
    beta: Floats
    covariance: Floats
    var_animal: float
    var_residual: float

    def contrast(self, weights: Floats) -> Result:
        """Return estimate, standard error, Satterthwaite's df, t, p and 95 % limits."""
        from scipy.stats import t as student

        # With an infinite df this would be a z-test; small cohorts need the t with its own df.
        estimate = float(weights @ self.beta)
        variance = float(weights @ self.covariance @ weights)
        df = self._degrees_of_freedom(weights, variance)
        error = variance**0.5
        half = float(student.ppf(0.5 + CONFIDENCE / 2, df)) * error
        return {
            "estimate": estimate,
            "se": error,
            "df": df,
            "t": estimate / error,
            "p": float(2 * student.sf(abs(estimate / error), df)),
            "lower": estimate - half,
            "upper": estimate + half,
        }

    def _degrees_of_freedom(self, weights: Floats, variance: float) -> float:
        """Return ``2 v² / (g' A g)``: v the variance, g its gradient, A the variances' own."""
        theta = np.array([self.var_animal, self.var_residual])

        def variance_at(point: Floats) -> float:
            return float(weights @ _gls(self.y, self.x, self.animal, point)[1] @ weights)

        def deviance_at(point: Floats) -> float:
            return _reml_deviance(self.y, self.x, self.animal, point)

        # Half the Hessian of the deviance is the observed information of the two variances.
        # Derivatives are numerical: the deviance is smooth, and R's lmerTest does the same.
        gradient = _gradient(variance_at, theta)
        information = _hessian(deviance_at, theta) / 2
        if self.var_animal <= _TINY * self.var_residual:  # on the border only the other one varies
            spread = gradient[1] ** 2 / information[1, 1]
        else:
            spread = float(gradient @ np.linalg.solve(information, gradient))
        return float(2 * variance**2 / spread)


def fit_random_intercept(y: Floats, x: Floats, animal: npt.NDArray[np.intp]) -> RandomInterceptFit:
    """Fit by restricted maximum likelihood.

    The ratio of the two variances is found on one dimension; the residual variance follows from it.
    """
    from scipy.optimize import minimize_scalar

    n, p = x.shape

    def profile(log_ratio: float) -> float:
        return _profiled(y, x, animal, float(np.exp(log_ratio)))[0]

    # The deviance can have a second, local minimum; a coarse grid finds the valley of the lowest.
    grid = np.linspace(-12, 12, 49)
    best = grid[int(np.argmin([profile(g) for g in grid]))]
    found = minimize_scalar(
        profile, bounds=(best - 0.6, best + 0.6), method="bounded", options={"xatol": 1e-10}
    )
    ratio = float(np.exp(found.x))
    # ln(ratio) never reaches a ratio of 0, which is the estimate where animals do not differ.
    if _profiled(y, x, animal, 0.0)[0] <= float(found.fun):
        ratio = 0.0
    residual = _profiled(y, x, animal, ratio)[1] / (n - p)
    theta = np.array([ratio * residual, residual])
    beta, covariance = _gls(y, x, animal, theta)
    return RandomInterceptFit(y, x, animal, beta, covariance, float(theta[0]), float(theta[1]))


def _whiten(columns: Floats, animal: npt.NDArray[np.intp], ratio: float) -> tuple[Floats, float]:
    """Multiply by the inverse root of ``I + ratio ZZ'``; return also its log determinant."""
    # Within an animal of n cells, I + ratio·11' has the eigenvalues 1 + n·ratio (along the mean)
    # and 1 (across it): its inverse root only shrinks the mean. No n × n matrix is needed.
    counts = np.bincount(animal)
    shrink = 1 - 1 / np.sqrt(1 + ratio * counts)
    sums = np.zeros((len(counts), columns.shape[1]))
    np.add.at(sums, animal, columns)
    means = sums / counts[:, None]
    return columns - shrink[animal, None] * means[animal], float(np.log1p(ratio * counts).sum())


def _least_squares(
    y: Floats, x: Floats, animal: npt.NDArray[np.intp], ratio: float
) -> tuple[float, float]:
    """Return the residual sum of squares, and what both REML deviances have besides."""
    white, log_determinant = _whiten(np.column_stack([x, y]), animal, ratio)
    a, b = white[:, :-1], white[:, -1]
    # By QR, not by normal equations: these would square the condition of the design.
    beta = np.linalg.lstsq(a, b, rcond=None)[0]
    rest = float(((b - a @ beta) ** 2).sum())
    log_r = 2 * float(np.log(np.abs(np.diag(np.linalg.qr(a, mode="r")))).sum())
    return rest, log_determinant + log_r


def _profiled(
    y: Floats, x: Floats, animal: npt.NDArray[np.intp], ratio: float
) -> tuple[float, float]:
    """Return the profiled REML deviance (but for a constant) and the residual sum of squares."""
    rest, besides = _least_squares(y, x, animal, ratio)
    return float((len(y) - x.shape[1]) * np.log(rest) + besides), rest


def _gls(
    y: Floats, x: Floats, animal: npt.NDArray[np.intp], theta: Floats
) -> tuple[Floats, Floats]:
    white, _ = _whiten(np.column_stack([x, y]), animal, float(theta[0] / theta[1]))
    a, b = white[:, :-1], white[:, -1]
    inverse = np.linalg.inv(a.T @ a)
    return inverse @ a.T @ b, theta[1] * inverse


def _reml_deviance(y: Floats, x: Floats, animal: npt.NDArray[np.intp], theta: Floats) -> float:
    rest, besides = _least_squares(y, x, animal, float(theta[0] / theta[1]))
    return float((len(y) - x.shape[1]) * np.log(theta[1]) + besides + rest / theta[1])


def _gradient(function: Callable[[Floats], float], point: Floats) -> Floats:
    # Relative steps: the variances may be of any size.
    steps = _STEP * np.abs(point) + _TINY
    return np.array(
        [
            (function(point + s * e) - function(point - s * e)) / (2 * s)
            for s, e in zip(steps, np.eye(len(point)), strict=True)
        ]
    )


def _hessian(function: Callable[[Floats], float], point: Floats) -> Floats:
    # Longer than for the gradient: second differences cancel twice, so rounding weighs more.
    steps = 10 * _STEP * np.abs(point) + _TINY
    units = np.eye(len(point)) * steps[:, None]
    size = range(len(point))

    def second(i: int, j: int) -> float:
        a, b = units[i], units[j]
        total = function(point + a + b) - function(point + a - b)
        total += function(point - a - b) - function(point - a + b)
        return float(total / (4 * steps[i] * steps[j]))

    return np.array([[second(i, j) for j in size] for i in size])


def mixed_model(cohort: Cohort, baseline: str | None) -> Result:
    """Return the model of all cells, and the groups' changes from baseline against each other.

    Fixed effects are the means of every group at every timepoint; a contrast is the difference of
    two groups' changes from baseline, p adjusted by Holm's method over all contrasts. Animals that
    lack a timepoint count with what they have.
    """
    cells = [c for c in cohort.cells if c.value is not None and not c.excluded_because]
    reason = _why_not(cells, cohort, baseline)
    if reason:
        return NotComputed(reason).as_dict()
    keys = list(dict.fromkeys((c.group, c.timepoint) for c in cells))
    animals = list(dict.fromkeys(c.animal for c in cells))
    column = {key: number for number, key in enumerate(keys)}
    x = np.zeros((len(cells), len(keys)))
    x[np.arange(len(cells)), [column[c.group, c.timepoint] for c in cells]] = 1.0
    y = np.array([c.value for c in cells], float)
    # One column per group and timepoint, so every fixed effect is a mean that can be read off.
    fit = fit_random_intercept(y, x, np.array([animals.index(c.animal) for c in cells], np.intp))
    if fit.var_residual <= _TINY * float(y.var()) or not np.isfinite(fit.var_residual):
        return NotComputed("the values follow the means but for rounding: no residual").as_dict()
    rows: list[Result] = []
    # A group that nobody saw at the baseline has no change from it.
    groups = [g for g in cohort.groups if (g, baseline) in column]
    for timepoint in (t for t in cohort.timepoints if t != baseline):
        for a, b in pairs([g for g in groups if (g, timepoint) in column]):
            weights = np.zeros(len(keys))
            for group, sign in ((a, 1.0), (b, -1.0)):
                weights[column[group, timepoint]] += sign
                weights[column[group, str(baseline)]] -= sign
            rows.append({"timepoint": timepoint, "a": a, "b": b} | fit.contrast(weights))
    if not all(np.isfinite(row["p"]) and row["df"] > 0 for row in rows):
        return NotComputed("the variances cannot be told apart with these data").as_dict()
    adjusted = holm([row["p"] for row in rows])
    return {
        "n_animals": len(animals),
        "n_cells": len(cells),
        "var_animal": fit.var_animal,
        "var_residual": fit.var_residual,
        "contrasts": [{**row, "p_holm": p} for row, p in zip(rows, adjusted, strict=True)],
    }


def _why_not(cells: list[Cell], cohort: Cohort, baseline: str | None) -> str:
    if baseline is None or len(cohort.timepoints) < 2:  # noqa: PLR2004
        return "there is one timepoint; a mixed model needs several"
    if len(cohort.groups) < 2:  # noqa: PLR2004
        return "there is one group"
    keys = {(c.group, c.timepoint) for c in cells}
    animals = {c.animal for c in cells}
    if len(cells) <= len(keys) or len(animals) <= len({c.group for c in cells}):
        return "there are too few animals"
    values: dict[tuple[str, str], set[float | None]] = {}
    for cell in cells:
        values.setdefault((cell.group, cell.timepoint), set()).add(cell.value)
    if all(len(v) == 1 for v in values.values()):
        return "all values within every group and timepoint are equal"
    return ""
