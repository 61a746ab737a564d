"""`amgs models build`: a model from public data that the user has downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.cards import print_card_numbers
from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    number,
    print_json,
    print_table,
    show_progress,
    stdout,
    warn,
)

SHOWN = ("pearson_r", "balanced_accuracy", "auc", "calibration_error")


def build(
    name: Annotated[
        str, typer.Argument(help="The data: `berlin`, the Mouse Grimace Faces of TU Berlin.")
    ],
    folder: Annotated[Path, typer.Argument(help="The folder that you downloaded.")],
    out: Annotated[
        Path | None, typer.Option(help="The model folder to write. Default: models/NAME.")
    ] = None,
    backbone: Annotated[str, typer.Option(help="The frozen network.")] = "efficientnet_lite0",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = 0,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a model on public data, from the downloaded files to its card.

    Beside the test on animals that were kept apart, the card says how the model did in every
    laboratory when it was trained without it, and how far people agree on the same images.

    Example: `amgs models build berlin MouseGrimaceFaces/`
    """
    from amgs.interop.building import find_builder
    from amgs.model.proving import FIGURES, say_figure
    from amgs.model.training.options import TrainingOptions

    out = out or Path("models") / name
    options = TrainingOptions(backbone=backbone, seed=seed)
    with show_progress(quiet=quiet or json) as progress:
        result = find_builder(name)(folder, out, options, overwrite=overwrite, progress=progress)
    card = result.card
    warn(card["warnings"])
    if json:
        print_json({"model": out.as_posix(), "card": card})
        return
    print_card_numbers(card)
    print_table(
        "Every laboratory, by a model that was trained without it",
        ["laboratory", "images", "animals", *(FIGURES[key] for key in SHOWN)],
        [
            [
                place,
                str(of["images"]),
                str(of["animals"]),
                *(say_figure(of, key) for key in SHOWN),
            ]
            if "images" in of
            else [place, of["reason"]]
            for place, of in card["laboratories"].items()
        ],
    )
    people = card["people"]
    against = people["one_rater_against_the_others"]
    alpha = ", ".join(f"{unit} {number(a)}" for unit, a in people["krippendorff_alpha"].items())
    stdout().print(f"People on the same images: Krippendorff's alpha {alpha}.")
    if "pearson_r" in against:
        stdout().print(
            f"One rater against the mean of the others: r {against['pearson_r']:.2f}, "
            f"RMSE {against['rmse']:.2f}."
        )
    note(f"Model written to {out}. Next: amgs models check {out} STUDY", quiet=quiet)
