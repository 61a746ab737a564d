"""Models of a study: trained on its labels, kept in its folder, known to its store."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from itertools import chain, count
from pathlib import Path
from typing import Any

from amgs.errors import NoImagesError, StudyError, UnknownNameError, list_faults, quoted
from amgs.files import whole_folder
from amgs.jobs import ProgressCallback
from amgs.model.bundle import CARD, load_model
from amgs.model.train import TrainingOptions, train_model
from amgs.model.training_set import load_training_set
from amgs.provenance import record_provenance
from amgs.study.checking import check_faces
from amgs.study.labelling import write_training_images
from amgs.study.layout import MODELS
from amgs.study.study import Study
from amgs.vocabulary import NO_PAIN, PAIN

TRAINED = "trained"
"""The kind of event that keeps the rule of the labels a model was trained on."""


def train_on_labels(
    study: Study,
    name: str,
    options: TrainingOptions,
    *,
    overwrite: bool,
    progress: ProgressCallback,
) -> dict[str, Any]:
    """Train a model of the study's labels; see `Study.train`.

    Raises
    ------
    NoImagesError
        If there are not labels of both classes.
    """
    path, counts = study.label()
    if counts[PAIN] == 0 or counts[NO_PAIN] == 0:
        found = ", ".join(f"{n} {what}" for what, n in counts.items())
        msg = (
            f"Expected faces labelled `pain` and `no pain` to train on, found {found}. Raters "
            f"score with `amgs score {quoted(study.folder)}`; the rule for labels is in study.toml."
        )
        raise NoImagesError(msg)
    faults = check_faces(study.store.faces.all(), study.design(), study.folder)
    if faults:
        msg = f"Expected the face images as they were scored, found {len(faults)} faults:\n"
        raise StudyError(f"{msg}{list_faults(faults)}\nPut the files back; nothing was trained.")
    folder = study.folder / MODELS / name
    images = load_training_set(
        write_training_images(study, path), highest_mgs=study.scale.highest_sum
    )
    result = train_model(
        images, folder, options, overwrite=overwrite, progress=progress, notice=study.notice
    )
    sha256 = know_model(study, folder)
    rule = asdict(study.label_rule)
    study.store.events.log(TRAINED, "", {"model": sha256, "rule": rule})
    return result.card


def know_model(study: Study, folder: Path) -> str:
    """Take a model up into the study's store; return its SHA-256."""
    sha256 = load_model(folder).sha256
    place = folder.relative_to(study.folder).as_posix()
    origin = record_provenance({"model": place}, {"model": sha256}).as_dict()
    study.store.predictions.add_model(folder.name, place, sha256, origin)
    return sha256


def adopt_model(study: Study, folder: Path) -> Path:
    """See `Study.adopt_model`."""
    models = (study.folder / MODELS).resolve()
    if folder.resolve().parent == models:
        target = study.folder / MODELS / folder.name
    else:
        target = _copy_model(folder, study.folder / MODELS)
    know_model(study, target)
    return target


def _copy_model(folder: Path, models: Path) -> Path:
    """Copy a model, unless it is there; never over another one that has the same name."""
    sha256 = load_model(folder).sha256  # a damaged one is not taken over
    owner = folder.resolve().parent
    whose = owner.parent.name if owner.name == MODELS else owner.name
    names = chain([folder.name, f"{whose}_{folder.name}"], (f"{folder.name}_{n}" for n in count(2)))
    for name in names:
        target = models / name
        if not target.exists():
            with whole_folder(target, CARD) as work:
                shutil.copytree(folder, work, dirs_exist_ok=True)
            return target
        if load_model(target).sha256 == sha256:
            return target
    raise AssertionError  # there is always another number


def find_model(study: Study, name: str) -> Path:
    """Return the folder of a model; see `Study.model_folder`."""
    known = [(model, folder) for model, folder, _ in study.store.predictions.models() if folder]
    folders = dict(known)
    name = name or (known[-1][0] if known else "")
    if name not in folders:
        listed = ", ".join(folders) or "none yet; `amgs train STUDY` makes one"
        found = f", found {name!r}" if name else ""
        raise UnknownNameError(f"Expected a model of the study ({listed}){found}.")
    return study.folder / folders[name]
