"""A trained model from public data, in one step: `amgs models build`.

Each builder reads the downloaded files, trains as `amgs train` does, and measures besides what
labelled images alone do not tell: each laboratory left out, and how far people agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from amgs.errors import UnknownNameError
from amgs.files import refuse_to_replace_folder
from amgs.interop.tu_berlin import read_tu_berlin
from amgs.interop.tu_berlin_faces import RATINGS, file_number, read_tu_berlin_faces
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.bundle import CARD
from amgs.model.proving import Readings
from amgs.model.training.features import View
from amgs.model.training.graded_images import ScoredImages
from amgs.model.training.laboratories import leave_out_each_laboratory
from amgs.model.training.options import TrainingOptions
from amgs.model.training.train import TrainingResult, open_extractor, train_model
from amgs.scoring.agreement import measure_agreement
from amgs.scoring.among_raters import count_scores, stand_among_raters
from amgs.scoring.ratings import first_answers, number_scores
from amgs.vocabulary import NO_PAIN, PAIN, LabelledImage, parse_class

Builder = Callable[..., TrainingResult]


def build_berlin(
    folder: Path,
    out: Path,
    options: TrainingOptions | None = None,
    *,
    overwrite: bool = False,
    progress: ProgressCallback = no_progress,
) -> TrainingResult:
    """Train a model on TU Berlin's Mouse Grimace Faces, from the downloaded folder.

    The card holds, beside what every card does, ``laboratories`` (each left out in turn) and
    ``people`` (Krippendorff's α and one rater against the mean of the others).

    Parameters
    ----------
    folder
        As published; see `amgs.interop.tu_berlin_faces`.
    out
        The model folder.
    options
        How to train; ``None`` takes the defaults.
    overwrite
        Replace a model that is there.
    progress
        Told what is going on.

    Raises
    ------
    TableError
        If the tables contradict each other, or an image is missing.
    """
    options = options or TrainingOptions()
    refuse_to_replace_folder(out, CARD, overwrite=overwrite)  # before minutes of work
    found = read_tu_berlin_faces(folder)
    rows = [row for row in found.table.to_dict("records") if row["mgs"] == row["mgs"]]
    labelled = [
        LabelledImage(
            path=folder / row["image"],
            name=row["image"],
            label=label,
            animal=row["animal"],
            mgs=row["mgs"],
            laboratory=row["laboratory"],
        )
        for row in rows
        if (label := parse_class(str(row["label"]))) is not None
    ]
    extractor = open_extractor(options)
    extracted = extractor.extract([View(folder / row["image"]) for row in rows], progress)
    good = [k for k in range(len(rows)) if k not in extracted.problems]
    values = {PAIN: 1.0, NO_PAIN: 0.0}
    readings = Readings(
        np.zeros(len(good)),
        np.array([rows[k]["mgs"] for k in good], float),
        np.array([values.get(rows[k]["label"], np.nan) for k in good]),
        np.array([rows[k]["animal"] for k in good]),
    )
    laboratories = np.array([rows[k]["laboratory"] for k in good])
    left_out = leave_out_each_laboratory(
        extracted.features[good], readings, laboratories, options.seed, progress
    )
    about = {
        "trained_on_data": "TU Berlin, Mouse Grimace Faces; its terms are those of its publisher",
        "laboratories": left_out,
        "people": _people(folder),
        "data_notes": list(found.notes),
    }
    return train_model(
        labelled,
        out,
        options,
        overwrite=overwrite,
        progress=progress,
        about=about,
        scored=scored_faces(folder),
    )


BUILDERS: Mapping[str, Builder] = {"berlin": build_berlin}
"""Adding public data that a model can be built from is one function and one line here."""


def find_builder(name: str) -> Builder:
    """Return the builder of a name.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if name not in BUILDERS:
        raise UnknownNameError(f"Expected one of {', '.join(BUILDERS)}, found {name!r}.")
    return BUILDERS[name]


def scored_faces(folder: Path) -> ScoredImages:
    """Return the faces of TU Berlin with what every rater said of their units."""
    rows = read_tu_berlin_faces(folder).table.to_dict("records")
    long, _ = read_tu_berlin(folder / RATINGS)
    by_index = {file_number(Path(row["image"]).stem): row for row in rows}
    long = long[[file_number(index) in by_index for index in long["image"]]]
    ratings = first_answers(number_scores(long))
    entries = [by_index[file_number(index)] for index in ratings.images]
    return ScoredImages(
        paths=[folder / entry["image"] for entry in entries],
        names=[entry["image"] for entry in entries],
        animals=[entry["animal"] for entry in entries],
        scores=count_scores(ratings),
        judge=partial(stand_among_raters, ratings),
        laboratories=[entry["laboratory"] for entry in entries],
    )


def _people(folder: Path) -> dict[str, Any]:
    """Return how far the raters of the data agree, to be read beside the model's figures."""
    long, _ = read_tu_berlin(folder / RATINGS)
    agreement = measure_agreement(first_answers(number_scores(long)))
    return {
        "krippendorff_alpha": {
            **{name: unit["krippendorff_alpha"] for name, unit in agreement["units"].items()},
            "mgs_per_unit": agreement["mgs_per_unit"]["krippendorff_alpha"],
        },
        "one_rater_against_the_others": agreement["leave_one_rater_out"],
    }
