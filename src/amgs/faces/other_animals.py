"""Faces of cats and dogs, which the face detector takes for those of mice.

The default backbone was trained on ImageNet, which has 118 breeds of dogs and a dozen kinds of cats
among its classes, and rodents, rabbits and weasels. What it says of a face tells them apart.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from amgs.faces.crop import DEFAULT_MARGIN, crop_face
from amgs.faces.detections import Box
from amgs.images.reading import RGB
from amgs.model.backbones.networks import Network
from amgs.model.backbones.table import DEFAULT_BACKBONE, find_backbone, locate_backbone

CLASSES_FILE = "classes.npz"

DOGS_AND_CATS = slice(151, 294)
"""Classes of ImageNet: dogs, wolves and foxes, cats from tabby to tiger."""

LIKE_A_MOUSE = (*range(330, 339), *range(356, 363))
"""Rabbits and rodents; weasels and their kin, which mice are taken for."""

OTHER_FROM = 0.94
"""Above all 542 faces of the marked photographs (the highest has 0.91) and of drawn mice."""

LEAST_PROBABILITY = 0.4
"""Below this the network thinks of something else, and its opinion on animals is worth little."""


class AnimalKinds:
    """Tells faces of cats and dogs from those of mice and rats."""

    def __init__(self) -> None:
        self._backbone = find_backbone(DEFAULT_BACKBONE)
        self._network = Network(locate_backbone(self._backbone))
        with np.load(classes_path(), allow_pickle=False) as stored:
            self._weight: npt.NDArray[np.float32] = stored["weight"].astype(np.float32)
            self._bias: npt.NDArray[np.float32] = stored["bias"]

    def is_other(self, rgb: RGB, box: Box) -> bool:
        """Say whether a face is that of a cat or a dog.

        Parameters
        ----------
        rgb
            The image.
        box
            The face in it.
        """
        face = crop_face(rgb, box, DEFAULT_MARGIN)
        if 0 in face.shape:
            return False
        pixels = self._backbone.preprocessing.apply(np.ascontiguousarray(face))
        # The classes know the last layer alone, which the features begin with.
        last = self._network.features(pixels[None])[0, : self._weight.shape[1]]
        logits = self._weight @ last + self._bias
        p = np.exp(logits - logits.max())
        p /= p.sum()
        other, mouse = float(p[DOGS_AND_CATS].sum()), float(p[list(LIKE_A_MOUSE)].sum())
        return other >= LEAST_PROBABILITY and other >= OTHER_FROM * (other + mouse)


@lru_cache(maxsize=1)
def open_animal_kinds() -> AnimalKinds:
    """Open the network once per process."""
    return AnimalKinds()


def classes_path() -> Path:
    """Return the file with the last layer of the default backbone."""
    return Path(str(files("amgs") / "data" / DEFAULT_BACKBONE / CLASSES_FILE))
