"""Commands on a study: what they do with plain files, with the study's own settings and places."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.cli.console import fail, note, print_json, show_progress, warn
from amgs.vocabulary import ORBITAL_MODEL

if TYPE_CHECKING:
    import pandas as pd

    from amgs.model.train import TrainingOptions
    from amgs.prediction.recording_times import RecordingTime

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
    from amgs.study import Study
    from amgs.study.faces import films_of

    with Study.open(folder) as study:
        if preview:
            films = films_of(study.design(), folder)
            draw_previews(films, folder / "results" / "zones", as_json=as_json, quiet=quiet)
            return
        try:
            with show_progress(quiet=quiet or as_json) as progress:
                summary = study.extract(jobs=jobs, progress=progress)
        except KeyboardInterrupt:
            fail(f"Stopped. {folder} keeps what is done; the same command goes on.", code=130)
        n_faces = study.store.faces.count()
    if summary is not None:
        warn(summary.warnings)
    if as_json:
        extracted = {} if summary is None else describe_extraction(summary, folder / "faces")
        print_json({"study": folder.as_posix(), "faces": n_faces, **extracted})
    elif summary is not None:
        print_extraction(summary, folder / "faces", quiet=True)
    if summary is not None:
        tell_problems(summary)
    note(f"{n_faces} faces in the study. Next: amgs score {folder}", quiet=quiet)


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
    from amgs.study import Study

    name = FIRST_MODEL if out is None else out.name
    with Study.open(folder) as study:
        with show_progress(quiet=quiet or as_json) as progress:
            card = study.train(name, options, overwrite=overwrite, progress=progress)
        place = study.model_folder(name)
    warn(card["warnings"])
    if as_json:
        print_json({"model": place.as_posix(), "card": card})
        return
    print_card_numbers(card)
    note(f"Model written to {place}. Next: amgs classify {name} {folder}", quiet=quiet)


def classify_in_study(folder: Path, model: Path, *, as_json: bool, quiet: bool) -> None:
    """Let a model look at the faces of a study that are new to it, and write its predictions."""
    from amgs.cli.classify import print_summary
    from amgs.study import Study

    with Study.open(folder) as study:
        if model.as_posix() == ORBITAL_MODEL:
            chosen = None
        elif model == folder:
            chosen = study.model_folder()
        elif (model / "card.json").is_file():
            chosen = model
        else:
            chosen = study.model_folder(model.as_posix())
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
    after = "" if orbital else f" Next: amgs summarise {folder}"
    note(f"Predictions for all faces are in {path}.{after}", quiet=quiet)


@dataclass(frozen=True)
class SummaryInputs:
    """What a study gives to a summary, and where it wants it."""

    table: pd.DataFrame
    times: dict[str, RecordingTime] | None
    threshold: float
    min_per_minute: float
    out: Path


def open_inputs(folder: Path, model: str, *, human: bool) -> SummaryInputs | None:
    """Return what is to be summarised in a study; ``None`` when the path is no study."""
    from amgs.cli.console import refuse_beside_study
    from amgs.study import Study, is_study
    from amgs.study.answering import summary_inputs

    if not is_study(folder):
        if model or human:
            refuse_beside_study({"--model and --human without a study": True})
        return None
    with Study.open(folder) as study:
        table, times, out = summary_inputs(study, model, human=human)
        return SummaryInputs(
            table,
            times,
            study.settings.number("classify", "threshold"),
            study.settings.number("classify", "min_per_minute"),
            out,
        )


@dataclass(frozen=True)
class ComparisonInputs:
    """What a study gives to a comparison, and where it wants it."""

    summary: Path
    baseline: str
    out: Path
    document: Path
    figures: Path


def comparison_inputs(folder: Path, value: str) -> ComparisonInputs | None:
    """Return what is to be compared in a study; ``None`` when the path is no study."""
    from amgs.study import Study, is_study
    from amgs.study.answering import comparison_file, find_summary

    if not is_study(folder):
        return None
    with Study.open(folder) as study:
        return ComparisonInputs(
            find_summary(study, value),
            study.settings.text("study", "baseline"),
            folder / "results" / f"pairs_{value}.csv",
            comparison_file(study, value),
            folder / "results" / "figures",
        )
