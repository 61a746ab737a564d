"""`amgs train`: labelled face images to a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    number,
    percent_with_interval,
    print_facts,
    print_json,
    print_table,
    refuse_beside_study,
    show_progress,
    warn,
)
from amgs.vocabulary import RecipeName, SplitUnit


def train(
    images: Annotated[
        Path,
        typer.Argument(
            help="A study; or a folder with `pain` and `no pain` inside, or a CSV with the columns "
            "image,label and, where known, animal, recording, mgs, part."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The model folder to write; in a study: its name."),
    ] = None,
    backbone: Annotated[
        str,
        typer.Option(
            help="The frozen network: efficientnet_lite0, or inception_v3 as in the paper."
        ),
    ] = "efficientnet_lite0",
    recipe: Annotated[
        RecipeName,
        typer.Option(
            help="`best` chooses penalty and augmentation by cross-validation with animals kept "
            "apart and calibrates the confidence; `paper` does as Tuttle et al. 2018 did."
        ),
    ] = "best",
    split: Annotated[
        SplitUnit,
        typer.Option(
            help="What is kept whole between training and test. `image` is the paper's way: its "
            "test numbers are better than the model is on new animals."
        ),
    ] = "animal",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = 0,
    weights: Annotated[
        Path | None,
        typer.Option(help="A weight file brought by hand, for inception_v3 without a network."),
    ] = None,
    animal_from_folder: Annotated[
        bool,
        typer.Option(
            "--animal-from-folder", help="Sub-folders of `pain` and `no pain` are named by animal."
        ),
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Do not keep features for the next training.")
    ] = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a pain / no-pain classifier on face images that humans have labelled.

    80 % of the animals train, 10 % help to choose, 10 % are held back for the test numbers. The
    model folder holds the network, the trained layer and `card.json`, which says what it was
    trained on and how well it does on animals it has never seen.

    Example: `amgs train labelled/ --out models/first`
    """
    from amgs.cli.in_study import train_in_study
    from amgs.model.train import TrainingOptions, train_model
    from amgs.model.training_set import load_training_set
    from amgs.study import is_study
    from amgs.tables import read_notice

    options = TrainingOptions(backbone, recipe, split, seed, weights, use_cache=not no_cache)
    if is_study(images):
        refuse_beside_study({"--animal-from-folder": animal_from_folder})
        train_in_study(images, out, options, overwrite=overwrite, as_json=json, quiet=quiet)
        return
    if out is None:
        raise typer.BadParameter("--out is missing: the model folder to write.")
    labelled = load_training_set(images, animal_from_folder=animal_from_folder)
    notice = read_notice(images if images.is_dir() else images.parent)
    with show_progress(quiet=quiet or json) as progress:
        result = train_model(
            labelled, out, options, overwrite=overwrite, progress=progress, notice=notice
        )
    if notice:
        note(notice, style="yellow")
    warn(result.card["warnings"])
    if json:
        print_json({"model": out.as_posix(), "card": result.card})
        return
    print_card_numbers(result.card)
    note(
        f"Model written to {out}. Next: amgs classify {out} IMAGES --out predictions.csv",
        quiet=quiet,
    )


def print_card_numbers(card: dict[str, Any]) -> None:
    """Print what a model was trained on and how well it does."""
    split = card["split"]
    unit = {"given": "unit"}.get(split["kept_whole"], split["kept_whole"])
    parts = split["parts"]
    print_table(
        "Images",
        ["part", "images", "pain", "no pain", f"{unit}s kept whole"],
        [
            [name, *(str(part[key]) for key in ("images", "pain", "no pain", "units"))]
            for name, part in parts.items()
        ],
    )
    rows = []
    for name, part in card["metrics"].items():
        for what, key in (("any", "all"), ("≥ 0.75", "confidence_at_least_0.75")):
            rates = part[key]
            rows.append(
                [
                    name,
                    what,
                    str(rates["n"]),
                    percent_with_interval(rates["sensitivity"], rates["sensitivity_wilson"]),
                    percent_with_interval(rates["specificity"], rates["specificity_wilson"]),
                    percent_with_interval(rates["accuracy"], rates["accuracy_wilson"]),
                    number(part["auc"]) if key == "all" else "",
                ]
            )
    print_table(
        "How well it does (95 % Wilson intervals; only `test` speaks of new images)",
        ["part", "confidence", "n", "sensitivity", "specificity", "accuracy", "AUC"],
        rows,
    )
    _print_intervals_over_units(card["metrics"]["test"], unit)


def _print_intervals_over_units(test: dict[str, Any], unit: str) -> None:
    """Print the intervals that hold for new animals: whole animals were drawn again and again."""
    intervals = test["intervals_over_units"]
    values = {
        "AUC": (test["auc"], intervals["auc"]),
        "accuracy": (test["all"]["accuracy"], intervals["accuracy"]),
        "balanced accuracy": (test["all"]["balanced_accuracy"], intervals["balanced_accuracy"]),
    }
    facts: list[tuple[str, object]] = []
    for name, (value, interval) in values.items():
        limits = f"{interval[0]:.3f}–{interval[1]:.3f}" if interval else "too few to say"
        facts.append((name, f"{number(value)} ({limits})"))
    print_facts(f"Test part, 95 % intervals from resampling whole {unit}s", facts)
