"""The built-in model `orbital`: how far the eyes are open, without any training by the user."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from amgs.faces.base import FaceDetector, FoundFace
from amgs.faces.detectors import describe_detector, open_detector
from amgs.images.reading import RGB
from amgs.prediction.readers import Reader
from amgs.provenance import hash_text
from amgs.vocabulary import Output, Reading

MIN_FACE_SCORE = 0.35
"""A little lower than for detecting: an image given for scoring shows a face; the score picks it.
Of 104 faces of photographs held back none has a lower one, of 276 squares without a face 273."""

NOTICE = (
    "orbital says how far the eyes are open and nothing else: it is not a pain score. Sleeping "
    "animals close their eyes too. See `amgs models orbital`."
)


def find_main_face(detector: FaceDetector, rgb: RGB) -> FoundFace | None:
    """Return the face that a face image was taken for: sure and large; ``None`` without any."""
    faces = detector.find(rgb, MIN_FACE_SCORE)
    return max(faces, key=lambda face: face.score * face.width, default=None)


class OrbitalReader(Reader):
    """Reads the state of the eyes that the face detector sees.

    Parameters
    ----------
    detector
        The face detector; the default of amgs if not given.
    """

    name = "orbital"
    outputs = (
        Output("orbital_tightening", "score", "0 (open), 1 (narrowed) to 2 (closed)", 0, 2),
        Output("p_narrowed", "probability", "the eyes are narrowed or closed", 0, 1),
        Output("scorable", "flag", "whether an eye was seen whose state can be told"),
    )
    notice = NOTICE

    def __init__(self, detector: FaceDetector | None = None) -> None:
        self._detector = detector or open_detector()
        self.sha256 = _identity(self._detector)

    def read(self, images: Sequence[RGB]) -> list[Reading]:
        """See `Reader.read`; numbers are missing where no face, or no clear eye, was seen."""
        return [self._read_one(rgb) for rgb in images]

    def _read_one(self, rgb: RGB) -> Reading:
        face = find_main_face(self._detector, rgb)
        return NOT_SCORABLE if face is None else score_orbital(face)

    def card(self) -> dict[str, Any]:
        """Return the card of the face detector, which is also that of `orbital`, as its text."""
        return card_of_built_in(self, self._detector, "face_finder/card.md")


def card_of_built_in(reader: Reader, detector: FaceDetector, text: str) -> dict[str, Any]:
    """Return the card of a model that reads what a detector sees, with its text from the data."""
    return {
        "name": reader.name,
        "card": (files("amgs") / "data" / text).read_text(encoding="utf-8"),
        "sha256": reader.sha256,
        "detector": describe_detector(detector),
    }


def _identity(detector: FaceDetector) -> str:
    """Return the hash of the detector, which alone decides what is read.

    That of the default is its plain hash, as 0.1.0 wrote it into studies.
    """
    if detector.name == "centre_net":
        return detector.sha256
    return hash_text([detector.name, detector.version, detector.sha256])


NOT_SCORABLE = Reading({"orbital_tightening": None, "p_narrowed": None, "scorable": False})


def score_orbital(face: FoundFace) -> Reading:
    """Score how far the eyes of one face are open.

    For every eye whose state can be told the expected score is ``p(narrowed) + 2 · p(closed)``; the
    face's score is the mean over these eyes, weighted by their widths. ``p_narrowed`` is the same
    mean of the probability that an eye is not open.
    """
    score = face.weigh_eyes(lambda eye: eye.p_narrowed + 2 * eye.p_closed)
    if score is None:
        return NOT_SCORABLE
    not_open = face.p_eyes_not_open
    return Reading({"orbital_tightening": score, "p_narrowed": not_open, "scorable": True})
