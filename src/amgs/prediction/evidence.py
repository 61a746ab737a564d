"""Which parts of a face carried a call: parts are blurred away, and the change is measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from math import factorial
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from amgs.errors import UnreadableImageError
from amgs.faces.base import FaceDetector, FoundFace
from amgs.faces.detections import Box
from amgs.images import read_image
from amgs.images.reading import RGB
from amgs.jobs import ProgressCallback, bounded_map, no_progress, open_executor
from amgs.prediction.orbital import find_main_face
from amgs.prediction.pain import PainReader
from amgs.prediction.readers import ImageToClassify

Mask = npt.NDArray[np.float32]

REGIONS = ("eyes", "ears", "muzzle", "rest of the face", "outside the face")
"""What is blurred away, one after the other; the muzzle is nose, whisker pads and cheeks."""

OUTSIDE = REGIONS[-1]

GRID, REACH = 8, 1.3
"""The map has 8 × 8 places over a square of 1.3 times the longer side of the face."""

ALIGNED_PX = 96
"""Side of the grey image of that square which a map is drawn on."""

_BLUR_SHARE, _EDGE_SHARE = 0.25, 0.02
"""In sides of the face: how far it is blurred, and how softly what is blurred begins. Blurred less,
an open eye looks like a closed one; a grey patch the network has never seen at all."""

_EYES_WIDER, _MUZZLE = 1.5, (0.55, 0.45)
_PATCH_CELLS = 1.5
_AT_ONCE = 16
_LEAST_MASK = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class FaceEvidence:
    """What carried the call of one image.

    Parameters
    ----------
    image
        Which.
    p_pain
        The call.
    effects
        By region: its Shapley value, the change of the log odds of pain when it is shown, averaged
        over all orders in which the regions of the blurred image can be shown one after the other
        (Lundberg & Lee 2017). Above 0 it spoke for pain, below 0 against; together they make the
        difference to the image that is blurred all over. ``None`` where a region was not seen.
    by_place
        By place, (8, 8) over a square around the face: the mean of what is lost when the place is
        blurred and what is gained when it alone is shown. Missing values outside the image.
    aligned
        What is seen in that square, grey.
    problem
        Why there is nothing.
    """

    image: ImageToClassify
    p_pain: float = float("nan")
    effects: dict[str, float | None] | None = None
    by_place: npt.NDArray[np.float32] | None = None
    aligned: npt.NDArray[np.uint8] | None = None
    problem: str = ""

    @property
    def share_outside(self) -> float | None:
        """The share of all evidence that lies outside the face, by size, for or against."""
        return share_outside(self.effects)


def share_outside(effects: dict[str, float | None] | None) -> float | None:
    """Return ``|outside| / sum of |all regions|``; ``None`` where nothing changed the call."""
    sizes = {name: abs(v) for name, v in (effects or {}).items() if v is not None}
    total = sum(sizes.values())
    return sizes.get(OUTSIDE, 0.0) / total if total > 0 else None


def explain_images(
    reader: PainReader,
    detector: FaceDetector,
    images: Sequence[ImageToClassify],
    *,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
) -> Iterator[FaceEvidence]:
    """Find out which parts of faces carried their calls.

    Parameters
    ----------
    reader
        The model.
    detector
        Finds eyes, ears and nose in the face images.
    images
        Which.
    executor
        Works on several images at a time; threads of this process if not given.
    progress
        Told how many images are done.

    Yields
    ------
    FaceEvidence
        For every image, in order.
    """
    with open_executor(executor) as chosen:
        work = partial(_explain_file, reader, detector)
        for number, found in enumerate(bounded_map(chosen, work, images), start=1):
            progress("looking at what carried the calls", number, len(images))
            yield found


def _explain_file(
    reader: PainReader, detector: FaceDetector, image: ImageToClassify
) -> FaceEvidence:
    try:
        rgb = read_image(image.path)
    except UnreadableImageError as error:
        return FaceEvidence(image, problem=str(error))
    face = find_main_face(detector, rgb)
    if face is None:
        return FaceEvidence(image, problem="no face found in it")
    return explain_face(reader, rgb, face, image)


def explain_face(
    reader: PainReader, rgb: RGB, face: FoundFace, image: ImageToClassify
) -> FaceEvidence:
    """Blur away every region and every place of one face, and see how the call changes."""
    side = max(face.box[2] - face.box[0], face.box[3] - face.box[1])
    blurred = _blur(rgb, _BLUR_SHARE * side)
    regions = region_masks(rgb.shape[:2], face)
    seen = {name: mask for name, mask in regions.items() if mask is not None}
    shown = _log_odds(reader, rgb, blurred, _subsets(list(seen.values())))
    effects = dict(zip(seen, shapley_values(shown), strict=True))
    places = _place_masks(rgb.shape[:2], face)
    inside = [mask for mask in places if mask is not None]
    # Shown alone, and all but it.
    alone = _log_odds(reader, rgb, blurred, inside) - shown[0]
    lost = shown[-1] - _log_odds(reader, rgb, blurred, [1 - mask for mask in inside])
    by_place = iter(((alone + lost) / 2).tolist())
    return FaceEvidence(
        image,
        float(1 / (1 + np.exp(-shown[-1]))),
        {name: effects.get(name) for name in regions},
        np.array([np.nan if m is None else next(by_place) for m in places], np.float32).reshape(
            GRID, GRID
        ),
        _align(rgb, face),
    )


def shapley_values(values: npt.NDArray[np.floating]) -> list[float]:
    """Return the Shapley value of every part, from the value of every set of parts.

    The mean over all orders of what a part adds when it comes after those before it: over the sets
    S without it, ``|S|! (n - |S| - 1)! / n! · (v(S with it) - v(S))``.

    Parameters
    ----------
    values
        (2ⁿ,): of set k, which holds part i where bit i of k is 1.
    """
    n = len(values).bit_length() - 1
    found = []
    for part in range(n):
        total = 0.0
        for k in range(len(values)):
            if not k >> part & 1:
                size = k.bit_count()
                weight = factorial(size) * factorial(n - size - 1) / factorial(n)
                total += weight * float(values[k | 1 << part] - values[k])
        found.append(total)
    return found


def _subsets(masks: Sequence[Mask]) -> list[Mask]:
    """Return a mask of every set of regions, from none to all, bit by bit."""
    # Soft edges overlap, and where they end nothing belongs to anything: shares of what is there.
    total = np.maximum(np.sum(masks, axis=0), _LEAST_MASK)
    shares = [mask / total for mask in masks]
    found = []
    for k in range(2 ** len(masks)):
        chosen = [share for i, share in enumerate(shares) if k >> i & 1]
        found.append(np.sum(chosen, axis=0) if chosen else np.zeros_like(masks[0]))
    return found


def _log_odds(
    reader: PainReader, rgb: RGB, blurred: RGB, shown: Sequence[Mask]
) -> npt.NDArray[np.floating]:
    """Return the log odds of pain of the blurred image with a mask of it shown as it is, each."""
    said: list[float] = []
    for start in range(0, len(shown), _AT_ONCE):
        said += reader.log_odds([_mix(blurred, rgb, m) for m in shown[start : start + _AT_ONCE]])
    return np.array(said)


def region_masks(shape: tuple[int, ...], face: FoundFace) -> dict[str, Mask | None]:
    """Return for every region how much each pixel belongs to it, 0 to 1; ``None`` if unseen.

    Parameters
    ----------
    shape
        Height and width of the image.
    face
        In its pixels. No pixel belongs to two regions; what is in none is the rest of the face.
    """
    height, width = shape[:2]
    side = max(face.box[2] - face.box[0], face.box[3] - face.box[1])
    eyes = _any_ellipse(shape, [_widen(eye.box, _EYES_WIDER, side) for eye in face.eyes])
    ears = _any_ellipse(shape, [ear.box for ear in face.ears]) & ~eyes
    muzzle = np.zeros((height, width), bool)
    if face.nose is not None:
        (x, y), (w, h) = face.nose, (_MUZZLE[0] * side / 2, _MUZZLE[1] * side / 2)
        muzzle = _any_ellipse(shape, [(x - w, y - h, x + w, y + h)]) & ~eyes & ~ears
    inside = np.zeros((height, width), bool)
    x1, y1, x2, y2 = (max(0, round(v)) for v in face.box)
    inside[y1:y2, x1:x2] = True
    parts = (eyes, ears, muzzle)
    known = eyes | ears | muzzle
    found = [*parts, inside & ~known, ~inside & ~known]
    return {
        name: _soften(part, _EDGE_SHARE * side) if part.any() else None
        for name, part in zip(REGIONS, found, strict=True)
    }


def _any_ellipse(shape: tuple[int, ...], boxes: Sequence[Box]) -> npt.NDArray[np.bool_]:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    found = np.zeros(shape[:2], bool)
    for x1, y1, x2, y2 in boxes:
        across = (columns + 0.5 - (x1 + x2) / 2) / max(1.0, (x2 - x1) / 2)
        along = (rows + 0.5 - (y1 + y2) / 2) / max(1.0, (y2 - y1) / 2)
        found |= across**2 + along**2 <= 1
    return found


def _widen(box: Box, times: float, side: float) -> Box:
    """Return a box around the same middle, larger, and never flatter than a tenth of the face."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    w = max(times * (box[2] - box[0]), 0.1 * side) / 2
    h = max(times * (box[3] - box[1]), 0.1 * side) / 2
    return x - w, y - h, x + w, y + h


def _square(face: FoundFace) -> tuple[float, float, float]:
    """Return left, top and side of the square around a face that its map covers."""
    x1, y1, x2, y2 = face.box
    side = REACH * max(x2 - x1, y2 - y1)
    return (x1 + x2 - side) / 2, (y1 + y2 - side) / 2, side


def _place_masks(shape: tuple[int, ...], face: FoundFace) -> list[Mask | None]:
    """Return one soft patch per place, which reaches half into its neighbours."""
    left, top, side = _square(face)
    cell = side / GRID
    masks: list[Mask | None] = []
    for row in range(GRID):
        for column in range(GRID):
            x, y = left + (column + 0.5) * cell, top + (row + 0.5) * cell
            inside = 0 <= x < shape[1] and 0 <= y < shape[0]
            masks.append(_patch(shape, x, y, cell) if inside else None)
    return masks


def _patch(shape: tuple[int, ...], x: float, y: float, cell: float) -> Mask:
    along = np.clip(_PATCH_CELLS - np.abs(np.arange(shape[0]) + 0.5 - y) / cell, 0, 1)
    across = np.clip(_PATCH_CELLS - np.abs(np.arange(shape[1]) + 0.5 - x) / cell, 0, 1)
    return np.outer(along, across).astype(np.float32)


def _align(rgb: RGB, face: FoundFace) -> npt.NDArray[np.uint8]:
    left, top, side = _square(face)
    box = (round(left), round(top), round(left + side), round(top + side))
    grey = Image.fromarray(rgb).convert("L").crop(box)
    return np.asarray(grey.resize((ALIGNED_PX, ALIGNED_PX), Image.Resampling.BILINEAR))


def _blur(rgb: RGB, radius: float) -> RGB:
    return np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(radius)))


def _soften(part: npt.NDArray[np.bool_], radius: float) -> Mask:
    image = Image.fromarray((part * np.uint8(255)).astype(np.uint8))
    soft: Mask = np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32)
    return soft / np.float32(255)


def _mix(rgb: RGB, other: RGB, mask: Mask) -> RGB:
    mixed = rgb + mask[..., None] * (other.astype(np.float32) - rgb)
    return mixed.round().astype(np.uint8)


def describe_evidence(found: FaceEvidence) -> dict[str, Any]:
    """Return the row of a table: image, call, effect of every region, share outside."""
    effects = found.effects or {}
    return {
        "image": found.image.name,
        "p_pain": None if found.effects is None else round(found.p_pain, 6),
        **{region_column(name): _rounded(effects.get(name)) for name in REGIONS},
        "share_outside": _rounded(found.share_outside),
        "problem": found.problem,
    }


def region_column(region: str) -> str:
    """Return the column of a region, such as ``effect_eyes``."""
    return f"effect_{region.replace(' ', '_')}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
