"""Sets of images that differ as wholes are noticed; those that do not are left in peace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amgs.errors import DesignError
from amgs.image_check.measures import ImageOfSet, compare_measures, measure_image, measure_images
from amgs.image_check.sets import (
    compare_similarity,
    draw_sample,
    say_what_differs,
)
from amgs.image_check.ssim import structural_similarities


def write(path: Path, rng: np.random.Generator, brightness: float = 120, tilt: float = 0.0) -> Path:
    """An image with a gradient, whose slant is the look of a camera, and noise of its own."""
    ys, xs = np.mgrid[:96, :96] / 96
    grey = brightness + 60 * (xs * (1 - tilt) + ys * tilt - 0.5) + rng.normal(0, 12, (96, 96))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert("RGB").save(path)
    return path


def cohort(folder: Path, **change: float) -> list[ImageOfSet]:
    """Twelve animals in two groups at two timepoints; the change is that of the second timepoint."""
    rng = np.random.default_rng(1)
    images = []
    for animal in range(12):
        own = rng.normal(120, 6)
        for timepoint in ("baseline", "after"):
            look = change if timepoint == "after" else {}
            for number in range(3):
                name = f"{animal}_{timepoint}_{number}.png"
                path = write(
                    folder / name, rng, own + look.get("brightness", 0), look.get("tilt", 0)
                )
                known = {"animal": f"m{animal}", "group": "ab"[animal % 2], "timepoint": timepoint}
                images.append(ImageOfSet(path, name, known))
    return images


def by(images: list[ImageOfSet], column: str) -> dict[str, list[ImageOfSet]]:
    sets: dict[str, list[ImageOfSet]] = {}
    for image in images:
        sets.setdefault(image.known[column], []).append(image)
    return sets


def test_a_moved_camera_is_noticed(tmp_path: Path) -> None:
    (result,) = compare_similarity(by(cohort(tmp_path, tilt=1.0), "timepoint"))
    assert result["between"] < min(result["within_a"], result["within_b"])
    assert result["p"] < 0.01
    assert (result["n_a"], result["n_b"]) == (12, 12), "one image of each animal"
    (note, advice) = say_what_differs([result], [])
    assert "differ as wholes" in note
    assert "Look at the images" in advice


def test_another_light_is_noticed(tmp_path: Path) -> None:
    rows, problems = measure_images(cohort(tmp_path, brightness=25))
    assert problems == []
    found = {r["measure"]: r for r in compare_measures(rows, "timepoint")}
    assert found["brightness"]["p_holm"] < 0.01
    assert found["brightness"]["test"] == "Wilcoxon, paired"
    assert found["brightness"]["n"] == 12
    assert found["brightness"]["means"]["after"] - found["brightness"]["means"]["baseline"] == (
        pytest.approx(25, abs=3)
    )
    assert "brightness of images differs by timepoint" in say_what_differs([], found.values())[0]


def test_equal_sets_are_left_in_peace(tmp_path: Path) -> None:
    images = cohort(tmp_path)
    rows, _ = measure_images(images)
    measures = [r for c in ("group", "timepoint") for r in compare_measures(rows, c)]
    similarity = compare_similarity(by(images, "group")) + compare_similarity(
        by(images, "timepoint")
    )
    assert say_what_differs(similarity, measures) == []
    assert next(r for r in measures if r["measure"] == "width")["reason"]


@pytest.mark.slow
def test_false_alarms_are_as_rare_as_they_should_be(tmp_path: Path) -> None:
    """Animals that look different are no difference of groups: 5 % of 40 cohorts, not more."""
    alarms = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        sets: dict[str, list[ImageOfSet]] = {"a": [], "b": []}
        for animal in range(12):
            tilt, own = rng.uniform(0, 1), rng.normal(120, 20)
            for number in range(2):
                path = write(tmp_path / f"{seed}/{animal}_{number}.png", rng, own, tilt)
                sets["ab"[animal % 2]].append(ImageOfSet(path, path.name, {"animal": f"m{animal}"}))
        (result,) = compare_similarity(sets, seed=seed)
        alarms += result["p"] < 0.05
    assert alarms <= 6, "more than a binomial of 0.05 allows (p < 0.01)"


def test_few_animals_give_no_p(tmp_path: Path) -> None:
    images = [i for i in cohort(tmp_path) if i.known["animal"] in {"m0", "m1", "m2", "m3"}]
    (result,) = compare_similarity(by(images, "group"))
    assert result["p"] is None
    assert "only 2 animals" in result["reason"]
    assert say_what_differs([result], []) == []


def test_unknown_animals_give_means_without_a_test(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = [
        ImageOfSet(write(tmp_path / f"{i}.png", rng), f"{i}", {"set": "ab"[i % 2]})
        for i in range(8)
    ]
    rows, _ = measure_images(images)
    assert all(
        "images are no independent units" in r["reason"] for r in compare_measures(rows, "set")
    )


def test_the_sample_takes_one_of_each_animal_first(tmp_path: Path) -> None:
    images = cohort(tmp_path)
    sample = draw_sample(images, 12, np.random.default_rng(0))
    assert len({i.known["animal"] for i in sample}) == 12
    assert len({i.name for i in draw_sample(images, 30, np.random.default_rng(0))}) == 30


def test_measures_mean_what_they_say(tmp_path: Path) -> None:
    found = measure_image(write(tmp_path / "a.png", np.random.default_rng(0), 150))
    assert found["brightness"] == pytest.approx(150, abs=1)
    assert (found["width"], found["height"]) == (96, 96)


def test_broken_images_are_listed_and_small_sets_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"none")
    rows, problems = measure_images([ImageOfSet(tmp_path / "x.jpg", "x.jpg")])
    assert rows == []
    assert problems[0][0] == "x.jpg"
    with pytest.raises(DesignError, match="two sets of at least 3"):
        compare_similarity({"a": [], "b": []})


def alike(folder: Path, seed: int, moved: float = 0.0) -> dict[str, list[ImageOfSet]]:
    """Eight animals, each with a pattern of its own, at two timepoints."""
    rng = np.random.default_rng(seed)
    sets: dict[str, list[ImageOfSet]] = {"baseline": [], "after": []}
    ys, xs = np.mgrid[:64, :64] / 64
    for animal in range(8):
        own = rng.normal(0, 1, (8, 8)).repeat(8, 0).repeat(8, 1)
        for timepoint, inside in sets.items():
            shift = moved if timepoint == "after" else 0.0
            grey = 120 + 25 * own + 40 * shift * (xs - ys) + rng.normal(0, 10, (64, 64))
            path = folder / f"{seed}_{animal}_{timepoint}.png"
            Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert("RGB").save(path)
            known = {"animal": f"m{animal}", "timepoint": timepoint}
            inside.append(ImageOfSet(path, path.name, known))
    return sets


@pytest.mark.slow
def test_animals_are_compared_with_themselves_over_timepoints(tmp_path: Path) -> None:
    """Without a change p is spread over 0 to 1; shuffling freely, it was 0.99 on average."""
    found = [compare_similarity(alike(tmp_path, seed))[0] for seed in range(24)]
    assert all(result["paired"] for result in found)
    p = np.array([result["p"] for result in found])
    assert 0.3 < p.mean() < 0.7
    assert (p < 0.05).mean() < 0.2


@pytest.mark.slow
def test_a_moved_camera_is_noticed_where_animals_are_the_same(tmp_path: Path) -> None:
    """In every simulated experiment; shuffling freely, in fewer than half of them."""
    found = [compare_similarity(alike(tmp_path, seed, moved=1.5))[0]["p"] for seed in range(12)]
    assert max(found) < 0.05


def test_structural_similarity_agrees_with_scikit_image() -> None:
    """Of noise, of the same darker, and of two images alike."""
    from skimage.metrics import structural_similarity

    rng = np.random.default_rng(0)
    noise = rng.uniform(0, 255, (64, 80))
    greys = [noise, 0.8 * noise + 5, noise + rng.normal(0, 20, noise.shape), noise[::-1].copy()]
    found = structural_similarities(greys)
    for i, a in enumerate(greys):
        for j, b in enumerate(greys):
            expected = structural_similarity(a, b, data_range=255.0)
            assert found[i, j] == pytest.approx(expected, abs=1e-12)


def test_animals_of_which_nothing_can_be_read_are_not_replaced_by_others(tmp_path: Path) -> None:
    """Two images of one animal are no two animals; with two animals left nothing is tested."""
    rng = np.random.default_rng(0)
    sets: dict[str, list[ImageOfSet]] = {"a": [], "b": []}
    for name, images in sets.items():
        for animal in range(3):
            for number in range(4):
                path = write(tmp_path / f"{name}{animal}_{number}.png", rng)
                if animal == 0:
                    path.write_bytes(b"no image")
                images.append(ImageOfSet(path, path.name, {"animal": f"{name}{animal}"}))
    (result,) = compare_similarity(sets)
    assert result["p"] is None
    assert "2 animals" in result["reason"]
