"""`amgs unblind`: human scores beside animals and groups, once all scoring is done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.console import JsonOption, QuietOption, note, open_study, print_json, warn
from amgs.errors import quoted


def unblind(
    study: Annotated[Path, typer.Argument(help="The folder of a study.")],
    by: Annotated[str, typer.Option(help="Who unblinds it.")],
    reason: Annotated[str, typer.Option(help="Why now, such as: all raters have finished.")],
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show human scores with animals, groups and timepoints. Who did it, when and why is recorded.

    Until then, no command shows them together. What is scored afterwards was not blind, and the
    report says so.

    Example: `amgs unblind laparotomy --by Ada --reason "all raters have finished"`
    """
    if not by.strip() or not reason.strip():
        raise typer.BadParameter("--by and --reason must say something.")
    with open_study(study) as opened:
        before = opened.unblindings
        if not before and opened.plan_state().sealed is None:
            command = f"amgs plan {quoted(study)} --seal --by NAME"
            warn([f"No plan is sealed; a reader cannot know that it came first. Next: {command}"])
        path = opened.unblind(by.strip(), reason.strip())
        events = opened.unblindings
    if json:
        print_json({"human_scores": path.as_posix(), "unblindings": events})
        return
    first = events[0]
    when = f"{first['at'][:16].replace('T', ' ')} UTC by {first['who']} ({first['reason']})"
    what = "It was unblinded before," if before else "Unblinded"
    note(f"{what} {when}. Scores with groups: {path}", quiet=quiet)
