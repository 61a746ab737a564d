"""Examining frames: which shows a face worth keeping, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from amgs.errors import UnreadableVideoError
from amgs.extraction.candidates import (
    CandidateOptions,
    FrameCandidate,
    IntervalResult,
    SurveyedZone,
)
from amgs.extraction.fixtures import is_fixture, shrink_zone
from amgs.extraction.second_look import count_apart, look_near
from amgs.faces.base import FaceDetector, FoundFace
from amgs.faces.detections import Box
from amgs.faces.looks import detect_from, shown_px
from amgs.faces.other_animals import AnimalKinds
from amgs.faces.quality import (
    Quality,
    cut_for_motion,
    cut_grey,
    measure_motion,
    measure_sharpness,
    measure_view,
    measure_visibility,
    sharpness_limit,
)
from amgs.images.reading import RGB
from amgs.video import Frame, Video

NEIGHBOUR_S = 1 / 30
"""Motion is measured against the frame that comes about this much later."""

THUMBNAIL_PX = 16

LEAST_SURVEY_FACES = 3

EDGE_SHARE, FILLS_SHARE = 0.03, 0.4
"""A face this near to the edge of the frame, in widths of itself, and as long as this share of its
zone may reach beyond the frame."""


def sharpness_p75(candidates: Iterable[FrameCandidate]) -> float | None:
    """Return the 75th percentile of sharpness of faces with an eye and an ear.

    ``None`` where fewer than three candidates show one.
    """
    found = [c.quality.sharpness for c in candidates if c.rejected is None and c.quality]
    return float(np.quantile(found, 0.75)) if len(found) >= LEAST_SURVEY_FACES else None


class Examiner:
    """Examines frames of one video.

    `zones` are what is known of them, `known` the candidates of frames that were examined already,
    by zone.
    With `kinds`, as in the survey itself, it also says what animal a face is, and keeps a small
    copy of every zone.
    """

    def __init__(
        self,
        video: Video,
        detector: FaceDetector,
        options: CandidateOptions,
        zones: Mapping[Box, SurveyedZone],
        known: dict[int, dict[Box, FrameCandidate]],
        *,
        kinds: AnimalKinds | None = None,
    ) -> None:
        self.zones = zones
        self.kinds = kinds
        self.video = video
        self.detector = detector
        self.options = options
        self.min_score = detector.min_score if options.min_score is None else options.min_score
        least = options.min_face_px
        self.min_face_px = detector.min_face_px if least is None else least
        self.known = known

    def _zone(self, zone: Box) -> SurveyedZone:
        return self.zones.get(zone, SurveyedZone())

    def examine(self, index: int, zones: Sequence[Box]) -> list[FrameCandidate]:
        """Examine one frame in every zone, or take what the survey found in it."""
        known = self.known.pop(index, None)
        if known is not None:
            for zone in zones:
                self._require_sharp(known[zone], zone)
            return [known[zone] for zone in zones]
        try:
            frame = self.video.frame(index)
        except UnreadableVideoError:
            return [self.damaged(index) for _ in zones]
        return self.examine_frame(frame, zones)

    def examine_frame(self, frame: Frame, zones: Sequence[Box]) -> list[FrameCandidate]:
        """Find the best face in every zone: first in a small copy, then from nearby in full."""
        # Every zone at the scale at which it just fits the network: what is found in one does not
        # depend on which others are examined with it. Zones of one size share a copy.
        beforehand = self.detector.in_frame(self.video.path, frame.index)
        small: dict[float, RGB] = {}
        full: RGB | None = None  # converting all of a frame costs more than detecting in a copy
        candidates = []
        for zone in zones:
            candidate = FrameCandidate(frame.index, frame.time_s, "no face")
            candidates.append(candidate)
            look = self._zone(zone).look
            wanted_px = shown_px(self.detector, look)
            scale = min(1.0, wanted_px / max(zone[2] - zone[0], zone[3] - zone[1]))
            if scale not in small:
                small[scale] = frame.rgb(scale)
            left, top = round(zone[0] * scale), round(zone[1] * scale)
            part = np.ascontiguousarray(
                small[scale][top : round(zone[3] * scale), left : round(zone[2] * scale)]
            )
            if self.kinds is not None:
                candidate.zone_thumbnail = shrink_zone(part)
            if beforehand is None:
                found = detect_from(self.detector, part, look, self.detector.candidate_score)
            else:
                found = [face for face in beforehand if _is_inside(face.box, zone)]
            if not found:
                continue
            if full is None:
                full = frame.rgb()
            fixtures = self._zone(zone).fixtures
            near = found
            if beforehand is None:
                seen = [face.moved(1 / scale, zone[0], zone[1]) for face in found]
                near = look_near(
                    self.detector, full, seen, scale, fixtures=fixtures, min_score=self.min_score
                )
            candidate.faces = count_apart(near, self.min_score)
            real = [face for face in near if not is_fixture(face.box, fixtures)]
            self._judge(candidate, max(real or near, key=lambda face: face.score), full, zone)
            if self.kinds is None and candidate.rejected is None and candidate.face is not None:
                candidate.frame = frame
                candidate.patch = cut_for_motion(full, candidate.face.box)
        return candidates

    def _judge(self, candidate: FrameCandidate, face: FoundFace, full: RGB, zone: Box) -> None:
        """Say whether a face is good enough, but for motion, which is costlier to know."""
        if face.score < self.min_score:
            return
        candidate.face = face
        candidate.quality = Quality(
            measure_visibility(face), measure_view(face), measure_sharpness(full, face.box), None
        )
        grey = cut_grey(full, face.box, THUMBNAIL_PX)
        if grey is not None:
            candidate.thumbnail = grey.astype(np.uint8)
        if self.kinds is not None:
            candidate.is_other = self.kinds.is_other(full, face.box)
        known = self._zone(zone)
        if known.is_other:
            candidate.rejected = "other animal"
        elif is_fixture(face.box, known.fixtures):
            candidate.rejected = "fixture"
        elif face.width < self.min_face_px:
            candidate.rejected = "too small"
        elif not face.eyes:
            candidate.rejected = "no eye"
        elif not face.ears and not _reaches_beyond(face.box, zone, full.shape[1], full.shape[0]):
            candidate.rejected = "no ear"
        else:
            candidate.rejected = None
        self._require_sharp(candidate, zone)

    def _require_sharp(self, candidate: FrameCandidate, zone: Box) -> None:
        if self.kinds is not None:  # how sharp the faces of this video usually are is not known yet
            return
        limit = sharpness_limit(self._zone(zone).sharpness_p75, self.options.min_sharpness)
        quality = candidate.quality
        if candidate.rejected is None and quality is not None and quality.sharpness < limit:
            candidate.rejected = "blurred"

    def choose(self, candidates: Iterable[FrameCandidate]) -> FrameCandidate | None:
        """Return the candidate of best quality whose face is still."""
        able = [candidate for candidate in candidates if candidate.rejected is None]
        # Equal qualities go by time, so that the choice never depends on the order of work.
        able.sort(key=lambda candidate: (-_value(candidate), candidate.time_s))
        best: FrameCandidate | None = None
        for candidate in able:
            # Motion can only lower a quality: once the best so far is better than the next one
            # without any motion, the rest need not be measured.
            if best is not None and _value(best) >= _value(candidate):
                break
            self._measure_motion(candidate)
            if candidate.rejected is None and (best is None or _value(candidate) > _value(best)):
                best = candidate
        return best

    def search_more_frames(
        self,
        indices: Sequence[int],
        zones: Sequence[Box],
        results: Sequence[IntervalResult],
        open_zones: list[int],
    ) -> None:
        """Examine further frames in the order of time, until every open zone has a good one."""
        for frame, after in self.walk_in_pairs(indices):
            candidates = (
                [self.damaged(frame) for _ in open_zones]
                if isinstance(frame, int)
                else self.examine_frame(frame, [zones[number] for number in open_zones])
            )
            for number, candidate in zip(tuple(open_zones), candidates, strict=True):
                results[number].others.append(candidate)
                if candidate.rejected is None:
                    self._measure_motion(candidate, after)
                if candidate.rejected is None:
                    results[number].kept = candidate
                    open_zones.remove(number)
                else:
                    candidate.frame = candidate.patch = None
            if not open_zones:
                return

    def walk(self, indices: Sequence[int]) -> Iterator[Frame | int]:
        """Yield the frames, or their index where they cannot be decoded."""
        for frame, _ in self.walk_in_pairs(indices):
            yield frame

    def walk_in_pairs(self, indices: Sequence[int]) -> Iterator[tuple[Frame | int, Frame | None]]:
        """Yield the frames, each with the one that motion is measured against.

        Where all are keyframes each is decoded alone and the second is ``None``, else all between
        are decoded once, and the second was decoded on the way. In place of a frame that cannot be
        decoded stands its index.
        """
        if not indices:
            return
        if self.video.table.key[list(indices)].all():
            for index in indices:
                try:
                    yield self.video.frame(index), None
                except UnreadableVideoError:
                    yield index, None
            return
        last = len(self.video.table) - 1
        partners = {index: min(last, self._later(index)) for index in indices}
        waiting: list[Frame] = []
        done = -1
        try:
            for frame in self.video.frames(indices[0], partners[indices[-1]] + 1):
                if frame.index in partners:
                    waiting.append(frame)
                while waiting and partners[waiting[0].index] <= frame.index:
                    done = waiting[0].index
                    yield waiting.pop(0), frame
        except UnreadableVideoError:
            for frame in waiting:
                done = frame.index
                yield frame, None
            yield from ((index, None) for index in indices if index > done)

    def _later(self, index: int) -> int:
        """Return the frame that comes about a thirtieth of a second later."""
        times = self.video.table.times_s
        # A quarter of a step of tolerance: times of variable-rate videos jitter.
        return int(np.searchsorted(times, times[index] + 0.75 * NEIGHBOUR_S))

    def _measure_motion(self, candidate: FrameCandidate, after: Frame | None = None) -> None:
        assert candidate.face is not None  # noqa: S101 - only faces are measured
        assert candidate.quality is not None  # noqa: S101
        later = self._later(candidate.index)
        if later >= len(self.video.table):
            return
        box, patch = candidate.face.box, candidate.patch
        if after is None or patch is None:
            try:
                # The video's own decoder may be in the middle of `walk`; its twin goes back.
                frames = list(self.video.twin().frames(candidate.index, later + 1))
            except UnreadableVideoError:
                return
            patch = cut_for_motion(frames[0].rgb(), box) if patch is None else patch
            after = frames[-1]
        motion = measure_motion(patch, after.rgb(), box)
        known = candidate.quality
        candidate.quality = Quality(known.visibility, known.view, known.sharpness, motion)
        if motion > self.options.max_motion:
            candidate.rejected = "moving"

    def damaged(self, index: int) -> FrameCandidate:
        """Return what stands for a frame that cannot be decoded."""
        return FrameCandidate(index, float(self.video.table.times_s[index]), "damaged")


def _is_inside(box: Box, zone: Box) -> bool:
    """Whether the middle of a face is in a zone."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return zone[0] <= x < zone[2] and zone[1] <= y < zone[3]


def _reaches_beyond(box: Box, zone: Box, width: int, height: int) -> bool:
    """Whether a face fills its zone and is cut by the edge of the frame: an ear may lie outside."""
    side = min(zone[2] - zone[0], zone[3] - zone[1])
    if max(box[2] - box[0], box[3] - box[1]) < FILLS_SHARE * side:
        return False
    near = EDGE_SHARE * (box[2] - box[0])
    return box[0] < near or box[1] < near or box[2] > width - near or box[3] > height - near


def _value(candidate: FrameCandidate) -> float:
    assert candidate.quality is not None  # noqa: S101
    return candidate.quality.value
