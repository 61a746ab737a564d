"""Which answers count when somebody scored under two names."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from amgs.store import FaceRecord, Rater, RatingRow
from amgs.study import present
from amgs.study.exclusions import Exclusions

UNITS = ("orbital", "nose")


def answers(rater: str, *units: str) -> list[RatingRow]:
    return [
        RatingRow("f.png", "r", rater, unit, 2, "", False, 0, "2026-01-01", 7) for unit in units
    ]


@pytest.mark.parametrize(
    ("own", "merged", "counted"),
    [
        (UNITS[:1], UNITS, 2),  # broken off, and finished under the second name
        (UNITS, UNITS[:1], 2),
        (UNITS[:1], (), 1),
    ],
)
def test_what_was_finished_counts(
    monkeypatch: pytest.MonkeyPatch, own: tuple[str, ...], merged: tuple[str, ...], counted: int
) -> None:
    rows = answers("anna", *own) + answers("anna2", *merged)
    people = [Rater(1, "anna", "", ""), Rater(2, "anna2", "", "", 1)]
    store = SimpleNamespace(
        scoring=SimpleNamespace(all=lambda: rows), raters=SimpleNamespace(all=lambda: people)
    )
    monkeypatch.setattr(present, "unit_keys", lambda _: {unit: unit for unit in UNITS})
    face = FaceRecord("f.png", "s", "c", id=7, recording="r")
    kept = present._ratings(SimpleNamespace(store=store), [face], [face], Exclusions())  # type: ignore[arg-type]
    assert {row.rater for row in kept} == {"anna"}
    assert len(kept) == counted
