"""The first five minutes: draw mice, train on them, classify others, leave a page to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.files import whole_folder
from amgs.jobs import ProgressCallback, no_progress

if TYPE_CHECKING:
    import pandas as pd

    from amgs.model.evaluate import Evaluation
    from amgs.report.demo_page import GalleryItem

N_ANIMALS = 30
IMAGES_PER_ANIMAL = 20
N_HELD_BACK = 12
_HELD_BACK_SEED = 10_000
GALLERY_SIZE = 40
PAGE = "index.html"
MARKER = "amgs-demo.txt"

NOTICE = (
    "These mice are drawn, not filmed; none was in pain. The numbers say nothing about real mice."
)

NEXT_COMMANDS = (
    "amgs extract FILMS --out faces",
    "amgs train LABELLED_IMAGES --out models/first",
    "amgs classify models/first faces/faces.csv --out predictions.csv",
    "amgs evaluate predictions.csv --figures figures",
)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Where the demo lies and how it came out."""

    folder: Path
    page: Path
    evaluation: Evaluation


def run_demo(
    folder: Path,
    seed: int = 0,
    *,
    overwrite: bool = False,
    progress: ProgressCallback = no_progress,
) -> DemoResult:
    """Draw a cohort, train with animals kept apart, classify the animals held back, write a page.

    Parameters
    ----------
    folder
        Where everything goes: ``faces/``, ``model/``, ``predictions.csv``, ``figures/``,
        ``index.html``.
    seed
        The same seed gives the same demo.
    overwrite
        Replace an earlier demo.
    progress
        Told what is going on.

    Raises
    ------
    OutputExistsError
        If the folder exists and `overwrite` is false.
    """
    with whole_folder(folder, MARKER, overwrite=overwrite) as work:
        (work / MARKER).write_text(NOTICE + "\n", encoding="utf-8")
        evaluation = _run_in(work, folder, seed, progress)
    return DemoResult(folder, folder / PAGE, evaluation)


def _run_in(work: Path, folder: Path, seed: int, progress: ProgressCallback) -> Evaluation:
    from amgs.model.evaluate import evaluate_predictions
    from amgs.model.train import TrainingOptions, train_model
    from amgs.model.training_set import load_training_set
    from amgs.prediction import read_predictions
    from amgs.simulate import write_cohort

    (work / "faces").mkdir()
    labels = write_cohort(work / "faces", N_ANIMALS, IMAGES_PER_ANIMAL, seed, progress)
    images = load_training_set(labels)
    options = TrainingOptions(seed=seed, use_cache=False)
    card = train_model(images, work / "model", options, progress=progress).card
    held_back = _write_held_back(work, seed, progress)
    _classify(work, held_back, progress)
    predictions = read_predictions(work / "predictions.csv")
    evaluation = evaluate_predictions(predictions)
    _write_page(work, folder, card, evaluation, predictions)
    return evaluation


def _write_held_back(work: Path, seed: int, progress: ProgressCallback) -> Path:
    """Draw animals that are neither trained on nor used to choose."""
    from amgs.simulate import write_cohort

    folder = work / "new_faces"
    folder.mkdir()
    return write_cohort(folder, N_HELD_BACK, IMAGES_PER_ANIMAL, seed + _HELD_BACK_SEED, progress)


def _classify(work: Path, held_back: Path, progress: ProgressCallback) -> None:
    from amgs.model.bundle import load_model
    from amgs.prediction import classify_images, list_images
    from amgs.prediction.writing import CsvSink
    from amgs.provenance import record_provenance

    model = load_model(work / "model")
    listing = list_images([held_back])
    sink = CsvSink(work / "predictions.csv", listing.known, model.sha256, listing.fingerprint)
    classify_images(model, listing, listing.total, sink, progress)
    sink.finish(record_provenance({"model": "model"}, {"model": model.sha256}).as_dict())


def _write_page(
    work: Path,
    folder: Path,
    card: dict[str, object],
    evaluation: Evaluation,
    predictions: pd.DataFrame,
) -> None:
    from amgs.figures import accuracy_coverage, mgs_signed_score, reliability
    from amgs.figures.saving import save_figure, svg_text
    from amgs.report.demo_page import DemoContext, write_demo_page

    drawn = [
        (
            "accuracy_coverage",
            "Setting uncertain images aside buys accuracy.",
            accuracy_coverage.figure(evaluation.curve),
        ),
        (
            "reliability",
            "Is a confidence as often right as it says?",
            reliability.figure(evaluation.reliability),
        ),
    ]
    if evaluation.mgs is not None:
        drawn.append(
            (
                "mgs_signed_score",
                "The model's score against the simulated human's MGS, as in the paper's Figure 2.",
                mgs_signed_score.figure(evaluation.mgs),
            )
        )
    for name, _, figure in drawn:
        save_figure(work / "figures" / name, figure)
    context = DemoContext(
        model=(folder / "model").as_posix(),
        card=card,
        evaluation=evaluation.as_dict(),
        figures=[(caption, svg_text(figure)) for _, caption, figure in drawn],
        gallery=_gallery(work / "new_faces", predictions),
        n_animals_held_back=N_HELD_BACK,
        next_commands=NEXT_COMMANDS,
    )
    write_demo_page(work / PAGE, context)


def _gallery(faces: Path, predictions: pd.DataFrame) -> list[GalleryItem]:
    """Take faces evenly along the signed score, so that easy and hard ones are shown alike."""
    import numpy as np

    from amgs.report.demo_page import GalleryItem
    from amgs.report.drawings import thumbnail
    from amgs.vocabulary import DEFAULT_THRESHOLD

    ordered = predictions.sort_values("signed_score")
    chosen = np.unique(np.linspace(0, len(ordered) - 1, GALLERY_SIZE).round().astype(int))
    return [
        GalleryItem(
            picture=thumbnail(faces / row["image"], 256),
            predicted=row["predicted"],
            confidence=row["confidence"],
            label=row["label"],
            mgs=row["mgs"],
            animal=row["animal"],
            ambiguous=row["confidence"] < DEFAULT_THRESHOLD,
        )
        for row in ordered.iloc[chosen].to_dict("records")
    ]
