"""Whether sets of images differ as wholes: a camera that moved is noticed before it is called pain.

The check of Tuttle et al. 2018: structural similarity within and between sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from amgs.cohort.oneway import Result
from amgs.cohort.robust import holm
from amgs.errors import DesignError, UnreadableImageError
from amgs.image_check.measures import ImageOfSet
from amgs.image_check.ssim import Grey, structural_similarities
from amgs.images import read_image

DEFAULT_SAMPLE = 16
"""Images of each set whose similarity is computed; Tuttle et al. 2018 took 12 to 16."""

COMPARED_PX = 128
PERMUTATIONS = 5000
ALPHA = 0.05
_TWO = 2
_LEAST_IMAGES = 3

Mask: TypeAlias = npt.NDArray[np.bool_]


def draw_sample(
    images: Sequence[ImageOfSet],
    n: int,
    rng: np.random.Generator,
    ranks: Mapping[str, int] | None = None,
) -> list[ImageOfSet]:
    """Draw n images at random, of as many animals as there are: one of each before a second.

    Parameters
    ----------
    images
        Of one set.
    n
        How many.
    rng
        Decides.
    ranks
        Which animals come first; given to several sets, it draws the same animals of each.
    """
    # Shuffled first, then sorted by turns: sorting is stable, so that chance decides within a turn.
    order = [images[i] for i in rng.permutation(len(images)).tolist()]
    drawn: dict[str, int] = {}
    turns = []
    for image in order:
        animal = image.known.get("animal") or image.name
        turns.append((drawn.get(animal, 0), (ranks or {}).get(animal, 0), image))
        drawn[animal] = drawn.get(animal, 0) + 1
    turns.sort(key=lambda turn: turn[:2])
    return [image for _, _, image in turns[:n]]


def compare_similarity(
    sets: Mapping[str, Sequence[ImageOfSet]], n: int = DEFAULT_SAMPLE, seed: int = 0
) -> list[Result]:
    """Compare structural similarity within two sets and between them, for every pair of sets.

    Images are made 128 × 128 grey pixels; SSIM (Wang et al. 2004). The test
    permutes which image belongs to which set (5,000 times): pairs of images are not independent of
    each other, so a t-test of pairs would find differences that are none. Nor are images of one
    animal: where animals are known, one image of each is drawn, and with fewer than three animals
    in a set there is no p.

    Where both sets show the same animals, as timepoints do, only these enter, and the two images of
    each animal are swapped or not: images of one animal resemble each other at all times, and
    shuffling freely would take that for likeness between the sets. Pairs of images of one animal
    are left out of ``between`` for the same reason.

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
        ``paired`` (whether the same animals were compared); ``p_holm`` adjusted over pairs of sets;
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
    everybody = sorted(set[str]().union(*animals.values()))
    # The same animals of every set: their own likeness then weighs on all sets alike.
    ranks = dict(zip(everybody, rng.permutation(len(everybody)).tolist(), strict=True))
    drawn = {}
    for name, images in sets.items():
        wanted = min(n, max(_LEAST_IMAGES, len(animals[name]))) if known else n
        order = draw_sample(images, len(images), rng, ranks if known else None)
        drawn[name] = _read_some(order, wanted, one_each=known)
    few = [name for name, inside in drawn.items() if len(inside) < _LEAST_IMAGES]
    if few:
        raise DesignError(f"Fewer than 3 images can be read of {', '.join(few)}.")
    results = []
    for a, b in combinations(drawn, 2):
        shared = known and bool(animals[a] & animals[b])
        first, second = _pair_up(drawn[a], drawn[b]) if shared else (drawn[a], drawn[b])
        fewest = len({animal for animal, _ in first} & {animal for animal, _ in second})
        if not shared:
            fewest = min(len({animal for animal, _ in drawn[name]}) for name in (a, b))
        if known and fewest < _LEAST_IMAGES:
            result = _compare_two(a, b, drawn[a], drawn[b], None, paired=False)
            where = "both sets show" if shared else "one of the sets has only"
            result |= {"p": None, "reason": f"{where} {fewest} animals"}
        else:
            result = _compare_two(a, b, first, second, rng, paired=shared)
        results.append(result)
    tested = [r for r in results if r["p"] is not None]
    for result, p in zip(tested, holm([r["p"] for r in tested]), strict=True):
        result["p_holm"] = p
    return results


Drawn: TypeAlias = Sequence[tuple[str, Grey]]
"""Animal (empty where unknown) and grey image of everything drawn from a set."""


def _read_some(
    images: Sequence[ImageOfSet], wanted: int, *, one_each: bool
) -> list[tuple[str, Grey]]:
    """Return the first so many that can be read.

    With `one_each`, one of every animal, but for sets of so few animals that nothing is tested.
    """
    found: list[tuple[str, Grey]] = []
    further: list[tuple[str, Grey]] = []
    for image in images:
        if len(found) == wanted:
            return found
        animal = image.known.get("animal", "")
        known = one_each and animal in {name for name, _ in found}
        if known and len(further) == _LEAST_IMAGES:
            continue
        with suppress(UnreadableImageError):
            (further if known else found).append((animal, _small_grey(image.path)))
    return found if len(found) >= _LEAST_IMAGES else [*found, *further][:_LEAST_IMAGES]


def _pair_up(first: Drawn, second: Drawn) -> tuple[Drawn, Drawn]:
    """Return one image of every animal that both sets show, in the same order."""
    # A later key replaces an earlier one, so reversed keeps the first drawn.
    a, b = dict(reversed(first)), dict(reversed(second))  # of several images the first drawn
    common = [animal for animal in a if animal in b]
    return [(animal, a[animal]) for animal in common], [(animal, b[animal]) for animal in common]


def _small_grey(path: Path) -> Grey:
    image = Image.fromarray(read_image(path)).convert("L")
    small = image.resize((COMPARED_PX, COMPARED_PX), Image.Resampling.BOX)
    return np.asarray(small, np.float64)


def _compare_two(
    a: str,
    b: str,
    first: Drawn,
    second: Drawn,
    rng: np.random.Generator | None,
    *,
    paired: bool,
) -> Result:
    similarity = structural_similarities([grey for _, grey in (*first, *second)])
    member = np.array([True] * len(first) + [False] * len(second))
    counted = np.triu(np.ones_like(similarity, bool), 1)
    if paired:
        # Two images of one animal are alike whatever the camera did: such pairs prove nothing.
        own = np.arange(len(first))
        counted[own, own + len(first)] = False
    within_a, within_b, between = _divide(similarity, member, counted)
    difference = _difference(similarity, member, counted)
    return {
        "a": a,
        "b": b,
        "n_a": len(first),
        "n_b": len(second),
        "paired": paired,
        "within_a": float(within_a.mean()),
        "within_b": float(within_b.mean()),
        "between": float(between.mean()),
        "difference": difference,
        "p": None
        if rng is None
        else _permutation_p(similarity, member, counted, difference, rng, paired=paired),
        "values": {
            "within_a": within_a.tolist(),
            "within_b": within_b.tolist(),
            "between": between.tolist(),
        },
    }


def _permutation_p(
    similarity: Grey,
    member: Mask,
    counted: Mask,
    difference: float,
    rng: np.random.Generator,
    *,
    paired: bool,
) -> float:
    """Return (1 + permutations at least as extreme) / (1 + permutations), one-sided."""
    n = len(member) // 2
    extreme = 0
    for _ in range(PERMUTATIONS):
        if paired:
            # Under the hypothesis the two images of an animal are exchangeable, and only these.
            swapped = rng.random(n) < 0.5  # noqa: PLR2004
            permuted = np.concatenate([~swapped, swapped])
        else:
            permuted = rng.permutation(member)
        # Equal arrangements must count as equal, whatever the order of summation.
        extreme += _difference(similarity, permuted, counted) >= difference - 1e-12
    # What was observed is one of the arrangements: p is never 0 (Phipson & Smyth 2010).
    return (1 + extreme) / (PERMUTATIONS + 1)


def _divide(similarity: Grey, member: Mask, counted: Mask) -> tuple[Grey, Grey, Grey]:
    both = np.outer(member, member)
    neither = np.outer(~member, ~member)
    return (
        similarity[counted & both],
        similarity[counted & neither],
        similarity[counted & ~both & ~neither],
    )


def _difference(similarity: Grey, member: Mask, counted: Mask) -> float:
    within_a, within_b, between = _divide(similarity, member, counted)
    # The mean of both means, not of all pairs: a larger set must not decide alone.
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
            "A change of camera, light or video may be taken for a change of the face by a model. "
            "Look at the images before you trust a difference."
        )
    return notes


def could_test(similarity: Iterable[Result], measures: Iterable[Result]) -> bool:
    """Whether anything at all could be tested."""
    return any("p_holm" in r for r in (*similarity, *measures))
