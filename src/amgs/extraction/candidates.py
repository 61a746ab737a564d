"""What was seen of one animal in one frame: the records that extraction works with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from amgs.faces.base import FoundFace
from amgs.faces.detections import Box
from amgs.faces.looks import Look
from amgs.faces.quality import DEFAULT_MAX_MOTION, DEFAULT_MIN_SHARPNESS, Quality
from amgs.video import Frame
from amgs.video.sampling import Interval

Rejection: TypeAlias = Literal[
    "damaged",
    "no face",
    "other animal",
    "fixture",
    "too small",
    "no eye",
    "no ear",
    "blurred",
    "moving",
]
"""Why a candidate was not kept, in the order in which it is checked."""

REJECTIONS: tuple[Rejection, ...] = get_args(Rejection)


LEAST_BARE = 40
"""A zone that shows no face in so many frames of a video is taken to show hardly any."""


@dataclass(frozen=True, slots=True)
class CandidateOptions:
    """From when on a face is good enough to be kept.

    ``min_score`` and ``min_face_px`` (width of the face) are the detector's own limits where they
    are ``None``.
    """

    min_score: float | None = None
    min_face_px: float | None = None
    min_sharpness: float = DEFAULT_MIN_SHARPNESS
    max_motion: float = DEFAULT_MAX_MOTION


@dataclass(slots=True, eq=False)
class FrameCandidate:
    """One frame as examined in one zone.

    Parameters
    ----------
    index, time_s
        Which frame.
    rejected
        Why it is not kept; ``None`` if it may be.
    face
        The best face in the zone, in pixels of the frame; ``None`` without one.
    quality
        Of that face; ``None`` where it was not measured.
    thumbnail
        The face as 16 × 16 grey values, to see later whether the animal moved.
    faces
        How many faces apart from each other are in the zone; more than one says that there may be
        two animals in it.
    is_other
        Whether the face is that of a cat or a dog; ``None`` where nobody looked.
    zone_thumbnail
        The zone as 48 × 48 grey values, to see what moves in it; in the survey only.
    frame, patch
        The frame itself, and what measuring motion needs of it, while it may be kept: decoding it
        again would cost more than all the rest. Not in the survey.
    """

    index: int
    time_s: float
    rejected: Rejection | None = None
    face: FoundFace | None = None
    quality: Quality | None = None
    thumbnail: npt.NDArray[np.uint8] | None = None
    faces: int = 0
    is_other: bool | None = None
    zone_thumbnail: npt.NDArray[np.uint8] | None = None
    frame: Frame | None = None
    patch: npt.NDArray[np.float32] | None = None

    @property
    def shows_no_face(self) -> bool:
        """Whether there is none; of a frame that cannot be decoded nobody knows."""
        return self.face is None and self.rejected != "damaged"


@dataclass(slots=True)
class IntervalResult:
    """The candidates of one interval in one zone; the one that is kept has the best quality."""

    interval: Interval
    keyframes: list[FrameCandidate] = field(default_factory=list)
    others: list[FrameCandidate] = field(default_factory=list)
    kept: FrameCandidate | None = None

    @property
    def candidates(self) -> list[FrameCandidate]:
        """All candidates."""
        return [*self.keyframes, *self.others]

    def hold_best_frame(self) -> None:
        """Let go of all frames but that of the keyframe which is best before motion is known.

        A frame of 4K takes 12 MB, and nearly always that one is kept in the end.
        """
        able = [c for c in self.keyframes if c.rejected is None and c.quality is not None]
        best = max(able, key=lambda c: c.quality.value if c.quality else 0.0, default=None)
        for candidate in self.keyframes:
            if candidate is not best:
                candidate.frame = None


@dataclass(frozen=True, slots=True)
class SurveyedZone:
    """What a few frames of a video showed of one of its zones.

    Parameters
    ----------
    sharpness_p75
        The 75th percentile of sharpness; ``None`` where fewer than three frames show a face with an
        eye and an ear.
    look
        The way to look at it that shows faces.
    is_empty
        Whether no frame showed a face that could be kept.
    fixtures
        Places at which a thing that never moves is taken for a face.
    is_other
        Whether the animal is a cat or a dog.
    bare_frames
        In how many frames the zone was looked at without any face; 0 where one shows a face, or
        where nobody looked at more than the survey.
    """

    sharpness_p75: float | None = None
    look: Look = "ordinary"
    is_empty: bool = False
    fixtures: tuple[Box, ...] = ()
    is_other: bool = False
    bare_frames: int = 0

    @property
    def is_bare(self) -> bool:
        """Whether many frames were looked at, and none shows a face in the zone."""
        return self.bare_frames >= LEAST_BARE


@dataclass(frozen=True, slots=True)
class Survey:
    """What a few frames of a video showed before its intervals were examined.

    Parameters
    ----------
    zones
        What they showed of each zone.
    by_frame
        The candidates of each frame, one per zone, so that no frame is examined twice.
    """

    zones: Sequence[SurveyedZone]
    by_frame: Mapping[int, list[FrameCandidate]]

    def within(self, indices: Iterable[int], zones: Sequence[int]) -> Survey:
        """Return the survey of some frames and some zones only, as an interval needs it."""
        wanted = {
            i: [self.by_frame[i][zone] for zone in zones] for i in indices if i in self.by_frame
        }
        return Survey([self.zones[zone] for zone in zones], wanted)
