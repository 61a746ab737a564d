"""From ratings to MGS to labels, by a stated rule; missing is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amgs.errors import ImpossibleValueError
from amgs.scoring.labels import LabelRule, label_images, score_image

UNITS = ("a", "b", "c", "d", "e")
RULE = LabelRule()


def rater(*scores: int | None) -> dict[str, int | None]:
    return dict(zip(UNITS, scores, strict=True))


@pytest.mark.parametrize(
    ("raters", "mgs", "label", "why"),
    [
        ([rater(2, 2, 2, 2, 2)], 10, "pain", ""),
        ([rater(1, 1, 1, 0, 0)], 3, "pain", ""),
        ([rater(1, 1, 0, 0, 0)], 2, "", "between pain and no pain"),
        ([rater(1, 0, 0, 0, 0)], 1, "no pain", ""),
        ([rater(1, 1, 1, 1, 1), rater(0, 0, 0, 1, 0)], 3, "pain", ""),
        ([rater(1, 1, 0, 0, None)], 2.5, "", "between pain and no pain"),
        ([rater(2, 2, 2, None, None)], None, "", "too few units scorable"),
        ([rater(2, 2, 2, None, None), rater(0, 0, 0, 0, 0)], 0, "no pain", ""),
        ([rater(None, None, None, None, None)], None, "", "too few units scorable"),
        ([], None, "", "nobody has scored it"),
    ],
)
def test_scores_and_labels(
    raters: list[dict[str, int | None]], mgs: float | None, label: str, why: str
) -> None:
    score = score_image("x", raters, UNITS, RULE)
    assert score.mgs == (None if mgs is None else pytest.approx(mgs))
    ((row,), counts) = label_images([score], RULE)
    assert (row["label"], row["why_none"]) == (label, why)
    assert counts[label or why] == 1


@given(st.lists(st.lists(st.sampled_from([0, 1, 2]), min_size=5, max_size=5), min_size=1))
def test_with_all_units_scored_the_mgs_is_the_mean_of_plain_sums(scores: list[list[int]]) -> None:
    score = score_image("x", [rater(*one) for one in scores], UNITS, RULE)
    assert score.mgs == pytest.approx(sum(map(sum, scores)) / len(scores))
    assert score.n_raters == len(scores)


def test_a_unit_without_an_answer_is_missing_not_zero() -> None:
    score = score_image("x", [{"a": 2, "b": 2, "c": 2, "d": 2}], UNITS, RULE)
    assert score.mgs == 10
    assert score_image("x", [{"a": 2}], UNITS, RULE).mgs is None


def test_a_rule_that_overlaps_is_refused() -> None:
    with pytest.raises(ImpossibleValueError, match="end below"):
        LabelRule(2, 2)
