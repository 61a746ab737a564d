"""The built-in model `face`: what can be read of a face without any training by the user.

Eyes as `orbital` reads them, and how wide the ears look. Ears that turn outwards and back, as in
pain, show their edge and look narrower. Where their root and end lie is found too imprecisely to
say at which angle they stand (data/face_state.md), so no angle is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, degrees
from typing import Any

from amgs.faces.base import FaceDetector, FoundEar, FoundFace
from amgs.faces.detectors import open_detector
from amgs.images.reading import RGB
from amgs.prediction.orbital import (
    NOT_SCORABLE,
    OrbitalReader,
    card_of_built_in,
    find_main_face,
    score_orbital,
)
from amgs.prediction.readers import Reader
from amgs.provenance import hash_text
from amgs.vocabulary import Output, Reading

EAR_RATIO, EARS_READ = "ear_width_ratio", "ears_read"

READ_VIEWS = ("front", "three_quarter")
"""Views in which two ears are seen alike enough; of a profile one is hidden or seen from behind."""

MOST_TILT_DEG = 20.0
"""A head tilted more than this to a shoulder shows its ears aslant: their boxes say little."""

NOTICE = (
    "face says how far the eyes are open and how wide the ears look; it is not a pain score. "
    "Compare an animal with itself: breeds have ears of different shapes. See `amgs models face`."
)


class FaceStateReader(Reader):
    """Reads eyes and ears that the face detector sees.

    Parameters
    ----------
    detector
        The face detector; the default of amgs if not given.
    """

    name = "face"
    outputs = (
        *OrbitalReader.outputs,
        Output(
            EAR_RATIO,
            "score",
            "width of the ears as seen, divided by their height, mean of both; smaller where ears "
            "turn outwards and back",
            0,
        ),
        Output(EARS_READ, "flag", "whether both ears were seen well enough to be measured"),
    )
    notice = NOTICE

    def __init__(self, detector: FaceDetector | None = None) -> None:
        self._detector = detector or open_detector()
        d = self._detector
        rule = [",".join(READ_VIEWS), f"{MOST_TILT_DEG:g}"]
        self.sha256 = hash_text([self.name, d.name, d.version, d.sha256, *rule])

    def read(self, images: Sequence[RGB]) -> list[Reading]:
        """See `Reader.read`; numbers are missing where they cannot be read."""
        return [self._read_one(rgb) for rgb in images]

    def _read_one(self, rgb: RGB) -> Reading:
        face = find_main_face(self._detector, rgb)
        eyes = NOT_SCORABLE if face is None else score_orbital(face)
        ratio = None if face is None else measure_ears(face)
        return Reading({**eyes.values, EAR_RATIO: ratio, EARS_READ: ratio is not None})

    def card(self) -> dict[str, Any]:
        """Return what it was measured on, as text."""
        return card_of_built_in(self, self._detector, "face_state.md")


def measure_ears(face: FoundFace) -> float | None:
    """Return how wide the ears look for their height, as the mean of both.

    Returns
    -------
    float or None
        ``None`` unless two ears are seen, from the front or nearly, on a head that is not tilted.
    """
    if len(face.ears) != 2 or face.view not in READ_VIEWS:  # noqa: PLR2004
        return None
    if tilt_of_ears(face.ears) > MOST_TILT_DEG:
        return None
    ratios = [(x2 - x1) / (y2 - y1) for x1, y1, x2, y2 in (ear.box for ear in face.ears) if y2 > y1]
    return sum(ratios) / 2 if len(ratios) == 2 else None  # noqa: PLR2004


def tilt_of_ears(ears: Sequence[FoundEar]) -> float:
    """Return by how many degrees the line between two ears is away from the horizontal."""
    (ax, ay), (bx, by) = (
        ((x1 + x2) / 2, (y1 + y2) / 2) for x1, y1, x2, y2 in (ear.box for ear in ears)
    )
    return abs(degrees(atan2(by - ay, abs(bx - ax))))
