"""Parts that share no animal: who is trained on, who chooses, who is held back to the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amgs.errors import (
    LeakedAnimalError,
    TooFewAnimalsError,
    UnknownAnimalsError,
    count_of,
    list_faults,
)
from amgs.vocabulary import PAIN, SPLITS, LabelledImage, Part, SplitUnit, plural_of

N_TENTHS = 10
MIN_UNITS_PER_CLASS = 3
"""Fewer animals per class than parts cannot give every part both classes."""


SPLIT_BY_IMAGE = (
    "Split by image, as in Tuttle et al. 2018: images of one animal, even neighbouring frames, lie "
    "on both sides, so the test numbers are better than for new animals."
)
SPLIT_BY_RECORDING = (
    "The animals are unknown. Images of one recording were kept together, but an animal with "
    "several recordings may lie on both sides, and the test numbers may be too good."
)
ANIMALS_UNKNOWN = (
    "The animals are unknown. Near-duplicate images were kept together, but images of one animal "
    "lie on both sides, so the test numbers are better than for new animals. Give an `animal` "
    "column in a CSV, or name sub-folders after animals and use --animal-from-folder."
)


@dataclass(frozen=True, slots=True, eq=False)
class PartsOfData:
    """Which part every image is in, and what was kept whole.

    Parameters
    ----------
    part
        One of ``train``, ``validation``, ``test`` per image.
    units
        What was kept whole per image: the animal, the recording or the image.
    unit_name
        ``animal``, ``recording``, ``image`` or ``given`` (parts named by the user).
    warnings
        What a reader of the numbers has to know.
    """

    part: npt.NDArray[np.str_]
    units: npt.NDArray[np.str_]
    unit_name: str
    warnings: tuple[str, ...] = ()

    def rows(self, *parts: Part) -> npt.NDArray[np.intp]:
        """Return the row numbers of the images in these parts."""
        return np.flatnonzero(np.isin(self.part, parts))


def split_images(
    images: Sequence[LabelledImage],
    unit: SplitUnit,
    seed: int,
    alike: Sequence[tuple[int, int]] = (),
) -> PartsOfData:
    """Split labelled images 80 / 10 / 10 into train, validation and test.

    With ``animal``, all images of one animal stay together. Where no animal is known, all images
    of one recording stay together, and where that is unknown too, near-duplicates do; either comes
    with a warning, because images of one animal may then lie on both sides and the test numbers
    are too good. With ``image``, the images are split at random, as in Tuttle et al. 2018; with
    ``laboratory``, all images of one laboratory stay together.
    If the images name their part, that is taken, and checked.

    Parameters
    ----------
    images
        All labelled images.
    unit
        What to keep whole.
    seed
        The same seed gives the same parts.
    alike
        Pairs of near-duplicates; used only where neither animal nor recording is known.

    Raises
    ------
    LeakedAnimalError
        If the images name their part and an animal is in two.
    UnknownAnimalsError
        If some images name their animal (or part) and others do not.
    TooFewAnimalsError
        If there are too few units to give every part both classes.
    """
    if any(image.part is not None for image in images):
        return _given_parts(images)
    unit_name, units, warnings = _units(images, unit, alike)
    is_pain = np.array([image.label == PAIN for image in images])
    _require_enough(is_pain, units, unit_name)
    part = _eighty_ten_ten(is_pain, units, seed)
    if part is None:
        several = plural_of(unit_name)
        msg = (
            f"Expected to find parts that all hold both classes, but the {several} are too "
            f"uneven: {_count_units(is_pain, units)}. Add {several} of the rarer class."
        )
        raise TooFewAnimalsError(msg)
    return PartsOfData(part, units, unit_name, tuple(warnings))


def assign_folds(
    is_pain: npt.NDArray[np.bool_], units: npt.NDArray[np.str_], n_folds: int, seed: int
) -> npt.NDArray[np.intp]:
    """Give every image a fold number so that no unit is divided and classes are spread evenly.

    One unit after another goes to the fold where it leaves both classes spread most evenly over the
    folds; first those whose classes are most uneven, which are hardest to place, in a random order
    where they are alike. A fold may lack a class when units are few; whoever needs both has to
    look.

    Notes
    -----
    The same folds as scikit-learn's ``StratifiedGroupKFold(shuffle=True)``, which earlier versions
    used, so that a seed still gives the same parts.
    """
    _, unit = np.unique(units, return_inverse=True)
    counts = np.zeros((unit.max() + 1, 2))
    np.add.at(counts, (unit, is_pain.astype(int)), 1)
    shuffled = np.random.RandomState(seed).permutation(len(counts))
    order = shuffled[np.argsort(-counts[shuffled].std(axis=1), kind="stable")]
    totals = np.maximum(counts.sum(axis=0), 1)
    in_fold = np.zeros((n_folds, 2))
    fold_of_unit = np.empty(len(counts), np.intp)
    for number in order:
        tried = in_fold + np.eye(n_folds)[:, :, None] * counts[number]
        unevenness = (tried / totals).std(axis=1).mean(axis=1)
        chosen = _most_even(unevenness, in_fold.sum(axis=1))
        in_fold[chosen] += counts[number]
        fold_of_unit[number] = chosen
    return fold_of_unit[unit]


def _most_even(unevenness: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64]) -> int:
    """Return the fold of least unevenness; of folds that are as even, the smaller one."""
    best = 0
    for fold in range(1, len(sizes)):
        least = unevenness[best]
        # What differs by rounding alone is as even.
        alike = abs(unevenness[fold] - least) <= 1e-8 + 1e-5 * least
        if unevenness[fold] < least or (alike and sizes[fold] < sizes[best]):
            best = fold
    return best


def cross_validation_folds(
    is_pain: npt.NDArray[np.bool_], units: npt.NDArray[np.str_], most: int, seed: int
) -> npt.NDArray[np.intp]:
    """Give fold numbers for cross-validation: what remains without a fold holds both classes.

    Raises
    ------
    TooFewAnimalsError
        If there are no such folds, because a class hangs on too few units.
    """
    # As many folds as there can be: the more, the larger the part that each is trained on.
    for n_folds in range(count_folds(is_pain, units, most), 1, -1):
        folds = assign_folds(is_pain, units, n_folds, seed)
        if all(len(set(is_pain[folds != n].tolist())) == 2 for n in range(n_folds)):  # noqa: PLR2004
            return folds
    msg = (
        "Expected at least two animals (or images) of each class in the training and validation "
        f"parts, to choose by cross-validation, found {_count_units(is_pain, units)}. "
        "Add animals of the rarer class, or use --recipe paper, which chooses nothing."
    )
    raise TooFewAnimalsError(msg)


def _eighty_ten_ten(
    is_pain: npt.NDArray[np.bool_], units: npt.NDArray[np.str_], seed: int
) -> npt.NDArray[np.str_] | None:
    """Take one fold of ten for the test and one for validation; fewer folds with fewer units."""
    for n_folds in range(count_folds(is_pain, units), MIN_UNITS_PER_CLASS - 1, -1):
        folds = assign_folds(is_pain, units, n_folds, seed)
        # A test part of one class has no sensitivity, or no specificity.
        whole = [n for n in range(n_folds) if len(set(is_pain[folds == n].tolist())) == 2]  # noqa: PLR2004
        rest = is_pain[~np.isin(folds, whole[:2])]
        if len(whole) >= 2 and len(set(rest.tolist())) == 2:  # noqa: PLR2004
            part = np.full(len(is_pain), "train", dtype="<U10")
            part[folds == whole[0]] = "test"
            part[folds == whole[1]] = "validation"
            return part
    return None


def count_folds(
    is_pain: npt.NDArray[np.bool_], units: npt.NDArray[np.str_], most: int = N_TENTHS
) -> int:
    """Return how many folds there can be: `most`, or as many as the rarer class has units."""
    return min(most, _units_of(is_pain, units), _units_of(~is_pain, units))


def _units_of(chosen: npt.NDArray[np.bool_], units: npt.NDArray[np.str_]) -> int:
    return len(np.unique(units[chosen]))


def _count_units(is_pain: npt.NDArray[np.bool_], units: npt.NDArray[np.str_]) -> str:
    pain, no_pain = _units_of(is_pain, units), _units_of(~is_pain, units)
    return f"{pain} with pain images and {no_pain} with no-pain images"


def _require_enough(
    is_pain: npt.NDArray[np.bool_], units: npt.NDArray[np.str_], unit_name: str
) -> None:
    if count_folds(is_pain, units) < MIN_UNITS_PER_CLASS:
        plural = plural_of(unit_name)
        msg = (
            f"Expected at least {MIN_UNITS_PER_CLASS} {plural} with images of each class, one for "
            f"each part, found {_count_units(is_pain, units)}. Label images of more {plural}."
        )
        raise TooFewAnimalsError(msg)


def _units(
    images: Sequence[LabelledImage], unit: SplitUnit, alike: Sequence[tuple[int, int]]
) -> tuple[str, npt.NDArray[np.str_], list[str]]:
    if unit == "image":
        return "image", _each_its_own(len(images)), [SPLIT_BY_IMAGE]
    if unit == "laboratory":
        laboratories = _named_by_all([image.laboratory for image in images], "laboratory", images)
        if not laboratories:
            msg = (
                "Expected the laboratory of every image in a column `laboratory`, to keep "
                "laboratories apart, found none. Add it, or split by animal."
            )
            raise UnknownAnimalsError(msg)
        return "laboratory", np.array(laboratories), []
    if animals := _named_by_all([image.animal for image in images], "animal", images):
        return "animal", np.array(animals), []
    if recordings := _named_by_all([image.recording for image in images], "recording", images):
        return "recording", np.array(recordings), [SPLIT_BY_RECORDING]
    return "image", _joined(len(images), alike), [ANIMALS_UNKNOWN]


def _named_by_all(
    names: Sequence[str | None], what: str, images: Sequence[LabelledImage]
) -> list[str]:
    """Return the names if all images have one, nothing if none has; stop in between."""
    known = [name for name in names if name is not None]
    if len(known) not in (0, len(names)):
        nameless = [image.name for image, name in zip(images, names, strict=True) if name is None]
        msg = (
            f"Expected the {what} of every image or of none, found {len(nameless)} of "
            f"{count_of(len(names), 'image')} without one:\n{list_faults(nameless)}\n"
            f"Fill in the `{what}` column, or remove these images."
        )
        raise UnknownAnimalsError(msg)
    return known


def _each_its_own(count: int) -> npt.NDArray[np.str_]:
    return np.array([f"image {row}" for row in range(count)])


def _joined(count: int, alike: Sequence[tuple[int, int]]) -> npt.NDArray[np.str_]:
    """Give images that are connected by near-duplicates the same unit."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    # Near-duplicates chain: if a is like b and b like c, all three must stay together.
    first = [pair[0] for pair in alike]
    second = [pair[1] for pair in alike]
    graph = coo_array((np.ones(len(alike)), (first, second)), shape=(count, count))
    _, cluster = connected_components(graph, directed=False)
    return np.array([f"cluster {number}" for number in cluster.tolist()])


def _given_parts(images: Sequence[LabelledImage]) -> PartsOfData:
    parts = _named_by_all([image.part for image in images], "part", images)
    animals = _named_by_all([image.animal for image in images], "animal", images)
    warnings: list[str] = []
    if animals:
        _refuse_leaks(animals, parts)
    else:
        warnings.append("The animals are unknown: whether one is in two parts was not checked.")
    missing = [part for part in SPLITS if part not in parts]
    if missing:
        msg = (
            f"Expected the parts {', '.join(SPLITS)} in the `part` column, found none in "
            f"{', '.join(missing)}. Assign images to it, or remove the column to have them split."
        )
        raise TooFewAnimalsError(msg)
    lacking = [
        f"{part} holds only `{next(iter(labels))}`"
        for part in SPLITS
        if len(labels := {i.label for i in images if i.part == part}) == 1
    ]
    if lacking:
        msg = (
            "Expected both classes in every part of the `part` column, found:\n"
            f"{list_faults(lacking)}\nMove animals between the parts."
        )
        raise TooFewAnimalsError(msg)
    units = np.array(animals) if animals else _each_its_own(len(images))
    return PartsOfData(np.array(parts, dtype="<U10"), units, "given", tuple(warnings))


def _refuse_leaks(animals: Sequence[str], parts: Sequence[str]) -> None:
    seen: dict[str, set[str]] = {}
    for animal, part in zip(animals, parts, strict=True):
        seen.setdefault(animal, set()).add(part)
    leaked = [
        f"animal {animal} is in {' and '.join(p for p in SPLITS if p in where)}"
        for animal, where in sorted(seen.items())
        if len(where) > 1
    ]
    if leaked:
        msg = (
            "Expected every animal in one part only, so that the test says something about new "
            f"animals, found:\n{list_faults(leaked)}\n"
            "Correct the `part` column, or remove it to have the images split by animal."
        )
        raise LeakedAnimalError(msg)
