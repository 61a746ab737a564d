"""`preview`: the zones of every video on one of its frames, before a long extraction."""

from __future__ import annotations

from pathlib import Path

from amgs.extraction.preview import write_previews
from amgs.faces.base import FaceDetector
from amgs.faces.detectors import open_detector
from amgs.study.extracting import list_planned_videos
from amgs.study.folder import StudyFolder

ZONES = "zones_preview"


def preview_study(
    study: StudyFolder, detector: FaceDetector | None = None
) -> dict[str, Path | str]:
    """Draw the zones on a frame of every video into ``results/zones_preview``.

    Returns
    -------
    dict
        For every video the image, or why there is none.
    """
    videos = list_planned_videos(study.design(), study.folder)
    detector = detector or open_detector(study.settings.extract.detector)
    return write_previews(videos, study.results / ZONES, detector)
