"""From ratings to labels: the MGS of every image, and `pain`, `no pain` or neither by a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from amgs.errors import ImpossibleValueError
from amgs.vocabulary import NO_PAIN, PAIN, PainClass

LABEL_COLUMNS = (
    "image",
    "label",
    "mgs",
    "mgs_per_unit",
    "n_raters",
    "animal",
    "recording",
    "content",
    "why_none",
)
"""Columns of ``labels.csv``; it is an input of `amgs train` when rows without a label are gone."""

NOT_SCORED = "nobody has scored it"
TOO_FEW_UNITS = "too few units scorable"
BETWEEN = "between pain and no pain"


NO_FACE = "no face"
"""The reason by which raters say that an image shows no face."""

NEVER, ANY_REASON = "never", "not scorable"
LEAVE_OUT = (NO_FACE, ANY_REASON, NEVER)
"""Which faces are left out of all results when more than half of their raters say so."""


@dataclass(frozen=True, slots=True)
class LabelRule:
    """How scores become labels.

    ``pain_from`` and ``no_pain_to`` are on the sum of all units (0–10 on the mouse scale). The
    defaults are the rule of Tuttle et al. 2018, read off the names of their files.
    """

    pain_from: float = 3.0
    no_pain_to: float = 1.0
    max_missing_units: int = 1

    def __post_init__(self) -> None:
        """Refuse limits that overlap."""
        if self.no_pain_to >= self.pain_from:
            msg = (
                f"Expected `no pain` to end below where `pain` begins, found {self.no_pain_to:g} "
                f"and {self.pain_from:g}."
            )
            raise ImpossibleValueError(msg)

    def label(self, mgs: float) -> PainClass | None:
        """Return the class of an MGS; ``None`` between both."""
        if mgs >= self.pain_from:
            return PAIN
        return NO_PAIN if mgs <= self.no_pain_to else None


@dataclass(frozen=True, slots=True)
class ImageScore:
    """The human score of an image over its raters.

    ``mgs`` is the mean over raters of each one's sum, ``mgs_per_unit`` the same per unit (0–2);
    both are ``None`` when no rater could score enough units.
    """

    image: str
    n_raters: int
    mgs: float | None
    mgs_per_unit: float | None
    why_none: str = ""


def score_image(
    image: str, by_rater: Iterable[Mapping[str, int | None]], units: Sequence[str], rule: LabelRule
) -> ImageScore:
    """Combine raters' answers to one image.

    Of each rater, ``mgs_per_unit`` is the mean of the scorable units and ``mgs = mgs_per_unit ·
    number of units``: with all units scorable, the plain sum. A rater who could score too few
    units does not count; a missing unit is never 0. Raters are combined by their mean.

    Parameters
    ----------
    image
        Its name.
    by_rater
        For each rater, unit → score, ``None`` for "not scorable"; units without an answer are
        missing.
    units
        All units of the scale.
    rule
        How many units may be missing.
    """
    means = []
    asked = 0
    for answers in by_rater:
        asked += 1
        scores = [s for unit in units if (s := answers.get(unit)) is not None]
        if scores and len(scores) >= len(units) - rule.max_missing_units:
            means.append(sum(scores) / len(scores))
    if not means:
        return ImageScore(image, 0, None, None, TOO_FEW_UNITS if asked else NOT_SCORED)
    mean = sum(means) / len(means)
    return ImageScore(image, len(means), mean * len(units), mean)


def label_images(
    scores: Iterable[ImageScore], rule: LabelRule
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Label images by a rule, and count what came out and what fell out why.

    Returns
    -------
    list of dict
        ``image, label, mgs, mgs_per_unit, n_raters, why_none``; ``label`` may be empty.
    dict
        How many images are `pain`, `no pain`, or without a label for each reason.
    """
    rows = []
    counts: Counter[str] = Counter({PAIN: 0, NO_PAIN: 0, BETWEEN: 0, TOO_FEW_UNITS: 0})
    for score in scores:
        label = None if score.mgs is None else rule.label(round(score.mgs, 9))
        why = score.why_none or ("" if label else BETWEEN)
        counts[label or why] += 1
        rows.append(
            {
                "image": score.image,
                "label": label or "",
                "mgs": score.mgs,
                "mgs_per_unit": score.mgs_per_unit,
                "n_raters": score.n_raters,
                "why_none": why,
            }
        )
    return rows, dict(counts)
