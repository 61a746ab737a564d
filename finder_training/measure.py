"""How good a finder is on marked photographs: by view and coat, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.faces.base import FoundFace
from amgs.faces.centre_net import DEFAULT_MIN_SCORE, CentreNet
from amgs.faces.detections import Box, distance, iou
from amgs.model.metrics import area_under_curve, wilson_interval
from finder_training.photographs import MarkedFace, Photograph

SMALLEST_SHARE = 0.08
"""Faces narrower than this share of the image's width count neither as found nor as missed."""

SAME_IOU = 0.5
EYE_FOUND_WITHIN, EAR_FOUND_WITHIN, NOSE_FOUND_WITHIN = 0.10, 0.15, 0.15
"""How far from its mark a part may be found, in widths of the face."""

LEAST_OF_EACH = 3
"""With fewer eyes of a kind, an area under the curve says nothing."""


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
    not_open: list[bool] = field(default_factory=list)
    closed: list[bool] = field(default_factory=list)
    p_eyes_not_open: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return shares with their Wilson intervals and median errors in widths of the face."""
        truth, p = np.array(self.not_open, bool), np.array(self.p_eyes_not_open)
        closed = np.array(self.closed, bool)
        clear = closed | ~truth
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
        Under ``all``, and under every ``view …`` and ``coat …``; false faces count in ``all`` only.
    """
    tallies: dict[str, Tally] = {"all": Tally()}
    for photograph in photographs:
        found = detector.find(photograph.rgb, min_score, refine=refine)
        width = photograph.rgb.shape[1]
        pairs, false = match(photograph.faces, found)
        tallies["all"].false += sum(f.width / width >= SMALLEST_SHARE for f in false)
        for marked, face in pairs:
            if (marked.box[2] - marked.box[0]) / width < SMALLEST_SHARE:
                continue
            for name in ("all", f"view {marked.view}", f"coat {marked.coat}"):
                _count(tallies.setdefault(name, Tally()), marked, face)
    return tallies


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


def _count(tally: Tally, marked: MarkedFace, face: FoundFace | None) -> None:
    tally.faces += 1
    if face is None:
        return
    tally.found += 1
    width = marked.box[2] - marked.box[0]
    tally.eyes += len(marked.eyes)
    tally.ears += len(marked.ears)
    for index, (box, state) in enumerate(marked.eyes):
        others = [other for i, (other, _) in enumerate(marked.eyes) if i != index]
        near = _nearest(box, [eye.box for eye in face.eyes], others)
        if near is not None and near[1] / width <= EYE_FOUND_WITHIN:
            tally.eye_errors.append(near[1] / width)
            tally.not_open.append(state != "open")
            tally.closed.append(state == "closed")
            tally.p_eyes_not_open.append(1 - face.eyes[near[0]].p_open)
    for box in marked.ears:
        near = _nearest(box, [ear.box for ear in face.ears], [])
        if near is not None and near[1] / width <= EAR_FOUND_WITHIN:
            tally.ear_errors.append(near[1] / width)
    if marked.nose is not None:
        tally.noses += 1
        if face.nose is not None:
            error = hypot(face.nose[0] - marked.nose[0], face.nose[1] - marked.nose[1]) / width
            if error <= NOSE_FOUND_WITHIN:
                tally.nose_errors.append(error)


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
