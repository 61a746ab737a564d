"""What must hold for any input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from amgs.errors import TooFewAnimalsError
from amgs.model.evaluate import evaluate_predictions
from amgs.model.metrics import expected_calibration_error, reliability_table, wilson_interval
from amgs.model.training.augmentation import draw_alteration
from amgs.model.training.splits import split_images
from amgs.tables import read_table, write_table
from amgs.vocabulary import NO_PAIN, PAIN, LabelledImage, call_pain

seeds = st.integers(0, 2**32 - 1)


@given(st.floats(0, 1))
def test_a_prediction_never_contradicts_itself(p_pain: float) -> None:
    """Confidence, class and signed score say the same as the probability."""
    found = call_pain(p_pain).values
    assert 0.5 <= found["confidence"] <= 1
    assert (found["predicted"] == PAIN) == (p_pain >= 0.5)
    # Not the formula that made it: the sign decides the class, and both lie equally far from 0.5.
    assert (found["signed_score"] >= 0) == (found["predicted"] == PAIN)
    assert abs(abs(found["signed_score"]) / 2 + 0.5 - found["confidence"]) < 1e-12


@settings(deadline=None, max_examples=60)
@given(seeds, st.integers(3, 25), st.integers(1, 12))
def test_parts_never_share_an_animal(seed: int, n_animals: int, per_animal: int) -> None:
    """However uneven the animals are; every part holds both classes, or the split is refused."""
    rng = np.random.default_rng(seed)
    images = [
        LabelledImage(
            Path("x"), "x", PAIN if rng.random() < rate else NO_PAIN, animal=f"animal {a}"
        )
        for a, rate in enumerate(rng.random(n_animals))
        for _ in range(int(rng.integers(1, per_animal + 1)))
    ]
    try:
        parts = split_images(images, "animal", seed % 1_000)
    except TooFewAnimalsError:
        reject()  # hypothesis complains where most examples end here, and the test says nothing
    seen: dict[str, str] = {}
    for image, part in zip(images, parts.part.tolist(), strict=True):
        assert seen.setdefault(str(image.animal), part) == part
    for part in ("train", "validation", "test"):
        assert len({images[row].label for row in parts.rows(part)}) == 2


def random_predictions(seed: int, n: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    label = rng.permutation(np.where(np.arange(n) % 2, PAIN, NO_PAIN))
    return pd.DataFrame(
        {
            "image": [f"{k}.jpg" for k in range(n)],
            "predicted": np.where(p >= 0.5, PAIN, NO_PAIN),
            "confidence": np.maximum(p, 1 - p),
            "p_pain": p,
            "signed_score": 2 * p - 1,
            "label": label,
            "mgs": rng.integers(0, 11, n).astype(float),
        }
    )


@settings(deadline=None, max_examples=30)
@given(seeds, st.integers(4, 60))
def test_the_order_of_rows_means_nothing(seed: int, n: int) -> None:
    """Shuffled predictions give the same evaluation."""
    table = random_predictions(seed, n)
    first = evaluate_predictions(table)
    second = evaluate_predictions(table.sample(frac=1, random_state=seed % 1_000))
    assert first.point == second.point
    assert abs(first.auc - second.auc) < 1e-12
    assert first.mgs is not None
    assert second.mgs is not None
    assert abs((first.mgs.pearson_r or 0) - (second.mgs.pearson_r or 0)) < 1e-9


@settings(deadline=None, max_examples=30)
@given(seeds, st.integers(4, 60))
def test_naming_the_classes_the_other_way_round(seed: int, n: int) -> None:
    """Sensitivity and specificity change places, accuracy and AUC stay."""
    table = random_predictions(seed, n)
    swap = {PAIN: NO_PAIN, NO_PAIN: PAIN}
    other = table.assign(
        predicted=table["predicted"].map(swap),
        label=table["label"].map(swap),
        p_pain=1 - table["p_pain"],
        signed_score=-table["signed_score"],
    )
    first, second = evaluate_predictions(table, 0.6), evaluate_predictions(other, 0.6)
    assert first.point.counts.sensitivity == second.point.counts.specificity
    assert first.point.counts.accuracy == second.point.counts.accuracy
    assert abs(first.auc - second.auc) < 1e-12


@settings(deadline=None)
@given(seeds, st.integers(1, 200))
def test_coverage_only_falls(seed: int, n: int) -> None:
    """A higher threshold never keeps more images."""
    curve = evaluate_predictions(random_predictions(seed, max(4, n))).curve
    kept = [point.counts.n for point in curve]
    assert kept == sorted(kept, reverse=True)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_the_share(successes: int, n: int) -> None:
    """The interval lies within 0–1 and around the share."""
    successes = min(successes, n)
    interval = wilson_interval(successes, n)
    assert interval is not None
    assert 0 <= interval[0] <= successes / n + 1e-12
    assert successes / n - 1e-12 <= interval[1] <= 1


@given(st.lists(st.tuples(st.booleans(), st.floats(0.5, 1)), min_size=1, max_size=200))
def test_every_image_is_in_one_bin(rows: list[tuple[bool, float]]) -> None:
    """Borders included; the calibration error is a share."""
    correct, confidence = (np.array(column) for column in zip(*rows, strict=True))
    table = reliability_table(correct, confidence)
    assert sum(row.n for row in table) == len(rows)
    error = expected_calibration_error(table)
    assert error is not None
    assert 0 <= error <= 1


@settings(deadline=None)
@given(seeds, st.integers(16, 60), st.integers(16, 60))
def test_every_alteration_leaves_a_picture(seed: int, height: int, width: int) -> None:
    """Of at least 80 % of each side, whatever is drawn."""
    altered = draw_alteration(np.random.default_rng(seed)).apply(
        np.full((height, width, 3), 100, np.uint8)
    )
    assert altered.shape[0] >= 0.8 * height - 1
    assert altered.shape[1] >= 0.8 * width - 1
    assert altered.dtype == np.uint8


cells = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20).map(
    str.strip
)


@settings(deadline=None)
@given(st.lists(st.tuples(cells.filter(bool), cells), min_size=1, max_size=10))
def test_tables_come_back(tmp_path_factory, rows: list[tuple[str, str]]) -> None:  # type: ignore[no-untyped-def]
    """Any text without control characters survives a CSV."""
    path = tmp_path_factory.mktemp("t") / "t.csv"
    write_table(path, ("image", "note"), rows)
    table = read_table(path, ("image",))
    assert list(zip(table["image"], table["note"], strict=True)) == rows
