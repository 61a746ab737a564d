"""A trained model as a reader: pain or no pain, with a confidence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.images.reading import RGB
from amgs.model.backbones.networks import BATCH_SIZE
from amgs.model.bundle import Model, load_model
from amgs.prediction.readers import DECIMALS, Reader
from amgs.vocabulary import Reading, call_pain


class PainReader(Reader):
    """Reads with a model folder made by `amgs train`.

    Parameters
    ----------
    model
        The folder, or what `load_model` made of it.
    """

    def __init__(self, model: Path | Model) -> None:
        self.model = load_model(model) if isinstance(model, Path) else model
        self.folder = self.model.network_file.parent
        self.name = self.folder.name
        self.sha256 = self.model.sha256
        self.outputs = self.model.outputs
        self.notice = self.model.notice
        self._network = self.model.open_network()

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as the path of its folder, to be opened once there."""
        return _open_once, (self.folder,)

    def read(self, images: Sequence[RGB]) -> list[Reading]:
        """See `Reader.read`."""
        features = self.features(images)
        p_pain = self.model.head.p_pain(features)
        # Rounded before the class is decided, so that class and table never contradict each other.
        values = [dict(call_pain(p).values) for p in p_pain.round(DECIMALS).tolist()]
        likeness, graded = self.model.likeness, self.model.graded
        if likeness is not None:
            for said, distance in zip(values, likeness.read(features), strict=True):
                said.update(distance)
        if graded is not None:
            for said, units in zip(values, graded.read(features), strict=True):
                said.update(units)
        return [Reading(said) for said in values]

    def features(self, images: Sequence[RGB]) -> npt.NDArray[np.float32]:
        """Return what the network makes of images, (images, n); the same as of each alone."""
        prepared = [self.model.preprocessing.apply(rgb) for rgb in images]
        found = [
            self._network.features(np.stack(prepared[k : k + BATCH_SIZE]))
            for k in range(0, len(prepared), BATCH_SIZE)
        ]
        return np.concatenate(found)

    def log_odds(self, images: Sequence[RGB]) -> list[float]:
        """Return the calibrated log odds of pain of each image, which no limit cuts off."""
        head = self.model.head
        logits = head.logit(self.features(images))
        found: list[float] = (head.slope * logits + head.intercept).tolist()
        return found

    def part_of(self, sha256: str) -> str:
        """See `Reader.part_of`."""
        return self.model.parts.get(sha256, "")

    def card(self) -> dict[str, Any]:
        """See `Reader.card`."""
        return self.model.card


@lru_cache(maxsize=2)
def _open_once(folder: Path) -> PainReader:
    """Open a model once per process, however many units of work it receives."""
    return PainReader(folder)
