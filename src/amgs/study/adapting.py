"""`adapt`: a model from elsewhere fitted to the study's own animals, by about a hundred scores."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from amgs.errors import NoImagesError, TooFewAnimalsError, quoted
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.bundle import NETWORK, Model, load_model, save_model
from amgs.model.likeness import describe_image, describe_likeness, learn_likeness
from amgs.model.proving import FIGURES, Readings, prove, say_figure
from amgs.model.training.adapting import Adapted, Scored, Way, adapt_head
from amgs.model.training.choosing import choose_worth_scoring
from amgs.model.training.features import FeatureCache, FeatureExtractor, View
from amgs.prediction.pain import PainReader
from amgs.provenance import hash_file, record_provenance
from amgs.scoring.labels import LabelRule
from amgs.store import FaceRecord
from amgs.study.actions import who_acts
from amgs.study.classifying import classify_faces
from amgs.study.folder import StudyFolder
from amgs.study.labelling import make_codes, score_faces
from amgs.study.layout import MODELS
from amgs.study.orders import ask_for_faces, asked_faces
from amgs.study.present import present
from amgs.study.proving import P_PAIN
from amgs.study.ratings_table import finished_answers
from amgs.study.training import (
    TRAINED,
    coat_of_codes,
    list_coats,
    note_use,
    register_model,
    require_faces_as_scored,
    require_own_name,
)
from amgs.vocabulary import NO_PAIN, PAIN, Part

DEFAULT_FACES = 100
CANDIDATES_PER_FACE = 20
"""A model looks at so many faces for each one that is chosen; more would only take longer."""

ENOUGH = 0.9
"""When so much of what was asked for is scored, the model is adapted."""

CARD_TEXT = "adapted_model.txt"
_WAYS = {
    "as it is": "left as it is: no way did better on animals left out",
    "recalibrated": "its confidence was calibrated anew; what it looks at is unchanged",
    "corrected": "its last layer was corrected, the old one as prior",
    "trained anew": "its last layer was trained anew on these faces alone, on the same network",
}


@dataclass(frozen=True)
class Asked:
    """Where scoring stands: how many faces were asked for, of how many animals, how many are done.

    ``usable`` counts all scored faces of the study that the model was not trained with.
    """

    faces: int
    animals: int
    done: int
    usable: int

    @property
    def is_enough(self) -> bool:
        """Whether the model can be adapted."""
        return self.faces > 0 and self.done >= ENOUGH * self.faces


def ask_for_scores(
    study: StudyFolder,
    model: Path,
    wanted: int = DEFAULT_FACES,
    progress: ProgressCallback = no_progress,
) -> Asked:
    """Choose faces that are worth scoring; raters are shown these before all others, blind.

    Parameters
    ----------
    study
        The study.
    model
        The model folder.
    wanted
        How many faces.
    progress
        Told how many images the model has looked at.

    Raises
    ------
    NoImagesError
        If there is no face without a score.
    """
    reader = PainReader(model)
    now = present(study)
    scored = {score.image for score in score_faces(study, now) if score.mgs is not None}
    animals = {face.image: now.planned[face.recording].animal for face in now.faces}
    faces = [face for face in now.faces if face.image not in scored]
    faces = [face for face in faces if not reader.part_of(face.content)]
    if not faces:
        raise NoImagesError("Expected faces without a score to choose from, found none.")
    seed = study.settings.scoring.seed
    # Which faces the model looks at is drawn by lot too: a long study has thousands.
    names = [animals[face.image] for face in faces]
    candidates = [
        faces[k] for k in choose_worth_scoring(names, None, wanted * CANDIDATES_PER_FACE, seed)
    ]
    classify_faces(study, reader, only={face.image for face in candidates}, progress=progress)
    said = {
        row.image: row.reading.number(P_PAIN)
        for row in study.store.predictions.all(reader.sha256)
        if not row.problem
    }
    candidates = [face for face in candidates if face.image in said]
    p_pain = np.array([said[face.image] for face in candidates])
    names = [animals[face.image] for face in candidates]
    chosen = [candidates[k] for k in choose_worth_scoring(names, p_pain, wanted, seed)]
    ask_for_faces(study, [face.id for face in chosen], {"model": reader.sha256})
    return scores_so_far(study, model)


def scores_so_far(study: StudyFolder, model: Path) -> Asked:
    """Return where scoring stands for the adapting of a model."""
    opened = load_model(model)
    usable = len(_usable(study, opened))
    asked = asked_faces(study, model=opened.sha256)
    if not asked:
        return Asked(0, 0, 0, usable)
    now = present(study)
    faces = [face for face in now.faces if face.id in asked]
    animals = {now.planned[face.recording].animal for face in faces}
    # One that its raters found not scorable is done too, though nothing is learned from it.
    units = study.scale.unit_names
    scored = set(finished_answers(now.ratings, units))
    return Asked(len(faces), len(animals), sum(f.image in scored for f in faces), usable)


def adapt_to_study(
    study: StudyFolder,
    model: Path,
    name: str,
    *,
    overwrite: bool = False,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
) -> dict[str, Any]:
    """Adapt a model to the scored faces of the study, into ``models/NAME``; return its card.

    Raises
    ------
    TooFewAnimalsError
        If too few animals have scored faces, or all are in pain, or none.
    OutputExistsError
        If there is a model of this name and `overwrite` is false.
    StudyError
        If the name is that of a model that comes with amgs.
    """
    require_own_name(name)
    old = load_model(model)
    usable = _usable(study, old)
    if not usable:
        msg = f"Expected scored faces, found none: amgs score {quoted(study.folder)}"
        raise TooFewAnimalsError(msg)
    require_faces_as_scored(study)
    extractor = FeatureExtractor(
        old.open_network(),
        old.preprocessing,
        len(old.head.weights),
        FeatureCache.for_network(hash_file(old.network_file), old.preprocessing),
        executor,
    )
    faces = [face for face, _ in usable]
    extracted = extractor.extract([View(study.folder / f.image) for f in faces], progress)
    good = [k for k in range(len(faces)) if k not in extracted.problems]
    now = present(study)
    codes = make_codes(study)
    animals = [codes(now.planned[face.recording].animal) for face in faces]
    mgs = np.array([score for _, score in usable])
    scored = Scored(extracted.features, soft_labels(mgs, study.label_rule), np.array(animals))
    scored = scored.take(np.array(good))
    adapted = adapt_head(old.head, scored, study.settings.scoring.seed)
    figures = _before_and_after(adapted, scored, mgs[good], study.label_rule)
    contents: dict[str, Part] = {faces[k].content: "train" for k in good}
    card = _make_card(study, old, adapted, figures)
    coats = coat_of_codes(study)
    likeness = learn_likeness(
        scored.features,
        scored.animals,
        study.settings.scoring.seed,
        [describe_image("scored", mgs[k], coats.get(animals[k])) for k in good],
    )
    card["likeness"] = describe_likeness(likeness)
    folder = study.folder / MODELS / name
    save_model(
        folder,
        adapted.head,
        old.network_file.parent / NETWORK,
        old.preprocessing,
        card,
        parts={**old.parts, **contents},
        likeness=likeness,
        overwrite=overwrite,
    )
    sha256 = register_model(study, folder)
    rule = asdict(study.label_rule)
    study.store.events.log(TRAINED, who_acts(), {"model": sha256, "rule": rule})
    note_use(study, sha256)
    return card


def soft_labels(
    mgs: np.ndarray[Any, np.dtype[np.float64]], rule: LabelRule
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return 1 for pain, 0 for no pain, and for scores between both their place between them."""
    return np.clip((mgs - rule.no_pain_to) / (rule.pain_from - rule.no_pain_to), 0, 1)


def _usable(study: StudyFolder, model: Model) -> list[tuple[FaceRecord, float]]:
    """Return the faces that have a score and were not used to train the model."""
    now = present(study)
    faces = {face.image: face for face in now.faces}
    return [
        (faces[score.image], score.mgs)
        for score in score_faces(study, now)
        if score.mgs is not None and not model.parts.get(faces[score.image].content)
    ]


def _before_and_after(
    adapted: Adapted, scored: Scored, mgs: np.ndarray[Any, Any], rule: LabelRule
) -> dict[str, Any]:
    values = {PAIN: 1.0, NO_PAIN: 0.0, None: np.nan}
    is_pain = np.array([values[rule.label(round(float(score), 9))] for score in mgs])
    found = {}
    for when, p_pain in (("before", adapted.before), ("after", adapted.after)):
        found[when] = prove(Readings(p_pain, mgs, is_pain, scored.animals), {})["all"]
    return found


def _make_card(
    study: StudyFolder, old: Model, adapted: Adapted, figures: Mapping[str, Any]
) -> dict[str, Any]:
    title = f"{old.card.get('title', 'a model')}, adapted to {study.name}"
    after = figures["after"]
    losses = {say_way(way): loss for way, loss in adapted.losses.items()}
    text = (files("amgs") / "data" / CARD_TEXT).read_text(encoding="utf-8")
    card: dict[str, Any] = {
        "title": title,
        "adapted_from": {"title": old.card.get("title", ""), "sha256": old.sha256},
        "adapting": {"way": say_way(adapted.way), **figures, "losses": losses},
        "card": text.format(
            title=title,
            old_title=old.card.get("title", ""),
            old_sha256=old.sha256,
            images=after["images"],
            animals=after["animals"],
            way=_WAYS[adapted.way.name],
            figures="\n".join(
                f"| {meaning} | {say_figure(figures['before'], key)} | {say_figure(after, key)} |"
                for key, meaning in FIGURES.items()
            ),
            losses="\n".join(f"- {way}: {loss:.3f}" for way, loss in losses.items()),
            old_card=old.card.get("card", "see `adapted_from` in card.json."),
        ),
        "warnings": [],
        "coats": sorted({*old.card.get("coats", []), *list_coats(study)}),
        "provenance": record_provenance(
            {"study": study.name}, {"model": old.sha256}, study.settings.scoring.seed
        ).as_dict(),
    }
    # What must be known of mice that were drawn holds on; what was said of one trained elsewhere
    # is answered by the figures before and after.
    inherited = "" if "imported_from" in old.card else old.notice
    if notice := " ".join(dict.fromkeys(text for text in (study.notice, inherited) if text)):
        card["notice"] = notice
    return card


def say_way(way: Way) -> str:
    """Name a way to adapt, for people."""
    return way.name if way.strength is None else f"{way.name} (strength {way.strength:g})"
