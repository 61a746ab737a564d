"""How good a finder is on marked photographs: by view and coat, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.faces.base import FoundEye, FoundFace
from amgs.faces.centre_net import DEFAULT_MIN_SCORE, CentreNet
from amgs.faces.detections import Box, distance, iou
from amgs.model.metrics import area_under_curve, wilson_interval
from finder_training.photographs import MarkedEye, MarkedFace, Photograph

SMALLEST_SHARE = 0.08
"""Faces narrower than this share of the image's width count neither as found nor as missed."""

SAME_IOU = 0.5
EYE_FOUND_WITHIN, EAR_FOUND_WITHIN, NOSE_FOUND_WITHIN = 0.10, 0.15, 0.15
"""How far from its mark a part may be found, in widths of the face."""

WIDTHS = (0.2, 0.4)
"""Edges of the classes of width, as shares of the image's."""

LEAST_OF_EACH = 3
"""With fewer eyes of a kind, an area under the curve says nothing."""


@dataclass(frozen=True, slots=True)
class ReadEye:
    """An eye as it was marked and as it was found."""

    marked: MarkedEye
    found: FoundEye

    @property
    def is_agreed(self) -> bool:
        """Whether two readers said the same of it, each without doubt that it can be told."""
        return self.marked.second == self.marked.state


@dataclass(slots=True)
class Tally:
    """What was found of what was marked."""

    faces: int = 0
    found: int = 0
    false: int = 0
    eyes: int = 0
    eye_errors: list[float] = field(default_factory=list)
    ears: int = 0
    ear_errors: list[float] = field(default_factory=list)
    noses: int = 0
    nose_errors: list[float] = field(default_factory=list)
    end_errors: list[float] = field(default_factory=list)
    states: list[ReadEye] = field(default_factory=list)
    face_states: list[tuple[bool, float]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return shares with their Wilson intervals and median errors in widths of the face."""
        truth = np.array([eye.marked.state != "open" for eye in self.states], bool)
        p = np.array([1 - eye.found.p_open for eye in self.states])
        closed = np.array([eye.marked.state == "closed" for eye in self.states], bool)
        clear = closed | ~truth
        agreed = np.array([eye.is_agreed for eye in self.states], bool)
        told = np.array([eye.found.is_clear for eye in self.states], bool)
        by_face = np.array(self.face_states).reshape(-1, 2)
        return {
            "faces": self.faces,
            "recall": _share(self.found, self.faces),
            "precision": _share(self.found, self.found + self.false),
            "eyes": self.eyes,
            "eyes_found": _share(len(self.eye_errors), self.eyes),
            "eye_error": _median(self.eye_errors),
            "ears": self.ears,
            "ears_found": _share(len(self.ear_errors), self.ears),
            "ear_error": _median(self.ear_errors),
            "noses": self.noses,
            "noses_found": _share(len(self.nose_errors), self.noses),
            "nose_error": _median(self.nose_errors),
            "eyes_not_open": int(truth.sum()),
            "eye_state_auc": _auc(truth, p),
            "eyes_closed": int(closed.sum()),
            "closed_against_open_auc": _auc(closed[clear], p[clear]),
            "eye_state_calibration_error": _calibration_error(truth, p),
            "eye_state_auc_by_face": _auc(by_face[:, 0] > 0, by_face[:, 1]),
            "eyes_agreed": int(agreed.sum()),
            "agreed_auc": _auc(truth[agreed], p[agreed]),
            "agreed_balanced_accuracy": _balanced(truth[agreed & told], p[agreed & told]),
            "cannot_tell": _share(int((~told).sum()), len(told)),
            "agreed_cannot_tell": _share(int((~told & agreed).sum()), int(agreed.sum())),
            "ear_end_error": _median(self.end_errors),
        }


def measure(
    detector: CentreNet,
    photographs: Iterable[Photograph],
    min_score: float = DEFAULT_MIN_SCORE,
    *,
    refine: bool = True,
) -> dict[str, Tally]:
    """Compare what a finder finds with what was marked.

    Returns
    -------
    dict of str to Tally
        Under ``all``, and under every ``view …``, ``coat …`` and ``width …``; false faces count in
        ``all`` only.
    """
    tallies: dict[str, Tally] = {"all": Tally()}
    for photograph in photographs:
        found = detector.find(photograph.rgb, min_score, refine=refine)
        width = photograph.rgb.shape[1]
        pairs, false = match(photograph.faces, found)
        tallies["all"].false += sum(is_counted(f.box, width) for f in false)
        for marked, face in pairs:
            if not is_counted(marked.box, width):
                continue
            names = ("all", f"view {marked.view}", f"coat {marked.coat}", _size_of(marked, width))
            for name in names:
                _count(tallies.setdefault(name, Tally()), marked, face)
    return tallies


def is_counted(box: Box, width: int) -> bool:
    """Say whether a face is wide enough, in an image of that width, to count."""
    return (box[2] - box[0]) / width >= SMALLEST_SHARE


def _size_of(face: MarkedFace, width: int) -> str:
    """Name how wide a face is, as a share of its image."""
    share = (face.box[2] - face.box[0]) / width
    edges = (SMALLEST_SHARE, *WIDTHS)
    low = max(edge for edge in edges if edge <= share)
    above = [edge for edge in edges if edge > share]
    return f"width {low:.0%} to {above[0]:.0%}" if above else f"width {low:.0%} and more"


def match(
    marked: Sequence[MarkedFace], found: Sequence[FoundFace]
) -> tuple[list[tuple[MarkedFace, FoundFace | None]], list[FoundFace]]:
    """Pair marked and found faces, best score first; return pairs and what was found besides."""
    left = list(range(len(marked)))
    partner: dict[int, FoundFace] = {}
    false = []
    for face in sorted(found, key=lambda f: -f.score):
        best = max(left, key=lambda i: iou(marked[i].box, face.box), default=None)
        if best is not None and iou(marked[best].box, face.box) >= SAME_IOU:
            partner[best] = face
            left.remove(best)
        else:
            false.append(face)
    return [(m, partner.get(i)) for i, m in enumerate(marked)], false


def match_eyes(
    marked: MarkedFace, face: FoundFace
) -> Iterator[tuple[MarkedEye, FoundEye | None, float]]:
    """Yield every marked eye, the found one that is it, and how far off, in widths of the face."""
    width = marked.box[2] - marked.box[0]
    for index, eye in enumerate(marked.eyes):
        others = [other.box for i, other in enumerate(marked.eyes) if i != index]
        near = _nearest(eye.box, [found.box for found in face.eyes], others)
        if near is not None and near[1] / width <= EYE_FOUND_WITHIN:
            yield eye, face.eyes[near[0]], near[1] / width
        else:
            yield eye, None, float("nan")


def _count(tally: Tally, marked: MarkedFace, face: FoundFace | None) -> None:
    tally.faces += 1
    if face is None:
        return
    tally.found += 1
    width = marked.box[2] - marked.box[0]
    _count_eyes(tally, marked, face)
    _count_ears(tally, marked, face, width)
    if marked.nose is not None:
        tally.noses += 1
        if face.nose is not None:
            error = hypot(face.nose[0] - marked.nose[0], face.nose[1] - marked.nose[1]) / width
            if error <= NOSE_FOUND_WITHIN:
                tally.nose_errors.append(error)


def _count_eyes(tally: Tally, marked: MarkedFace, face: FoundFace) -> None:
    tally.eyes += len(marked.eyes)
    for eye, found, error in match_eyes(marked, face):
        if found is not None:
            tally.eye_errors.append(error)
            tally.states.append(ReadEye(eye, found))
    if marked.eyes and face.p_eyes_not_open is not None:
        not_open = any(eye.state != "open" for eye in marked.eyes)
        tally.face_states.append((not_open, face.p_eyes_not_open))


def _count_ears(tally: Tally, marked: MarkedFace, face: FoundFace, width: float) -> None:
    tally.ears += len(marked.ears)
    for ear in marked.ears:
        near = _nearest(ear.box, [found.box for found in face.ears], [])
        if near is None or near[1] / width > EAR_FOUND_WITHIN:
            continue
        tally.ear_errors.append(near[1] / width)
        found = face.ears[near[0]]
        for said, seen in ((ear.base, found.base), (ear.tip, found.tip)):
            if said is not None and seen is not None:
                tally.end_errors.append(hypot(said[0] - seen[0], said[1] - seen[1]) / width)


def _nearest(box: Box, found: Sequence[Box], others: Sequence[Box]) -> tuple[int, float] | None:
    """Return which found box is nearest, and how far; not one that is nearer to another mark."""
    best: tuple[int, float] | None = None
    for index, candidate in enumerate(found):
        away = distance(box, candidate)
        if any(distance(other, candidate) < away for other in others):
            continue
        if best is None or away < best[1]:
            best = index, away
    return best


def cut_without_faces(
    photographs: Sequence[Photograph], per_photograph: int, seed: int
) -> list[npt.NDArray[np.uint8]]:
    """Cut squares without any part of a face from photographs: hands, bedding, bodies, walls."""
    rng = np.random.default_rng(seed)
    cut = []
    for photograph in photographs:
        height, width = photograph.rgb.shape[:2]
        made = 0
        for _ in range(200):
            side = int(rng.uniform(0.3, 0.8) * min(height, width))
            x, y = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
            square = (x, y, x + side, y + side)
            if any(_touch(square, face.box) for face in photograph.faces):
                continue
            cut.append(photograph.rgb[y : y + side, x : x + side])
            made += 1
            if made == per_photograph:
                break
    return cut


def _touch(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _share(part: int, whole: int) -> dict[str, Any] | None:
    if whole == 0:
        return None
    interval = wilson_interval(part, whole)
    assert interval is not None
    return {"value": round(part / whole, 4), "interval": [round(v, 4) for v in interval]}


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 4) if values else None


def _auc(truth: npt.NDArray[np.bool_], p: npt.NDArray[np.float64]) -> dict[str, Any] | None:
    """Return the area under the curve with a bootstrap interval over eyes."""
    enough = min(int(truth.sum()), int((~truth).sum())) >= LEAST_OF_EACH
    value = area_under_curve(truth, p) if enough else None
    if value is None:
        return None
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(500):
        chosen = rng.integers(0, len(truth), len(truth))
        one = area_under_curve(truth[chosen], p[chosen])
        if one is not None:
            drawn.append(one)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return {"value": round(value, 4), "interval": [round(float(low), 4), round(float(high), 4)]}


def _balanced(truth: npt.NDArray[np.bool_], p: npt.NDArray[np.float64]) -> float | None:
    """Return the mean of sensitivity and specificity at 0.5."""
    if min(int(truth.sum()), int((~truth).sum())) < LEAST_OF_EACH:
        return None
    return round(float(((p[truth] >= 0.5).mean() + (p[~truth] < 0.5).mean()) / 2), 4)


def _calibration_error(truth: npt.NDArray[np.bool_], p: npt.NDArray[np.float64]) -> float | None:
    """Return the expected calibration error over five equal bins of the probability."""
    if not len(truth):
        return None
    bins = np.minimum((p * 5).astype(int), 4)
    error = sum(
        abs(truth[bins == b].mean() - p[bins == b].mean()) * (bins == b).mean()
        for b in range(5)
        if (bins == b).any()
    )
    return round(float(error), 4)
