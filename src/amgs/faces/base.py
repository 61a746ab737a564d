"""Face detection as a seam: what a detector finds, and what it promises.

Adding a detector is one file with a class that implements `FaceDetector`, and one line in
`amgs.faces.detectors.DETECTORS`. The tests of the family (`tests/contracts/test_detectors.py`) find
it through that table, and so do ``--detector`` and the setting ``detector`` of a study.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias, get_args

import numpy as np

from amgs.faces.detections import Box, Point, non_maximum_suppression
from amgs.images.reading import RGB

EyeState: TypeAlias = Literal["open", "narrowed", "closed"]
"""How far an eye is open."""

View: TypeAlias = Literal["front", "three_quarter", "profile", "other"]
"""From where a face is seen; `other` is from above, from behind or upside down."""

EYE_STATES: tuple[EyeState, ...] = get_args(EyeState)
VIEWS: tuple[View, ...] = get_args(View)

UNCLEAR_FROM = 0.5
"""From this probability on, the state of an eye is not read: so of 7 of the 138 eyes found on
photographs held back (docs/models.md)."""

MOST_OF_A_KIND = {"eye": 2, "ear": 2, "nose": 1}
"""How many parts of each kind a face has at most."""


@dataclass(frozen=True, slots=True)
class FoundEye:
    """An eye: box, score, and the probabilities of open, narrowed and closed.

    ``p_unclear`` is the probability that nobody could tell how far it is open, as of an eye on the
    far side of a turned head; the other three are as if one could.
    """

    box: Box
    score: float
    p_open: float
    p_narrowed: float
    p_closed: float
    p_unclear: float = 0.0

    @property
    def is_clear(self) -> bool:
        """Whether one can tell how far it is open."""
        return self.p_unclear < UNCLEAR_FROM

    @property
    def state(self) -> EyeState:
        """The most probable state, as if it could be told."""
        probabilities = (self.p_open, self.p_narrowed, self.p_closed)
        return EYE_STATES[int(np.argmax(probabilities))]


@dataclass(frozen=True, slots=True)
class FoundEar:
    """An ear: box and score, the middle of its root and the end of its rim, where known."""

    box: Box
    score: float
    base: Point | None = None
    tip: Point | None = None


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face with its parts, in pixels of the image.

    ``view_p`` holds the probabilities of the views in the order of `VIEWS`.
    """

    box: Box
    score: float
    eyes: tuple[FoundEye, ...]
    ears: tuple[FoundEar, ...]
    nose: Point | None
    view_p: tuple[float, ...]

    @property
    def view(self) -> View:
        """The most probable view."""
        return VIEWS[int(np.argmax(self.view_p))]

    @property
    def p_eyes_not_open(self) -> float | None:
        """The probability that the eyes are narrowed or closed; ``None`` where none can be told."""
        return self.weigh_eyes(lambda eye: 1 - eye.p_open)

    def weigh_eyes(self, value: Callable[[FoundEye], float]) -> float | None:
        """Return the mean of a value over the eyes whose state can be told, weighted by width.

        The near eye of a turned head is wide and nearly always read rightly, the far one narrow and
        foreshortened.

        Returns
        -------
        float or None
            ``None`` where there is no such eye.
        """
        clear = [eye for eye in self.eyes if eye.is_clear]
        if not clear:
            return None
        widths = [eye.box[2] - eye.box[0] for eye in clear]
        return float(np.average([value(eye) for eye in clear], weights=widths))

    @property
    def width(self) -> float:
        """Width of the box."""
        return self.box[2] - self.box[0]

    def moved(self, scale: float, dx: float, dy: float) -> FoundFace:
        """Return the face with all coordinates scaled, then shifted."""
        return replace(
            self,
            box=_move(self.box, scale, dx, dy),
            eyes=tuple(replace(e, box=_move(e.box, scale, dx, dy)) for e in self.eyes),
            ears=tuple(
                replace(
                    ear,
                    box=_move(ear.box, scale, dx, dy),
                    base=_move_point(ear.base, scale, dx, dy),
                    tip=_move_point(ear.tip, scale, dx, dy),
                )
                for ear in self.ears
            ),
            nose=_move_point(self.nose, scale, dx, dy),
        )


def _move_point(point: Point | None, scale: float, dx: float, dy: float) -> Point | None:
    return None if point is None else (point[0] * scale + dx, point[1] * scale + dy)


def _move(box: Box, scale: float, dx: float, dy: float) -> Box:
    left, top, right, bottom = box
    return left * scale + dx, top * scale + dy, right * scale + dx, bottom * scale + dy


class FaceDetector(ABC):
    """Finds the faces of mice and rats in an image, with their eyes, ears and nose.

    A detector is used by several threads at once; it keeps no state between calls, and the same
    pixels give the same faces. What it cannot see (an ear, a nose) it leaves out; a detector that
    knows nothing of eyes gives faces without eyes, and no image of them is kept by `amgs extract`.

    Attributes
    ----------
    name
        As in `amgs.faces.detectors.DETECTORS`.
    version
        Changes whenever the same image may give other faces.
    input_px
        The longest side that one pass can make use of; larger images are made smaller first.
    min_score
        Faces with a lower score are not reported, unless a call asks for them.
    candidate_score
        From this score on, a face is looked at again from nearby (`refine`).
    min_face_px
        Narrower faces are not kept by `amgs extract`: neither people nor models can score them.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    input_px: ClassVar[int]
    min_score: ClassVar[float]
    candidate_score: ClassVar[float]
    min_face_px: ClassVar[float] = 0.0

    @property
    @abstractmethod
    def sha256(self) -> str:
        """One hash over all that decides what is found (weights, constants); part of provenance."""

    @abstractmethod
    def detect(self, rgb: RGB, min_score: float) -> list[FoundFace]:
        """Find faces with one pass over the whole image, best first.

        Parameters
        ----------
        rgb
            uint8, height × width × 3, upright, of any size.
        min_score
            Faces with a lower score are left out.

        Returns
        -------
        list of FoundFace
            In pixels of `rgb`; empty where there is none.
        """

    def refine(self, rgb: RGB, face: FoundFace, scale: float | None = None) -> FoundFace:
        """Look again at one face, from nearby, if a second look can show more.

        The face keeps its place as the same face; box, parts and score may change.

        Parameters
        ----------
        rgb
            The image in full resolution.
        face
            From `detect`, in pixels of `rgb`.
        scale
            By how much the image was made smaller for the first look, where that was not all of
            `rgb`; ``None`` when it was.
        """
        del rgb, scale
        return face

    def known_of(self, videos: Sequence[Path]) -> str:
        """Return a hash over what is known of videos beforehand; empty for nearly every detector.

        Raises
        ------
        UnreadableVideoError
            If something should be known of a video, and is not.
        """
        del videos
        return ""

    def in_frame(self, video: Path, index: int) -> list[FoundFace] | None:
        """Return the faces of a frame that are known beforehand; ``None`` where one must look.

        Parameters
        ----------
        video
            The file.
        index
            Which frame of it, from 0.
        """
        del video, index
        return None

    def find(
        self, rgb: RGB, min_score: float | None = None, *, refine: bool = True
    ) -> list[FoundFace]:
        """Find the faces in an image, best first, each once.

        Parameters
        ----------
        rgb
            uint8, height × width × 3, upright.
        min_score
            Faces with a lower score are left out; the detector's own limit if not given.
        refine
            Look again from nearby at faces that are small in the image.

        Returns
        -------
        list of FoundFace
            In pixels of `rgb`.
        """
        limit = self.min_score if min_score is None else min_score
        faces = self.detect(rgb, self.candidate_score if refine else limit)
        if refine:
            faces = [self.refine(rgb, face) for face in faces]
        kept = [face for face in faces if face.score >= limit]
        return sorted(non_maximum_suppression(kept), key=lambda face: -face.score)
