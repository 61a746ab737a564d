"""The paper's head on 6,862 × 2,048 features, against a bare NumPy loop with the same arithmetic.

python benchmarks/head_training.py
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from amgs.model.training.heads import train_paper_head

N_IMAGES, N_FEATURES, STEPS, BATCH, RATE = 6_862, 2_048, 7_500, 100, 0.01
ROUNDS = 3

Floats = npt.NDArray[np.float32]


def bare_loop(x: Floats, y: Floats, seed: int) -> Floats:
    """Softmax regression by plain gradient descent and nothing else."""
    rng = np.random.default_rng(seed)
    w = (0.001 * rng.standard_normal((x.shape[1], 2))).astype(np.float32)
    b = np.zeros(2, np.float32)
    for _ in range(STEPS):
        rows = rng.integers(0, len(x), BATCH)
        xb = x[rows]
        z = np.exp(xb @ w + b)
        g = (z / z.sum(axis=1, keepdims=True) - y[rows]) / np.float32(BATCH)
        w -= np.float32(RATE) * (xb.T @ g)
        b -= np.float32(RATE) * g.sum(axis=0)
    return w


def main() -> None:
    """Print seconds and the ratio, median of three rounds."""
    rng = np.random.default_rng(0)
    x = np.abs(rng.standard_normal((N_IMAGES, N_FEATURES))).astype(np.float32)
    is_pain = (x[:, :20].sum(axis=1) + rng.standard_normal(N_IMAGES)) > 16
    y = np.stack([~is_pain, is_pain], axis=1).astype(np.float32)
    ours, bare = [], []
    for seed in range(ROUNDS):
        start = time.perf_counter()
        head = train_paper_head(x, is_pain, np.random.default_rng(seed))
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        w = bare_loop(x, y, seed)
        bare.append(time.perf_counter() - start)
        # Both must have learned the same thing, or the comparison means nothing.
        assert np.corrcoef(head.weights, w[:, 1] - w[:, 0])[0, 1] > 0.8
    ratio = float(np.median(np.array(ours) / np.array(bare)))
    print(
        f"amgs {np.median(ours):.2f} s   bare NumPy loop {np.median(bare):.2f} s   "
        f"ratio {ratio:.2f}"
    )


if __name__ == "__main__":
    main()
