"""Whether pain can be told from what is no face: the background, the zone, the day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from amgs.errors import AmgsError
from amgs.faces.base import FaceDetector
from amgs.faces.detections import Box
from amgs.images import read_image
from amgs.jobs import ProgressCallback, bounded_map, no_progress, open_executor
from amgs.model.metrics import area_under_curve
from amgs.model.over_units import Interval, interval_over_units
from amgs.model.training.heads import train_logistic_head
from amgs.model.training.splits import cross_validation_folds
from amgs.prediction.orbital import find_main_face
from amgs.prediction.pain import PainReader
from amgs.prediction.readers import ImageToClassify

_T = TypeVar("_T")

BACKGROUND, FACE = "background", "whole image"

_STRENGTH, _FOLDS, _SEED = 0.3, 5, 0
_LEAST_ANIMALS, _LEAST_IMAGES = 6, 40
_FRAME = 0.04
_SHARE_OF_FACE = 0.75
_LEAST_ALARMING = 0.65
"""An alarm is given when something else than the face tells pain at least so well, and three
quarters as far above chance as the whole image does."""


@dataclass(frozen=True, slots=True)
class Probe:
    """How well something tells the label of animals that were left out.

    Parameters
    ----------
    name
        What: ``whole image``, ``background`` (the middle, where the faces are, painted over), or a
        column of the table.
    auc, interval
        Area under the ROC curve with its 95 % interval over animals (``None`` of fewer than
        eight). 0.5 and less is chance: where nothing tells the label, the other animals' labels
        point away from those of the one left out.
    images, animals
        Of how many.
    alarming
        Whether it does nearly as well as the whole image: then the label may hang on it.
    """

    name: str
    auc: float
    interval: Interval | None
    images: int
    animals: int
    alarming: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def probe_shortcuts(  # noqa: PLR0917
    reader: PainReader,
    detector: FaceDetector,
    images: Sequence[ImageToClassify],
    is_pain: npt.NDArray[np.bool_],
    animals: npt.NDArray[np.str_],
    circumstances: Mapping[str, Sequence[str]],
    *,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
) -> list[Probe]:
    """Find out whether labels can be told without a face.

    A layer of its own (logistic regression on the features of the model's network) learns the
    labels from images with the middle, where the faces are, painted over, and another one from
    whole images; both are judged by animals that were left out. Of a column of the table, the share
    of pain among the other animals with the same entry is what tells the label.

    Parameters
    ----------
    reader, detector
        The model, whose network makes the features, and what finds faces.
    images, is_pain, animals
        Images with a label, and whose face each is.
    circumstances
        By column, what it says of each image, such as the zone.
    executor, progress
        As everywhere.

    Returns
    -------
    list of Probe
        The whole image first. Empty with fewer than six animals or forty images, or where a class
        hangs on too few animals.
    """
    if len(np.unique(animals)) < _LEAST_ANIMALS or len(images) < _LEAST_IMAGES:
        return []
    with open_executor(executor) as chosen:
        look = partial(_look, reader, detector)
        first = list(_tell(progress, bounded_map(chosen, look, images), len(images)))
        kept = [k for k, seen in enumerate(first) if seen is not None]
        if not kept:
            return []
        # One place for all images: a patch that follows the face would tell how its ears stand.
        edges = np.array([seen[1] for seen in first if seen is not None])
        hidden = common_place(edges)
        hide = partial(_background_features, reader, hidden)
        named = [images[k] for k in kept]
        behind = list(_tell(progress, bounded_map(chosen, hide, named), len(named)))
    truth, whose = is_pain[kept], animals[kept]
    try:
        folds = cross_validation_folds(truth, whose, _FOLDS, _SEED)
    except AmgsError:
        return []
    faces = np.stack([seen[0] for seen in first if seen is not None])
    whole = _probe(FACE, _left_out(faces, truth, folds), truth, whose)
    said = _left_out(np.stack(behind), truth, folds)
    found = [whole, _probe(BACKGROUND, said, truth, whose, whole.auc)]
    for name, values in circumstances.items():
        entries = np.array(values)[kept]
        if len(np.unique(entries)) > 1:
            said = _share_among_others(entries, truth, whose)
            found.append(_probe(name, said, truth, whose, whole.auc))
    return found


def _tell(progress: ProgressCallback, found: Iterable[_T], total: int) -> Iterator[_T]:
    for number, one in enumerate(found, start=1):
        progress("looking at what is no face", number, total)
        yield one


def _look(
    reader: PainReader, detector: FaceDetector, image: ImageToClassify
) -> tuple[npt.NDArray[np.float32], Box] | None:
    """Return the features of an image, and where face and ears are in shares of its sides."""
    try:
        rgb = read_image(image.path)
    except AmgsError:
        return None
    face = find_main_face(detector, rgb)
    if face is None:
        return None
    boxes = np.array([face.box, *(ear.box for ear in face.ears)])
    left, top = (boxes[:, :2].min(axis=0) / rgb.shape[1::-1]).tolist()
    right, bottom = (boxes[:, 2:].max(axis=0) / rgb.shape[1::-1]).tolist()
    return reader.features([rgb])[0], (left, top, right, bottom)


def common_place(edges: npt.NDArray[np.floating]) -> Box:
    """Return the place that holds the faces of nearly all images, in shares of their sides.

    At most so much that a frame of 4 % remains on every side.
    """
    low, high = np.quantile(edges[:, :2], 0.02, axis=0), np.quantile(edges[:, 2:], 0.98, axis=0)
    left, top = np.maximum(low, _FRAME).tolist()
    right, bottom = np.minimum(high, 1 - _FRAME).tolist()
    return left, top, right, bottom


def _background_features(
    reader: PainReader, hidden: Box, image: ImageToClassify
) -> npt.NDArray[np.float32]:
    """Return the features of an image with a place of it painted over in the rest's mean colour."""
    rgb = read_image(image.path).copy()
    height, width = rgb.shape[:2]
    inside = np.zeros((height, width), bool)
    left, top, right, bottom = hidden
    rows = slice(round(top * height), round(bottom * height))
    inside[rows, round(left * width) : round(right * width)] = True
    rgb[inside] = rgb[~inside].mean(axis=0).round()
    features: npt.NDArray[np.float32] = reader.features([rgb])[0]
    return features


def _left_out(
    features: npt.NDArray[np.float32],
    is_pain: npt.NDArray[np.bool_],
    folds: npt.NDArray[np.intp],
) -> npt.NDArray[np.floating]:
    said = np.empty(len(features))
    for fold in np.unique(folds):
        out = folds == fold
        head = train_logistic_head(features[~out], is_pain[~out], _STRENGTH)
        said[out] = head.logit(features[out])
    return said


def _share_among_others(
    entries: npt.NDArray[np.str_], is_pain: npt.NDArray[np.bool_], animals: npt.NDArray[np.str_]
) -> npt.NDArray[np.floating]:
    """Return the share of pain among images of other animals with the same entry.

    Half an image of each kind, in the shares of all others, keeps what is rare near the mean.
    """
    said = np.empty(len(entries))
    for animal in np.unique(animals):
        own = animals == animal
        others = ~own
        usual = is_pain[others].mean()
        for entry in np.unique(entries[own]):
            same = others & (entries == entry)
            said[own & (entries == entry)] = (is_pain[same].sum() + usual) / (same.sum() + 1)
    return said


def _probe(
    name: str,
    said: npt.NDArray[np.floating],
    is_pain: npt.NDArray[np.bool_],
    animals: npt.NDArray[np.str_],
    whole: float | None = None,
) -> Probe:
    auc = float(area_under_curve(is_pain, said) or 0.5)
    interval = interval_over_units(
        animals, lambda rows: area_under_curve(is_pain[rows], said[rows]), _SEED
    )
    alarming = whole is not None and auc >= max(
        _LEAST_ALARMING, 0.5 + _SHARE_OF_FACE * (whole - 0.5)
    )
    return Probe(name, auc, interval, len(said), len(np.unique(animals)), alarming)


def say_alarms(probes: Sequence[Probe]) -> list[str]:
    """Say what tells pain nearly as well as the face does, and what to do."""
    whole = next((p.auc for p in probes if p.name == FACE), None)
    texts = []
    for probe in probes:
        if not probe.alarming:
            continue
        what = (
            "The background alone, with the face painted over,"
            if probe.name == BACKGROUND
            else f"The column {probe.name} alone"
        )
        texts.append(
            f"{what} tells pain from no pain with an area under the ROC curve of {probe.auc:.2f} "
            f"(the whole image: {whole:.2f}). A model may have learned it instead of the face: "
            "film all groups and timepoints in the same places, light and order, or at least see "
            "whether the result holds within one of them."
        )
    return texts
