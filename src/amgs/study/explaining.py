"""What a model's calls rest on, in the faces of a study."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING

from amgs.faces.detectors import open_detector
from amgs.jobs import ProgressCallback, no_progress
from amgs.prediction.readers import ImageToClassify, Reader
from amgs.provenance import record_provenance
from amgs.scoring.labels import label_images
from amgs.study.evidence import EVIDENCE
from amgs.study.folder import StudyFolder
from amgs.study.labelling import make_codes, score_faces
from amgs.study.present import present

if TYPE_CHECKING:
    from amgs.prediction.explaining import Evidence, ExplainedImage


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


def explain_study(
    study: StudyFolder,
    reader: Reader,
    most: int,
    *,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
) -> Evidence:
    """Find out what a model's calls rest on, and keep it in ``results/evidence``.

    See `amgs.prediction.explaining.explain` and `amgs.figures.evidence.write_evidence`.
    """
    from amgs.figures.evidence import write_evidence
    from amgs.prediction.explaining import explain

    detector = open_detector(study.settings.extract.detector)
    images = list_explained(study)
    found = explain(reader, detector, images, most=most, executor=executor, progress=progress)
    options = {"model": reader.name, "faces": most}
    origin = record_provenance(options, {"model": reader.sha256}).as_dict()
    write_evidence(study.results / EVIDENCE, found, origin)
    return found
