"""How well a few images know their animal: reliability by the number of images."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from amgs.prediction.summarise import choose_images
from amgs.prediction.summary_options import GROUP_KEYS, SummaryOptions
from amgs.vocabulary import PAIN

if TYPE_CHECKING:
    import pandas as pd

WANTED = 0.8
SHOWN = (1, 3, 5, 10, 20, 60)
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Reliability:
    """The variance of images, between animals and within.

    Parameters
    ----------
    value
        ``pain`` (1 where a confident image is called pain, else 0), ``signed_score`` or ``mgs``.
    var_animal, var_image
        Between animals of one group and timepoint, and between images of one animal then.
    one_image
        Reliability of a single image, with its 95 % limits.
    images_needed
        For a reliability of 0.8; ``None`` where animals do not differ.
    images, animals
        How many there are.
    """

    value: str
    var_animal: float
    var_image: float
    one_image: tuple[float, float, float]
    images_needed: int | None
    images: int
    animals: int

    def of(self, n: int) -> float:
        """Return the reliability of the mean of n images: ``σ²a / (σ²a + σ²i / n)``."""
        total = self.var_animal + self.var_image / n
        return self.var_animal / total if total > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "value": self.value,
            "var_animal": self.var_animal,
            "var_image": self.var_image,
            "one_image": self.one_image[0],
            "one_image_limits": list(self.one_image[1:]),
            "by_images": {str(n): self.of(n) for n in SHOWN},
            "images_needed": self.images_needed,
            "images": self.images,
            "animals": self.animals,
        }


def measure_reliability(table: pd.DataFrame, options: SummaryOptions) -> list[Reliability]:
    """Return the reliability of images, for what can be summarised of a table.

    Animals are compared within their group and timepoint, so that an effect of the treatment does
    not count as reliability. One-way analysis of variance, ICC(1) (Shrout & Fleiss 1979; unequal
    numbers as in Searle, Casella & McCulloch 1992). Images that follow each other resemble each
    other more than those far apart, so long recordings need more images than this says.

    Parameters
    ----------
    table
        From `read_predictions_or_scores`, with animal, group and timepoint.
    options
        Which images count.
    """
    chosen = choose_images(table, options)
    values: dict[str, pd.Series[float]] = {}
    if "confidence" in chosen:
        confident = options.confident(chosen)
        values["pain"] = (confident["predicted"] == PAIN).astype(float)
        values["signed_score"] = confident["signed_score"].astype(float)
    if "mgs" in chosen:
        values["mgs"] = chosen["mgs"].astype(float).dropna()
    found = (_reliability(name, chosen, column) for name, column in values.items())
    return [reliability for reliability in found if reliability is not None]


def _reliability(name: str, table: pd.DataFrame, column: pd.Series[float]) -> Reliability | None:
    from scipy.stats import f

    rows = table.loc[column.index, list(GROUP_KEYS)].astype(str).assign(value=column)
    between = within = weighted = 0.0
    df_between = df_within = animals = 0
    for _, cell in rows.groupby(["group", "timepoint"], sort=False):
        by_animal = [part["value"].to_numpy(float) for _, part in cell.groupby("animal")]
        n = np.array([len(x) for x in by_animal])
        means = np.array([x.mean() for x in by_animal])
        grand = float(np.average(means, weights=n))
        between += float((n * (means - grand) ** 2).sum())
        within += float(sum(((x - x.mean()) ** 2).sum() for x in by_animal))
        weighted += float(n.sum() - (n**2).sum() / n.sum())
        df_between += len(n) - 1
        df_within += int(n.sum()) - len(n)
        animals += len(n)
    if df_between < 1 or df_within < 1 or within == 0:
        return None
    size, mean_square = weighted / df_between, within / df_within
    ratio = between / df_between / mean_square
    var_animal = max(0.0, (ratio - 1) * mean_square / size)

    def share(r: float) -> float:
        return float(max(0.0, (r - 1) / (r - 1 + size)))

    tail = (1 - _CONFIDENCE) / 2
    lower = share(ratio / float(f.isf(tail, df_between, df_within)))
    upper = share(ratio * float(f.isf(tail, df_within, df_between)))
    needed = None
    if var_animal > 0:
        needed = max(1, ceil(WANTED / (1 - WANTED) * mean_square / var_animal - 1e-9))
    limits = (share(ratio), lower, upper)
    return Reliability(name, var_animal, mean_square, limits, needed, len(rows), animals)
