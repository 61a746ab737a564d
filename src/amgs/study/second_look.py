"""Labels that look wrong, shown to their raters once more, blind and among others.

Which labels are doubtful a training lists (`amgs.model.training.held_out`). Raters see these faces
again as hidden repeats, mixed with as many whose label nobody doubts: how often they change their
mind about those says how often they would anyway. Labels stay those of the first look. Corrected
where a model disagrees and nowhere else, they would make the model look better than it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amgs.errors import NoImagesError, quoted
from amgs.model.training.held_out import DOUBTFUL
from amgs.scoring.labels import ImageScore, label_images, score_image
from amgs.study.actions import who_acts
from amgs.study.folder import StudyFolder
from amgs.study.labelling import score_faces
from amgs.study.orders import AGAIN
from amgs.study.present import present
from amgs.study.ratings_table import finished_answers
from amgs.study.results import write_result
from amgs.tables import format_cells, read_table
from amgs.vocabulary import CLASSES

FILE = "second_look.csv"
COLUMNS = ("image", "doubtful", "label", "mgs", "label_again", "mgs_again", "n_raters_again")
"""Columns of the table, one row per face that was shown again and answered."""


@dataclass(frozen=True)
class SecondLook:
    """What raters said of faces the second time.

    Parameters
    ----------
    rows
        The columns of `COLUMNS`; those answered so far.
    asked
        How many faces are shown again: with a doubtful label, and others.
    path
        The table.
    """

    rows: Sequence[Mapping[str, Any]]
    asked: tuple[int, int]
    path: Path

    def changed(self, *, doubtful: bool) -> tuple[int, int]:
        """Return how many faces have another label the second time, of how many answered."""
        mine = [row for row in self.rows if (row["doubtful"] == "yes") == doubtful]
        return sum(row["label"] != row["label_again"] for row in mine), len(mine)

    @property
    def says(self) -> str:
        """The result in a sentence."""
        (other, n), (usual, m) = self.changed(doubtful=True), self.changed(doubtful=False)
        return (
            f"Second look: {other} of {n} doubtful labels came out otherwise, and {usual} of {m} "
            f"of the others, of {sum(self.asked)} faces shown again."
        )


def ask_second_look(study: StudyFolder) -> tuple[int, int]:
    """Have the faces whose label is doubtful shown to their raters again, with as many others.

    Returns
    -------
    (int, int)
        How many faces with a doubtful label, and how many others.

    Raises
    ------
    NoImagesError
        If no training has listed doubtful labels, or none of these faces counts any more.
    """
    path = study.results / DOUBTFUL
    listed = list_doubtful(study)
    if not listed:
        msg = (
            f"Expected doubtful labels in {path}, found no such list. `amgs train "
            f"{quoted(study.folder)}` writes it where a model disagrees surely with a label."
        )
        raise NoImagesError(msg)
    now = present(study)
    labels = _labels(study, score_faces(study, now))
    keys = {face.image: face.id for face in now.faces}
    doubtful = sorted(image for image in listed if labels.get(image))
    if not doubtful:
        msg = f"Expected faces of this study in {path}, found none that has a label. Train again."
        raise NoImagesError(msg)
    others = _choose_others(labels, doubtful, study.settings.scoring.seed)
    asked = {
        "doubtful": [keys[image] for image in doubtful],
        "others": [keys[image] for image in others],
    }
    study.store.events.log(AGAIN, who_acts(), asked)
    return len(doubtful), len(others)


def list_doubtful(study: StudyFolder) -> set[str]:
    """Return the images whose label the last training doubts; none where there is no list."""
    path = study.results / DOUBTFUL
    if not path.exists():
        return set()
    return {name.removeprefix("../") for name in read_table(path, required=("image",))["image"]}


def _labels(study: StudyFolder, scores: Iterable[ImageScore]) -> dict[str, str]:
    rows, _ = label_images(scores, study.label_rule)
    return {row["image"]: row["label"] for row in rows}


def _choose_others(labels: Mapping[str, str], doubtful: Sequence[str], seed: int) -> list[str]:
    """Return as many faces of each label by lot, none of them doubtful."""
    rng = np.random.default_rng([seed, len(doubtful)])
    wanted = Counter(labels[image] for image in doubtful)
    found: list[str] = []
    for label in CLASSES:
        able = sorted(i for i, known in labels.items() if known == label and i not in doubtful)
        found += [able[k] for k in rng.permutation(len(able))[: wanted[label]]]
    return sorted(found)


def doubtful_images(study: StudyFolder) -> set[str]:
    """Return the images whose label was doubtful in any second look."""
    keys = {key for event in study.store.events.all(AGAIN) for key in event["doubtful"]}
    return {face.image for face in present(study).faces if face.id in keys} if keys else set()


def write_second_look(study: StudyFolder) -> SecondLook | None:
    """Write ``results/second_look.csv`` of the last second look; ``None`` where there was none."""
    events = study.store.events.all(AGAIN)
    if not events:
        return None
    now = present(study)
    doubtful, others = set(events[-1]["doubtful"]), set(events[-1]["others"])
    faces = {face.image: face for face in now.faces if face.id in doubtful | others}
    units = study.scale.unit_names
    answers = finished_answers(now.ratings, units, repeat=True)
    first = {score.image: score for score in score_faces(study, now)}
    labels = _labels(study, first.values())
    again = [
        score_image(image, answers[image].values(), units, study.label_rule)
        for image in faces
        if image in answers
    ]
    rows = [
        {
            "image": row["image"],
            "doubtful": "yes" if faces[row["image"]].id in doubtful else "no",
            "label": labels[row["image"]],
            "mgs": first[row["image"]].mgs,
            "label_again": row["label"],
            "mgs_again": row["mgs"],
            "n_raters_again": row["n_raters"],
        }
        for row in label_images(again, study.label_rule)[0]
    ]
    path = study.results / FILE
    write_result(study, path, COLUMNS, [format_cells(row, COLUMNS) for row in rows])
    return SecondLook(rows, (len(doubtful), len(others)), path)
