"""The words of the field as records, and the one place for column names.

Every CSV, table and JSON document of amgs uses these names; `docs/data-model.md` explains them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

PainClass: TypeAlias = Literal["pain", "no pain"]
"""What a label says and a classifier predicts."""

Part: TypeAlias = Literal["train", "validation", "test"]
"""Which part of the labelled images an image belongs to."""

SplitUnit: TypeAlias = Literal["animal", "image"]
"""What is kept whole when labelled images are split into parts."""

RecipeName: TypeAlias = Literal["paper", "best"]
"""How a head is trained."""

PAIN: PainClass = "pain"
NO_PAIN: PainClass = "no pain"
CLASSES: tuple[PainClass, PainClass] = (NO_PAIN, PAIN)
PARTS: tuple[Part, Part, Part] = ("train", "validation", "test")
TRAINED_PARTS: tuple[Part, Part] = ("train", "validation")
"""The parts a model has learned from; only the test part is new to it."""

BASELINE = "baseline"
"""The timepoint that others are compared with, unless an experiment calls it otherwise."""

DRAWN_NOTICE = (
    "These mice are drawn, not filmed; none was in pain. The numbers say nothing about real mice."
)
"""Stands on everything that is made of drawn mice."""

NOTICE_FILE = "notice.txt"
"""If there, its text is said by every command, page and report that uses the folder."""

EVEN_ODDS = 0.5
"""From this probability of pain on, an image is called pain."""

DEFAULT_THRESHOLD = 0.75
"""Images classified with less confidence are set aside as ambiguous (Tuttle et al. 2018)."""

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

CONTENT_COLUMN = "content"
"""First 16 hexadecimal digits of the SHA-256 of the image file: which picture it really was."""

CONTENT_DIGITS = 16

PART_COLUMN = "part"
"""Which part of the model's own training data an image was in; empty for an image new to it."""

PROBLEM_COLUMN = "problem"
"""Why an image has no prediction; empty when it has one."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
"""Files with these endings are taken when a folder is searched for images."""


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
        The experimental unit and the film it comes from; ``None`` when unknown.
    mgs
        Mouse Grimace Scale score by humans; ``None`` when unknown.
    part
        The part its owner assigned it to; ``None`` leaves the choice to the split.
    """

    path: Path
    name: str
    label: PainClass
    animal: str | None = None
    recording: str | None = None
    mgs: float | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says about one face image.

    ``confidence`` runs from 0.5 to 1, ``p_pain`` from 0 to 1, ``signed_score`` from -1 (surely no
    pain) to 1 (surely pain): ``signed_score = ±(2 · confidence - 1)``, + for pain.
    """

    predicted: PainClass
    confidence: float
    p_pain: float
    signed_score: float

    @classmethod
    def from_p_pain(cls, p_pain: float) -> Prediction:
        """Turn a probability of pain into class, confidence and signed score.

        Exactly 0.5 counts as ``pain`` with confidence 0.5; such an image never passes a threshold.
        """
        predicted = PAIN if p_pain >= EVEN_ODDS else NO_PAIN
        confidence = max(p_pain, 1.0 - p_pain)
        return cls(predicted, confidence, p_pain, 2.0 * p_pain - 1.0)


ORBITAL_MODEL = "orbital"
"""The built-in model that reads how far the eyes are open; it says nothing of pain."""

ORBITAL_COLUMNS = ("orbital_tightening", "p_narrowed", "scorable")
"""What the built-in model `orbital` adds to a table of predictions."""


@dataclass(frozen=True, slots=True)
class OrbitalReading:
    """How far the eyes of a face are open; both numbers are ``None`` when no eye was seen.

    ``orbital_tightening`` runs from 0 (open) over 1 (narrowed) to 2 (closed), ``p_narrowed`` is the
    probability that the eyes are narrowed or closed.
    """

    orbital_tightening: float | None
    p_narrowed: float | None

    @property
    def scorable(self) -> bool:
        """Whether an eye was seen."""
        return self.orbital_tightening is not None


def parse_class(text: str) -> PainClass | None:
    """Read ``pain`` or ``no pain`` in any case, with blank, hyphen or underscore; else ``None``."""
    plain = text.strip().lower().replace("_", " ").replace("-", " ")
    return {"pain": PAIN, "no pain": NO_PAIN, "nopain": NO_PAIN}.get(plain)
