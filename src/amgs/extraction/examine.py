"""Examining frames of one interval: which is worth keeping, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from amgs.errors import UnreadableVideoError
from amgs.extraction.candidates import CandidateOptions, FrameCandidate, IntervalResult, Survey
from amgs.faces.base import FaceDetector, FoundFace
from amgs.faces.detections import Box, iou
from amgs.faces.looks import Look, detect_from, shown_px
from amgs.faces.quality import (
    Quality,
    cut_grey,
    measure_motion,
    measure_sharpness,
    measure_view,
    measure_visibility,
    sharpness_limit,
)
from amgs.images.reading import RGB
from amgs.video import Frame, Video
from amgs.video.sampling import Interval, further_frames, keyframes_to_examine, sparse_frames

NEIGHBOUR_S = 1 / 30
"""Motion is measured against the frame that comes about this much later."""

THUMBNAIL_PX = 16

LEAST_SURVEY_FACES = 3

EDGE_SHARE, FILLS_SHARE = 0.03, 0.4
"""A face this near to the edge of the frame, in widths of itself, and as long as this share of its
zone may reach beyond the frame."""

SAME_FACE_IOU = 0.3
"""Boxes that share more than this are two readings of one face."""

MOST_FACES_REFINED = 2
"""A zone holds one animal; a second face is examined in case the first is an illusion."""


def examine_interval(  # noqa: PLR0917
    video: Video,
    interval: Interval,
    zones: Sequence[Box],
    detector: FaceDetector,
    options: CandidateOptions,
    survey: Survey | None = None,
) -> list[IntervalResult]:
    """Examine keyframes, and where they show no good face, further frames; one result per zone.

    Parameters
    ----------
    video, interval, zones
        Where; zones in pixels of the frame.
    detector, options
        How.
    survey
        From `survey_video`, in the same zones.
    """
    results = [IntervalResult(interval) for _ in zones]
    p75 = survey.sharpness_p75 if survey else [None] * len(zones)
    limits = [sharpness_limit(usual, options.min_sharpness) for usual in p75]
    known = dict(survey.by_frame) if survey else {}
    looks = dict(zip(zones, survey.looks, strict=True)) if survey and survey.looks else {}
    examiner = Examiner(
        video, detector, options, dict(zip(zones, limits, strict=True)), known, looks=looks
    )
    for index in keyframes_to_examine(video.table, interval):
        for result, candidate in zip(results, examiner.examine(index, zones), strict=True):
            result.keyframes.append(candidate)
    for result in results:
        result.kept = examiner.choose(result.keyframes)
    # Most intervals end here; only where no keyframe will do are the frames between decoded.
    open_zones = [number for number, result in enumerate(results) if result.kept is None]
    # Where the whole video showed no face, few frames decide whether there is one here.
    empty = survey.empty if survey and survey.empty else [False] * len(zones)
    doubtful = [n for n in open_zones if empty[n] and not _any_face(results[n].keyframes)]
    if doubtful:
        examiner.search_more_frames(
            sparse_frames(video.table, interval), zones, results, list(doubtful)
        )
        without = {n for n in doubtful if not _any_face(results[n].candidates)}
        open_zones = [n for n in open_zones if n not in without and results[n].kept is None]
    if open_zones:
        seen = {c.index for number in open_zones for c in results[number].others}
        indices = [i for i in further_frames(video.table, interval) if i not in seen]
        examiner.search_more_frames(indices, zones, results, open_zones)
    return results


def _any_face(candidates: Iterable[FrameCandidate]) -> bool:
    return any(candidate.face is not None for candidate in candidates)


def sharpness_p75(candidates: Iterable[FrameCandidate]) -> float | None:
    """Return the 75th percentile of sharpness of faces with an eye and an ear.

    ``None`` where fewer than three candidates show one.
    """
    found = [c.quality.sharpness for c in candidates if c.rejected is None and c.quality]
    return float(np.quantile(found, 0.75)) if len(found) >= LEAST_SURVEY_FACES else None


class Examiner:
    """Examines frames of one video.

    `limits` are the least sharpness in each zone, `looks` the way to look at it.
    """

    def __init__(
        self,
        video: Video,
        detector: FaceDetector,
        options: CandidateOptions,
        limits: Mapping[Box, float],
        known: dict[int, list[FrameCandidate]],
        *,
        looks: Mapping[Box, Look] | None = None,
    ) -> None:
        self.limits = limits
        self.looks = looks or {}
        self.video = video
        self.detector = detector
        self.options = options
        self.min_score = detector.min_score if options.min_score is None else options.min_score
        least = options.min_face_px
        self.min_face_px = detector.min_face_px if least is None else least
        self.known = known

    def examine(self, index: int, zones: Sequence[Box]) -> list[FrameCandidate]:
        """Examine one frame in every zone, or take what the survey found in it."""
        known = self.known.pop(index, None)
        if known is not None:
            for candidate, zone in zip(known, zones, strict=True):
                self._require_sharp(candidate, self.limits[zone])
            return known
        try:
            frame = self.video.frame(index)
        except UnreadableVideoError:
            return [self.damaged(index) for _ in zones]
        return self.examine_frame(frame, zones)

    def examine_frame(self, frame: Frame, zones: Sequence[Box]) -> list[FrameCandidate]:
        """Find the best face in every zone: first in a small copy, then from nearby in full."""
        # Every zone at the scale at which it just fits the network: what is found in one does not
        # depend on which others are examined with it. Zones of one size share a copy.
        small: dict[float, RGB] = {}
        full: RGB | None = None  # converting all of a frame costs more than detecting in a copy
        candidates = []
        for zone in zones:
            candidate = FrameCandidate(frame.index, frame.time_s, "no face")
            candidates.append(candidate)
            look = self.looks.get(zone, "ordinary")
            wanted_px = shown_px(self.detector, look)
            scale = min(1.0, wanted_px / max(zone[2] - zone[0], zone[3] - zone[1]))
            if scale not in small:
                small[scale] = frame.rgb(scale)
            left, top = round(zone[0] * scale), round(zone[1] * scale)
            part = small[scale][top : round(zone[3] * scale), left : round(zone[2] * scale)]
            found = detect_from(
                self.detector, np.ascontiguousarray(part), look, self.detector.candidate_score
            )
            if not found:
                continue
            if full is None:
                full = frame.rgb()
            near = [
                self.detector.refine(full, face.moved(1 / scale, zone[0], zone[1]), scale)
                for face in found[:MOST_FACES_REFINED]
            ]
            candidate.faces = self._count(near)
            self._judge(candidate, max(near, key=lambda face: face.score), full, zone)
        return candidates

    def _count(self, faces: Sequence[FoundFace]) -> int:
        """Return how many faces there are that do not share a place."""
        apart: list[FoundFace] = []
        for face in faces:
            alone = all(iou(face.box, other.box) < SAME_FACE_IOU for other in apart)
            if face.score >= self.min_score and alone:
                apart.append(face)
        return len(apart)

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
        if face.width < self.min_face_px:
            candidate.rejected = "too small"
        elif not face.eyes:
            candidate.rejected = "no eye"
        elif not face.ears and not _reaches_beyond(face.box, zone, full.shape[1], full.shape[0]):
            candidate.rejected = "no ear"
        else:
            candidate.rejected = None
        self._require_sharp(candidate, self.limits[zone])

    @staticmethod
    def _require_sharp(candidate: FrameCandidate, limit: float) -> None:
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
        for frame in self.walk(indices):
            candidates = (
                [self.damaged(frame) for _ in open_zones]
                if isinstance(frame, int)
                else self.examine_frame(frame, [zones[number] for number in open_zones])
            )
            for number, candidate in zip(tuple(open_zones), candidates, strict=True):
                results[number].others.append(candidate)
                if candidate.rejected is None:
                    self._measure_motion(candidate)
                if candidate.rejected is None:
                    results[number].kept = candidate
                    open_zones.remove(number)
            if not open_zones:
                return

    def walk(self, indices: Sequence[int]) -> Iterable[Frame | int]:
        """Yield the frames, or their index where they cannot be decoded.

        Where all are keyframes each is decoded alone, else all between are decoded once.
        """
        if not indices:
            return
        wanted = set(indices)
        if self.video.table.key[list(indices)].all():
            for index in indices:
                try:
                    yield self.video.frame(index)
                except UnreadableVideoError:
                    yield index
            return
        done = -1
        try:
            for frame in self.video.frames(indices[0], indices[-1] + 1):
                if frame.index in wanted:
                    done = frame.index
                    yield frame
        except UnreadableVideoError:
            yield from (index for index in indices if index > done)

    def _measure_motion(self, candidate: FrameCandidate) -> None:
        assert candidate.face is not None  # noqa: S101 - only faces are measured
        assert candidate.quality is not None  # noqa: S101
        times = self.video.table.times_s
        # A quarter of a step of tolerance: times of variable-rate videos jitter.
        later = int(np.searchsorted(times, candidate.time_s + 0.75 * NEIGHBOUR_S))
        if later >= len(times):
            return
        try:
            # The video's own decoder may be in the middle of `walk`; its twin goes back.
            frames = list(self.video.twin().frames(candidate.index, later + 1))
        except UnreadableVideoError:
            return
        motion = measure_motion(frames[0].rgb(), frames[-1].rgb(), candidate.face.box)
        known = candidate.quality
        candidate.quality = Quality(known.visibility, known.view, known.sharpness, motion)
        if motion > self.options.max_motion:
            candidate.rejected = "moving"

    def damaged(self, index: int) -> FrameCandidate:
        """Return what stands for a frame that cannot be decoded."""
        return FrameCandidate(index, float(self.video.table.times_s[index]), "damaged")


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
