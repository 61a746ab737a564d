"""The face images of a study as sets, to see whether they differ as wholes."""

from __future__ import annotations

import contextlib
from typing import Any

from amgs.errors import DesignError
from amgs.image_check.measures import ImageOfSet, compare_measures, measure_images
from amgs.image_check.sets import compare_similarity, could_test, say_what_differs
from amgs.jobs import ProgressCallback
from amgs.study.folder import StudyFolder
from amgs.study.present import present

MOST_MEASURED = 400
"""Measuring all images of a large study would take longer than all the rest of its report."""

FACTORS = ("group", "timepoint")


def list_study_images(study: StudyFolder) -> list[ImageOfSet]:
    """Return the face images with animal, group and timepoint."""
    now = present(study)
    planned = now.planned
    return [
        ImageOfSet(
            study.folder / face.image,
            face.image,
            {"animal": r.animal, "group": r.group, "timepoint": r.timepoint},
        )
        for face in now.faces
        for r in [planned[face.recording]]
    ]


def check_image_sets(study: StudyFolder, progress: ProgressCallback) -> dict[str, Any] | None:
    """Compare images of groups and timepoints, of up to some hundred images drawn evenly.

    ``None`` where no image can be read, as when the folder of faces was moved.
    """
    everything = list_study_images(study)
    images = everything[:: max(1, len(everything) // MOST_MEASURED)]
    rows, _ = measure_images(images, progress=progress)
    if not rows:
        return None
    similarity = []
    for column in FACTORS:
        sets: dict[str, list[ImageOfSet]] = {}
        for image in images:
            sets.setdefault(image.known[column], []).append(image)
        with contextlib.suppress(DesignError):
            similarity += compare_similarity(sets)
    measures = [r for column in FACTORS for r in compare_measures(rows, column)]
    return {
        "similarity": similarity,
        "measures": measures,
        "notes": say_what_differs(similarity, measures),
        "tested": could_test(similarity, measures),
    }
