"""Whether sets of images differ as wholes: a camera that moved is noticed before it is called pain.

The check of Tuttle et al. 2018: structural similarity within and between sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from amgs.cohort.image_measures import ImageOfSet
from amgs.cohort.oneway import Result
from amgs.cohort.robust import holm
from amgs.errors import DesignError, UnreadableImageError
from amgs.images import read_image

DEFAULT_SAMPLE = 16
"""Images of each set whose similarity is computed; Tuttle et al. 2018 took 12 to 16."""

COMPARED_PX = 128
PERMUTATIONS = 5000
ALPHA = 0.05
_TWO = 2
_LEAST_IMAGES = 3
_LEAST_P = 1 / (PERMUTATIONS + 1)

Grey = npt.NDArray[np.float64]


def draw_sample(images: Sequence[ImageOfSet], n: int, rng: np.random.Generator) -> list[ImageOfSet]:
    """Draw n images at random, of as many animals as there are: one of each before a second."""
    order = [images[i] for i in rng.permutation(len(images)).tolist()]
    taken: dict[str, int] = {}
    turns = []
    for image in order:
        animal = image.known.get("animal") or image.name
        turns.append((taken.get(animal, 0), image))
        taken[animal] = taken.get(animal, 0) + 1
    turns.sort(key=lambda turn: turn[0])
    return [image for _, image in turns[:n]]


def compare_similarity(
    sets: Mapping[str, Sequence[ImageOfSet]], n: int = DEFAULT_SAMPLE, seed: int = 0
) -> list[Result]:
    """Compare structural similarity within two sets and between them, for every pair of sets.

    Images are made 128 × 128 grey pixels; SSIM (Wang et al. 2004) by scikit-image. The test
    permutes which image belongs to which set (5,000 times): pairs of images are not independent of
    each other, so a t-test of pairs would find differences that are none. Nor are images of one
    animal: where animals are known, one image of each is drawn, and with fewer than three animals
    in a set there is no p.

    Parameters
    ----------
    sets
        Name → images.
    n
        How many of each set are drawn at most.
    seed
        The same seed draws the same images.

    Returns
    -------
    list of dict
        ``a, b, n_a, n_b``; mean SSIM ``within_a, within_b, between``; ``difference`` (within minus
        between), ``p`` (one-sided: more alike within than between; ``None`` with a ``reason``);
        ``p_holm`` adjusted over pairs of sets; ``values`` of all pairs.

    Raises
    ------
    DesignError
        If a set has fewer than three images.
    """
    few = [name for name, images in sets.items() if len(images) < _LEAST_IMAGES]
    if few or len(sets) < _TWO:
        found = ", ".join(f"{name}: {len(images)}" for name, images in sets.items()) or "none"
        msg = f"Expected two sets of at least 3 images, found {found}."
        raise DesignError(msg)
    rng = np.random.default_rng(seed)
    animals = {name: {i.known.get("animal", "") for i in images} for name, images in sets.items()}
    known = not any("" in names for names in animals.values())
    greys = {}
    for name, images in sets.items():
        wanted = min(n, max(_LEAST_IMAGES, len(animals[name]))) if known else n
        greys[name] = _readable_greys(draw_sample(images, len(images), rng), wanted)
    few = [name for name, inside in greys.items() if len(inside) < _LEAST_IMAGES]
    if few:
        raise DesignError(f"Fewer than 3 images can be read of {', '.join(few)}.")
    results = []
    for a, b in combinations(greys, 2):
        result = _compare_two(a, b, greys[a], greys[b], rng)
        fewest = min(len(animals[a]), len(animals[b]))
        if known and fewest < _LEAST_IMAGES:
            result |= {"p": None, "reason": f"one of the sets has {fewest} animals only"}
        results.append(result)
    tested = [r for r in results if r["p"] is not None]
    for result, p in zip(tested, holm([r["p"] for r in tested]), strict=True):
        result["p_holm"] = p
    return results


def _readable_greys(images: Sequence[ImageOfSet], wanted: int) -> list[Grey]:
    """Return the first so many that can be read."""
    greys: list[Grey] = []
    for image in images:
        if len(greys) == wanted:
            break
        with suppress(UnreadableImageError):
            greys.append(_small_grey(image.path))
    return greys


def _small_grey(path: Path) -> Grey:
    picture = Image.fromarray(read_image(path)).convert("L")
    small = picture.resize((COMPARED_PX, COMPARED_PX), Image.Resampling.BOX)
    return np.asarray(small, np.float64)


def _compare_two(
    a: str, b: str, first: Sequence[Grey], second: Sequence[Grey], rng: np.random.Generator
) -> Result:
    similarity = _similarities([*first, *second])
    member = np.array([True] * len(first) + [False] * len(second))
    within_a, within_b, between = _divide(similarity, member)
    difference = _difference(similarity, member)
    permuted = [_difference(similarity, rng.permutation(member)) for _ in range(PERMUTATIONS)]
    p = (1 + int(np.sum(np.array(permuted) >= difference - 1e-12))) / (PERMUTATIONS + 1)
    return {
        "a": a,
        "b": b,
        "n_a": len(first),
        "n_b": len(second),
        "within_a": float(within_a.mean()),
        "within_b": float(within_b.mean()),
        "between": float(between.mean()),
        "difference": difference,
        "p": max(p, _LEAST_P),
        "values": {
            "within_a": within_a.tolist(),
            "within_b": within_b.tolist(),
            "between": between.tolist(),
        },
    }


def _similarities(greys: Sequence[Grey]) -> Grey:
    from skimage import metrics

    ssim: Any = metrics.structural_similarity
    matrix = np.eye(len(greys))
    for i, j in combinations(range(len(greys)), 2):
        value = float(ssim(greys[i], greys[j], data_range=255.0))
        matrix[i, j] = matrix[j, i] = value
    return matrix


def _divide(similarity: Grey, member: npt.NDArray[np.bool_]) -> tuple[Grey, Grey, Grey]:
    upper = np.triu(np.ones_like(similarity, bool), 1)
    both = np.outer(member, member)
    neither = np.outer(~member, ~member)
    return (
        similarity[upper & both],
        similarity[upper & neither],
        similarity[upper & ~both & ~neither],
    )


def _difference(similarity: Grey, member: npt.NDArray[np.bool_]) -> float:
    within_a, within_b, between = _divide(similarity, member)
    return float((within_a.mean() + within_b.mean()) / 2 - between.mean())


def say_what_differs(similarity: Iterable[Result], measures: Iterable[Result]) -> list[str]:
    """Return one sentence for everything that differs more than chance explains."""
    notes = [
        f"Images of {r['a']} and {r['b']} differ as wholes: they are more alike within than "
        f"between (SSIM difference {r['difference']:.3f}, p = {r['p_holm']:.2g} after Holm)."
        for r in similarity
        if r.get("p_holm", 1.0) < ALPHA
    ]
    for r in measures:
        if r.get("p_holm", 1.0) < ALPHA:
            means = ", ".join(f"{name} {value:.3g}" for name, value in r["means"].items())
            notes.append(
                f"The {r['measure']} of images differs by {r['by']} ({means}; p = "
                f"{r['p_holm']:.2g} after Holm)."
            )
    if notes:
        notes.append(
            "A camera, light or film that changed looks to a classifier like a change of the face. "
            "Look at the images before you believe a difference."
        )
    return notes


def could_test(similarity: Iterable[Result], measures: Iterable[Result]) -> bool:
    """Whether anything at all could be tested."""
    return any("p_holm" in r for r in (*similarity, *measures))
