"""A first look at a video: how sharp its faces are, and from how far they are best seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from amgs.extraction.candidates import CandidateOptions, FrameCandidate
from amgs.extraction.examine import Examiner
from amgs.faces.base import FaceDetector
from amgs.faces.detections import Box
from amgs.faces.looks import Look, possible_looks
from amgs.video import Video

SURVEY_FRAMES = 16

FEW_KEYFRAMES = 8
"""With fewer keyframes among those, the frames between are looked at too,"""

SHORT_FRAMES = 3000
"""where a video is so short that decoding all of it costs little."""

LEAST_SHARE = 0.5
"""Another way to look is taken when it shows faces in this share of the frames: single ones are
mostly illusions, of which every way to look has its own."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen: candidates by frame, one for each zone, and the way to look at each zone."""

    by_frame: Mapping[int, list[FrameCandidate]]
    looks: Sequence[Look]

    @property
    def faces(self) -> list[int]:
        """In how many frames each zone shows a face."""
        return [_faces(self.by_frame, zone) for zone in range(len(self.looks))]

    def is_empty(self, zone: int) -> bool:
        """Whether no frame, of enough frames, shows a face in a zone that could be kept."""
        usable = any(candidates[zone].rejected is None for candidates in self.by_frame.values())
        return len(self.by_frame) >= FEW_KEYFRAMES and not usable


def survey_video(
    video: Video,
    zones: Sequence[Box],
    detector: FaceDetector,
    options: CandidateOptions,
    period_s: tuple[float, float] | None = None,
) -> Seen:
    """Examine 16 keyframes spread evenly over a video (or a period of it).

    Where fewer than half of them show a face in a zone, other ways to look at it are tried in the
    same frames; the one that shows most faces is the one of this zone, if half of the frames show
    one.
    """
    keys, wanted = _frames_to_examine(video, period_s or (0.0, video.table.duration_s))
    ordinary: list[Look] = ["ordinary" for _ in zones]
    first = Examiner(video, detector, options, dict.fromkeys(zones, 0.0), {})
    seen = Seen(_examine([first], keys, zones)[0], ordinary)
    for zone, box in enumerate(zones):
        if 2 * seen.faces[zone] < len(seen.by_frame):
            more = len(keys) < FEW_KEYFRAMES and len(video.table) <= SHORT_FRAMES
            seen = _look_otherwise(seen, zone, box, first, wanted if more else [])
    return seen


def _look_otherwise(seen: Seen, zone: int, box: Box, first: Examiner, more: Sequence[int]) -> Seen:
    """Try the other ways to look at a zone in the same frames, each frame decoded once.

    `more` frames are looked at besides where there are few.
    """
    looks = possible_looks(box[2] - box[0], box[3] - box[1])
    if seen.faces[zone]:
        # Tiles cost nine times as much: only where nothing at all is seen.
        looks = [look for look in looks if look != "tiles"]
    examiners = [
        Examiner(first.video, first.detector, first.options, {box: 0.0}, {}, looks={box: look})
        for look in looks
    ]
    tried = _examine(examiners, list(seen.by_frame), [box])
    extra = [index for index in dict.fromkeys(more) if index not in seen.by_frame]
    ordinary, *others = _examine([first, *examiners], extra, [box])
    counts = [_faces(a) + _faces(b) for a, b in zip(tried, others, strict=True)]
    best = int(np.argmax(counts))
    n_frames = len(seen.by_frame) + len(extra)
    if counts[best] <= seen.faces[zone] + _faces(ordinary) or counts[best] < LEAST_SHARE * n_frames:
        return seen
    by_frame = {
        index: [*candidates[:zone], tried[best][index][0], *candidates[zone + 1 :]]
        for index, candidates in seen.by_frame.items()
    }
    return Seen(by_frame, [*seen.looks[:zone], looks[best], *seen.looks[zone + 1 :]])


def _faces(by_frame: Mapping[int, Sequence[FrameCandidate]], zone: int = 0) -> int:
    """Return in how many frames a zone shows a face."""
    return sum(candidates[zone].face is not None for candidates in by_frame.values())


def _frames_to_examine(video: Video, period_s: tuple[float, float]) -> tuple[list[int], list[int]]:
    """Return the keyframes before 16 moments spread evenly, and the frames of these moments."""
    start_s, stop_s = period_s
    times = start_s + (np.arange(SURVEY_FRAMES) + 0.5) / SURVEY_FRAMES * (stop_s - start_s)
    places = np.searchsorted(video.table.times_s, times, side="right") - 1
    wanted = [int(max(0, place)) for place in places]
    return list(dict.fromkeys(video.table.key_before(place) for place in wanted)), wanted


def _examine(
    examiners: Sequence[Examiner], indices: Sequence[int], zones: Sequence[Box]
) -> list[dict[int, list[FrameCandidate]]]:
    """Let several examiners see the same frames; each is decoded once."""
    found: list[dict[int, list[FrameCandidate]]] = [{} for _ in examiners]
    for frame in examiners[0].walk(sorted(indices)):
        for examiner, by_frame in zip(examiners, found, strict=True):
            if isinstance(frame, int):
                by_frame[frame] = [examiner.damaged(frame) for _ in zones]
            else:
                by_frame[frame.index] = examiner.examine_frame(frame, zones)
    return found
