"""A report says that an analysis was planned only where it was."""

from __future__ import annotations

from typing import Any

import pytest

from amgs.report.arrive import arrive
from amgs.report.material import ReportMaterial
from amgs.report.plan_words import (
    describe_plan,
    place_of_primary,
    plan_in_methods,
    plan_is_sound,
)

SEALED = {"at": "2026-03-01T10:00:00", "who": "Ada", "sha256": "a" * 64}


def reported(state: dict[str, Any] | None, *, is_primary: bool = True) -> ReportMaterial:
    comparison = {
        "value": "pct_pain", "timepoint": "1h", "baseline": None, "primary": {"rows": []},
        "groups": [], "excluded": [], "plan_state": state, "is_primary": is_primary,
    }  # fmt: skip
    return ReportMaterial("study", [], comparison, {})


def state(sealed: dict[str, str] | None, late: str = "", *changes: str) -> dict[str, Any]:
    return {"sealed": sealed, "late": late, "changes": list(changes)}


@pytest.mark.parametrize(
    ("of", "is_primary", "sound", "place", "in_methods"),
    [
        (None, True, False, "", ""),
        (state(SEALED), True, True, "is the planned one", "before groups were compared"),
        (state(SEALED), False, False, "is not the planned one", "is not the planned one"),
        (state(SEALED, "", "outcome"), True, False, "was changed since", "Changed since: outcome"),
        (state(SEALED, "after all"), True, False, "is the planned one", "after after all"),
        (state(None), True, False, "the one in study.toml", ""),
        (state(None), False, False, "is not the planned one", ""),
    ],
)
def test_only_what_was_sealed_is_planned(
    of: dict[str, Any] | None, is_primary: bool, sound: bool, place: str, in_methods: str
) -> None:
    material = reported(of, is_primary=is_primary)
    assert plan_is_sound(material) is sound
    assert place in place_of_primary(material)
    assert bool(place) == bool(place_of_primary(material))
    assert in_methods in plan_in_methods(material)
    assert bool(in_methods) == bool(plan_in_methods(material))
    outcome = next(item for item in arrive(material) if item.title == "Outcome measures")
    assert bool(outcome.to_add) is not sound


def test_an_analysis_without_a_seal_is_not_called_that_of_the_settings_when_it_is_not() -> None:
    (text,) = describe_plan(reported(state(None), is_primary=False))
    assert "this is not the analysis in study.toml" in text
