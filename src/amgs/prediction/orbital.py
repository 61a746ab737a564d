"""The built-in model `orbital`: how far the eyes are open, without any training by the user."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from amgs.errors import UnreadableImageError
from amgs.faces import FaceFinder
from amgs.faces.finder import finder_path
from amgs.faces.orbital import read_orbital
from amgs.images.reading import decode_image, read_content
from amgs.jobs import ProgressCallback, no_progress
from amgs.prediction.classify import Answer, ClassifySummary, ImageToClassify, answer_images
from amgs.prediction.writing import DECIMALS, PredictionSink
from amgs.provenance import hash_file
from amgs.vocabulary import CONTENT_DIGITS, OrbitalReading


def read_orbital_images(
    images: Iterable[ImageToClassify],
    total: int | None,
    sink: PredictionSink,
    progress: ProgressCallback = no_progress,
    finder: FaceFinder | None = None,
) -> ClassifySummary:
    """Read how far the eyes are open in every image; the sink must have the columns for it.

    Parameters
    ----------
    images, total, sink, progress
        As for `amgs.prediction.classify_images`.
    finder
        The face finder; the one of amgs if not given.
    """
    looking = finder or FaceFinder()

    def look_at(batch: list[ImageToClassify]) -> list[Answer]:
        return [_answer(looking, image) for image in batch]

    return answer_images(look_at, images, total, sink, progress)


def _answer(finder: FaceFinder, image: ImageToClassify) -> Answer:
    answer = Answer(image)
    try:
        content = read_content(image.path)
        reading = read_orbital(finder, decode_image(content))
    except UnreadableImageError as error:
        answer.outcome = str(error)
        return answer
    answer.content = hashlib.sha256(content).hexdigest()[:CONTENT_DIGITS]
    answer.outcome = OrbitalReading(
        *map(_rounded, (reading.orbital_tightening, reading.p_narrowed))
    )
    return answer


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, DECIMALS)


def orbital_sha256() -> str:
    """Return the hash of the network that `orbital` reads with."""
    return hash_file(finder_path())


def orbital_card() -> dict[str, Any]:
    """Return the card of the face finder, which is also that of `orbital`, as its text."""
    text = (files("amgs") / "data" / "face_finder" / "card.md").read_text(encoding="utf-8")
    return {"name": "orbital", "card": text, "sha256": orbital_sha256()}
