"""The head: the one layer that is trained, on features of a frozen network.

Both recipes end in the same record, a weight per feature and a bias. The paper's layer has two
outputs and a softmax; two outputs differ only by their difference, which is what is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amgs.model.training.logistic import fit_logistic

Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]

PAPER_STEPS = 7_500
PAPER_LEARNING_RATE = 0.01
PAPER_BATCH = 100
PAPER_INITIAL_SD = 0.001

FLAT, MOST_ITERATIONS = 1e-6, 1_000
"""Logistic regression ends where no slope of its loss is steeper than this: probabilities are then
the same to four digits however the search went."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A linear layer with calibration: features → probability of pain.

    ``p_pain = 1 / (1 + exp(-(slope · (weights · features + bias) + intercept)))``

    Parameters
    ----------
    weights
        (n_features,) float32.
    bias
        Added to the weighted sum.
    slope, intercept
        The calibration (Platt 1999); 1 and 0 leave the layer's own probability.
    """

    weights: npt.NDArray[np.float32]
    bias: float
    slope: float = 1.0
    intercept: float = 0.0

    def logit(self, features: Floats) -> Floats:
        """Return the layer's output before calibration, one number per row of features."""
        # In double precision: 2,048 products in single lose digits that decide ties at 0.5.
        return features.astype(np.float64) @ self.weights.astype(np.float64) + self.bias

    def p_pain(self, features: Floats) -> Floats:
        """Return the calibrated probability of pain, one per row of features."""
        return self.p_of_logit(self.logit(features))

    def p_of_logit(self, logits: Floats) -> Floats:
        """Return the calibrated probability of pain of outputs before calibration."""
        from scipy.special import expit

        probability: Floats = expit(self.slope * logits + self.intercept)
        return probability


def train_paper_head(
    features: Floats,
    is_pain: Bools,
    rng: np.random.Generator,
    steps: int = PAPER_STEPS,
) -> Head:
    """Train a softmax layer as Tuttle et al. 2018 did.

    Weights start as a normal distribution (sd 0.001) cut at two standard deviations, biases at 0;
    plain gradient descent on the mean cross-entropy, learning rate 0.01, batches of 100 drawn with
    replacement, 7,500 steps.

    Parameters
    ----------
    features
        (images, n_features).
    is_pain
        (images,).
    rng
        Decides the start and the batches.
    steps
        Fewer only to test.
    """
    from scipy.stats import truncnorm

    n, n_features = features.shape
    inputs = np.ascontiguousarray(features, dtype=np.float32)
    # Column 0 is `no pain`, column 1 is `pain`.
    targets = np.stack([~is_pain, is_pain], axis=1).astype(np.float32)
    start = truncnorm.rvs(-2, 2, size=(n_features, 2), random_state=rng)
    weights = (start * PAPER_INITIAL_SD).astype(np.float32)
    bias = np.zeros(2, np.float32)
    for _ in range(steps):
        rows = rng.integers(0, n, PAPER_BATCH)
        batch = inputs[rows]
        error = (_softmax(batch @ weights + bias) - targets[rows]) / np.float32(PAPER_BATCH)
        weights -= np.float32(PAPER_LEARNING_RATE) * (batch.T @ error)
        bias -= np.float32(PAPER_LEARNING_RATE) * error.sum(axis=0)
    # The softmax of two outputs is the logistic function of their difference.
    return Head(weights[:, 1] - weights[:, 0], float(bias[1] - bias[0]))


def train_logistic_head(features: Floats, is_pain: Bools, strength: float) -> Head:
    """Train logistic regression with an L2 penalty; features standardised, classes equal.

    Parameters
    ----------
    features
        (images, n_features).
    is_pain
        (images,).
    strength
        Weight of the data against the penalty: the inverse of the penalty on the mean loss. The
        larger, the closer the fit.

    Returns
    -------
    Head
        With the standardisation folded into weights and bias.

    Notes
    -----
    Minimises the mean of the two classes' mean cross-entropies plus ‖w‖² / (2 · strength), with
    weights w of the standardised features and a bias without penalty (`fit_logistic`).
    """
    mean = features.mean(axis=0, dtype=np.float64)
    # A feature that hardly varies would be blown up by dividing through its spread.
    spread = np.maximum(features.std(axis=0, dtype=np.float64), 1e-3)
    # Both classes weigh the same, however many images they have.
    weight = (0.5 / np.bincount(is_pain, minlength=2))[is_pain.astype(int)]
    fitted, bias = fit_logistic(
        (features - mean) / spread,
        is_pain.astype(np.float64),
        weight,
        1 / strength,
        stop={"maxiter": MOST_ITERATIONS, "gtol": FLAT, "ftol": 0.0},
    )
    # w·(x - mean)/spread = (w/spread)·x - (w/spread)·mean: the head needs no scaler beside it.
    weights = fitted / spread
    return Head(weights.astype(np.float32), bias - float(weights @ mean))


def calibrate(head: Head, logits: Floats, is_pain: Bools) -> Head:
    """Fit slope and intercept so that the confidence means what it says (Platt 1999).

    Both classes weigh the same: the confidence is that for an image from a population with as many
    pain as no-pain images, and 0.5 treats both errors alike, whatever the training set held.

    Parameters
    ----------
    head
        What to calibrate.
    logits
        Outputs for images that were not trained on.
    is_pain
        The truth about them.
    """
    slope, intercept = fit_platt(logits, is_pain)
    return Head(head.weights, head.bias, slope, intercept)


def fit_platt(logits: Floats, is_pain: Bools) -> tuple[float, float]:
    """Return slope and intercept of a logistic curve through logits, classes weighing the same.

    The targets are Platt's, (n + 1) / (n + 2) for pain and 1 / (n + 2) for the other class, which
    keeps the curve finite where the classes are separated completely.
    """
    from scipy.optimize import minimize
    from scipy.special import logit

    n_pain, n_other = int(is_pain.sum()), int((~is_pain).sum())
    target = np.where(is_pain, (n_pain + 1) / (n_pain + 2), 1 / (n_other + 2))
    weight = np.where(is_pain, 0.5 / n_pain, 0.5 / n_other)
    # Logits may span hundreds and lie far from 0; BFGS starts well only where parameters are of
    # order 1.
    scale, centre = max(float(np.std(logits)), 1e-12), float(np.mean(logits))
    scaled = (logits - centre) / scale

    def loss(parameters: Floats) -> float:
        z = parameters[0] * scaled + parameters[1]
        return float(np.sum(weight * (np.logaddexp(0, z) - target * z)))

    best = minimize(loss, x0=np.array([1.0, 0.0]), method="BFGS")
    slope = float(best.x[0])
    if slope <= 0:
        # It would turn every call round, and appears when there is nothing to learn. Then all
        # images get one probability, which is that of the targets and not of this curve's middle.
        return 0.0, float(logit((weight * target).sum()))
    return slope / scale, float(best.x[1]) - slope * centre / scale


def _softmax(x: Floats) -> Floats:
    shifted = np.exp(x - x.max(axis=1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return result
