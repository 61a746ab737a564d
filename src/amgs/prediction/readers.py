"""Models as readers: whatever looks at face images and says something of each.

Adding a model that is built in is one file with a class that implements `Reader`, and one line in
`amgs.prediction.models.BUILT_IN_MODELS`; its outputs then appear in tables, in the store, in
summaries and in comparisons, because all of these take them from what the reader declares.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amgs.errors import UnreadableImageError
from amgs.images.reading import RGB, decode_image, read_content
from amgs.vocabulary import CONTENT_DIGITS, Output, Reading

DECIMALS = 6
"""Readings are rounded to this as soon as they are made, so that every count fits the table."""


@dataclass(frozen=True, slots=True)
class ImageToClassify:
    """An image, its name in the table, and what is known of it (animal, group, truth …)."""

    path: Path
    name: str
    known: tuple[str, ...] = ()


@dataclass(slots=True)
class Answer:
    """An image, what was said of it or why nothing could be, its content, its part in training.

    Parameters
    ----------
    image
        The image.
    reading
        What the model says; empty where the image could not be used.
    problem
        Why there is no reading; empty when there is one.
    content
        First 16 hexadecimal digits of the SHA-256 of the file.
    part
        Which part of the model's own training data it was in; empty for an image new to it.
    """

    image: ImageToClassify
    reading: Reading = field(default_factory=Reading)
    problem: str = ""
    content: str = ""
    part: str = ""


class Reader(ABC):
    """A model, ready to look at images; several threads may use one reader at once.

    A reader can be pickled, so that batches can be sent to other processes.

    Attributes
    ----------
    name
        What it is called in tables and in a study.
    sha256
        One hash over all that decides what it says: what makes two models the same.
    outputs
        What it says of a face, in the order of the columns.
    notice
        What whoever uses it must know; mostly nothing.
    folder
        Where a model that was trained lies; ``None`` for one that is built in.
    """

    name: str
    sha256: str
    outputs: tuple[Output, ...]
    notice: str = ""
    folder: Path | None = None

    @abstractmethod
    def read(self, images: Sequence[RGB]) -> list[Reading]:
        """Return what the model says of each image (uint8, height × width × 3)."""

    def part_of(self, sha256: str) -> str:
        """Return the part of the training data an image was in, by the SHA-256 of its file."""
        del sha256
        return ""

    def card(self) -> dict[str, Any]:
        """Return what there is to know of the model, as plain values."""
        return {"name": self.name, "sha256": self.sha256}

    def answer(self, batch: Sequence[ImageToClassify]) -> list[Answer]:
        """Read a batch of files; what cannot be read as an image says why."""
        answers = [Answer(image) for image in batch]
        readable: list[Answer] = []
        pixels: list[RGB] = []
        for answer in answers:
            try:
                content = read_content(answer.image.path)
                pixels.append(decode_image(content))
            except UnreadableImageError as error:
                answer.problem = str(error)
                continue
            digest = hashlib.sha256(content).hexdigest()
            answer.content = digest[:CONTENT_DIGITS]
            answer.part = self.part_of(digest)
            readable.append(answer)
        if pixels:
            for answer, reading in zip(readable, self.read(pixels), strict=True):
                answer.reading = _rounded(reading)
        return answers


def _rounded(reading: Reading) -> Reading:
    return Reading(
        {
            name: round(value, DECIMALS) if isinstance(value, float) else value
            for name, value in reading.values.items()
        }
    )
