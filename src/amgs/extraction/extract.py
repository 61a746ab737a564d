"""From videos to face images: one per interval and animal, the best that was seen, none twice."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from amgs.errors import UnreadableVideoError
from amgs.extraction.checks import MARKER, require_all_earlier_recordings
from amgs.extraction.opened import (
    ExtractionOptions,
    describe_settings,
)
from amgs.extraction.recordings import VideoToExtract, refuse_copies
from amgs.extraction.run import ExtractionSummary, FinishedRun, run_extraction
from amgs.extraction.tables import describe_failure, write_tables
from amgs.faces.base import FaceDetector
from amgs.faces.detectors import open_detector
from amgs.files import write_json
from amgs.jobs import ProgressCallback, no_progress
from amgs.provenance import record_provenance


def extract_faces(
    videos: Sequence[VideoToExtract],
    folder: Path,
    options: ExtractionOptions | None = None,
    *,
    detector: FaceDetector | None = None,
    executor: Executor | None = None,
    jobs: int | None = None,
    keep_earlier: bool = False,
    progress: ProgressCallback = no_progress,
) -> ExtractionSummary:
    """Extract face images from videos into a folder; goes on where an earlier run stopped.

    Parameters
    ----------
    videos
        From `list_videos`.
    folder
        Gets ``faces.csv``, ``extraction.csv``, ``possible_sleep.csv``, ``extraction.json`` and the
        images under ``faces/``, named by a neutral code and their time.
    options
        How often, and from when on a face is good enough.
    detector
        The face detector; the default of amgs if not given.
    executor
        Works on several intervals at a time; threads of this process if not given.
    jobs
        How many threads, where no executor is given; one per core if not given.
    keep_earlier
        Keep what an earlier run made with other options or another detector as it is, rather than
        stopping; it is listed in the summary.
    progress
        Told how many intervals are done.

    Raises
    ------
    UnreadableVideoError
        If no video can be used; of several videos such are listed instead.
    TableError
        If two videos are copies of each other: one animal would count as two.
    ImpossibleValueError
        If zones reach beyond the frame; all of them are told before the first frame is examined.
    OutputExistsError
        If the folder holds recordings that are not among the videos, or a changed ``faces.csv``.
    ResumeError
        If the folder holds results made with other options and `keep_earlier` is false.
    """
    options = options or ExtractionOptions()
    detector = detector or open_detector()
    refuse_copies(videos)
    require_all_earlier_recordings(folder, [r.name for video in videos for r in video.recordings])
    run = run_extraction(
        videos,
        folder,
        options,
        detector,
        executor=executor,
        jobs=jobs,
        keep_earlier=keep_earlier,
        progress=progress,
    )
    require_one(run.summary, len(videos))
    failed = [row for video, problem in run.failed for row in describe_failure(video, problem)]
    write_tables(folder, [*run.rows, *failed])
    _write_marker(folder, run, options.for_detector(detector), detector)
    return run.summary


def require_one(summary: ExtractionSummary, n_videos: int) -> None:
    """Stop where not one video could be used.

    Raises
    ------
    UnreadableVideoError
        With every reason.
    """
    if len(summary.problems) < max(1, n_videos):
        return
    details = "; ".join(problem for _, problem in summary.problems)
    msg = details if n_videos == 1 else f"Not one of {n_videos} videos could be used: {details}"
    raise UnreadableVideoError(msg)


def _write_marker(
    folder: Path, run: FinishedRun, options: ExtractionOptions, detector: FaceDetector
) -> None:
    """Keep the options, and which recordings were made with others."""
    settings = describe_settings(options, detector)
    written = {**settings["options"], "detector": settings["detector"]}
    made_earlier = {
        recording.name: journal.identity
        for opened in run.opened
        for recording, journal in zip(opened.source.recordings, opened.journals, strict=True)
        if journal.is_earlier
    }
    if made_earlier:
        written["made_earlier"] = made_earlier
    inputs = {r.name: opened.fingerprint for opened in run.opened for r in opened.source.recordings}
    provenance = record_provenance(
        written, {"face_detector": settings["detector"]["sha256"], **inputs}
    )
    write_json(folder / MARKER, provenance.as_dict())
