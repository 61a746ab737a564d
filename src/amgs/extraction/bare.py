"""Zones that show no face in many frames of a video: few frames of each interval decide there."""

from __future__ import annotations

from collections.abc import Sequence

from amgs.extraction.candidates import CandidateOptions, FrameCandidate
from amgs.extraction.examine import Examiner
from amgs.extraction.survey import SURVEY_FRAMES, Seen, examine_together, frames_to_examine
from amgs.faces.base import FaceDetector
from amgs.faces.detections import Box
from amgs.faces.other_animals import open_animal_kinds
from amgs.video import Video

BARE_FRAMES = 48
"""Where the survey shows no face in a zone, up to so many keyframes are looked at in it. A video
with a face in every twentieth frame shows none in any of them once in 12."""


def count_bare_frames(  # noqa: PLR0917
    video: Video,
    zones: Sequence[Box],
    seen: Seen,
    numbers: Sequence[int],
    detector: FaceDetector,
    options: CandidateOptions,
    period_s: tuple[float, float],
) -> dict[int, int]:
    """Look at more keyframes in zones whose survey showed no face.

    Parameters
    ----------
    video, zones, detector, options, period_s
        As for `survey_video`.
    seen
        Its survey.
    numbers
        Of the zones to look at.

    Returns
    -------
    dict
        For each of them how many frames were seen, none with a face; 0 where one shows a face. What
        is said of a zone never depends on the others.
    """
    if len(seen.by_frame) < SURVEY_FRAMES:  # there are no more keyframes
        return dict.fromkeys(numbers, 0)
    many, _ = frames_to_examine(video, period_s, BARE_FRAMES)
    examiner = Examiner(video, detector, options, {}, {}, kinds=open_animal_kinds())
    boxes = [zones[number] for number in numbers]
    further = [index for index in many if index not in seen.by_frame]
    (found,) = examine_together([examiner], further, boxes)
    counts = {}
    for place, number in enumerate(numbers):
        candidates = [
            *(in_zones[number] for in_zones in seen.by_frame.values()),
            *(in_zones[place] for in_zones in found.values()),
        ]
        counts[number] = count_without_face(candidates)
    return counts


def count_without_face(candidates: Sequence[FrameCandidate]) -> int:
    """Return how many frames could be decoded where none shows a face, else 0."""
    if any(candidate.face is not None for candidate in candidates):
        return 0
    return sum(candidate.shows_no_face for candidate in candidates)
