"""From answers to the score and the label of every face."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amgs.scoring.labels import LABEL_COLUMNS, ImageScore, label_images, score_image
from amgs.study.answers import finished_answers
from amgs.study.codes import Codes
from amgs.study.layout import RESULTS
from amgs.tables import write_table

if TYPE_CHECKING:
    from amgs.study.study import Study


def score_faces(study: Study) -> list[ImageScore]:
    """See `Study.scores`."""
    units = study.scale.unit_names
    rows = study.store.scoring.all()
    if rows:
        study.require_same_scoring()
    by_image = finished_answers(rows, units)
    return [
        score_image(face.image, by_image.get(face.image, {}).values(), units, study.label_rule)
        for face in study.store.faces.all()
    ]


def write_labels(study: Study) -> tuple[Path, dict[str, int]]:
    """See `Study.label`."""
    rows, counts = label_images(study.scores(), study.label_rule)
    faces = {face.image: face for face in study.store.faces.all()}
    animals = {name: r.animal for name, r in study.planned().items()}
    shown = str if study.unblindings else Codes(study.store.events.secret("codes"))
    for row in rows:
        face = faces[row["image"]]
        row |= {
            "image": f"../{face.image}",
            "animal": shown(animals[face.recording]),
            "recording": shown(face.recording),
            "content": face.content[:16],
        }
    path = study.folder / RESULTS / "labels.csv"
    write_table(path, LABEL_COLUMNS, [[row[c] for c in LABEL_COLUMNS] for row in rows])
    return path, counts
