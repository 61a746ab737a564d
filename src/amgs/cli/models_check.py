"""`amgs models check`: how a model does on the animals of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.console import (
    JsonOption,
    QuietOption,
    note,
    open_study,
    print_json,
    print_table,
    show_progress,
    stdout,
)


def check(
    model: Annotated[
        str, typer.Argument(help="A model folder, or the name of a model of the study.")
    ],
    study: Annotated[Path, typer.Argument(help="The study with human scores.")],
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show how a model does on your own animals, by the scores of your own raters.

    Every model that was trained elsewhere should prove itself so before its numbers are used. The
    report prints the result, or says that this was not done. Images that the model was trained with
    do not count.

    Example: `amgs models check models/authors my_study`
    """
    from amgs.model.proving import FIGURES, say_figure
    from amgs.study.proving import check_model

    with open_study(study) as opened, show_progress(quiet=quiet or json) as progress:
        reader = opened.reader(Path(model) if Path(model).is_dir() else model)
        document = check_model(opened, reader, progress)
    if json:
        print_json(document)
        return
    measured = {"all": document["all"]} | {
        f"{column} {value}": figures
        for column, parts in document["parts"].items()
        for value, figures in parts.items()
    }
    print_table(
        f"How {document['model']} did on your animals",
        ["of", "images", "animals", *FIGURES.values()],
        [
            [what, str(of["images"]), str(of["animals"]), *(say_figure(of, key) for key in FIGURES)]
            for what, of in measured.items()
        ],
    )
    if document["seen_in_training"]:
        others = "" if document["same_animals"] else ", and all others of their animals"
        n = document["seen_in_training"]
        stdout().print(f"Left out: {n} images it was trained with{others}.")
    if document["same_animals"]:
        stdout().print("It was trained with other images of these animals: it may know them.")
    for text in document["advice"]:
        stdout().print(f"Not enough yet: {text}.")
    if document["withheld"]:
        note("Figures by timepoint are withheld until the study is unblinded.", quiet=quiet)
    note("The report of the study prints this: amgs report", quiet=quiet)
