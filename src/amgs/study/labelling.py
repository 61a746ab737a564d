"""From answers to the score and the label of every face."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amgs.scoring.labels import LABEL_COLUMNS, ImageScore, label_images, score_image
from amgs.study.answers import finished_answers
from amgs.study.codes import Codes
from amgs.study.layout import RESULTS
from amgs.tables import read_table, write_table

if TYPE_CHECKING:
    from amgs.study.study import Study


def codes_of(study: Study) -> Codes:
    """Return the codes that stand for names of animals and recordings."""
    return Codes(study.settings.whole("scoring", "seed"))


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
    shown = str if study.unblindings else codes_of(study)
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


def write_training_images(study: Study, labels: Path) -> Path:
    """Write the images of ``labels.csv`` that have a label beside it, for training.

    Animals and recordings stand here as codes at all times: training would divide them otherwise
    after unblinding than before.
    """
    table = read_table(labels, required=("image", "label", "animal", "recording"))
    chosen = table[table["label"] != ""].copy()
    if study.unblindings:
        for column in ("animal", "recording"):
            chosen[column] = chosen[column].map(codes_of(study))
    path = labels.with_name("training_images.csv")
    columns = [c for c in table.columns if c not in {"mgs_mean", "n_raters", "why_none"}]
    write_table(path, columns, chosen[columns].to_numpy().tolist())
    return path
