"""Training a classifier on labelled face images, from files to a model folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.errors import TooFewAnimalsError
from amgs.files import refuse_to_replace_folder
from amgs.images import find_near_duplicates
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.backbones.networks import Network
from amgs.model.backbones.table import Backbone, find_backbone, locate_backbone
from amgs.model.bundle import CARD, save_model
from amgs.model.card import (
    describe_backbone,
    describe_data,
    describe_parts,
    measure_parts,
    say_paper_network,
)
from amgs.model.card_warnings import (
    describe_pairs,
    pairs_across_parts,
    warn_of_few_units,
    warn_of_images,
    warn_of_never_sure,
    warn_of_nothing_learned,
    warn_of_odd_scores,
)
from amgs.model.likeness import Likeness, describe_image, describe_likeness, learn_likeness
from amgs.model.training.by_coat import describe_by_coat
from amgs.model.training.features import Extracted, FeatureCache, FeatureExtractor, View
from amgs.model.training.graded_images import GradedImages, ScoredImages, grade_images
from amgs.model.training.held_out import describe_promises, list_doubtful_labels
from amgs.model.training.options import TrainingOptions
from amgs.model.training.recipes import RECIPES, Trained, TrainingData
from amgs.model.training.sets import (
    leave_out_unreadable,
    parts_by_content,
    refuse_conflicting_content,
)
from amgs.model.training.splits import PartsOfData, split_images
from amgs.provenance import hash_file, hash_text, record_provenance
from amgs.vocabulary import CLASSES, PAIN, TRAINED_PARTS, LabelledImage


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What was learned, in numbers; the model itself lies in its folder.

    ``doubtful`` are images of whose label a head that never saw their animal says surely the other
    (`list_doubtful_labels`).
    """

    folder: Path
    card: dict[str, Any]
    doubtful: Sequence[dict[str, Any]] = ()


def train_model(
    images: Sequence[LabelledImage],
    folder: Path,
    options: TrainingOptions | None = None,
    *,
    overwrite: bool = False,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
    notice: str = "",
    about: Mapping[str, Any] | None = None,
    scored: ScoredImages | None = None,
) -> TrainingResult:
    """Train a classifier and write its model folder.

    Images that cannot be read are left out and listed in the card.

    Parameters
    ----------
    images
        Labelled face images, from `load_training_set`.
    folder
        The model folder to write.
    options
        How to train; ``None`` takes the defaults.
    overwrite
        Replace a model that is there.
    executor
        Computes features of several batches at a time; threads of this process if not given.
    progress
        Told what is going on.
    about
        What else the card says of the animals, such as their coats.
    scored
        Images with people's scores per action unit: the model then reads these too, graded.
    notice
        What whoever uses the model must know of its images, such as that their mice are drawn; it
        goes into the card, and is said whenever the model is used.

    Raises
    ------
    ConflictingLabelsError
        If two files of equal content carry different labels.
    OneClassError, TooFewAnimalsError, UnknownAnimalsError, LeakedAnimalError
        If the images cannot be split into parts that say something.
    OutputExistsError
        If the folder exists and `overwrite` is false.
    WeightsError, DownloadError
        If the backbone cannot be had.
    """
    options = options or TrainingOptions()
    refuse_to_replace_folder(folder, CARD, overwrite=overwrite)
    backbone = find_backbone(options.backbone)
    network_file = locate_backbone(backbone, options.weights, progress)
    extractor = open_extractor(options, executor, progress)

    extracted = extractor.extract([View(image.path) for image in images], progress)
    kept, extracted, unreadable = leave_out_unreadable(images, extracted)
    refuse_conflicting_content(
        (image.name, content, image.label)
        for image, content in zip(kept, extracted.contents, strict=True)
    )
    alike = find_near_duplicates(extracted.perceptual_hashes)
    parts = split_images(kept, options.split, options.seed, alike)
    data = TrainingData(
        views=[View(image.path) for image in kept],
        features=extracted.features,
        is_pain=np.array([image.label == PAIN for image in kept]),
        parts=parts,
        extractor=extractor,
        seed=options.seed,
        progress=progress,
    )
    trained = RECIPES[options.recipe](data)
    card = _make_card(
        _Training(options, backbone, network_file, kept, extracted, unreadable, alike, parts),
        trained,
    )
    likeness = _learn_likeness(kept, parts, extracted, options.seed)
    card["likeness"] = describe_likeness(likeness)
    card["promises"] = describe_promises(kept, parts, trained.held_out)
    doubtful = list_doubtful_labels(kept, trained.held_out)
    card["doubtful_labels"] = len(doubtful)
    card |= about or {}
    if notice:
        card["notice"] = notice
    part_of = parts_by_content(extracted.contents, parts.part.tolist())
    graded = _grade(scored, kept, parts, extractor, options, progress)
    if graded is not None:
        card["units"] = graded.card
        part_of = {**graded.parts, **part_of}
    save_model(
        folder,
        trained.head,
        network_file,
        backbone.preprocessing,
        card,
        parts=part_of,
        likeness=likeness,
        graded=None if graded is None else graded.head,
        overwrite=overwrite,
    )
    return TrainingResult(folder, card, doubtful)


def _grade(  # noqa: PLR0917
    scored: ScoredImages | None,
    images: Sequence[LabelledImage],
    parts: PartsOfData,
    extractor: FeatureExtractor,
    options: TrainingOptions,
    progress: ProgressCallback,
) -> GradedImages | None:
    """Train the layer for the action units, where animals are kept apart and there are enough."""
    if scored is None or options.predict == "pain" or parts.unit_name in {"image", "recording"}:
        return None
    if options.predict == "mgs":
        scored = scored.mgs_alone()
    divided = scored.divided_as(images, parts)
    if divided is None:
        return None
    try:
        return grade_images(scored, divided, extractor, options.seed, progress)
    except TooFewAnimalsError:
        return None  # pain or no pain can be learned from fewer


def _learn_likeness(
    images: Sequence[LabelledImage], parts: PartsOfData, extracted: Extracted, seed: int
) -> Likeness | None:
    """Learn what is like the images that the head was trained on, where animals are known.

    Recordings stand for animals that are not known; without either, neighbours would be images of
    the same minute, and everything else would look unlike.
    """
    rows = parts.rows(*TRAINED_PARTS)
    units = [images[row].animal or images[row].recording for row in rows.tolist()]
    if None in units:
        return None
    used = [images[row] for row in rows.tolist()]
    described = [describe_image(i.label, i.mgs, i.coat, i.laboratory) for i in used]
    return learn_likeness(extracted.features[rows], np.array(units), seed, described)


@dataclass(frozen=True, slots=True)
class _Training:
    """Everything that went into a training, for its card."""

    options: TrainingOptions
    backbone: Backbone
    network_file: Path
    images: Sequence[LabelledImage]
    extracted: Extracted
    unreadable: Sequence[dict[str, str]]
    alike: Sequence[tuple[int, int]]
    parts: PartsOfData


def _make_card(training: _Training, trained: Trained) -> dict[str, Any]:
    """Say what the model is, what it was trained on, and how well it does."""
    options, images, parts = training.options, training.images, training.parts
    leaks = pairs_across_parts(training.alike, parts)
    p_pain = trained.head.p_pain(training.extracted.features)
    used = {k: v for k, v in asdict(options).items() if k not in {"weights", "use_cache"}}
    used["weights"] = options.weights.name if options.weights else None
    further = warn_of_few_units(parts) + warn_of_odd_scores(images)
    further += warn_of_images(images, leaks, training.alike, training.unreadable)
    metrics = measure_parts(images, parts, p_pain, options.seed)
    further += warn_of_nothing_learned(metrics) + warn_of_never_sure(metrics)
    return {
        "title": f"pain / no pain on {training.backbone.title}, recipe {options.recipe}",
        "classes": list(CLASSES),
        "backbone": describe_backbone(training.backbone, training.network_file, options.weights),
        "recipe": {
            "name": options.recipe,
            **trained.details,
            **say_paper_network(options.recipe, options.backbone),
        },
        "data": describe_data(images, training.unreadable),
        "split": {
            "asked": options.split,
            **describe_parts(images, parts),
            "near_duplicates_across_parts": describe_pairs(leaks, images, parts),
        },
        "warnings": [*parts.warnings, *further],
        "metrics": metrics,
        "by_coat": describe_by_coat(images, parts, trained.held_out, p_pain, options.seed),
        "provenance": record_provenance(
            options=used,
            inputs={"images": _hash_inputs(images, training.extracted.contents)},
            seed=options.seed,
        ).as_dict(),
    }


def open_extractor(
    options: TrainingOptions,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
) -> FeatureExtractor:
    """Open the network of a training, with its cache of features."""
    backbone = find_backbone(options.backbone)
    network_file = locate_backbone(backbone, options.weights, progress)
    cache = None
    if options.use_cache:
        cache = FeatureCache.for_network(hash_file(network_file), backbone.preprocessing)
    return FeatureExtractor(
        Network(network_file), backbone.preprocessing, backbone.n_features, cache, executor
    )


def _hash_inputs(
    images: Sequence[LabelledImage], contents: npt.NDArray[Any] | Sequence[str]
) -> str:
    """One hash over contents, labels and animals, independent of the order of the images."""
    lines = sorted(
        f"{content}|{image.label}|{image.animal or ''}"
        for image, content in zip(images, contents, strict=True)
    )
    return hash_text(lines)
