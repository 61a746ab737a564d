"""Least squares with fixed effects: contrasts of its coefficients, and tests of several at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amgs.cohort.oneway import CONFIDENCE, Floats, Result

_RANK = 1e-9


@dataclass(frozen=True, eq=False)
class LinearFit:
    """``y = X β + e`` with independent errors of one variance.

    Parameters
    ----------
    beta
        Coefficients.
    unscaled
        ``(X'X)⁻¹``; times `mean_square` it is the covariance of `beta`.
    mean_square, df
        Residual variance, and its degrees of freedom.
    """

    beta: Floats
    unscaled: Floats
    mean_square: float
    df: int

    @property
    def rest(self) -> float:
        """The residual sum of squares."""
        return self.mean_square * self.df

    def contrast(self, weights: Floats) -> Result:
        """Return estimate, standard error, t, df, p and 95 % limits of one contrast."""
        error = float(np.sqrt(self.mean_square * (weights @ self.unscaled @ weights)))
        return describe_estimate(float(weights @ self.beta), error, self.df)

    def joint_test(self, rows: Floats) -> Result:
        """Return F of several independent contrasts together (of type III, as they are given)."""
        from scipy.stats import f

        found = rows @ self.beta
        spread = rows @ self.unscaled @ rows.T
        q = len(rows)
        statistic = float(found @ np.linalg.solve(spread, found)) / q / self.mean_square
        return {
            "F": statistic,
            "df_between": q,
            "df_within": self.df,
            "p": float(f.sf(statistic, q, self.df)),
        }


def describe_estimate(estimate: float, error: float, df: float) -> Result:
    """Return an estimate with its standard error, t, df, two-sided p and 95 % limits."""
    from scipy.stats import t as student

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


def fit_linear(y: Floats, x: Floats) -> LinearFit:
    """Fit by least squares.

    Raises
    ------
    ArithmeticError
        If columns of `x` depend on each other, or nothing is left to estimate the variance from.
    """
    n, p = x.shape
    if n <= p:
        raise ArithmeticError("there are too few animals for this model")
    sizes = np.linalg.svd(x / np.maximum(np.linalg.norm(x, axis=0), 1e-300), compute_uv=False)
    if sizes.min() <= _RANK * sizes.max():
        raise ArithmeticError("the groups and covariates cannot be told apart with these animals")
    # By QR, not by normal equations: these would square the condition of the design.
    q, r = np.linalg.qr(x)
    beta = np.linalg.solve(r, q.T @ y)
    inverse = np.linalg.inv(r)
    rest = float(((y - x @ beta) ** 2).sum())
    if rest <= (_RANK * max(1e-300, float(np.abs(y).max()))) ** 2:
        raise ArithmeticError("all values follow the model but for rounding: no residual variance")
    return LinearFit(beta, inverse @ inverse.T, rest / (n - p), n - p)
