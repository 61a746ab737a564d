"""Who is watched, with what, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amgs.errors import ImpossibleValueError
from amgs.extraction.opened import ExtractionOptions
from amgs.faces.base import FaceDetector
from amgs.live.alerts import AlertRule
from amgs.live.segments import SEGMENT_S
from amgs.prediction.readers import Reader
from amgs.video.zones import Zone
from amgs.vocabulary import DEFAULT_THRESHOLD

CAUTION = (
    "A help for people who look after animals, never a reason not to look: a model can miss pain, "
    "and a mouse may hide it."
)


@dataclass(frozen=True, slots=True)
class WatchedAnimal:
    """An animal in a zone of a source (numbered from 0)."""

    animal: str
    zone: Zone
    source: int = 0


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How animals are watched.

    Parameters
    ----------
    minutes, threshold
        Of the rolling share of pain: how long, and from which confidence on an image counts.
    segment_s
        How long a file of the recording is.
    patience_s
        A file that is being written has ended when it did not grow for so long.
    rule
        When a message is sent; ``None`` for never.
    webhook
        Where messages go besides.
    """

    minutes: float = 10.0
    threshold: float = DEFAULT_THRESHOLD
    segment_s: float = SEGMENT_S
    patience_s: float = 20.0
    rule: AlertRule | None = None
    webhook: str = ""


@dataclass(frozen=True, slots=True)
class WatchTools:
    """What animals are watched with: a model, a face detector, and how faces are chosen."""

    reader: Reader
    detector: FaceDetector
    extraction: ExtractionOptions


def check_animals(sources: Sequence[str], animals: Sequence[WatchedAnimal]) -> None:
    """Stop where an animal is named twice, or a source has none.

    Raises
    ------
    ImpossibleValueError
        With what is wrong.
    """
    names = [a.animal for a in animals]
    if len(set(names)) < len(names):
        msg = f"Expected every animal once, found {', '.join(names)}. Name each zone's own animal."
        raise ImpossibleValueError(msg)
    for number, text in enumerate(sources):
        if not any(a.source == number for a in animals):
            msg = f"Expected an animal in every source, found none in {text}. Give --zone for it."
            raise ImpossibleValueError(msg)
    wrong = [a.animal for a in animals if not 0 <= a.source < len(sources)]
    if wrong:
        msg = f"Expected sources 1 to {len(sources)}, found another for {', '.join(wrong)}."
        raise ImpossibleValueError(msg)
