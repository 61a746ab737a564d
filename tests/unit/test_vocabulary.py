"""Class, confidence and signed score follow from the probability of pain."""

from __future__ import annotations

import pytest

from amgs.vocabulary import call_pain, parse_class


@pytest.mark.parametrize(
    ("p_pain", "predicted", "confidence", "signed"),
    [(0.0, "no pain", 1.0, -1.0), (0.2, "no pain", 0.8, -0.6), (0.5, "pain", 0.5, 0.0),
     (0.9, "pain", 0.9, 0.8), (1.0, "pain", 1.0, 1.0)],
)  # fmt: skip
def test_prediction(p_pain: float, predicted: str, confidence: float, signed: float) -> None:
    """Signed = ±(2 · confidence - 1), + for pain."""
    found = call_pain(p_pain)
    assert found.values["predicted"] == predicted
    assert found.number("confidence") == pytest.approx(confidence)
    assert found.number("signed_score") == pytest.approx(signed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("pain", "pain"), (" No Pain", "no pain"), ("no_pain", "no pain"), ("NOPAIN", "no pain"),
     ("no-pain", "no pain"), ("painful", None), ("", None), ("1", None)],
)  # fmt: skip
def test_classes_are_read_as_people_write_them(text: str, expected: str | None) -> None:
    """Anything else is not guessed."""
    assert parse_class(text) == expected
