"""From answers to the score and the label of every face."""

from __future__ import annotations

from pathlib import Path

from amgs.scoring.labels import LABEL_COLUMNS, ImageScore, label_images, score_image
from amgs.study.codes import Codes
from amgs.study.consistency import require_same_scoring
from amgs.study.folder import StudyFolder
from amgs.study.present import Present, present
from amgs.study.ratings_table import finished_answers
from amgs.study.results import write_result
from amgs.tables import read_table, write_table


def make_codes(study: StudyFolder) -> Codes:
    """Return the codes that stand for names of animals and recordings."""
    return Codes(study.settings.scoring.seed)


def score_faces(study: StudyFolder, now: Present) -> list[ImageScore]:
    """Return the human score of every face that counts; see `amgs.scoring.labels.score_image`."""
    units = study.scale.unit_names
    if now.ratings:
        require_same_scoring(study)
    by_image = finished_answers(now.ratings, units)
    return [
        score_image(face.image, by_image.get(face.image, {}).values(), units, study.label_rule)
        for face in now.faces
    ]


def write_labels(study: StudyFolder) -> tuple[Path, dict[str, int]]:
    """Make labels of the scores and write ``results/labels.csv``; return it with counts.

    Before the study is unblinded, animals and recordings stand there as codes: training keeps
    animals apart all the same.
    """
    now = present(study)
    rows, counts = label_images(score_faces(study, now), study.label_rule)
    faces = {face.image: face for face in now.faces}
    animals = {name: r.animal for name, r in now.planned.items()}
    shown = str if study.unblindings else make_codes(study)
    for row in rows:
        face = faces[row["image"]]
        row |= {
            "image": f"../{face.image}",
            "animal": shown(animals[face.recording]),
            "recording": shown(face.recording),
            "content": face.content[:16],
        }
    path = study.results / "labels.csv"
    write_result(study, path, LABEL_COLUMNS, [[row[c] for c in LABEL_COLUMNS] for row in rows])
    return path, counts


def write_training_images(study: StudyFolder, labels: Path) -> Path:
    """Write the images of ``labels.csv`` that have a label beside it, for training.

    Animals and recordings stand here as codes at all times: training would divide them otherwise
    after unblinding than before.
    """
    table = read_table(labels, required=("image", "label", "animal", "recording"))
    chosen = table[table["label"] != ""].copy()
    if study.unblindings:
        for column in ("animal", "recording"):
            chosen[column] = chosen[column].map(make_codes(study))
    path = labels.with_name("training_images.csv")
    columns = [c for c in table.columns if c not in {"mgs_per_unit", "n_raters", "why_none"}]
    write_table(path, columns, chosen[columns].to_numpy().tolist())
    return path
