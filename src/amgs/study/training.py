"""Models of a study: trained on its labels, kept in its folder, known to its store."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, replace
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any

from amgs.errors import NoImagesError, StudyError, UnknownNameError, count_of, list_faults, quoted
from amgs.files import atomic_folder
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.bundle import CARD, load_model
from amgs.model.training.graded_images import ScoredImages
from amgs.model.training.held_out import DOUBTFUL, write_doubtful_labels
from amgs.model.training.options import TrainingOptions
from amgs.model.training.sets import load_training_set
from amgs.model.training.train import train_model
from amgs.prediction.models import is_built_in
from amgs.provenance import hash_file, record_provenance
from amgs.scoring.among_raters import count_scores, stand_among_raters
from amgs.scoring.ratings import first_answers
from amgs.store.records import FaceRecord
from amgs.study.actions import MODEL_USED, who_acts
from amgs.study.checking import check_faces
from amgs.study.folder import StudyFolder
from amgs.study.labelling import make_codes, write_labels, write_training_images
from amgs.study.layout import MODELS
from amgs.study.present import Present, present
from amgs.study.ratings_table import long_table
from amgs.vocabulary import NO_PAIN, PAIN

TRAINED = "trained"
"""The kind of event that keeps the rule of the labels a model was trained on."""


def train_on_labels(
    study: StudyFolder,
    name: str,
    options: TrainingOptions,
    *,
    overwrite: bool = False,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
) -> dict[str, Any]:
    """Train a model of the study's labels into ``models/NAME``; return its card.

    Raises
    ------
    NoImagesError
        If there are not labels of both classes.
    StudyError
        If the name is that of a model that comes with amgs.
    """
    require_own_name(name)
    path, counts = write_labels(study)
    if counts[PAIN] == 0 or counts[NO_PAIN] == 0:
        found = ", ".join(f"{n} {what}" for what, n in counts.items())
        msg = (
            f"Expected faces labelled `pain` and `no pain` to train on, found {found}. Raters "
            f"score with `amgs score {quoted(study.folder)}`; the rule for labels is in study.toml."
        )
        raise NoImagesError(msg)
    require_faces_as_scored(study)
    folder = study.folder / MODELS / name
    images = load_training_set(
        write_training_images(study, path), highest_mgs=study.scale.highest_sum
    )
    coats = coat_of_codes(study)
    images = [replace(image, coat=coats.get(image.animal or "")) for image in images]
    result = train_model(
        images,
        folder,
        options,
        overwrite=overwrite,
        executor=executor,
        progress=progress,
        notice=study.notice,
        about={"coats": sorted(set(coats.values()))} if coats else {},
        scored=None if options.predict == "pain" else scored_images(study),
    )
    write_doubtful_labels(path.with_name(DOUBTFUL), result.doubtful)
    sha256 = register_model(study, folder)
    rule = asdict(study.label_rule)
    labels = hash_file(path.with_name("training_images.csv"))
    study.store.events.log(TRAINED, "", {"model": sha256, "rule": rule, "labels": labels})
    note_use(study, sha256)
    return result.card


def require_faces_as_scored(study: StudyFolder) -> None:
    """Stop when a face image is another one than its raters saw.

    Raises
    ------
    StudyError
        With every one.
    """
    faults = check_faces(present(study).faces, study.folder)
    if faults:
        n = count_of(len(faults), "fault")
        msg = f"Expected the face images as they were scored, found {n}:\n"
        raise StudyError(f"{msg}{list_faults(faults)}\nPut the files back; nothing was trained.")


def scored_images(study: StudyFolder) -> ScoredImages | None:
    """Return the study's faces with all that raters said of their units; ``None`` without any.

    Animals stand there as codes, as in the table of labels, so that both are divided alike.
    """
    now = present(study)
    faces = {face.image: face for face in now.faces}
    table = long_table(now.ratings, study.scale)
    table = table[table["image"].isin(faces)]
    if table.empty:
        return None
    ratings = first_answers(table)
    codes = make_codes(study)
    return ScoredImages(
        paths=[study.folder / image for image in ratings.images],
        names=list(ratings.images),
        animals=[codes(now.planned[faces[image].recording].animal) for image in ratings.images],
        scores=count_scores(ratings),
        judge=partial(stand_among_raters, ratings),
        laboratories=_laboratories(now, [faces[image] for image in ratings.images]),
    )


def _laboratories(now: Present, faces: Sequence[FaceRecord]) -> list[str] | None:
    """Return the laboratory of every face, where the study's table names all of them."""
    found = [now.planned[face.recording].further["laboratory"] for face in faces]
    return found if all(found) else None


def list_coats(study: StudyFolder) -> list[str]:
    """Return the coats of the animals that ``recordings.csv`` names, in the order of letters."""
    return sorted({r.further["coat"] for r in study.design().recordings if r.further["coat"]})


def coat_of_codes(study: StudyFolder) -> dict[str, str]:
    """Return the coat of every animal whose coat is known, by the code it has in tables."""
    codes = make_codes(study)
    coats = {r.animal: r.further["coat"] for r in study.design().recordings}
    return {codes(animal): coat for animal, coat in coats.items() if coat}


def same_model(study: StudyFolder, folder: Path) -> str:
    """Return the name of a model of the study that one is again, to the last byte; else nothing."""
    sha256 = load_model(folder).sha256
    place = folder.relative_to(study.folder).as_posix()
    for name, known, known_sha256 in study.store.predictions.models():
        if known_sha256 == sha256 and known and known != place:
            return name
    return ""


def warn_of_other_coats(study: StudyFolder, card: Mapping[str, Any]) -> list[str]:
    """Say so when a model was trained on animals of other coats than those of the study."""
    trained, here = set(card.get("coats") or ()), set(list_coats(study))
    other = sorted(here - trained)
    if not trained or not other:
        return []
    text = (
        f"The model was trained on {', '.join(sorted(trained))} animals; the study has "
        f"{', '.join(other)} ones, of which it knows nothing. Score some of them and compare."
    )
    return [text]


def trained_on_other_labels(study: StudyFolder, sha256: str) -> list[str]:
    """Say so when labels, animals or exclusions are others than when a model was trained here."""
    trained = [
        event["labels"]
        for event in study.store.events.all(TRAINED)
        if event["model"] == sha256 and "labels" in event
    ]
    if not trained:
        return []
    path, _ = write_labels(study)
    if hash_file(write_training_images(study, path)) == trained[-1]:
        return []
    text = (
        "Labels, animals or exclusions are others than when the model was trained: what is said of "
        "its training and test is of then. `amgs train` makes one of what the study holds now."
    )
    return [text]


def require_own_name(name: str) -> None:
    """Stop at a name by which a model that comes with amgs is called: that one would be asked.

    Raises
    ------
    StudyError
        If it is one.
    """
    if is_built_in(name):
        msg = (
            f"Expected a name of its own for the model, found {name!r}, the name of one that comes "
            "with amgs. Choose another name."
        )
        raise StudyError(msg)


def register_model(study: StudyFolder, folder: Path) -> str:
    """Let the study's store know a model; return its SHA-256.

    Raises
    ------
    StudyError
        If its name is that of a model that comes with amgs.
    """
    require_own_name(folder.name)
    sha256 = load_model(folder).sha256
    place = folder.relative_to(study.folder).as_posix()
    origin = record_provenance({"model": place}, {"model": sha256}).as_dict()
    study.store.predictions.add_model(folder.name, place, sha256, origin)
    return sha256


def adopt_model(study: StudyFolder, folder: Path) -> Path:
    """Copy a model from elsewhere into ``models``, so that the study stays whole; return it.

    It keeps its name unless another model here has it; then its study's name goes before it.
    """
    models = (study.folder / MODELS).resolve()
    if folder.resolve().parent == models:
        target = study.folder / MODELS / folder.name
    else:
        target = _copy_model(folder, study.folder / MODELS)
    register_model(study, target)
    return target


def _copy_model(folder: Path, models: Path) -> Path:
    """Copy a model, unless it is there; never over another one that has the same name."""
    sha256 = load_model(folder).sha256  # a damaged one is not taken over
    owner = folder.resolve().parent
    whose = owner.parent.name if owner.name == MODELS else owner.name
    names = chain([folder.name, f"{whose}_{folder.name}"], (f"{folder.name}_{n}" for n in count(2)))
    for name in names:
        if is_built_in(name):
            continue
        target = models / name
        if not target.exists():
            with atomic_folder(target, CARD) as work:
                shutil.copytree(folder, work, dirs_exist_ok=True)
            return target
        if load_model(target).sha256 == sha256:
            return target
    raise AssertionError  # there is always another number


def find_model(study: StudyFolder, name: str) -> Path:
    """Return the folder of a model of the study; if the name is empty, of the one last used.

    That is the one that was trained or that classified the faces last.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    models = study.store.predictions.models()
    folders = {model: folder for model, folder, _ in models if folder}
    name = name or _last_used(study, {sha256: model for model, folder, sha256 in models if folder})
    if name not in folders and name and (study.folder / MODELS / name / CARD).is_file():
        return study.folder / MODELS / name  # the same as another one, under a name of its own
    if name not in folders:
        listed = ", ".join(folders) or "none yet; `amgs train STUDY` makes one"
        found = f", found {name!r}" if name else ""
        raise UnknownNameError(f"Expected a model of the study ({listed}){found}.")
    return study.folder / folders[name]


def _last_used(study: StudyFolder, known: Mapping[str, str]) -> str:
    """Return the name of the model that was trained or used last."""
    used = [e["model"] for e in study.store.events.all(MODEL_USED) if e["model"] in known]
    # By none, or by an earlier version, which took the newest.
    *_, last = used or known or [""]
    return known.get(last, "")


def note_use(study: StudyFolder, sha256: str) -> None:
    """Write down that a model was trained or classified the faces, unless it was the last one."""
    events = study.store.events
    if [e["model"] for e in events.all(MODEL_USED)][-1:] != [sha256]:
        events.log(MODEL_USED, who_acts(), {"model": sha256})
