"""`amgs train`: labelled face images to a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.cards import print_card_numbers
from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    open_study,
    print_json,
    refuse_beside_study,
    show_progress,
    warn,
)
from amgs.cli.where import OnOption, run_on
from amgs.errors import count_of, quoted
from amgs.vocabulary import Prediction, RecipeName, SplitUnit

if TYPE_CHECKING:
    from amgs.model.training.options import TrainingOptions

FIRST_MODEL = "first"


def train(
    images: Annotated[
        Path,
        typer.Argument(
            help="A study; or a folder with `pain` and `no pain` inside, or a CSV with the columns "
            "image,label and, where known, animal, recording, laboratory, coat, mgs, part, and "
            "action units such as orbital_tightening (means of the raters, 0 to 2)."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The model folder to write; in a study: its name."),
    ] = None,
    backbone: Annotated[
        str,
        typer.Option(
            help="The frozen network: efficientnet_lite0; inception_2015, the paper's own; "
            "inception_v3, a port of it."
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
            help="What is kept whole between training and test. `laboratory` (a column of the CSV) "
            "asks how the model does in one that it never saw. `image`, as in the paper, gives "
            "better test results than the model achieves on new animals."
        ),
    ] = "animal",
    predict: Annotated[
        Prediction,
        typer.Option(
            help="`units`: a grade of every action unit and the MGS too, where people scored them; "
            "`mgs`: the MGS, not unit by unit; `pain`: pain or no pain alone."
        ),
    ] = "units",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = 0,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="A file you downloaded, for training without a network: model.safetensors for "
            "inception_v3; inception-2015-12-05.tgz, or a .pb, for inception_2015."
        ),
    ] = None,
    animal_from_folder: Annotated[
        bool,
        typer.Option(
            "--animal-from-folder", help="Sub-folders of `pain` and `no pain` are animal names."
        ),
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Do not keep features for the next training.")
    ] = False,
    on: OnOption = "",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a pain / no-pain classifier on face images that humans have labelled.

    80 % of the animals are used for training, 10 % for model selection, 10 % for the test. The
    model folder holds the network, the trained layer and `card.json`, which says what it was
    trained on and how well it does on animals it has never seen.

    Example: `amgs train labelled/ --out models/first`
    """
    from amgs.model.training.held_out import DOUBTFUL, write_doubtful_labels
    from amgs.model.training.options import TrainingOptions
    from amgs.model.training.scored_table import load_scored_images
    from amgs.model.training.sets import load_training_set
    from amgs.model.training.train import train_model
    from amgs.study import is_study
    from amgs.tables import read_notice

    options = TrainingOptions(
        backbone, recipe, split, seed, weights, use_cache=not no_cache, predict=predict
    )
    if is_study(images):
        refuse_beside_study({"--animal-from-folder": animal_from_folder})
        _train_study(images, out, options, on, overwrite=overwrite, as_json=json, quiet=quiet)
        return
    if out is None:
        raise typer.BadParameter("--out is missing: the model folder to write.")
    labelled = load_training_set(images, animal_from_folder=animal_from_folder)
    scored = None if predict == "pain" else load_scored_images(images)
    notice = read_notice(images if images.is_dir() else images.parent)
    with run_on(on, out.parent) as executor, show_progress(quiet=quiet or json) as progress:
        result = train_model(
            labelled,
            out,
            options,
            overwrite=overwrite,
            executor=executor,
            progress=progress,
            notice=notice,
            scored=scored,
        )
    doubtful = out.with_name(f"{out.name}_{DOUBTFUL}")
    write_doubtful_labels(doubtful, result.doubtful)
    if notice:
        note(notice, style="yellow")
    warn(result.card["warnings"])
    _tell_doubtful(result.card, doubtful)
    if json:
        print_json({"model": out.as_posix(), "card": result.card})
        return
    print_card_numbers(result.card)
    note(
        f"Model written to {out}. Next: amgs classify {out} IMAGES --out predictions.csv",
        quiet=quiet,
    )


def _tell_doubtful(
    card: dict[str, Any], place: Path, look: str = "look at them again, blind"
) -> None:
    """Say how many labels are worth a second look, and where they are listed."""
    n = card.get("doubtful_labels", 0)
    if n:
        text = (
            f"{count_of(n, 'label')} of {card['data']['images']} may be wrong, or the model errs: "
            "with their animals left out it is 90 % sure of the other class. They are listed in "
            f"{place}: {look}."
        )
        warn([text])


def _train_study(
    folder: Path,
    out: Path | None,
    options: TrainingOptions,
    on: str,
    *,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train a model of the study's labels."""
    from amgs.model.training.held_out import DOUBTFUL
    from amgs.study.layout import RESULTS

    name = FIRST_MODEL if out is None else out.name
    with open_study(folder) as study:
        with (
            run_on(on, study.folder) as executor,
            show_progress(quiet=quiet or as_json) as progress,
        ):
            card = study.train(
                name, options, overwrite=overwrite, executor=executor, progress=progress
            )
        place = study.model_folder(name)
        same = study.same_model(place)
    if same:
        note(f"The same labels and settings gave the model {same!r} again, to the last byte.")
    warn(card["warnings"])
    look = f"have them looked at again, blind, with `amgs score {quoted(folder)} --second-look`"
    _tell_doubtful(card, folder / RESULTS / DOUBTFUL, look)
    if as_json:
        print_json({"model": place.as_posix(), "card": card})
        return
    print_card_numbers(card)
    note(f"Model written to {place}. Next: amgs classify {name} {quoted(folder)}", quiet=quiet)
