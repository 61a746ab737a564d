"""One interval of one video as a unit of work: examined, its images written, told as plain values.

The task is plain data and the function a plain function, so that both can be sent to a thread, to
another process or to another machine that sees the same files.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amgs.extraction.candidates import (
    CandidateOptions,
    FrameCandidate,
    IntervalResult,
    Survey,
    SurveyedZone,
)
from amgs.extraction.examine import Examiner
from amgs.extraction.journal import describe_result
from amgs.faces.base import FaceDetector
from amgs.faces.crop import crop_face, write_crop
from amgs.faces.detections import Box
from amgs.video import Video, open_video
from amgs.video.frame_table import FrameTable
from amgs.video.sampling import Interval, further_frames, keyframes_to_examine, sparse_frames

FEW_STEP_S, LEAST_FEW = 5.0, 2
"""Where a zone showed no face in many frames, one keyframe per so many seconds is looked at in it,
and at least so many of an interval."""

_OPEN = threading.local()
"""The video each thread has open: decoders are not shared, and opening one for every interval would
take longer than examining it."""


@dataclass(frozen=True, slots=True)
class IntervalTask:
    """All that is needed to take the images of one interval.

    Parameters
    ----------
    number
        Of the video within its run; comes back with the result.
    path, table
        The video and its frames, which were read before.
    file, shift_s
        Which file of its session it is, and what is added to its times for those of the recording.
    interval
        Which part of it, by its own times.
    zones, boxes, codes
        Which zones of the video; their pixels, and the neutral names of their images.
    survey
        What was found in frames of this interval already.
    detector, options, margin
        How faces are found, chosen and cropped.
    folder
        Where images go.
    """

    number: int
    path: Path
    table: FrameTable
    file: int
    shift_s: float
    interval: Interval
    zones: tuple[int, ...]
    boxes: tuple[Box, ...]
    codes: tuple[str, ...]
    survey: Survey
    detector: FaceDetector
    options: CandidateOptions
    margin: float
    folder: Path


def extract_interval(task: IntervalTask) -> tuple[int, dict[int, dict[str, Any]]]:
    """Examine an interval and write its images.

    Returns
    -------
    (int, dict)
        The number of the video, and by zone what goes into the journal of its recording.
    """
    video = _video_of_this_thread(task)
    results = examine_interval(
        video, task.interval, task.boxes, task.detector, task.options, task.survey
    )
    entries = {}
    for place, (zone, result) in enumerate(zip(task.zones, results, strict=True)):
        image = _write_image(video, task, place, result)
        said = describe_result(result, image, task.file, task.shift_s)
        entries[zone] = {"interval": task.interval.number, **said}
    return task.number, entries


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
    surveyed = survey.zones if survey else [SurveyedZone()] * len(zones)
    by_frame = survey.by_frame if survey else {}
    known = {index: dict(zip(zones, seen, strict=True)) for index, seen in by_frame.items()}
    examiner = Examiner(video, detector, options, dict(zip(zones, surveyed, strict=True)), known)
    keyframes = keyframes_to_examine(video.table, interval)
    everywhere = list(range(len(zones)))
    any_bare = any(zone.is_bare for zone in surveyed)
    few = few_keyframes(keyframes, interval) if any_bare else keyframes
    _examine_keyframes(few, everywhere, zones, examiner, results)
    # Where a zone showed no face in many frames of the video, a few decide; if one shows a face
    # after all, or cannot be decoded, the zone is examined as any other. What is kept of a zone
    # never depends on which others are examined with it.
    done = {
        number
        for number in everywhere
        if len(few) < len(keyframes)
        and surveyed[number].is_bare
        and all(candidate.shows_no_face for candidate in results[number].keyframes)
    }
    rest = [index for index in keyframes if index not in few]
    unsettled = [number for number in everywhere if number not in done]
    _examine_keyframes(rest, unsettled, zones, examiner, results)
    for result in results:
        result.kept = examiner.choose(result.keyframes)
    # Most intervals end here; only where no keyframe will do are the frames between decoded.
    open_zones = [number for number in unsettled if results[number].kept is None]
    # Where the whole video showed no face, few frames decide whether there is one here.
    doubtful = [
        n for n in open_zones if surveyed[n].is_empty and not _any_face(results[n].keyframes)
    ]
    if doubtful:
        examiner.search_more_frames(
            sparse_frames(video.table, interval), zones, results, list(doubtful)
        )
        without = {n for n in doubtful if not _any_face(results[n].candidates)}
        open_zones = [n for n in open_zones if n not in without and results[n].kept is None]
    further = further_frames(video.table, interval) if open_zones else []
    for seen, numbers in _by_frames_seen(results, open_zones).items():
        indices = [index for index in further if index not in seen]
        examiner.search_more_frames(indices, zones, results, numbers)
    return results


def _by_frames_seen(
    results: Sequence[IntervalResult], numbers: Sequence[int]
) -> dict[frozenset[int], list[int]]:
    """Return the zones by the frames beside the keyframes in which they were examined already."""
    found: dict[frozenset[int], list[int]] = {}
    for number in numbers:
        seen = frozenset(candidate.index for candidate in results[number].others)
        found.setdefault(seen, []).append(number)
    return found


def few_keyframes(keyframes: Sequence[int], interval: Interval) -> list[int]:
    """Return keyframes in the middle of equal parts of an interval, one per 5 s."""
    length_s = interval.stop_s - interval.start_s
    count = min(len(keyframes), max(LEAST_FEW, round(length_s / FEW_STEP_S)))
    return [keyframes[(2 * k + 1) * len(keyframes) // (2 * count)] for k in range(count)]


def _examine_keyframes(
    indices: Sequence[int],
    numbers: Sequence[int],
    zones: Sequence[Box],
    examiner: Examiner,
    results: Sequence[IntervalResult],
) -> None:
    """Examine keyframes in the zones with these numbers."""
    if not numbers:
        return
    boxes = [zones[number] for number in numbers]
    for index in indices:
        for number, candidate in zip(numbers, examiner.examine(index, boxes), strict=True):
            results[number].keyframes.append(candidate)
            results[number].hold_best_frame()


def _any_face(candidates: Iterable[FrameCandidate]) -> bool:
    return any(candidate.face is not None for candidate in candidates)


def _video_of_this_thread(task: IntervalTask) -> Video:
    """Return the video, opened by every thread for itself; each keeps the last one open."""
    # Not the path alone: a video may be replaced between two runs of one process.
    key = (task.path, len(task.table), int(task.table.pts[-1]))
    if getattr(_OPEN, "key", None) != key:
        close_video_of_this_thread()
        _OPEN.video, _OPEN.key = open_video(task.path, task.table), key
    video: Video = _OPEN.video
    return video


def close_video_of_this_thread() -> None:
    """Close the video that this thread has open, if any."""
    if getattr(_OPEN, "key", None) is not None:
        _OPEN.video.close()
        _OPEN.key = None


def _write_image(
    video: Video, task: IntervalTask, number: int, result: IntervalResult
) -> str | None:
    kept = result.kept
    if kept is None or kept.face is None:
        return None
    # Of an interlaced video its neighbours are needed too.
    held = None if video.info.interlaced else kept.frame
    whole = video.still(kept.index) if held is None else held.rgb()
    crop = crop_face(whole, kept.face.box, task.margin, task.boxes[number])
    code = task.codes[number]
    name = f"faces/{code}/{code}_{_time_in_name(kept.time_s + task.shift_s)}.jpg"
    write_crop(task.folder / name, crop)
    return name


def _time_in_name(time_s: float) -> str:
    """Write a time so that names sort by it: 0012m03s250."""
    milliseconds = round(time_s * 1000)
    return f"{milliseconds // 60_000:04d}m{milliseconds // 1000 % 60:02d}s{milliseconds % 1000:03d}"
