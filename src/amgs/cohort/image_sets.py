"""Whether sets of images differ as wholes: a camera that moved is noticed before it is called pain.

The check of Tuttle et al. 2018 (structural similarity within and between sets), and brightness,
contrast, sharpness and size compared between groups and timepoints, animal by animal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from amgs.cohort.oneway import Result
from amgs.cohort.robust import holm, kruskal_wallis_test
from amgs.config import thread_count
from amgs.errors import DesignError, UnreadableImageError
from amgs.faces.quality import measure_sharpness
from amgs.images import read_image
from amgs.jobs import ProgressCallback, map_ahead, no_progress

MEASURES = ("brightness", "contrast", "sharpness", "width", "height")
DEFAULT_SAMPLE = 16
"""Images of each set whose similarity is computed; Tuttle et al. 2018 took 12 to 16."""

COMPARED_PX = 128
PERMUTATIONS = 5000
ALPHA = 0.05
_TWO = 2
_LEAST_IMAGES = 3
_LEAST_P = 1 / (PERMUTATIONS + 1)

Grey = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ImageOfSet:
    """An image and what is known of it; unknown is empty."""

    path: Path
    name: str
    known: Mapping[str, str] = field(default_factory=dict)


def measure_image(path: Path) -> dict[str, float]:
    """Return brightness and contrast (mean and SD of grey, 0–255), sharpness, width and height."""
    rgb = read_image(path)
    grey = np.asarray(Image.fromarray(rgb).convert("L"), np.float64)
    height, width = grey.shape
    return {
        "brightness": float(grey.mean()),
        "contrast": float(grey.std()),
        "sharpness": measure_sharpness(rgb, (0, 0, width, height)),
        "width": float(width),
        "height": float(height),
    }


def measure_images(
    images: Sequence[ImageOfSet], progress: ProgressCallback = no_progress
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Measure every image; return rows with what is known of them, and what cannot be read."""

    def look(image: ImageOfSet) -> dict[str, float] | str:
        try:
            return measure_image(image.path)
        except UnreadableImageError as error:
            return str(error)

    rows: list[dict[str, Any]] = []
    problems: list[tuple[str, str]] = []
    threads = thread_count()
    with ThreadPoolExecutor(threads) as executor:
        results = map_ahead(executor, look, images, 4 * threads)
        for done, (image, found) in enumerate(zip(images, results, strict=True), start=1):
            if isinstance(found, str):
                problems.append((image.name, found))
            else:
                rows.append({"image": image.name, **image.known, **found})
            progress("measuring images", done, len(images))
    return rows, problems


def compare_measures(rows: Sequence[Mapping[str, Any]], column: str) -> list[Result]:
    """Compare every measure between the values of a column, such as groups or timepoints.

    The animal is the unit: where animals are known, the mean of each animal (within each value of
    the column) enters a Kruskal–Wallis test; for timepoints, of the same animals, Friedman's test
    (Wilcoxon's for two). Without animals, only means are given. p values are adjusted over
    measures by Holm's method.

    Parameters
    ----------
    rows
        From `measure_images`, with the column.
    column
        ``group``, ``timepoint`` or another.

    Returns
    -------
    list of dict
        ``measure, by, means`` (value → mean), ``largest_difference`` (between means, as a share of
        the overall mean), ``test``, ``n`` (animals), ``p, p_holm``; or why there is no test.
    """
    results = [_compare_measure(rows, column, measure) for measure in MEASURES]
    tested = [r for r in results if "p" in r]
    for result, p in zip(tested, holm([r["p"] for r in tested]), strict=True):
        result["p_holm"] = p
    return results


def _compare_measure(rows: Sequence[Mapping[str, Any]], column: str, measure: str) -> Result:
    values = list(dict.fromkeys(str(row[column]) for row in rows))
    by_animal: dict[str, dict[str, list[float]]] = {value: {} for value in values}
    for row in rows:
        animal = str(row.get("animal") or "")
        by_animal[str(row[column])].setdefault(animal, []).append(float(row[measure]))
    means = {
        value: {animal: float(np.mean(x)) for animal, x in inside.items()}
        for value, inside in by_animal.items()
    }
    overall = {value: float(np.mean(list(inside.values()))) for value, inside in means.items()}
    centre = float(np.mean(list(overall.values())))
    return {
        "measure": measure,
        "by": column,
        "means": overall,
        "largest_difference": (max(overall.values()) - min(overall.values())) / (centre or 1.0),
        **_test(means, paired=column == "timepoint"),
    }


def _test(means: Mapping[str, Mapping[str, float]], *, paired: bool) -> dict[str, Any]:
    if len(means) < _TWO:
        return {"reason": "there is one value only"}
    if any("" in inside for inside in means.values()):
        return {"reason": "animals are not known, and images are no independent units"}
    if paired:
        return _test_same_animals(means)
    samples = {value: np.array(list(inside.values())) for value, inside in means.items()}
    found = kruskal_wallis_test(samples)
    if "p" not in found:
        return {"reason": found["reason"]}
    return {"test": "Kruskal–Wallis", "n": sum(map(len, samples.values())), "p": found["p"]}


def _test_same_animals(means: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    from scipy.stats import friedmanchisquare, wilcoxon

    common = [
        a for a in next(iter(means.values())) if all(a in inside for inside in means.values())
    ]
    columns = [[inside[animal] for animal in common] for inside in means.values()]
    if len(common) < 3 or all(column == columns[0] for column in columns):  # noqa: PLR2004
        return {"reason": f"{len(common)} animals have every timepoint, or nothing varies"}
    if len(columns) == _TWO:
        p = float(wilcoxon(columns[0], columns[1]).pvalue)
        return {"test": "Wilcoxon, paired", "n": len(common), "p": p}
    p = float(friedmanchisquare(*columns).pvalue)
    return {"test": "Friedman", "n": len(common), "p": p}


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
        ``values`` of all pairs.

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
        greys[name] = [_small_grey(image.path) for image in draw_sample(images, wanted, rng)]
    results = []
    for a, b in combinations(greys, 2):
        result = _compare_two(a, b, greys[a], greys[b], rng)
        fewest = min(len(animals[a]), len(animals[b]))
        if known and fewest < _LEAST_IMAGES:
            result |= {"p": None, "reason": f"one of the sets has {fewest} animals only"}
        results.append(result)
    return results


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
        f"between (SSIM difference {r['difference']:.3f}, p = {r['p']:.2g})."
        for r in similarity
        if r["p"] is not None and r["p"] < ALPHA
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
