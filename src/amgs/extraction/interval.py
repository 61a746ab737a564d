"""One interval of one video as a unit of work: examined, its images written, told as plain values.

The task is plain data and the function a plain function, so that both can be sent to a thread, to
another process or to another machine that sees the same files.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amgs.extraction.candidates import CandidateOptions, IntervalResult, Survey
from amgs.extraction.examine import examine_interval
from amgs.extraction.journal import describe_result
from amgs.faces.base import FaceDetector
from amgs.faces.crop import crop_face, write_crop
from amgs.faces.detections import Box
from amgs.video import Video, open_video
from amgs.video.frame_table import FrameTable
from amgs.video.sampling import Interval

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
    interval, boxes, codes
        Which part of it; for every zone its pixels and the neutral name of its images.
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
    interval: Interval
    boxes: tuple[Box, ...]
    codes: tuple[str, ...]
    survey: Survey
    detector: FaceDetector
    options: CandidateOptions
    margin: float
    folder: Path


def extract_interval(task: IntervalTask) -> tuple[int, dict[str, Any]]:
    """Examine an interval and write its images; return the video's number and the journal entry."""
    video = _video_of_this_thread(task)
    results = examine_interval(
        video, task.interval, task.boxes, task.detector, task.options, task.survey
    )
    zones = [
        describe_result(result, _write_image(video, task, number, result))
        for number, result in enumerate(results)
    ]
    return task.number, {"interval": task.interval.number, "zones": zones}


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
    crop = crop_face(video.still(kept.index), kept.face.box, task.margin, task.boxes[number])
    code = task.codes[number]
    name = f"faces/{code}/{code}_{_time_in_name(kept.time_s)}.jpg"
    write_crop(task.folder / name, crop)
    return name


def _time_in_name(time_s: float) -> str:
    """Write a time so that names sort by it: 0012m03s250."""
    milliseconds = round(time_s * 1000)
    return f"{milliseconds // 60_000:04d}m{milliseconds // 1000 % 60:02d}s{milliseconds % 1000:03d}"
