"""Photographs with marked faces, and their split into parts that do not resemble each other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from amgs.faces.base import EyeState, View
from amgs.faces.detections import Box, Point
from amgs.images import read_image

ALIKE = 0.74
"""Photographs whose features have at least this cosine are kept in one part.

Looked at: above 0.76 nearly all pairs are the same animal or place, at 0.72 every second one; with
0.72 mere likeness chains 42 photographs into one cluster, with 0.70 84.
"""

VALIDATION_SHARE, SPLIT_SEED = 0.2, 0
"""With which the detector inside amgs was trained."""

LAST_LAYER = 1280
"""So many of the features are of the network's last layer, and come first; `ALIKE` is of these."""

NOT_SURE = ("toy", "figurine", "perhaps dead", "probably dead", "mirror image", "prey in a snake")
"""Photographs whose note says one of these are left out of training and measuring."""


EyeReading: TypeAlias = EyeState | Literal["cannot_tell"]
"""What somebody says of an eye."""


@dataclass(frozen=True, slots=True)
class MarkedEye:
    """An eye as it was marked, and what a second reader, who did not know the first, said of it."""

    box: Box
    state: EyeState
    second: EyeReading | None = None

    @property
    def readings(self) -> tuple[EyeState, ...]:
        """What the readers said who could tell."""
        if self.second is None or self.second == "cannot_tell":
            return (self.state,)
        return (self.state, self.second)

    @property
    def is_clear(self) -> bool:
        """Whether the second reader, if there was one, could tell the state."""
        return self.second != "cannot_tell"


@dataclass(frozen=True, slots=True)
class MarkedEar:
    """An ear, the middle of its root and the end of its rim; ``None`` where not to be told."""

    box: Box
    base: Point | None = None
    tip: Point | None = None


@dataclass(frozen=True, slots=True)
class MarkedFace:
    """One face as a person marked it, in pixels of its photograph."""

    box: Box
    view: View
    coat: str
    nose: Point | None
    eyes: tuple[MarkedEye, ...]
    ears: tuple[MarkedEar, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """A photograph and all faces in it; none at all for a negative."""

    name: str
    rgb: npt.NDArray[np.uint8]
    faces: tuple[MarkedFace, ...]


def load_photographs(folder: Path) -> list[Photograph]:
    """Read `annotations.json` and the photographs it calls usable or negative.

    Photographs that are neither (a rodent may be there, but no face can be read) say nothing
    either way and are left out, as are those whose note makes the marking doubtful. Second readings
    of the eyes, and bases and tips of the ears, come from `finder_training/marks`.
    """
    records = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))["images"]
    marks = read_marks("photographs.json")
    return [
        Photograph(
            r["image"],
            read_image(folder / r["image"]),
            tuple(
                _face(face, marks.get(f"{r['image']} {number}", {"eyes": [], "ears": []}))
                for number, face in enumerate(r["faces"])
            ),
        )
        for r in records
        if (r["usable"] or r["negative"]) and not any(w in (r["note"] or "") for w in NOT_SURE)
    ]


def read_marks(name: str) -> Any:
    """Read one of the files of our own marks."""
    return json.loads((files("finder_training") / "marks" / name).read_text(encoding="utf-8"))


def _face(record: dict[str, Any], more: dict[str, Any]) -> MarkedFace:
    nose = record["nose"]
    eyes, ears = record["eyes"], record["ears"]
    seconds = more["eyes"] or [None] * len(eyes)
    ends = more["ears"] or [[None, None]] * len(ears)
    return MarkedFace(
        box=tuple(record["box"]),
        view=record["view"],
        coat=str(record["coat"]),
        nose=None if nose is None else tuple(nose),
        eyes=tuple(
            MarkedEye(tuple(eye["box"]), eye["state"], second)
            for eye, second in zip(eyes, seconds, strict=True)
        ),
        ears=tuple(
            MarkedEar(tuple(ear["box"]), *(None if end is None else tuple(end) for end in pair))
            for ear, pair in zip(ears, ends, strict=True)
        ),
    )


def split_photographs(
    photographs: Sequence[Photograph],
    validation_share: float = VALIDATION_SHARE,
    seed: int = SPLIT_SEED,
) -> tuple[list[Photograph], list[Photograph]]:
    """Split into training and validation so that no two alike photographs are parted.

    Clusters of photographs that resemble each other (pooled features of the default backbone,
    cosine at least `ALIKE`, chained) go to one part whole. Clusters with an eye that is not open
    are drawn separately, so that both parts hold such eyes.
    """
    clusters = _cluster(_features(photographs))
    rng = np.random.default_rng(seed)
    chosen: set[int] = set()
    for special in (True, False):
        members: dict[int, list[int]] = {}
        for index, cluster in enumerate(clusters):
            members.setdefault(cluster, []).append(index)
        of_kind = [
            m for m in members.values() if any(_has_shut_eye(photographs[i]) for i in m) == special
        ]
        wanted = round(validation_share * sum(map(len, of_kind)))
        taken = 0
        for number in rng.permutation(len(of_kind)).tolist():
            if taken + len(of_kind[number]) <= wanted:
                chosen.update(of_kind[number])
                taken += len(of_kind[number])
    training = [p for i, p in enumerate(photographs) if i not in chosen]
    return training, [photographs[i] for i in sorted(chosen)]


def _has_shut_eye(photograph: Photograph) -> bool:
    return any(eye.state != "open" for face in photograph.faces for eye in face.eyes)


def _features(photographs: Sequence[Photograph]) -> npt.NDArray[np.float32]:
    from amgs.model.backbones.networks import Network
    from amgs.model.backbones.table import DEFAULT_BACKBONE, find_backbone, locate_backbone

    backbone = find_backbone(DEFAULT_BACKBONE)
    network = Network(locate_backbone(backbone))
    rows = [network.features(backbone.preprocessing.apply(p.rgb)[None])[0] for p in photographs]
    stacked = np.stack(rows)[:, :LAST_LAYER]
    return np.asarray(stacked / np.linalg.norm(stacked, axis=1, keepdims=True), np.float32)


def _cluster(features: npt.NDArray[np.float32]) -> list[int]:
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    _, labels = connected_components(
        csr_matrix((features @ features.T >= ALIKE).astype(np.int8)), directed=False
    )
    return [int(label) for label in labels]
