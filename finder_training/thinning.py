"""Make a trained network thinner: fewer channels inside its blocks, and a narrower pyramid.

Of every block those inner channels stay that give most to what the block returns, and the weights
behind them are fitted anew so that the block returns as nearly as can be what it did (He et al.
2017, "Channel pruning for accelerating very deep neural networks"). The pyramid and the maps begin
anew. Training has to follow.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from finder_training.network import BATCH_NORM_EPSILON, Convolution, FinderNetwork, Shape

RIDGE = 1e-3
"""Added to the diagonal of the least squares, as a share of the mean square of a channel."""

MOST_PLACES = 4000
"""So many places of the maps of one batch are enough to fit one block."""


@torch.no_grad()
def thin(network: FinderNetwork, shape: Shape, images: Tensor) -> FinderNetwork:
    """Return a thinner network that begins with the weights of `network`.

    Parameters
    ----------
    network
        Trained; its blocks are at least as wide as `shape` says.
    shape
        Of the new network.
    images
        Normalised training images (images, 3, height, width), by which channels are chosen.
    """
    network.eval()
    thinner = FinderNetwork(shape).to(images.device)
    thinner.stem.load_state_dict(network.stem.state_dict())
    x = nn.functional.relu6(network.stem(images))
    for wide, thin_block in zip(network.blocks, thinner.blocks, strict=True):
        inner = wide.widened(x)
        kept = _choose(inner, wide.project, thin_block.depthwise.convolution.out_channels)
        _take_channels(wide.depthwise, thin_block.depthwise, kept)
        if wide.expand is not None:
            _take_channels(wide.expand, thin_block.expand, kept)
        _fit_anew(inner, wide.project, thin_block.project, kept)
        x = wide(x)
    return thinner


def _choose(inner: Tensor, project: Convolution, count: int) -> Tensor:
    """Return the channels to keep: those with most energy behind the narrowing convolution."""
    strength = inner.pow(2).mean(dim=(0, 2, 3)).sqrt()
    reach = project.convolution.weight[:, :, 0, 0].norm(dim=0)
    return torch.argsort(strength * reach, descending=True)[:count].sort().values


def _take_channels(wide: Convolution, thin_one: Convolution, kept: Tensor) -> None:
    thin_one.convolution.weight.copy_(wide.convolution.weight[kept])
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(thin_one.normalisation, name).copy_(getattr(wide.normalisation, name)[kept])


def _fit_anew(inner: Tensor, wide: Convolution, thin_one: Convolution, kept: Tensor) -> None:
    """Fit the narrowing convolution to the channels kept, with a constant, by least squares."""
    places = inner.permute(0, 2, 3, 1).reshape(-1, inner.shape[1]).double()
    places = places[torch.randperm(len(places))[:MOST_PLACES]]
    wanted = places @ wide.convolution.weight[:, :, 0, 0].double().T
    chosen = places[:, kept]
    middle, wanted_middle = chosen.mean(dim=0), wanted.mean(dim=0)
    centred = chosen - middle
    gram = centred.T @ centred
    ridge = RIDGE * gram.diagonal().mean() * torch.eye(len(gram)).to(gram)
    weight = torch.linalg.solve(gram + ridge, centred.T @ (wanted - wanted_middle)).T
    thin_one.convolution.weight.copy_(weight[:, :, None, None])
    thin_one.normalisation.load_state_dict(wide.normalisation.state_dict())
    # What the channels left out gave on average goes to the mean that is subtracted next.
    missing = (wanted_middle - weight @ middle).to(wide.convolution.weight.dtype)
    thin_one.normalisation.running_mean.sub_(missing)


@torch.no_grad()
def measure_statistics(network: FinderNetwork, images: Tensor) -> None:
    """Give a network with folded normalisation its statistics back, without changing what it says.

    Afterwards training can go on with normalisation by batches.
    """
    network.eval()

    def renew(module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        assert isinstance(module, nn.BatchNorm2d)
        mean = inputs[0].mean(dim=(0, 2, 3))
        variance = inputs[0].var(dim=(0, 2, 3)) + BATCH_NORM_EPSILON
        slope = module.weight / (module.running_var + module.eps).sqrt()
        module.bias.copy_(module.bias + slope * (mean - module.running_mean))
        module.weight.copy_(slope * (variance + module.eps).sqrt())
        module.running_mean.copy_(mean)
        module.running_var.copy_(variance)

    hooks = [
        module.register_forward_hook(renew)
        for module in network.modules()
        if isinstance(module, nn.BatchNorm2d)
    ]
    network(images)
    for hook in hooks:
        hook.remove()
