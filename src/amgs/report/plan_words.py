"""What the report says of the plan: whether it came before the result, and what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amgs.report.material import ReportMaterial


def _state(material: ReportMaterial) -> Mapping[str, Any] | None:
    return (material.comparison or {}).get("plan_state")


def plan_is_sound(material: ReportMaterial) -> bool:
    """Whether this analysis was sealed, as it is, before any result was seen."""
    state = _state(material)
    return bool(
        state
        and state["sealed"]
        and not state["late"]
        and not state["changes"]
        and is_planned(material)
    )


def is_planned(material: ReportMaterial) -> bool:
    """Whether the first analysis is that of the plan, not another that was asked for."""
    return bool((material.comparison or {}).get("is_primary", True))


def title_of_primary(material: ReportMaterial) -> str:
    """Return what the first analysis is called: the planned one, or another that was asked for."""
    return "Primary analysis" if is_planned(material) else "Not the planned analysis"


def place_of_primary(material: ReportMaterial) -> str:
    """Say whether the analysis above is that of a plan; nothing where there is none."""
    state = _state(material)
    if state is None:
        return ""
    if not is_planned(material):
        return "The analysis above is not the planned one."
    if state["sealed"] is None:
        return "The analysis above is the one in study.toml."
    if state["changes"]:
        return "The analysis above is not the sealed one: it was changed since."
    return "The primary analysis above is the planned one."


def plan_in_methods(material: ReportMaterial) -> str:
    """Say in a sentence what of the analysis was written down, when, and what was changed."""
    state = _state(material)
    if not state or not state["sealed"]:
        return ""
    when = state["sealed"]["at"][:10]
    if not is_planned(material):
        return f"A plan was sealed on {when}; this analysis is not the planned one."
    text = f"Outcome, timepoint and analysis were written down on {when}"
    text += (
        f", after {state['late']}."
        if state["late"]
        else ", before groups were compared or unblinded."
    )
    if state["changes"]:
        text += f" Changed since: {'; '.join(state['changes'])}."
    return text


def describe_plan(material: ReportMaterial) -> list[str]:
    """Say when the plan was sealed, or that it was not, and what was changed since.

    Nothing of a report from files, which know of no plan.
    """
    state = _state(material)
    if state is None:
        return []
    sealed = state["sealed"]
    if sealed is None:
        text = "No plan was sealed before the result was known (amgs plan --seal)"
        if not is_planned(material):
            return [f"{text}, and this is not the analysis in study.toml."]
        return [
            (
                f"{text}: this is the analysis in study.toml, and a reader cannot know that it was "
                "chosen beforehand."
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
