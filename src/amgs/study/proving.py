"""`models check`: how a model does on the study's own animals, by the scores of its raters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from amgs.errors import NoImagesError, UnknownNameError, quoted
from amgs.files import write_json
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.over_units import LEAST_FOR_MEANS
from amgs.model.proving import Readings, advise, prove
from amgs.prediction.readers import Reader
from amgs.scoring.labels import ImageScore
from amgs.study.actions import who_acts
from amgs.study.classifying import classify_faces
from amgs.study.folder import StudyFolder
from amgs.study.labelling import score_faces
from amgs.study.present import Present, present
from amgs.vocabulary import NO_PAIN, PAIN, TRAINED_PARTS

CHECKED = "model-checked"
"""The kind of event that keeps how a model did on the study's animals."""

P_PAIN = "p_pain"


def check_model(
    study: StudyFolder, reader: Reader, progress: ProgressCallback = no_progress
) -> dict[str, Any]:
    """Compare a model with the study's human scores, on animals that it was not trained with.

    Where it was trained with images of all but two of the scored animals, on the images that are
    new to it, and the document says so: ``same_animals``.

    Figures by timepoint are withheld until the study is unblinded. The document is kept in
    ``results/model_check_NAME.json`` and in the store, from which the report takes it.

    Parameters
    ----------
    study
        The study.
    reader
        The model.
    progress
        Told how many images were read.

    Returns
    -------
    dict
        Of `amgs.model.proving.prove`, with ``model``, ``sha256``, ``advice``, ``seen_in_training``
        (images), ``same_animals`` and ``withheld``.

    Raises
    ------
    UnknownNameError
        If the model does not call pain.
    NoImagesError
        If no face has a score, or the model was trained with all that have one.
    """
    require_pain(reader)
    now = present(study)
    scores = [score for score in score_faces(study, now) if score.mgs is not None]
    if not scores:
        msg = (
            "Expected faces with human scores, found none. Have about a hundred scored, of all "
            f"animals: amgs score {quoted(study.folder)}"
        )
        raise NoImagesError(msg)
    classify_faces(study, reader, only={score.image for score in scores}, progress=progress)
    readings, images, seen, same_animals = _pair(study, now, reader, scores)
    if not images:
        msg = (
            f"Expected scored faces that {reader.name} was not trained with, found none: all "
            f"{seen} were. What it says of those proves nothing. Have others scored."
        )
        raise NoImagesError(msg)
    parts, withheld = _parts(study, now, images)
    document = {
        "model": reader.name,
        "sha256": reader.sha256,
        **prove(readings, parts),
        "advice": advise(readings, _faces_by_animal(now)),
        "seen_in_training": seen,
        "same_animals": same_animals,
        "withheld": withheld,
    }
    write_json(model_check_file(study, reader.name), document)
    study.store.events.log(CHECKED, who_acts(), document)
    return document


def last_check(study: StudyFolder, sha256: str) -> dict[str, Any] | None:
    """Return how a model did when it was last checked in this study; ``None`` if it never was."""
    found = [e for e in study.store.events.all(CHECKED) if e["sha256"] == sha256]
    return found[-1] if found else None


def require_pain(reader: Reader) -> None:
    """Stop when a model does not say how probable pain is.

    Raises
    ------
    UnknownNameError
        If it says something else.
    """
    names = [output.name for output in reader.outputs]
    if P_PAIN not in names:
        msg = f"Expected a model that calls pain, found {reader.name}, which gives {names}."
        raise UnknownNameError(msg)


def _pair(
    study: StudyFolder, now: Present, reader: Reader, scores: list[ImageScore]
) -> tuple[Readings, list[str], int, bool]:
    """Return the readings of scored images that are new to the model, and how many are not.

    And whether they are of animals that it knows, as it was trained with others of each.
    """
    animals = {face.image: now.planned[face.recording].animal for face in now.faces}
    said = {row.image: row for row in study.store.predictions.all(reader.sha256)}
    trained = [name for name, row in said.items() if row.part in TRAINED_PARTS]
    known = {animals[name] for name in trained if name in animals}
    seen = sum(score.image in said and bool(said[score.image].part) for score in scores)
    usable = [
        (score.image, score.mgs, row)
        for score in scores
        if score.mgs is not None
        and (row := said.get(score.image)) is not None
        and not row.problem
        and not row.part
    ]
    # A model may know an animal by its looks: only others tell what it does with new ones.
    others = [found for found in usable if animals[found[0]] not in known]
    same_animals = len({animals[image] for image, _, _ in others}) < LEAST_FOR_MEANS
    rows, images = [], []
    for image, mgs_of_image, row in usable if same_animals else others:
        label = study.label_rule.label(round(mgs_of_image, 9))
        is_pain = {PAIN: 1.0, NO_PAIN: 0.0, None: np.nan}[label]
        rows.append((row.reading.number(P_PAIN), mgs_of_image, is_pain))
        images.append(image)
    p_pain, mgs, is_pain_ = np.array(rows, float).reshape(-1, 3).T
    names = np.array([animals[image] for image in images], dtype=str)
    return Readings(p_pain, mgs, is_pain_, names), images, seen, same_animals


def _parts(
    study: StudyFolder, now: Present, images: list[str]
) -> tuple[dict[str, np.ndarray[Any, Any]], list[str]]:
    """Return what images are divided by, where there is more than one, and what is withheld."""
    recordings = {face.image: now.planned[face.recording] for face in now.faces}
    values = {
        "laboratory": [recordings[image].further["laboratory"] for image in images],
        "timepoint": [recordings[image].timepoint for image in images],
    }
    several = {name: np.array(said) for name, said in values.items() if len(set(said)) > 1}
    # Shares of pain by timepoint would tell raters who still score what to expect.
    withheld = [] if study.unblindings else [name for name in several if name == "timepoint"]
    return {name: said for name, said in several.items() if name not in withheld}, withheld


def _faces_by_animal(now: Present) -> dict[str, int]:
    counts: dict[str, int] = {}
    for face in now.faces:
        animal = now.planned[face.recording].animal
        counts[animal] = counts.get(animal, 0) + 1
    return counts


def model_check_file(study: StudyFolder, name: str) -> Path:
    """Return where the document of a model's check is kept."""
    return study.results / f"model_check_{name}.json"
