"""A first look at a video: how sharp its faces are, and from how far they are best seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from amgs.extraction.candidates import CandidateOptions, FrameCandidate, SurveyedZone
from amgs.extraction.examine import Examiner
from amgs.extraction.fixtures import find_fixtures, is_fixture
from amgs.faces.base import FaceDetector
from amgs.faces.detections import Box
from amgs.faces.looks import Look, possible_looks
from amgs.faces.other_animals import open_animal_kinds
from amgs.jobs import bounded_map
from amgs.video import Frame, Video

SURVEY_FRAMES = 16
LOOKING = 2
"""So many frames are looked at side by side."""

FEW_KEYFRAMES = 8
"""With fewer keyframes among those, the frames between are looked at too,"""

SHORT_FRAMES = 3000
"""where a video is so short that decoding all of it costs little."""

LEAST_SHARE = 0.5
"""Another way to look is taken when it shows faces in this share of the frames: single ones are
mostly illusions, of which every way to look has its own."""


PROBE_FRAMES, PROBE_FACES = 5, 2
"""A way to look that shows fewer faces than this in so many of the frames is not tried in the rest:
where it shows one in four frames of five, that happens in one film of 150."""

LEAST_FACES = 3
"""With fewer faces nothing is said of the kind of animal."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen: candidates by frame, one for each zone, and the way to look at each zone."""

    by_frame: Mapping[int, list[FrameCandidate]]
    looks: Sequence[Look]
    fixtures: Sequence[Sequence[Box]] = ()

    @property
    def faces(self) -> list[int]:
        """In how many frames each zone shows a face."""
        return [_faces(self.by_frame, zone) for zone in range(len(self.looks))]

    def is_empty(self, zone: int) -> bool:
        """Whether no frame, of enough frames, shows a face in a zone that could be kept."""
        why = [candidates[zone].rejected for candidates in self.by_frame.values()]
        whole = [rejected for rejected in why if rejected != "damaged"]
        return len(whole) >= FEW_KEYFRAMES and None not in whole


def survey_video(
    video: Video,
    zones: Sequence[Box],
    detector: FaceDetector,
    options: CandidateOptions,
    period_s: tuple[float, float] | None = None,
) -> Seen:
    """Examine 16 keyframes spread evenly over a video, or over a period of it.

    Where fewer than half of them show a face in a zone, other ways to look at it are tried in the
    same frames; the one that shows most faces is the one of this zone, if half of the frames show
    one.
    """
    period_s = period_s or (0.0, video.table.duration_s)
    keys, wanted = frames_to_examine(video, period_s, SURVEY_FRAMES)
    ordinary: list[Look] = ["ordinary" for _ in zones]
    first = Examiner(video, detector, options, {}, {}, kinds=open_animal_kinds())
    seen = Seen(examine_together([first], keys, zones)[0], ordinary)
    for zone, box in enumerate(zones):
        if 2 * seen.faces[zone] < len(seen.by_frame):
            more = len(keys) < FEW_KEYFRAMES and len(video.table) <= SHORT_FRAMES
            seen = _look_otherwise(seen, zone, box, first, wanted if more else [])
    return _without_fixtures(seen, zones)


def _without_fixtures(seen: Seen, zones: Sequence[Box]) -> Seen:
    """Reject what was taken for a face and never moves."""
    fixtures = [find_fixtures(seen.by_frame, zone, box) for zone, box in enumerate(zones)]
    for candidates in seen.by_frame.values():
        for candidate, known in zip(candidates, fixtures, strict=True):
            if candidate.face is not None and is_fixture(candidate.face.box, known):
                candidate.rejected = "fixture"
    return replace(seen, fixtures=fixtures)


def shows_other_animal(by_frame: Iterable[Sequence[FrameCandidate]], zone: int) -> bool:
    """Say whether the animal in a zone is a cat or a dog: so are most of its faces."""
    said = [c.is_other for c in (found[zone] for found in by_frame) if c.is_other is not None]
    return len(said) >= LEAST_FACES and sum(said) > len(said) / 2


def _look_otherwise(seen: Seen, zone: int, box: Box, first: Examiner, more: Sequence[int]) -> Seen:
    """Try the other ways to look at a zone in the same frames, each frame decoded once.

    `more` frames are looked at besides where there are few.
    """
    looks = possible_looks(box[2] - box[0], box[3] - box[1])
    if seen.faces[zone]:
        # Tiles cost nine times as much: only where nothing at all is seen.
        looks = [look for look in looks if look != "tiles"]
    examiners = [
        Examiner(
            first.video,
            first.detector,
            first.options,
            {box: SurveyedZone(look=look)},
            {},
            kinds=first.kinds,
        )
        for look in looks
    ]
    extra = [index for index in dict.fromkeys(more) if index not in seen.by_frame]
    frames = sorted([*seen.by_frame, *extra])
    probed = frames[:: max(1, len(frames) // PROBE_FRAMES)][:PROBE_FRAMES]
    first_tried = examine_together(examiners, probed, [box])
    enough = min(PROBE_FACES, len(probed))
    alive = [number for number, found in enumerate(first_tried) if _faces(found) >= enough]
    if not alive:
        return seen
    rest = [index for index in frames if index not in probed]
    then_tried = examine_together([examiners[number] for number in alive], rest, [box])
    tried = [first_tried[number] | then for number, then in zip(alive, then_tried, strict=True)]
    (ordinary,) = examine_together([first], extra, [box])
    counts = [_faces(found) for found in tried]
    best = int(np.argmax(counts))
    if counts[best] <= seen.faces[zone] + _faces(ordinary):
        return seen
    if counts[best] < LEAST_SHARE * len(frames):
        return seen
    by_frame = {
        index: [*candidates[:zone], tried[best][index][0], *candidates[zone + 1 :]]
        for index, candidates in seen.by_frame.items()
    }
    look = looks[alive[best]]
    return Seen(by_frame, [*seen.looks[:zone], look, *seen.looks[zone + 1 :]])


def _faces(by_frame: Mapping[int, Sequence[FrameCandidate]], zone: int = 0) -> int:
    """Return in how many frames a zone shows a face."""
    return sum(candidates[zone].face is not None for candidates in by_frame.values())


def frames_to_examine(
    video: Video, period_s: tuple[float, float], count: int
) -> tuple[list[int], list[int]]:
    """Return the keyframes before moments spread evenly, and the frames of these moments."""
    start_s, stop_s = period_s
    times = start_s + (np.arange(count) + 0.5) / count * (stop_s - start_s)
    places = np.searchsorted(video.table.times_s, times, side="right") - 1
    wanted = [int(max(0, place)) for place in places]
    return list(dict.fromkeys(video.table.key_before(place) for place in wanted)), wanted


def examine_together(
    examiners: Sequence[Examiner], indices: Sequence[int], zones: Sequence[Box]
) -> list[dict[int, list[FrameCandidate]]]:
    """Let several examiners see the same frames; each is decoded once."""
    found: list[dict[int, list[FrameCandidate]]] = [{} for _ in examiners]
    frames = examiners[0].walk(sorted(indices))
    # Frames are decoded while others are looked at: nothing else of a video can be done before its
    # survey, and cores would wait.
    with ThreadPoolExecutor(max_workers=LOOKING) as looking:
        for index, seen in bounded_map(looking, partial(_see, examiners, zones), frames):
            for by_frame, candidates in zip(found, seen, strict=True):
                by_frame[index] = candidates
    return found


def _see(
    examiners: Sequence[Examiner], zones: Sequence[Box], frame: Frame | int
) -> tuple[int, list[list[FrameCandidate]]]:
    if isinstance(frame, int):
        return frame, [[examiner.damaged(frame) for _ in zones] for examiner in examiners]
    return frame.index, [examiner.examine_frame(frame, zones) for examiner in examiners]
