"""`amgs label`: from people's scores to labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.console import JsonOption, QuietOption, note, open_study, print_json, print_table
from amgs.errors import quoted


def label(
    study: Annotated[Path, typer.Argument(help="The folder of a study.")],
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Turn people's scores into `pain` and `no pain`, by the rule in study.toml.

    The MGS of an image is the mean over its raters of the sum of all units; a unit that is
    not scorable is missing and is replaced by the mean of the others, provided that no more are
    missing than the rule allows. Images without a label are counted by reason.

    Example: `amgs label laparotomy`
    """
    with open_study(study) as opened:
        path, counts = opened.label()
        rule = opened.label_rule
        again = opened.second_look()
    if json:
        document = {
            "labels": path.as_posix(),
            "pain_from": rule.pain_from,
            "no_pain_to": rule.no_pain_to,
            "max_missing_units": rule.max_missing_units,
            "counts": counts,
            "second_look": None if again is None else [dict(row) for row in again.rows],
        }
        print_json(document)
        return
    print_table(
        f"pain from MGS {rule.pain_from:g}, no pain to {rule.no_pain_to:g}, at most "
        f"{rule.max_missing_units} units missing",
        ["label, or why none", "images"],
        [[name, n] for name, n in counts.items()],
    )
    if again is not None:
        note(f"{again.says} They are in {again.path}; labels stay those of the first look.")
    note(f"Written to {path}. Next: amgs train {quoted(study)}", quiet=quiet)
