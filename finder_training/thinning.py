"""A thin network that says nearly what a whole one says: channels left out, the rest fitted anew.

Which channels go is found one after another: each time the one without which the next layer's
output, fitted anew by least squares to what the whole network gives there, changes least (Hassibi &
Stork 1993, for whole channels). Afterwards the thin network has to learn again (`distilling`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from finder_training.network import Convolution, FinderNetwork, Widths

Floats = npt.NDArray[np.float64]

PLACES = 400
"""So many places of each image are looked at in every layer."""

RIDGE = 1e-4
"""Added to the channels' variances, as a share of their mean, so that they can be inverted."""


def thin(network: FinderNetwork, widths: Widths, images: Tensor) -> FinderNetwork:
    """Return a network of the given widths that says nearly the same.

    Parameters
    ----------
    network
        With folded normalisation, as `FinderNetwork.from_exported` gives it.
    widths
        None wider than the network's own. The pyramid's coarser levels stay as they are.
    images
        Normalised training images (images, 3, height, width).
    """
    steps: list[tuple[list[Convolution], Convolution | nn.Conv2d, int]] = [
        ([block.expand, block.depthwise], block.project, inner)
        for block, inner in zip(network.blocks, widths.inner, strict=True)
        if block.expand is not None
    ]
    smooth, head = network.smooth, network.head
    before = [smooth[1].pointwise, network.lateral[0], smooth[0].depthwise]
    steps.append((before, smooth[0].pointwise, widths.fine[0]))
    steps.append(([smooth[0].pointwise, head[0].depthwise], head[0].pointwise, widths.fine[1]))
    steps.append(([head[0].pointwise, head[1].depthwise], head[1].pointwise, widths.head[0]))
    steps.append(([head[1].pointwise], network.maps, widths.head[1]))
    seen = _look(network, [after for _, after, _ in steps], images)
    rows: dict[nn.Module, npt.NDArray[np.intp]] = {}
    fitted: dict[nn.Module, tuple[Floats, Floats]] = {}
    for (makers, after, count), values in zip(steps, seen, strict=True):
        kept, weight, shift = choose_channels(values, _weight(after), count)
        rows |= dict.fromkeys(makers, kept)
        fitted[after] = weight, shift
    thinned = FinderNetwork(widths)
    thinned.eval()
    with torch.no_grad():
        for old, new in zip(network.modules(), thinned.modules(), strict=True):
            if isinstance(old, Convolution) and isinstance(new, Convolution):
                _copy(old, new, rows.get(old), fitted.get(old))
        weight, shift = fitted[network.maps]
        thinned.maps.weight.copy_(torch.from_numpy(weight)[..., None, None])
        thinned.maps.bias.copy_(network.maps.bias + torch.from_numpy(shift))
    return thinned


def choose_channels(
    values: Floats, weight: Floats, count: int
) -> tuple[npt.NDArray[np.intp], Floats, Floats]:
    """Choose the channels to keep, and fit the layer that reads them anew.

    Parameters
    ----------
    values
        What comes into the layer, (channels, places).
    weight
        The layer's (channels out, channels).
    count
        How many channels are kept.

    Returns
    -------
    kept, weight, shift
        Which are kept, in their order; the new weights (channels out, kept); what is to be added to
        the layer's bias.
    """
    mean = values.mean(axis=1)
    centred = values - mean[:, None]
    covariance = centred @ centred.T / centred.shape[1]
    covariance += RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    inverse = np.linalg.inv(covariance)
    left, remaining = np.ones(len(mean), bool), weight.copy()
    for _ in range(len(mean) - count):
        own = np.where(left, np.diag(inverse), 1.0)
        harm = np.where(left, (remaining**2).sum(axis=0) / own, np.inf)
        worst = int(harm.argmin())
        row = inverse[worst] / inverse[worst, worst]
        remaining -= np.outer(remaining[:, worst], row)
        inverse -= np.outer(inverse[worst], row)
        left[worst] = False
        # What is left of a channel that has gone is rounding, which must not grow.
        inverse[worst] = inverse[:, worst] = 0.0
        remaining[:, worst] = 0.0
    kept = np.flatnonzero(left)
    inner = covariance[np.ix_(kept, kept)]
    new = np.linalg.solve(inner, covariance[kept] @ weight.T).T
    return kept, new, weight @ mean - new @ mean[kept]


def _look(
    network: FinderNetwork, layers: Sequence[Convolution | nn.Conv2d], images: Tensor
) -> list[Floats]:
    """Return what comes into the layers at places drawn from the images, (channels, places)."""
    generator = torch.Generator().manual_seed(0)
    seen: dict[nn.Module, list[Tensor]] = {layer: [] for layer in layers}

    def keep(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        flat = inputs[0].flatten(2)
        places = torch.randint(flat.shape[2], (min(PLACES, flat.shape[2]),), generator=generator)
        seen[layer].append(flat[:, :, places].permute(1, 0, 2).flatten(1))

    hooks = [layer.register_forward_pre_hook(keep) for layer in layers]
    with torch.no_grad():
        for image in images:
            network.eval()(image[None])
    for hook in hooks:
        hook.remove()
    return [torch.cat(seen[layer], dim=1).double().numpy() for layer in layers]


def _weight(layer: Convolution | nn.Conv2d) -> Floats:
    convolution = layer.convolution if isinstance(layer, Convolution) else layer
    return np.asarray(convolution.weight.detach().double().numpy()[:, :, 0, 0], np.float64)


def _copy(
    old: Convolution,
    new: Convolution,
    rows: npt.NDArray[np.intp] | None,
    fitted: tuple[Floats, Floats] | None,
) -> None:
    """Copy a layer's rows that are kept, with the weights fitted anew where there are any."""
    weight, bias = old.convolution.weight, old.normalisation.bias
    if fitted is not None:
        weight = torch.from_numpy(fitted[0]).float()[..., None, None]
        bias = bias + torch.from_numpy(fitted[1]).float()
    chosen = torch.arange(len(weight)) if rows is None else torch.from_numpy(rows)
    new.convolution.weight.copy_(weight[chosen])
    new.normalisation.bias.copy_(bias[chosen])
    for name in ("weight", "running_mean", "running_var"):
        values = getattr(old.normalisation, name)
        getattr(new.normalisation, name).copy_(values[chosen])
