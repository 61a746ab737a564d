"""`amgs adapt`: a model from elsewhere fitted to the animals of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    open_study,
    print_json,
    print_table,
    show_progress,
    stdout,
)


def adapt(
    model: Annotated[str, typer.Argument(help="A model folder, or the name of one of the study.")],
    study: Annotated[Path, typer.Argument(help="The study whose animals it is to be used on.")],
    faces: Annotated[int, typer.Option(min=20, help="How many faces are worth scoring.")] = 100,
    name: Annotated[
        str, typer.Option(help="Of the adapted model. Default: the model's name and _adapted.")
    ] = "",
    now: Annotated[
        bool, typer.Option("--now", help="Adapt with the scores there are, however few.")
    ] = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fit a model that was trained elsewhere to your own animals, camera and raters.

    Run it twice. At first it chooses about a hundred faces, spread over the animals and over all
    that the model says of them; raters see these first in `amgs score`, blind as ever. When they
    are scored, the same command recalibrates the model, corrects its last layer or trains a new
    one, whichever does best on animals that were left out, and says how it did on them before and
    after.

    Example: `amgs adapt models/authors my_study`
    """
    from amgs.errors import quoted
    from amgs.model.proving import FIGURES, say_figure
    from amgs.study.adapting import adapt_to_study, ask_for_scores, scores_so_far

    with open_study(study) as opened, show_progress(quiet=quiet or json) as progress:
        folder = Path(model) if Path(model).is_dir() else opened.model_folder(model)
        asked = scores_so_far(opened, folder)
        if not (now or asked.is_enough or (not asked.faces and asked.usable >= faces)):
            if not asked.faces:
                asked = ask_for_scores(opened, folder, faces, progress)
            waiting = {"asked": asked.faces, "animals": asked.animals, "scored": asked.done}
            if json:
                print_json(waiting)
                return
            stdout().print(
                f"{asked.done} of {asked.faces} faces (of {asked.animals} animals) are scored. "
                "Raters see them before all others."
            )
            again = f"amgs adapt {quoted(Path(model))} {quoted(study)}"
            note(f"Next: amgs score {quoted(study)}, then again: {again}", quiet=quiet)
            return
        name = name or f"{folder.resolve().name}_adapted"
        card = adapt_to_study(opened, folder, name, overwrite=overwrite, progress=progress)
    if json:
        print_json({"model": (study / "models" / name).as_posix(), "card": card})
        return
    figures = card["adapting"]
    after = figures["after"]
    print_table(
        f"On animals left out: {after['images']} faces of {after['animals']} animals",
        ["", "as it was", "adapted"],
        [
            [meaning, *(say_figure(figures[when], key) for when in ("before", "after"))]
            for key, meaning in FIGURES.items()
        ],
    )
    stdout().print(f"How: {figures['way']}.")
    note(f"Next: amgs classify {name} {quoted(study)}", quiet=quiet)
