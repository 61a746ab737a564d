"""`extract`: make the faces of a study fit its table, from videos and from folders of images.

What a line of the table wants is looked for in the study first: faces that are there under another
name follow the line, and only what was never extracted is. What no line wants is kept, not counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path

from amgs.errors import NoImagesError, list_faults
from amgs.extraction.checks import clear_extraction
from amgs.extraction.extract import require_one
from amgs.extraction.opened import describe_settings
from amgs.extraction.recordings import (
    Recording,
    VideoToExtract,
    fingerprint_session,
    recording_code,
    stop_at_copies,
    video_to_extract,
)
from amgs.extraction.run import ExtractionSummary, FinishedRun, run_extraction
from amgs.faces.base import FaceDetector
from amgs.faces.detectors import describe_detector, open_detector
from amgs.jobs import ProgressCallback, no_progress
from amgs.store import SourceRecord
from amgs.study.actions import TABLE_APPLIED, who_acts
from amgs.study.design import Design
from amgs.study.extraction_plan import ExtractionPlan, extraction_options, plan_extraction
from amgs.study.extraction_tables import write_study_tables
from amgs.study.fit import Fit, compare_with_table
from amgs.study.folder import StudyFolder
from amgs.study.importing import import_images
from amgs.study.registering import register_run
from amgs.study.sources import VIDEO, WantedSource
from amgs.video.periods import Period


@dataclass(frozen=True, slots=True)
class StudyExtraction:
    """What came into a study.

    Parameters
    ----------
    summary
        Of its videos; ``None`` when there is no video in the table, only folders of images.
    unreadable
        Files in folders of images that cannot be used, with the reason.
    archived
        Recordings whose videos are elsewhere now; their faces stay.
    moved, changed, retired
        What was made to fit the table: faces that follow another line, recordings extracted again
        because their video, zone or period is another one, and what no line wants any more.
    images
        What was found in folders of images, a sentence for each folder that has something to say.
    """

    summary: ExtractionSummary | None
    unreadable: list[str] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)


def extract_study(
    study: StudyFolder,
    *,
    detector: FaceDetector | None = None,
    executor: Executor | None = None,
    jobs: int | None = None,
    only_new: bool = False,
    new_generation: bool = False,
    restart: bool = False,
    progress: ProgressCallback = no_progress,
) -> StudyExtraction:
    """Make the faces of a study fit its table, and extract what is new.

    Parameters
    ----------
    study
        The study.
    detector
        The face detector; that of the settings if not given.
    executor, jobs, progress
        As for `amgs.extraction.extract.extract_faces`.
    only_new
        Keep recordings that were extracted with other settings or another detector as they are,
        and extract the others with those of today.
    new_generation
        Extract all recordings with the settings of today, beside the faces that are there; scores
        of a frame that is chosen again carry over.
    restart
        Forget all faces and begin again; refused once one was scored or classified.

    Raises
    ------
    ResumeError
        If settings or detector are others than before; the message names the ways on.
    NoImagesError
        If a video is not there, and its faces are not in the study.
    TableError
        If two lines mean the same video: one animal would count as two.
    """
    design = study.design()
    if restart:
        study.store.faces.clear()
        clear_extraction(study.faces)
    fit = compare_with_table(study, design)
    videos = {name: w for name, w in fit.wanted.items() if w.kind == VIDEO}
    _refuse_missing(study, fit, videos)
    _refuse_copies(videos)
    run, plan = None, ExtractionPlan(1)
    chosen = None
    if videos:
        chosen = detector or open_detector(study.settings.extract.detector)
        plan = plan_extraction(study, fit, videos, chosen, only_new=only_new, anew=new_generation)
        run = _run(study, plan, chosen, executor=executor, jobs=jobs, progress=progress)
        register_run(study, run, plan.missing, plan.generation)
    found = import_images(study, design, detector, progress)
    _assign(study, fit, plan, found.sources)
    summary = None
    if run is not None and chosen is not None:
        summary = _summarise(study, design, plan, run, chosen)
    return StudyExtraction(
        summary,
        found.unreadable,
        plan.archived,
        list(fit.moved.values()),
        list(fit.changed.values()),
        list(fit.retired.values()),
        found.told,
    )


def _refuse_missing(study: StudyFolder, fit: Fit, videos: Mapping[str, WantedSource]) -> None:
    missing = [
        w.recording.video
        for name, w in videos.items()
        if not w.is_here
        and not fit.by_base.get(w.base)
        and not (name in fit.assigned and name not in fit.changed)
    ]
    if missing:
        listed = list(dict.fromkeys(missing))
        msg = (
            f"Expected the videos of the design in {study.folder}, found {len(listed)} missing:\n"
            f"{list_faults(listed)}\nPaths are relative to the study folder; see `amgs check`."
        )
        raise NoImagesError(msg)


def _refuse_copies(videos: Mapping[str, WantedSource]) -> None:
    """Stop when two files have the same content; in one session, too."""
    first: dict[str, str] = {}
    faults = []
    for wanted in videos.values():
        for file in wanted.files:
            known = first.setdefault(file["fingerprint"], file["path"])
            if known != file["path"] and file["fingerprint"]:
                faults.append(f"{file['path']} is a copy of {known}")
    stop_at_copies(faults)


def list_planned_videos(design: Design, folder: Path) -> list[VideoToExtract]:
    """Return the videos of a design with their recordings; folders of images are not among them."""
    grouped: dict[tuple[str, Period], list[Recording]] = {}
    for r in design.recordings:
        if not (folder / r.video).is_dir():
            grouped.setdefault((r.video, r.period), []).append(Recording(r.name, r.zone, r.known))
    return _list_videos(folder, grouped)


def _list_videos(
    folder: Path, grouped: Mapping[tuple[str, Period], Sequence[Recording]]
) -> list[VideoToExtract]:
    return [
        video_to_extract(folder, video, recordings, period)
        for (video, period), recordings in grouped.items()
    ]


def _run(
    study: StudyFolder,
    plan: ExtractionPlan,
    detector: FaceDetector,
    *,
    executor: Executor | None,
    jobs: int | None,
    progress: ProgressCallback,
) -> FinishedRun:
    grouped: dict[tuple[str, Period], list[Recording]] = {}
    for name, wanted in plan.missing.items():
        r = wanted.recording
        # Each generation has images and journals of its own, also one that was never finished.
        further = "" if plan.generation == 1 else f"generation {plan.generation}"
        fingerprint = fingerprint_session([file["fingerprint"] for file in wanted.files])
        code = recording_code(fingerprint, r.zone, r.period, further)
        plan.codes[name] = code
        recording = Recording(name, r.zone, r.known, code)
        grouped.setdefault((r.video, r.period), []).append(recording)
    return run_extraction(
        _list_videos(study.folder, grouped),
        study.faces,
        extraction_options(study),
        detector,
        executor=executor,
        jobs=jobs,
        progress=progress,
    )


def _assign(
    study: StudyFolder, fit: Fit, plan: ExtractionPlan, folders: Mapping[str, SourceRecord]
) -> None:
    """Give every recording its source, all at once, and write down what that changed."""
    changes = {
        "moved": list(fit.moved.values()),
        "changed": list(fit.changed.values()),
        "retired": list(fit.retired.values()),
        "settings": list(fit.settings.values()),
    }
    if any(changes.values()):
        study.store.events.log(TABLE_APPLIED, who_acts(), changes)
    codes = {name: source.code for name, source in (plan.chosen | dict(folders)).items()}
    codes |= plan.codes
    study.store.sources.assign({code: (name, name in plan.kept) for name, code in codes.items()})


def _summarise(
    study: StudyFolder,
    design: Design,
    plan: ExtractionPlan,
    run: FinishedRun,
    detector: FaceDetector,
) -> ExtractionSummary:
    rows = write_study_tables(study, design, describe_settings(extraction_options(study), detector))
    if not plan.chosen and not run.opened:
        require_one(run.summary, len(run.failed))
    return replace(
        run.summary,
        videos=len(list_planned_videos(design, study.folder)),
        recordings=rows,
        images=sum(int(row["kept"] or 0) for row in rows),
        earlier=sorted(plan.kept),
        detector=describe_detector(detector),
    )
