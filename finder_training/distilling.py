"""The last stage: a thin network learns from the marks and from the whole network together.

What the whole network says of a scene tells more than the marks do: where it is in doubt, and how
much (Hinton, Vinyals & Dean 2015).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from finder_training.fit import prepare
from finder_training.learner import Learner, mirror
from finder_training.network import FinderNetwork, Widths, measure_statistics
from finder_training.stages import LONG, FitOptions
from finder_training.thinning import thin

THIN_STAGE = replace(LONG, seed=4)
"""As the fourth stage; its steps are as many as fit into the time."""

THIN = Widths(
    inner=(32, 64, 96, 96, *[192] * 2, *[384] * 3, *[512] * 3, *[864] * 4),
    fine=(64, 64),
    head=(64, 64),
)
"""Two thirds of the whole network's channels where maps are large, three quarters elsewhere. All
are multiples of 16, of which processors work on all at once."""

LOOKED_AT = 48
"""So many scenes decide which channels stay."""


def distil(
    whole: FinderNetwork,
    batches: Iterator[Sequence[Tensor]],
    minutes: float,
    report: Callable[[str], None],
    options: FitOptions = THIN_STAGE,
    widths: Widths = THIN,
) -> FinderNetwork:
    """Train a thin network; every batch is seen twice, once mirrored.

    Parameters
    ----------
    whole
        The network to be like, as `FinderNetwork.from_exported` gives it.
    batches
        Scenes, as `fit.load_scenes` makes them.
    minutes
        How long to learn: the rates fall with the time.
    report
        Gets a line now and then.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    first = prepare(next(batches), torch.device("cpu"))[0]
    network = thin(whole, widths, first[:LOOKED_AT])
    measure_statistics(network, first)
    learner = Learner(network.to(device), options)
    whole = whole.eval().to(device, memory_format=torch.channels_last)
    begun = time.monotonic()
    for batch in batches:
        straight = prepare(batch, device)
        done = (time.monotonic() - begun) / 60 / minutes
        if done >= 1:
            break
        for seen in (straight, mirror(straight)):
            with torch.no_grad(), torch.autocast("cuda", torch.bfloat16, enabled=learner.on_gpu):
                maps, taps = whole.look(seen[0])
            loss = learner.learn(seen, (maps.float(), taps), done)
        if learner.step % 100 == 0:
            report(f"{learner.step} steps of the thin network, {done:.0%}: loss {loss:.3f}")
    learner.averaged.to("cpu").eval()
    return learner.averaged
