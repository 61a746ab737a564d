"""What the report says of the plan: whether it came before the result, and what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amgs.report.material import ReportMaterial


def _state(material: ReportMaterial) -> Mapping[str, Any] | None:
    return (material.comparison or {}).get("plan_state")


def plan_is_sound(material: ReportMaterial) -> bool:
    """Whether the plan was sealed before any result was seen."""
    state = _state(material)
    return bool(state and state["sealed"] and not state["late"])


def title_of_primary(material: ReportMaterial) -> str:
    """Return what the first analysis is called: the planned one, or another that was asked for."""
    comparison = material.comparison or {}
    return "Primary analysis" if comparison.get("is_primary", True) else "Not the planned analysis"


def describe_plan(material: ReportMaterial) -> list[str]:
    """Say when the plan was sealed, or that it was not, and what was changed since.

    Nothing of a report from files, which know of no plan.
    """
    state = _state(material)
    if state is None:
        return []
    sealed = state["sealed"]
    if sealed is None:
        return [
            (
                "No plan was sealed before the result was known (amgs plan --seal): this is the "
                "analysis in study.toml, and a reader cannot know that it was chosen beforehand."
            )
        ]
    when = f"{sealed['at'][:16].replace('T', ' ')} UTC by {sealed['who']}"
    text = f"The plan was sealed on {when} (SHA-256 {sealed['sha256'][:16]}…)"
    found = [
        f"{text}; before that {state['late']}."
        if state["late"]
        else f"{text}, before amgs compared groups or unblinded the study."
    ]
    if state["changes"]:
        found.append(f"Changed since the plan was sealed: {'; '.join(state['changes'])}.")
    return found
