"""What a model's calls rest on, in the faces of a study."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from amgs.faces.detectors import open_detector
from amgs.jobs import ProgressCallback, no_progress
from amgs.prediction.readers import ImageToClassify, Reader
from amgs.scoring.labels import label_images
from amgs.study.folder import StudyFolder
from amgs.study.labelling import make_codes, score_faces
from amgs.study.present import present

if TYPE_CHECKING:
    from amgs.prediction.explaining import Evidence, ExplainedImage

EVIDENCE = "evidence"
"""The folder inside the results."""


def list_explained(study: StudyFolder) -> list[ExplainedImage]:
    """Return the faces that count, with what is known of them; animals as codes.

    The label is that of people's scores; zone and date are what must not tell it.
    """
    from amgs.prediction.explaining import ExplainedImage

    now = present(study)
    rows, _ = label_images(score_faces(study, now), study.label_rule)
    labels = {row["image"]: row["label"] for row in rows}
    codes = make_codes(study)
    found = []
    for face in now.faces:
        recording = now.planned[face.recording]
        circumstances = {
            "zone": str(recording.zone),
            "date": "" if recording.date is None else recording.date.isoformat(),
        }
        found.append(
            ExplainedImage(
                ImageToClassify(study.folder / face.image, face.image),
                codes(recording.animal),
                f"{recording.group}, {recording.timepoint}",
                labels[face.image],
                circumstances,
            )
        )
    return found


def last_evidence(study: StudyFolder, sha256: str) -> dict[str, Any] | None:
    """Return the summary that `amgs evidence` last wrote, where it is of this model."""
    path = study.results / EVIDENCE / "evidence.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        of_this = found["provenance"]["inputs"]["model"] == sha256
        whole = all(isinstance(found[name], list) for name in ("sets", "probes", "notes"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(found) if of_this and whole else None


def explain_study(
    study: StudyFolder,
    reader: Reader,
    most: int,
    *,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
) -> Evidence:
    """Find out what a model's calls rest on; see `amgs.prediction.explaining.explain`."""
    from amgs.prediction.explaining import explain

    detector = open_detector(study.settings.extract.detector)
    images = list_explained(study)
    return explain(reader, detector, images, most=most, executor=executor, progress=progress)
