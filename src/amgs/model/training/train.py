"""Training a classifier on labelled face images, from files to a model folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.errors import ConflictingLabelsError, NoImagesError, OneClassError, count_of, list_faults
from amgs.files import refuse_to_replace_folder
from amgs.images import find_near_duplicates
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.backbones.networks import Network
from amgs.model.backbones.table import DEFAULT_BACKBONE, Backbone, find_backbone, locate_backbone
from amgs.model.bundle import CARD, save_model
from amgs.model.card import describe_data, describe_parts, measure_parts
from amgs.model.card_warnings import (
    describe_pairs,
    pairs_across_parts,
    warn_of_few_units,
    warn_of_images,
    warn_of_never_sure,
    warn_of_nothing_learned,
    warn_of_odd_scores,
)
from amgs.model.training.features import Extracted, FeatureCache, FeatureExtractor, View
from amgs.model.training.recipes import RECIPES, Trained, TrainingData
from amgs.model.training.splits import PartsOfData, split_images
from amgs.provenance import hash_file, hash_text, record_provenance
from amgs.vocabulary import (
    CLASSES,
    PAIN,
    TRAINED_PARTS,
    LabelledImage,
    Part,
    RecipeName,
    SplitUnit,
)


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How to train.

    Parameters
    ----------
    backbone
        A name out of `amgs.model.backbones.table.BACKBONES`.
    recipe
        ``best`` chooses by cross-validation; ``paper`` does as Tuttle et al. 2018 did.
    split
        ``animal`` keeps all images of an animal in one part; ``image`` splits at random, as the
        paper did, which makes the test numbers too good for new animals.
    seed
        The same seed, images and versions give the same model.
    weights
        A weight file for a backbone that does not ship with amgs.
    use_cache
        Keep features for the next training.
    """

    backbone: str = DEFAULT_BACKBONE
    recipe: RecipeName = "best"
    split: SplitUnit = "animal"
    seed: int = 0
    weights: Path | None = None
    use_cache: bool = True


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What was learned, in numbers; the model itself lies in its folder."""

    folder: Path
    card: dict[str, Any]


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
    extractor = _open_extractor(backbone, network_file, executor, use_cache=options.use_cache)

    extracted = extractor.extract([View(image.path) for image in images], progress)
    kept, extracted, unreadable = _leave_out_unreadable(images, extracted)
    _refuse_conflicting_content(kept, extracted.contents)
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
    card |= about or {}
    if notice:
        card["notice"] = notice
    part_of = _parts_by_content(extracted.contents, parts.part.tolist())
    save_model(
        folder,
        trained.head,
        network_file,
        backbone.preprocessing,
        card,
        parts=part_of,
        overwrite=overwrite,
    )
    return TrainingResult(folder, card)


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
        "backbone": _describe_backbone(training.backbone, training.network_file, options.weights),
        "recipe": {"name": options.recipe, **trained.details},
        "data": describe_data(images, training.unreadable),
        "split": {
            "asked": options.split,
            **describe_parts(images, parts),
            "near_duplicates_across_parts": describe_pairs(leaks, images, parts),
        },
        "warnings": [*parts.warnings, *further],
        "metrics": metrics,
        "provenance": record_provenance(
            options=used,
            inputs={"images": _hash_inputs(images, training.extracted.contents)},
            seed=options.seed,
        ).as_dict(),
    }


def _parts_by_content(contents: Sequence[str], parts: Sequence[Part]) -> dict[str, Part]:
    """Return the part each image was in; of equal images in several parts, one it learned from.

    With a split by image, copies of one image may lie in different parts: what the model has seen
    anywhere is not new to it.
    """
    found: dict[str, Part] = {}
    for content, part in zip(contents, parts, strict=True):
        if found.get(content) not in TRAINED_PARTS:
            found[content] = part
    return found


def _open_extractor(
    backbone: Backbone, network_file: Path, executor: Executor | None, *, use_cache: bool
) -> FeatureExtractor:
    cache = None
    if use_cache:
        cache = FeatureCache.for_network(hash_file(network_file), backbone.preprocessing)
    return FeatureExtractor(
        Network(network_file), backbone.preprocessing, backbone.n_features, cache, executor
    )


def _leave_out_unreadable(
    images: Sequence[LabelledImage], extracted: Extracted
) -> tuple[list[LabelledImage], Extracted, list[dict[str, str]]]:
    """Return the readable images with their rows, and a list of the others with the reasons."""
    unreadable = [
        {"image": images[row].name, "problem": problem}
        for row, problem in sorted(extracted.problems.items())
    ]
    good = [row for row in range(len(images)) if row not in extracted.problems]
    if not good:
        listed = list_faults([f"{item['image']}: {item['problem']}" for item in unreadable])
        msg = f"Expected images that can be read, found none among {len(images)}:\n{listed}"
        raise NoImagesError(msg)
    kept = [images[row] for row in good]
    if len({image.label for image in kept}) < len(CLASSES):
        msg = (
            f"Expected readable images of both classes, found only `{kept[0].label}` after "
            f"{count_of(len(unreadable), 'file')} could not be read. Replace the damaged files."
        )
        raise OneClassError(msg)
    rows = Extracted(
        features=extracted.features[good],
        perceptual_hashes=extracted.perceptual_hashes[good],
        contents=[extracted.contents[row] for row in good],
        computed=extracted.computed,
    )
    return kept, rows, unreadable


def _refuse_conflicting_content(images: Sequence[LabelledImage], contents: Sequence[str]) -> None:
    first: dict[str, LabelledImage] = {}
    conflicts = []
    for image, content in zip(images, contents, strict=True):
        other = first.setdefault(content, image)
        if other.label != image.label:
            conflicts.append(f"{other.name} ({other.label}) and {image.name} ({image.label})")
    if conflicts:
        msg = (
            "Expected one label for every image, found equal files with different labels:\n"
            f"{list_faults(conflicts)}\nDecide for one of each pair and remove the other."
        )
        raise ConflictingLabelsError(msg)


def _describe_backbone(
    backbone: Backbone, network_file: Path, weights: Path | None
) -> dict[str, Any]:
    """Say what the network is; of weights brought by hand only their hash is known."""
    origin = {"trained_on": backbone.trained_on, "source": backbone.source}
    if weights is not None and backbone.weights is not None:
        origin = {
            "trained_on": "not known to amgs",
            "source": f"{weights.name}, brought by hand, SHA-256 {hash_file(weights)}",
        }
    return {
        "name": backbone.name,
        "title": backbone.title,
        **origin,
        "licence": backbone.licence,
        "n_features": backbone.n_features,
        "sha256": hash_file(network_file),
    }


def _hash_inputs(
    images: Sequence[LabelledImage], contents: npt.NDArray[Any] | Sequence[str]
) -> str:
    """One hash over contents, labels and animals, independent of the order of the images."""
    lines = sorted(
        f"{content}|{image.label}|{image.animal or ''}"
        for image, content in zip(images, contents, strict=True)
    )
    return hash_text(lines)
