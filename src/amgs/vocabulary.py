"""The words of the field as records, and the one place for column names.

Every CSV, table and JSON document of amgs uses these names; `docs/data-model.md` explains them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

PainClass: TypeAlias = Literal["pain", "no pain"]
"""What a label says and a classifier predicts."""

Part: TypeAlias = Literal["train", "validation", "test"]
"""Which part of the labelled images an image belongs to."""

SplitUnit: TypeAlias = Literal["animal", "image", "laboratory"]
"""What is kept whole when labelled images are split into parts."""

RecipeName: TypeAlias = Literal["paper", "best"]
"""How a head is trained."""

Prediction: TypeAlias = Literal["pain", "mgs", "units"]
"""What a model is trained to say: pain or no pain alone, or every action unit too."""

PAIN: PainClass = "pain"
NO_PAIN: PainClass = "no pain"
CLASSES: tuple[PainClass, PainClass] = (NO_PAIN, PAIN)
SPLITS: tuple[Part, Part, Part] = ("train", "validation", "test")
TRAINED_PARTS: tuple[Part, Part] = ("train", "validation")
"""The parts a model has learned from; only the test part is new to it."""

BASELINE = "baseline"
"""The timepoint that others are compared with, unless an experiment calls it otherwise."""

SYNTHETIC_NOTICE = (
    "Synthetic images; no animal was filmed and none was in pain. The numbers say nothing about "
    "real mice."
)
"""Stands on everything that is made of synthetic mice."""

NOTICE_FILE = "notice.txt"
"""If there, its text is said by every command, page and report that uses the folder."""

EVEN_ODDS = 0.5
"""From this probability of pain on, an image is called pain."""

DEFAULT_THRESHOLD = 0.75
"""Images classified with less confidence are set aside as ambiguous (Tuttle et al. 2018)."""

THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""0.50, 0.55 … 0.95: confidences at which accuracy and % pain are shown beside each other; 0.65 and
0.75 are those of the paper and of its program."""

EARLIER_COLUMNS = {
    "film": "video",
    "looks": "candidates",
    "usual_sharpness": "sharpness_p75",
    "p_shut": "p_eyes_not_open",
    "mgs_mean": "mgs_per_unit",
    "mean_mgs": "mean_mgs_sum",
    "doing": "behaviour",
}
"""Names of columns in tables of version 0.1.0, which are still read."""

VALUE_RANGES: dict[str, tuple[float, float]] = {
    "pct_pain": (0.0, 100.0),
    "mean_signed_score": (-1.0, 1.0),
    "pct_pain_rebased": (0.0, 100.0),
    "mean_signed_score_rebased": (-1.0, 1.0),
    "mean_mgs_sum": (0.0, 10.0),
    "mean_p_pain": (0.0, 1.0),
}
"""What columns of a summary can be; the sum of the mouse's units is the largest of all scales."""

CALL_VALUES = ("pct_pain", "mean_signed_score")
"""Values of an animal that are made of calls of pain, over its confident images."""

REBASED_VALUES = tuple(f"{value}_rebased" for value in CALL_VALUES)
"""The same of calls that are re-based on the animal's own baseline."""

PREDICTION_COLUMNS = ("image", "predicted", "confidence", "p_pain", "signed_score")
"""The columns that every table of predictions has, in this order."""

KNOWN_ABOUT_AN_IMAGE = (
    "label",
    "mgs",
    "animal",
    "group",
    "timepoint",
    "recording",
    "time_s",
    "possible_sleep",
)
"""What may be known of an image; carried from an input CSV into the predictions."""

EXPLAINED_FACES = 100
"""So many faces are looked at closely to find out what calls rest on: about a second each."""

CONTENT_COLUMN = "content"
"""First 16 hexadecimal digits of the SHA-256 of the image file: which image it really was."""

CONTENT_DIGITS = 16

PART_COLUMN = "part"
"""Which part of the model's own training data an image was in; empty for an image new to it."""

PROBLEM_COLUMN = "problem"
"""Why an image has no prediction; empty when it has one."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
"""Files with these endings are taken when a folder is searched for images."""

OTHER_IMAGE_SUFFIXES = frozenset(
    {".heic", ".heif", ".webp", ".avif", ".gif", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".jxl"}
)
"""Images that are not read; in a folder they are told, not silently passed over."""


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One face image whose class a human decided.

    Parameters
    ----------
    path
        Where the image lies.
    name
        How the image is called in tables: the text of the CSV, or the path as reached from the
        folder that was given.
    label
        ``pain`` or ``no pain``.
    animal, recording
        The experimental unit and the video it comes from; ``None`` when unknown.
    mgs
        Mouse Grimace Scale score by humans; ``None`` when unknown.
    part
        The part its owner assigned it to; ``None`` leaves the choice to the split.
    laboratory
        Where it was filmed; ``None`` when unknown.
    coat
        The colour of its coat; ``None`` when unknown.
    """

    path: Path
    name: str
    label: PainClass
    animal: str | None = None
    recording: str | None = None
    mgs: float | None = None
    part: Part | None = None
    laboratory: str | None = None
    coat: str | None = None


OutputKind: TypeAlias = Literal["class", "probability", "score", "flag", "text"]
"""``class``: one of a few words; ``probability``: 0–1; ``score``: any number; ``flag``: yes, no;
``text``: any words."""

Value: TypeAlias = float | str | bool | None


@dataclass(frozen=True, slots=True)
class Output:
    """One thing that a model says of a face, as its card declares it.

    Parameters
    ----------
    name
        The column in tables; small letters, digits and _.
    kind
        See `OutputKind`.
    meaning
        What it means, in the words of the field.
    low, high
        The range of a number; ``None`` where there is no limit.
    detail
        Whether it only says more of another output, as the probabilities behind an expected score:
        kept in tables of images, but neither averaged nor shown beside the others.
    """

    name: str
    kind: OutputKind
    meaning: str
    low: float | None = None
    high: float | None = None
    detail: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it can be averaged over images."""
        return self.kind in {"probability", "score"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model says about one face image: output name → value, ``None`` where it says nothing.

    Which outputs there are, and what they mean, the model declares (`Output`).
    """

    values: Mapping[str, Value] = field(default_factory=dict)

    def number(self, name: str) -> float | None:
        """Return a number; ``None`` where the model says nothing, or has no such output."""
        value = self.values.get(name)
        return None if value is None or isinstance(value, str) else float(value)

    def as_dict(self) -> dict[str, Any]:
        """Return the values as plain ones, ready for JSON."""
        return dict(self.values)


PAIN_OUTPUTS = (
    Output("predicted", "class", "`pain` or `no pain`"),
    Output("confidence", "probability", "of the predicted class", 0.5, 1),
    Output("p_pain", "probability", "probability of pain", 0, 1),
    Output("signed_score", "score", "-1 (certainly no pain) to 1 (certainly pain)", -1, 1),
)
"""What every model that calls pain or no pain says."""


def call_pain(p_pain: float) -> Reading:
    """Turn a probability of pain into class, confidence and signed score.

    ``confidence = max(p_pain, 1 - p_pain)``; ``signed_score = 2 · p_pain - 1``, that is ±(2 ·
    confidence - 1), + for pain (Tuttle et al. 2018). Exactly 0.5 counts as ``pain`` with confidence
    0.5; such an image never passes a threshold.
    """
    return Reading(
        {
            "predicted": PAIN if p_pain >= EVEN_ODDS else NO_PAIN,
            "confidence": max(p_pain, 1.0 - p_pain),
            "p_pain": p_pain,
            "signed_score": 2.0 * p_pain - 1.0,
        }
    )


def parse_class(text: str) -> PainClass | None:
    """Read ``pain`` or ``no pain`` in any case, with space, hyphen or underscore; else ``None``."""
    plain = text.strip().lower().replace("_", " ").replace("-", " ")
    return {"pain": PAIN, "no pain": NO_PAIN, "nopain": NO_PAIN}.get(plain)


def plural_of(unit_name: str) -> str:
    """Return what several of a unit that is kept whole are called."""
    return {"laboratory": "laboratories", "given": "animals"}.get(unit_name, f"{unit_name}s")
