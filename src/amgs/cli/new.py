"""`amgs new`: the folder of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.console import JsonOption, QuietOption, note, print_facts, print_json
from amgs.errors import quoted

FILES = (
    ("study.toml", "settings, each with what it means"),
    ("recordings.csv", "the experiment: one line per animal and timepoint; fill this in"),
    ("videos/", "put the videos here, or give their paths elsewhere"),
    ("faces/", "face images, by `amgs extract`"),
    ("models/", "classifiers, by `amgs train`"),
    ("results/", "tables, figures and the report"),
    ("study.db", "scores and predictions; copy the whole folder, never this file alone"),
)


def new(
    study: Annotated[Path, typer.Argument(help="The folder to make; new or empty.")],
    name: Annotated[str, typer.Option(help="Its name in reports. Default: that of the folder.")] = (
        ""
    ),
    scale: Annotated[
        str, typer.Option(help="The grimace scale people score with: mouse, mouse-black or rat.")
    ] = "mouse",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Create a study: settings with explanations, and the table of the experiment to fill in.

    Example: `amgs new laparotomy`
    """
    import secrets

    from amgs.study import Study

    with Study.create(study, name, scale, seed=secrets.randbelow(1_000_000)) as made:
        title = made.name
    if json:
        print_json({"study": study.as_posix(), "name": title, "scale": scale})
        return
    print_facts(title, FILES)
    note(
        f"Next: fill in {study / 'recordings.csv'} (a spreadsheet, saved as CSV UTF-8), then: "
        f"amgs check {quoted(study)}",
        quiet=quiet,
    )
