"""How a model is trained: what can be chosen, and what it is without a choice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from amgs.errors import ImpossibleValueError
from amgs.model.backbones.table import DEFAULT_BACKBONE
from amgs.vocabulary import Prediction, RecipeName, SplitUnit


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How to train.

    Parameters
    ----------
    backbone
        A name out of `amgs.model.backbones.table.BACKBONES`.
    recipe
        ``best`` chooses by cross-validation; ``paper`` does as Tuttle et al. 2018 did.
    split
        ``animal`` keeps all images of an animal in one part; ``image`` splits at random, as the
        paper did, which makes the test numbers too good for new animals.
    seed
        The same seed, images and versions give the same model.
    weights
        A weight file for a backbone that does not ship with amgs.
    use_cache
        Keep features for the next training.
    predict
        ``units``: the action units and the MGS too, where people scored them; ``mgs``: the MGS, not
        unit by unit; ``pain``: pain or no pain alone.
    """

    backbone: str = DEFAULT_BACKBONE
    recipe: RecipeName = "best"
    split: SplitUnit = "animal"
    seed: int = 0
    weights: Path | None = None
    use_cache: bool = True
    predict: Prediction = "units"

    def __post_init__(self) -> None:
        """Stop at a choice that there is not, before anything takes long."""
        choices: tuple[tuple[str, str, Any], ...] = (
            ("recipe", self.recipe, RecipeName),
            ("split", self.split, SplitUnit),
            ("predict", self.predict, Prediction),
        )
        faults = [
            f"{name} {' or '.join(get_args(kind))}, found {value!r}"
            for name, value, kind in choices
            if value not in get_args(kind)
        ]
        if self.seed < 0:
            faults.append(f"a seed of at least 0, found {self.seed}")
        if faults:
            raise ImpossibleValueError(f"Expected {'; '.join(faults)}.")
