"""Logistic regression with an L2 penalty: heads, their correction, and what cannot be scored."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


def fit_logistic(
    inputs: Floats,
    target: Floats,
    weight: Floats,
    penalty: float,
    *,
    offset: Floats | float = 0.0,
    begin_at: float = 0.0,
    stop: Any = None,
) -> tuple[npt.NDArray[np.float64], float]:
    """Return the weights and the bias that minimise a weighted cross-entropy and a penalty.

    ``Σ weight · (ln(1 + exp(z)) - target · z) + penalty / 2 · ‖w‖²`` with ``z = offset + x·w + b``,
    by L-BFGS (Zhu, Byrd, Lu & Nocedal 1997); the bias has no penalty.

    Parameters
    ----------
    inputs
        (rows, features).
    target
        (rows,): shares from 0 to 1.
    weight
        (rows,): how much each row counts.
    penalty
        On the weights.
    offset
        What is added to every z and not fitted.
    begin_at
        The bias from which the search begins; the weights begin at 0.
    stop
        When the search ends: options of SciPy's ``L-BFGS-B``, its own where none are given.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    def loss_and_slope(parameters: Floats) -> tuple[float, Floats]:
        w, bias = parameters[:-1], parameters[-1]
        z = offset + inputs @ w + bias
        loss = weight @ (np.logaddexp(0, z) - target * z) + penalty / 2 * w @ w
        off = weight * (expit(z) - target)
        return float(loss), np.append(off @ inputs + penalty * w, off.sum())

    start = np.append(np.zeros(inputs.shape[1]), begin_at)
    best = minimize(loss_and_slope, start, jac=True, method="L-BFGS-B", options=stop).x
    return best[:-1], float(best[-1])
