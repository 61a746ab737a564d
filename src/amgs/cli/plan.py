"""`amgs plan`: the primary analysis, written down before the result is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import (
    JsonOption,
    QuietOption,
    note,
    open_study,
    print_facts,
    print_json,
    warn,
)
from amgs.errors import quoted

if TYPE_CHECKING:
    from amgs.study.planning import PlanState


def plan(
    study: Annotated[Path, typer.Argument(help="The folder of a study.")],
    seal: Annotated[
        bool, typer.Option("--seal", help="Write the plan down with its hash and the time.")
    ] = False,
    by: Annotated[str, typer.Option(help="Who seals it.")] = "",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show the plan of the primary analysis, check it against the table, and seal it.

    Outcome, timepoint, contrasts, covariates, margin and the rules for what is left out are in
    [plan] and [classify] of study.toml. Seal the plan before `amgs compare` and `amgs unblind`: the
    report then leads with the analysis that was planned, and lists what was changed afterwards.

    Example: `amgs plan laparotomy --seal --by Ada`
    """
    from amgs.study.planning import check_plan, plan_document

    if seal and not by.strip():
        raise typer.BadParameter("Say who seals the plan: --by NAME.")
    with open_study(study) as opened:
        check_plan(opened, opened.design())
        sealed = opened.seal_plan(by.strip()) if seal else None
        document, state = plan_document(opened), opened.plan_state()
    if json:
        print_json({**document, "state": state.as_dict()})
        return
    print_facts("Primary analysis", _facts(document))
    if sealed is not None:
        note(f"Sealed {_when(sealed)}, SHA-256 {sealed['sha256'][:16]}.", quiet=quiet)
    warn(describe_state(state, study))


def _facts(document: dict[str, Any]) -> list[tuple[str, object]]:
    from amgs.study.planning import words_of_comparisons

    p, classify = document["plan"], document["classify"]
    shown = [
        ("outcome", p["outcome"]),
        ("timepoint", p["timepoint"] or "the only one after the baseline"),
        ("baseline", document["study"]["baseline"] or "none"),
        ("analysis", ANALYSES[p["analysis"]]),
        ("compared", words_of_comparisons(p)),
        ("dose trend", p["trend"] or "–"),
        ("covariates", p["covariates"] or "–"),
        ("factors", p["factors"] or "–"),
        ("margin of equivalence", p["margin"] or "none: equivalence is not tested"),
        ("outliers at baseline", p["outliers"]),
        ("left out by rule", p["exclusion_criteria"] or "–"),
        ("confidence", f"{classify['threshold']:g} or more"),
    ]
    return [
        *shown,
        ("least images", f"{classify['min_images']}, {classify['min_per_minute']:g} per minute"),
    ]


ANALYSES = {
    "ancova": "analysis of covariance, adjusted for the baseline",
    "change": "change from baseline",
}


def _when(event: Any) -> str:
    return f"{event['at'][:16].replace('T', ' ')} UTC by {event['who']}"


def describe_state(state: PlanState, study: Path) -> list[str]:
    """Return what whoever relies on the plan must know."""
    if state.sealed is None:
        command = f"amgs plan {quoted(study)} --seal --by NAME"
        return [f"The plan is not sealed: a reader cannot know that it came first. {command}"]
    found = []
    if state.late:
        found.append(f"The plan was sealed {_when(state.sealed)}; before that {state.late}.")
    if state.changes:
        found.append(f"Changed since the plan was sealed: {'; '.join(state.changes)}.")
    return found
