"""The body of 2015 against a second implementation: the Inception of pytorch-fid, in torch.

Both get the same random weights and the same five pictures. Needs torch, torchvision and
pytorch-fid, which the tests do not; from the root of the repository:

    PYTHONPATH=src:tests python tests/published/compare_with_pytorch_fid.py
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from pytorch_fid import inception as second

from amgs.model.backbones.networks import Network
from amgs.model.tensorflow1.converting import convert
from amgs.model.tensorflow1.graph_def import Graph, read_graph
from published.inception_2015 import GraphWriter, some_pictures, write_inception

STEM = {
    "conv": "Conv2d_1a_3x3",
    "conv_1": "Conv2d_2a_3x3",
    "conv_2": "Conv2d_2b_3x3",
    "conv_3": "Conv2d_3b_1x1",
    "conv_4": "Conv2d_4a_3x3",
}
BLOCK_35 = {
    "conv": "branch1x1",
    "tower/conv": "branch5x5_1",
    "tower/conv_1": "branch5x5_2",
    "tower_1/conv": "branch3x3dbl_1",
    "tower_1/conv_1": "branch3x3dbl_2",
    "tower_1/conv_2": "branch3x3dbl_3",
    "tower_2/conv": "branch_pool",
}
BLOCK_8 = {
    "conv": "branch1x1",
    "tower/conv": "branch3x3_1",
    "tower/mixed/conv": "branch3x3_2a",
    "tower/mixed/conv_1": "branch3x3_2b",
    "tower_1/conv": "branch3x3dbl_1",
    "tower_1/conv_1": "branch3x3dbl_2",
    "tower_1/mixed/conv": "branch3x3dbl_3a",
    "tower_1/mixed/conv_1": "branch3x3dbl_3b",
    "tower_2/conv": "branch_pool",
}


def in_a_row(place: str, name: str, count: int) -> dict[str, str]:
    """Return the units of one tower, whose numbers begin with none here and with 1 there."""
    return {f"{place}/conv{f'_{k}' if k else ''}": f"{name}_{k + 1}" for k in range(count)}


BLOCK_17 = {
    "conv": "branch1x1",
    **in_a_row("tower", "branch7x7", 3),
    **in_a_row("tower_1", "branch7x7dbl", 5),
    "tower_2/conv": "branch_pool",
}
TO_17 = {"conv": "branch3x3", **in_a_row("tower", "branch3x3dbl", 3)}
TO_8 = {**in_a_row("tower", "branch3x3", 2), **in_a_row("tower_1", "branch7x7x3", 4)}
BLOCKS = {
    **dict.fromkeys(("Mixed_5b", "Mixed_5c", "Mixed_5d"), BLOCK_35),
    "Mixed_6a": TO_17,
    **dict.fromkeys(("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"), BLOCK_17),
    "Mixed_7a": TO_8,
    **dict.fromkeys(("Mixed_7b", "Mixed_7c"), BLOCK_8),
}


def units() -> Iterator[tuple[str, str]]:
    """Yield the name of every unit in TensorFlow's graph and in torch's."""
    yield from STEM.items()
    for number, (block, names) in enumerate(BLOCKS.items()):
        here = f"mixed_{number}" if number else "mixed"
        yield from ((f"{here}/{ours}", f"{block}.{theirs}") for ours, theirs in names.items())


def with_weights_of(graph: Graph) -> torch.nn.Module:
    """Return the second implementation with the weights of a graph."""
    # Its own weights are on the internet, and are not asked for.
    second.load_state_dict_from_url = lambda *_, **__: {}
    strict = torch.nn.Module.load_state_dict
    torch.nn.Module.load_state_dict = lambda *_, **__: None
    network = second.fid_inception_v3().eval()
    torch.nn.Module.load_state_dict = strict
    modules = dict(network.named_modules())

    def tensor(name: str) -> torch.Tensor:
        return torch.tensor(np.array(graph[name].value()))

    for ours, theirs in units():
        unit = modules[theirs]
        kernel = tensor(f"{ours}/conv2d_params").permute(3, 2, 0, 1)
        assert unit.conv.weight.shape == kernel.shape, (ours, theirs)
        unit.conv.weight.data = kernel.contiguous()
        unit.bn.running_mean.data = tensor(f"{ours}/batchnorm/moving_mean")
        unit.bn.running_var.data = tensor(f"{ours}/batchnorm/moving_variance")
        unit.bn.bias.data = tensor(f"{ours}/batchnorm/beta")
        unit.bn.weight.data = torch.ones_like(unit.bn.bias)  # the graph does not scale after it
    network.fc = torch.nn.Identity()
    return network.double()


def main() -> None:
    """Compare the 2,048 features of five pictures."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "graph.pb"
        file.write_bytes(write_inception(GraphWriter(), labels=None).bytes())
        graph = read_graph(file)
        found = convert(graph, "pool_3/_reshape")
        network = Path(place) / "network.onnx"
        network.write_bytes(found.network.SerializeToString())
        prepared = np.stack([found.preprocessing.apply(rgb) for rgb in some_pictures()])
        ours = Network(network).features(prepared)
        with torch.no_grad():
            theirs = with_weights_of(graph)(torch.tensor(prepared).double()).numpy()
    print(
        f"{len(list(units()))} units; largest difference {np.abs(ours - theirs).max():.2g} of values"
    )
    print(f"up to {np.abs(theirs).max():.1f}")


if __name__ == "__main__":
    main()
