"""What makes numbers untrustworthy is said beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from amgs.model.card_warnings import warn_of_few_units, warn_of_never_sure, warn_of_odd_scores
from amgs.model.training.splits import PartsOfData
from amgs.vocabulary import NO_PAIN, PAIN, LabelledImage


def parts(n_test_animals: int) -> PartsOfData:
    units = np.array([f"a{k}" for k in range(20)])
    part = np.where(np.arange(20) < n_test_animals, "test", "train")
    return PartsOfData(part, units, "animal")


def test_a_test_part_of_one_or_two_animals_is_said() -> None:
    """Three are taken without a word."""
    (warning,) = warn_of_few_units(parts(1))
    assert warning.startswith("The test part holds images of 1 animals only")
    assert len(warn_of_few_units(parts(2))) == 1
    assert warn_of_few_units(parts(3)) == []


def test_labels_that_contradict_their_mgs_are_counted() -> None:
    """Pain with MGS 0 or 1, no pain with 3 or more; 2 and unknown are neither."""
    base = LabelledImage(Path("a"), "a", PAIN, mgs=6)
    fine = [
        base,
        replace(base, mgs=2),
        replace(base, mgs=None),
        replace(base, label=NO_PAIN, mgs=1),
    ]
    assert warn_of_odd_scores(fine) == []
    odd = [replace(base, name="b", mgs=0), replace(base, label=NO_PAIN, mgs=3)]
    (warning,) = warn_of_odd_scores([*fine, *odd])
    assert warning.startswith("2 images have a label that their MGS does not suggest")
    assert "such as b." in warning


def test_a_model_that_is_never_sure_is_told() -> None:
    metrics = {"test": {"confidence_at_least_0.75": {"n": 0}}}
    (warning,) = warn_of_never_sure(metrics)
    assert "% pain of animals may stay empty" in warning
    metrics["test"]["confidence_at_least_0.75"]["n"] = 1
    assert warn_of_never_sure(metrics) == []
