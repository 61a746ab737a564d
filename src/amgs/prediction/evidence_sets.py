"""Evidence of many faces: means over animals, by what was called and by group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.prediction.evidence import OUTSIDE, REGIONS, FaceEvidence, share_outside
from amgs.vocabulary import EVEN_ODDS, NO_PAIN, PAIN

MOSTLY = 0.5
"""From this share of evidence outside the face on, one is told; and a mean map shows places that at
least this share of the images have."""

_LOOK = (
    "The model may read the background or the light: look at the maps, and at whether groups were "
    "filmed alike."
)


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceSet:
    """What carried the calls of a set of faces, every animal weighing the same.

    Parameters
    ----------
    name
        ``called pain``, ``called no pain``, or a group at a timepoint.
    images, animals
        How many.
    effects
        By region: mean change of the log odds of pain; ``None`` where no image shows it.
    by_animal
        By region: the mean of every animal, in the order of their names.
    share_outside
        Mean share of the evidence of an image that lies outside the face; what blurring does to all
        faces alike is in it (see `compare_calls`).
    by_place, aligned
        Mean map, compared with that of all faces (blurring itself makes a face look more or less in
        pain), and the mean of what is seen there.
    """

    name: str
    images: int
    animals: int
    effects: Mapping[str, float | None]
    by_animal: Mapping[str, Sequence[float]]
    share_outside: float | None
    by_place: npt.NDArray[np.floating]
    aligned: npt.NDArray[np.floating]

    def as_dict(self) -> dict[str, Any]:
        """Return its numbers as plain values."""
        return {
            "set": self.name,
            "images": self.images,
            "animals": self.animals,
            "effects": dict(self.effects),
            "share_outside": self.share_outside,
        }


def collect_evidence(
    found: Sequence[FaceEvidence], animals: Sequence[str], sets: Sequence[str] = ()
) -> list[EvidenceSet]:
    """Put faces together by what was called and, where named, by set; empty ones are left out.

    Parameters
    ----------
    found
        From `explain_images`.
    animals
        Whose face each is; where unknown, every image stands for itself.
    sets
        Which further set each belongs to, such as its group and timepoint.
    """
    whose = [animal or f"image {number}" for number, animal in enumerate(animals)]
    known = [k for k, e in enumerate(found) if e.effects is not None]
    chosen: dict[str, list[int]] = {f"called {PAIN}": [], f"called {NO_PAIN}": []}
    for k in known:
        call = PAIN if found[k].p_pain >= EVEN_ODDS else NO_PAIN
        chosen[f"called {call}"].append(k)
    for k in known:
        if sets:
            chosen.setdefault(sets[k], []).append(k)
    usual = mean_map(found, whose)
    return [
        _collect(name, [found[k] for k in rows], [whose[k] for k in rows], usual)
        for name, rows in chosen.items()
        if rows
    ]


def mean_map(found: Sequence[FaceEvidence], animals: Sequence[str]) -> npt.NDArray[np.floating]:
    """Return the mean map of faces, every animal weighing the same.

    Missing where most images have nothing at that place.
    """
    rows = [k for k, face in enumerate(found) if face.by_place is not None]
    maps = np.array([found[k].by_place for k in rows], np.float64)
    known = ~np.isnan(maps)
    weights = _weights([animals[k] for k in rows])[:, None, None] * known
    mean = np.nansum(weights * np.nan_to_num(maps), axis=0) / np.maximum(weights.sum(axis=0), 1e-12)
    return np.where(known.mean(axis=0) >= MOSTLY, mean, np.nan)


def _weights(animals: Sequence[str]) -> npt.NDArray[np.floating]:
    """Return a weight per image, so that those of every animal sum to one."""
    images = Counter(animals)
    return np.array([1 / images[animal] for animal in animals])


def _mean_face(found: Sequence[FaceEvidence], animals: Sequence[str]) -> npt.NDArray[np.floating]:
    rows = [k for k, face in enumerate(found) if face.aligned is not None]
    faces = np.array([found[k].aligned for k in rows], np.float64)
    mean: npt.NDArray[np.floating] = np.average(
        faces, axis=0, weights=_weights([animals[k] for k in rows])
    )
    return mean


def _collect(
    name: str,
    found: Sequence[FaceEvidence],
    animals: Sequence[str],
    usual: npt.NDArray[np.floating],
) -> EvidenceSet:
    names = sorted(set(animals))
    member = np.array([names.index(animal) for animal in animals])
    by_animal: dict[str, list[float]] = {}
    for region in REGIONS:
        values = np.array([_effect(e, region) for e in found])
        means = [_mean(values[member == k]) for k in range(len(names))]
        by_animal[region] = [mean for mean in means if not np.isnan(mean)]
    shares = np.array(
        [np.nan if e.share_outside is None else e.share_outside for e in found], float
    )
    outside = _mean(np.array([_mean(shares[member == k]) for k in range(len(names))]))
    return EvidenceSet(
        name,
        len(found),
        len(names),
        {region: float(np.mean(v)) if v else None for region, v in by_animal.items()},
        by_animal,
        None if np.isnan(outside) else outside,
        mean_map(found, animals) - usual,
        _mean_face(found, animals),
    )


def compare_calls(sets: Sequence[EvidenceSet]) -> dict[str, Any] | None:
    """Return by how much every region speaks more for pain where pain was called.

    Blurring makes all faces look a little more or less in pain; in the difference of the two calls
    that falls out.

    Returns
    -------
    dict or None
        ``effects`` by region, ``share_outside`` (of the sum of their sizes); ``None`` unless both
        calls were made.
    """
    by_name = {one.name: one for one in sets}
    pain, no_pain = (by_name.get(f"called {call}") for call in (PAIN, NO_PAIN))
    if pain is None or no_pain is None:
        return None
    effects: dict[str, float | None] = {}
    for region in REGIONS:
        more, less = pain.effects[region], no_pain.effects[region]
        effects[region] = None if more is None or less is None else more - less
    return {"effects": effects, "share_outside": share_outside(effects)}


def _effect(found: FaceEvidence, region: str) -> float:
    value = (found.effects or {}).get(region)
    return np.nan if value is None else value


def _mean(values: npt.NDArray[np.floating]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def say_evidence(sets: Sequence[EvidenceSet]) -> list[str]:
    """Warn where calls rest on what is no face."""
    both = compare_calls(sets)
    if both is not None:
        share = both["share_outside"]
        if share is None or share < MOSTLY:
            return []
        text = (
            f"{100 * share:.0f} % of what parts calls of pain from calls of no pain lies {OUTSIDE}."
        )
        return [f"{text} {_LOOK}"]
    return [
        f"{one.name}: {100 * one.share_outside:.0f} % of what changed the calls lies {OUTSIDE}. "
        f"{_LOOK}"
        for one in sets
        if one.share_outside is not None and one.share_outside >= MOSTLY
    ]
