"""Labelled images from a folder or a CSV, with every fault of it told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from amgs.errors import (
    ConflictingLabelsError,
    NoImagesError,
    OneClassError,
    TableError,
    count_of,
    list_faults,
)
from amgs.images import find_images
from amgs.model.training.features import Extracted
from amgs.tables import MAX_MGS, parse_mgs, portable_path, read_table
from amgs.vocabulary import (
    CLASSES,
    NO_PAIN,
    PAIN,
    SPLITS,
    TRAINED_PARTS,
    LabelledImage,
    PainClass,
    Part,
    parse_class,
)


def load_training_set(
    place: Path, *, animal_from_folder: bool = False, highest_mgs: float = MAX_MGS
) -> list[LabelledImage]:
    """Read labelled images from a folder with ``pain`` and ``no pain`` inside, or from a CSV.

    Parameters
    ----------
    place
        The folder or the CSV (columns ``image,label``, and if known
        ``animal,recording,laboratory,coat,mgs,part``; paths relative to the CSV). In a CSV with a
        column ``mgs``, rows with an empty label are images that are neither; they are passed over.
    animal_from_folder
        For a folder: take the name of the sub-folder in ``pain`` or ``no pain`` as the animal.
    highest_mgs
        The highest possible human score of the scale.

    Returns
    -------
    list of LabelledImage
        In the order of the file, or sorted by path.

    Raises
    ------
    NoImagesError
        If there is nothing, or no image, at that place.
    OneClassError
        If all images are of one class.
    ConflictingLabelsError
        If one file is listed with both labels.
    TableError
        If the CSV lacks a column or has impossible cells; all of them are listed.
    """
    if place.is_dir():
        images = list(_from_folder(place, animal_from_folder=animal_from_folder))
    elif place.is_file():
        images = _from_csv(place, highest_mgs)
    else:
        msg = (
            f"Expected a folder with `pain` and `no pain` inside, or a CSV, found nothing at "
            f"{place}. Check the spelling, and the folder you are in."
        )
        raise NoImagesError(msg)
    _require_both_classes(images, place)
    _refuse_double_labels(images)
    return images


def _from_folder(place: Path, *, animal_from_folder: bool) -> Iterator[LabelledImage]:
    folders = sorted(path for path in place.iterdir() if path.is_dir() and path.name[0] != ".")
    classes = {folder: parse_class(folder.name) for folder in folders}
    strange = [f"{folder.name}/" for folder, label in classes.items() if label is None]
    if not any(classes.values()) or strange:
        found = ", ".join(f"{folder.name}/" for folder in folders) or "no folder"
        msg = (
            f"Expected the folders `pain` and `no pain` in {place}, and no others, found: {found}. "
            "Sort the images into these two, or list them in a CSV with the columns image,label."
        )
        raise NoImagesError(msg)
    for folder, label in classes.items():
        for found_image in find_images([folder]):
            inner = found_image.path.relative_to(folder).parts
            yield LabelledImage(
                path=found_image.path,
                name=found_image.path.relative_to(place).as_posix(),
                label=cast("PainClass", label),
                animal=inner[0] if animal_from_folder and len(inner) > 1 else None,
            )


def _from_csv(path: Path, highest_mgs: float) -> list[LabelledImage]:
    table = read_table(path, required=("image", "label"))
    faults: list[str] = []
    # Scored, and neither pain nor no pain by the rule; without scores, a label was forgotten.
    passed_over = (table["label"] == "") & ("mgs" in table)
    images = [
        _from_row(path, int(line), row, faults, highest_mgs)
        for line, row in zip(table.index, table.to_dict("records"), strict=True)
        if not passed_over[line]
    ]
    seen: dict[tuple[Path, str], int] = {}
    lines = table.index[~passed_over]
    for line, image in zip(lines, images, strict=True):
        first = seen.setdefault((image.path, image.label), int(line))
        if first != line and image.name:
            faults.append(f"line {line}: {image.name} is a duplicate of line {first}")
    if faults:
        msg = (
            f"Expected a labelled image in every line of {path}, found "
            f"{count_of(len(faults), 'fault')}:\n"
            f"{list_faults(faults)}\nCorrect these lines; nothing was trained."
        )
        raise TableError(msg)
    return images


def _from_row(
    path: Path, line: int, row: dict[Any, Any], faults: list[str], highest_mgs: float
) -> LabelledImage:
    label = parse_class(row["label"])
    if label is None:
        faults.append(f"line {line}: label is {row['label']!r}, not `pain` or `no pain`")
    name = portable_path(row["image"])
    image = path.parent / name
    if not name or not image.is_file():
        faults.append(f"line {line}: no image at {name or 'an empty path'}")
    part = row.get("part", "")
    if part and part not in SPLITS:
        faults.append(f"line {line}: part is {part!r}, not one of {', '.join(SPLITS)}")
    return LabelledImage(
        path=image,
        name=name,
        label=label or NO_PAIN,
        animal=row.get("animal") or None,
        recording=row.get("recording") or None,
        laboratory=row.get("laboratory") or None,
        coat=row.get("coat") or None,
        mgs=parse_mgs(row.get("mgs", ""), line, faults, highest_mgs),
        part=cast("Part", part) if part else None,
    )


def _require_both_classes(images: list[LabelledImage], place: Path) -> None:
    counts = {label: sum(image.label == label for image in images) for label in CLASSES}
    if not images:
        msg = f"Expected images in the folders of {place}, found none."
        raise NoImagesError(msg)
    missing = [label for label in CLASSES if counts[label] == 0]
    if missing:
        msg = (
            f"Expected images of both classes in {place}, found {counts[PAIN]} pain and "
            f"{counts[NO_PAIN]} no pain. Add images of `{missing[0]}`."
        )
        raise OneClassError(msg)


def _refuse_double_labels(images: list[LabelledImage]) -> None:
    labels: dict[Path, set[str]] = {}
    for image in images:
        labels.setdefault(image.path.resolve(), set()).add(image.label)
    double = sorted({image.name for image in images if len(labels[image.path.resolve()]) > 1})
    if double:
        msg = (
            "Expected one label for every image, found both `pain` and `no pain` for:\n"
            f"{list_faults(double)}\nDecide for one, or leave these images out."
        )
        raise ConflictingLabelsError(msg)


def leave_out_unreadable(
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


def refuse_conflicting_content(labels: Iterable[tuple[str, str, str]], where: str = "") -> None:
    """Stop when equal files carry different labels.

    Parameters
    ----------
    labels
        Name, content and label of every image.
    where
        What the message says of where the images are, such as `` in --truth``.

    Raises
    ------
    ConflictingLabelsError
        With the pairs.
    """
    first: dict[str, tuple[str, str]] = {}
    conflicts = []
    for name, content, label in labels:
        other, before = first.setdefault(content, (name, label))
        if before != label:
            conflicts.append(f"{other} ({before}) and {name} ({label})")
    if conflicts:
        msg = (
            f"Expected one label for every image{where}, found equal files with different "
            f"labels:\n{list_faults(conflicts)}\nDecide for one of each pair and remove the other."
        )
        raise ConflictingLabelsError(msg)


def parts_by_content(contents: Sequence[str], parts: Sequence[Part]) -> dict[str, Part]:
    """Return the part each image was in; of equal images in several parts, one it learned from.

    With a split by image, copies of one image may lie in different parts: what the model has seen
    anywhere is not new to it.
    """
    found: dict[str, Part] = {}
    for content, part in zip(contents, parts, strict=True):
        if found.get(content) not in TRAINED_PARTS:
            found[content] = part
    return found
