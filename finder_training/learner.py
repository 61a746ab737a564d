"""A network that learns: the loss for its maps, its optimiser, the mean of its weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn

from amgs.faces.centre_maps import CHANNELS, FACE_PARTS
from finder_training.network import NEW_IN_VERSION_2, WHOLE, FinderNetwork
from finder_training.stages import FitOptions

FROZEN_BLOCKS = 3
"""The stem and the blocks of stride 4 keep their ImageNet weights: edges are edges. Not those of a
thinned network, which have lost channels."""

LOSS_WEIGHTS = {"size": 0.6, "offset": 0.5, "base": 0.3, "tip": 0.3, "view": 0.15}
UNCLEAR_WEIGHT = 0.3

TAP_WEIGHT = 0.5
"""How much the likeness of what the blocks give counts beside that of the maps."""

SEEN = 0.05
"""From this probability on, what another network says of a centre is learned."""


class Learner:
    """A network that learns, its optimiser, and the running mean of its weights."""

    def __init__(self, network: FinderNetwork, options: FitOptions) -> None:
        self.network = network.to(memory_format=torch.channels_last)
        self.averaged = deepcopy(network)
        self.optimiser = _optimiser(network, options)
        self.options = options
        self.step = 0
        self.on_gpu = next(network.parameters()).is_cuda

    def learn(
        self,
        batch: Sequence[Tensor],
        shown: tuple[Tensor, Sequence[Tensor]] | None = None,
        done: float | None = None,
    ) -> Tensor:
        """Take one step and return the loss.

        Parameters
        ----------
        batch
            Images and targets, as `fit.prepare` gives them.
        shown
            What another network says of the images, from `FinderNetwork.look`, to be learned too.
        done
            Which share of the training is over; by the number of steps if not given.
        """
        _set_rates(self.optimiser, self.options, self.step, done)
        self.network.train()
        for part in self._fixed():
            part.eval()
        images, centres, loss_mask, values, weights = batch
        # Half precision on a GPU, with the loss in single: maps hold logarithms of sizes.
        with torch.autocast("cuda", torch.bfloat16, enabled=self.on_gpu):
            maps, taps = self.network.look(images)
        eye_weight = self.options.eye_weight
        loss = map_loss(maps.float(), centres, loss_mask, values, weights, eye_weight)
        if shown is not None:
            loss = loss + likeness_loss(maps.float(), taps, *shown, eye_weight)
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
    mean = FinderNetwork(first.widths)
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
    if network.widths == WHOLE:
        for module in (network.stem, *network.blocks[:FROZEN_BLOCKS]):
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


def _set_rates(
    optimiser: torch.optim.Optimizer, options: FitOptions, step: int, done: float | None
) -> None:
    """Warm up over 200 steps, then follow half a cosine to a hundredth."""
    warm = min(1.0, (step + 1) / 200)
    share = step / options.steps if done is None else done
    rate = options.peak_rate * warm * (0.505 + 0.495 * math.cos(math.pi * share))
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


def likeness_loss(
    maps: Tensor,
    taps: Sequence[Tensor],
    shown_maps: Tensor,
    shown_taps: Sequence[Tensor],
    eye_weight: float,
) -> Tensor:
    """Return how far a network is from saying what another one says of the same images.

    Centres by the quality focal loss (Li et al. 2020), with the other network's probabilities as
    targets; what belongs to a centre wherever the other network sees one, weighted by how surely;
    what the blocks give by the squared difference, in units of its variance.
    """
    shown = torch.sigmoid(shown_maps[:, CHANNELS["centres"]])
    logits = maps[:, CHANNELS["centres"]]
    entropy = functional.binary_cross_entropy_with_logits(logits, shown, reduction="none")
    doubt = (torch.sigmoid(logits) - shown) ** 2
    loss = ((doubt * entropy).sum(dim=(0, 2, 3)) / shown.sum(dim=(0, 2, 3)).clamp(min=1.0)).sum()
    for name, channels in CHANNELS.items():
        part, _, kind = name.partition("_")
        if name == "centres":
            continue
        place = FACE_PARTS.index("face" if name == "view" else part)
        weight = (shown[:, place] * (shown[:, place] > SEEN))[:, None]
        total = weight.sum().clamp(min=1.0)
        ours, theirs = maps[:, channels], shown_maps[:, channels]
        if kind in LOSS_WEIGHTS:
            loss = loss + LOSS_WEIGHTS[kind] * ((ours - theirs).abs() * weight).sum() / total
        elif name == "eye_unclear":
            entropy = functional.binary_cross_entropy_with_logits(
                ours, torch.sigmoid(theirs), weight, reduction="sum"
            )
            loss = loss + UNCLEAR_WEIGHT * entropy / total
        else:
            entropy = -(torch.softmax(theirs, dim=1) * functional.log_softmax(ours, dim=1))
            factor = eye_weight if name == "eye_state" else LOSS_WEIGHTS["view"]
            loss = loss + factor * (entropy * weight).sum() / total
    for ours, theirs in zip(taps, shown_taps, strict=True):
        square = ((ours.float() - theirs.float()) ** 2).mean()
        loss = loss + TAP_WEIGHT * square / theirs.float().var()
    return loss


def mirror(batch: Sequence[Tensor]) -> list[Tensor]:
    """Return images and targets as a mirror shows them."""
    images, centres, loss_mask, values, weights = (part.flip(-1) for part in batch)
    values = values.clone()
    for name, channels in CHANNELS.items():
        # The first of two channels goes along x, but for sizes, which no mirror changes.
        if name.endswith(("_offset", "_base", "_tip")):
            values[:, channels.start] *= -1
    return [
        images.contiguous(memory_format=torch.channels_last),
        *(part.contiguous() for part in (centres, loss_mask, values, weights)),
    ]


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
