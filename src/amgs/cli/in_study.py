"""Commands on a study: what they do with plain files, with the study's own settings and places."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.cli.console import (
    fail,
    note,
    open_study,
    print_json,
    require_faces,
    show_progress,
    warn,
)
from amgs.errors import quoted
from amgs.vocabulary import ORBITAL_MODEL

if TYPE_CHECKING:
    from amgs.model.train import TrainingOptions
    from amgs.study.answering import StudySummary, SummaryChoice

FIRST_MODEL = "first"


def extract_in_study(
    folder: Path, jobs: int | None, *, preview: bool, as_json: bool, quiet: bool
) -> None:
    """Take faces from the films of a study into its store."""
    from amgs.cli.extract import (
        describe_extraction,
        draw_previews,
        print_extraction,
        tell_problems,
    )
    from amgs.study.faces import films_of
    from amgs.study.layout import RESULTS

    with open_study(folder) as study:
        if preview:
            films = films_of(study.design(), folder)
            draw_previews(films, folder / RESULTS / "zones", as_json=as_json, quiet=quiet)
            return
        try:
            with show_progress(quiet=quiet or as_json) as progress:
                summary, unreadable = study.extract(jobs=jobs, progress=progress)
        except KeyboardInterrupt:
            fail(f"Stopped. {folder} keeps what is done; the same command goes on.", code=130)
        n_faces = study.store.faces.count()
    if summary is not None:
        warn(summary.warnings)
    warn([f"{name}. It was left out." for name in unreadable])
    if as_json:
        extracted = {} if summary is None else describe_extraction(summary, folder / "faces")
        print_json({"study": folder.as_posix(), "faces": n_faces, **extracted})
    elif summary is not None:
        print_extraction(summary, folder / "faces", quiet=True)
    if summary is not None:
        tell_problems(summary)
    note(f"{n_faces} faces in the study. Next: amgs score {quoted(folder)}", quiet=quiet)


def train_in_study(
    folder: Path,
    out: Path | None,
    options: TrainingOptions,
    *,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train a model of the study's labels."""
    from amgs.cli.train import print_card_numbers

    name = FIRST_MODEL if out is None else out.name
    with open_study(folder) as study:
        with show_progress(quiet=quiet or as_json) as progress:
            card = study.train(name, options, overwrite=overwrite, progress=progress)
        place = study.model_folder(name)
    warn(card["warnings"])
    if as_json:
        print_json({"model": place.as_posix(), "card": card})
        return
    print_card_numbers(card)
    note(f"Model written to {place}. Next: amgs classify {name} {quoted(folder)}", quiet=quiet)


def _refuse_mistyped(model: Path) -> None:
    """Stop when a path of several parts leads to no model, and say which are beside it."""
    from amgs.errors import UnknownNameError
    from amgs.model.bundle import CARD

    if len(model.parts) == 1:
        return  # the name of a model of the study
    beside = sorted(card.parent.name for card in model.parent.glob(f"*/{CARD}"))
    listed = ", ".join(beside) if beside else "none"
    msg = f"Expected a model at {model}, found none there. Models in {model.parent}: {listed}."
    raise UnknownNameError(msg)


def classify_in_study(folder: Path, model: Path, *, as_json: bool, quiet: bool) -> None:
    """Let a model look at the faces of a study that are new to it, and write its predictions."""
    from amgs.cli.classify import print_summary, say_what_model_is
    from amgs.model.bundle import CARD, load_model

    with open_study(folder) as study:
        require_faces(study, folder, "classify")
        if model.as_posix() == ORBITAL_MODEL:
            chosen = None
        elif model == folder:
            chosen = study.model_folder()
        elif (model / CARD).is_file():
            chosen = study.adopt_model(model)
            if chosen.resolve() != model.resolve():
                note(f"The model was copied into the study, to {chosen}.", quiet=quiet)
        else:
            _refuse_mistyped(model)
            chosen = study.model_folder(model.as_posix())
        if chosen is not None and not study.notice:
            say_what_model_is(load_model(chosen))
        with show_progress(quiet=quiet or as_json) as progress:
            summary = study.classify(chosen, progress)
        path = study.predictions(chosen)
    orbital = chosen is None
    if as_json:
        print_json(
            {
                "model": ORBITAL_MODEL if chosen is None else chosen.as_posix(),
                "predictions": path.as_posix(),
                "images": summary.images,
                "unreadable": summary.unreadable,
            }
        )
        return
    print_summary(summary, None, orbital=orbital, quiet=quiet)
    after = "" if orbital else f" Next: amgs summarise {quoted(folder)}"
    if summary.resumed:
        new = summary.images - summary.resumed
        note(f"{new} faces were new to it, {summary.resumed} answered before.", quiet=quiet)
    note(f"Predictions for all faces are in {path}.{after}", quiet=quiet)


def summary_of_study(folder: Path, choice: SummaryChoice) -> StudySummary:
    """Summarise a study."""
    from amgs.study.answering import summarise_study

    with open_study(folder) as study:
        return summarise_study(study, choice)


@dataclass(frozen=True)
class ComparisonInputs:
    """What a study gives to a comparison, and where it wants it."""

    summary: Path
    model: str
    baseline: str
    out: Path
    document: Path
    figures: Path


def comparison_inputs(folder: Path, value: str) -> ComparisonInputs | None:
    """Summarise a study as it was last summarised; ``None`` when the path is no study."""
    from amgs.study import is_study
    from amgs.study.answering import HUMAN_VALUE, comparison_file, last_choice, summarise_study
    from amgs.study.layout import RESULTS

    if not is_study(folder):
        return None
    with open_study(folder) as study:
        choice = last_choice(study, human=value == HUMAN_VALUE)
        summary = summarise_study(study, choice)
        model = "" if choice.human else study.model_folder(choice.model).name
        return ComparisonInputs(
            summary.path,
            model,
            study.settings.text("study", "baseline"),
            folder / RESULTS / f"pairs_{value}.csv",
            comparison_file(study, value),
            folder / RESULTS / "figures",
        )
