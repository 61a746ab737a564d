"""amgs: the automated Mouse Grimace Scale.

The map, in reading order: `Study`, which has every step of an experiment as a verb, and one plain
function per step for those who work without a study. docs/python.md goes from videos to a
comparison with them. The modules stand in the same order: `vocabulary` (the words), `video`,
`images`, `faces` (where a face is), `extraction` (which frame becomes an image), `scoring` (human
scores), `model` (train and evaluate), `prediction` (models read images), `image_check`, `cohort`
(statistics of animals), `figures`, `interop`, `report`, `store`, `study`, `simulate` (synthetic
mice), `web`, `cli`.

Importing amgs does nothing and loads nothing heavy; the names below load on use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from amgs._version import __version__

if TYPE_CHECKING:
    from amgs.cohort.comparison import ComparisonChoice, compare_groups
    from amgs.cohort.design import read_cohort
    from amgs.cohort.plan import Plan
    from amgs.errors import AmgsError
    from amgs.extraction.extract import extract_faces
    from amgs.extraction.opened import ExtractionOptions
    from amgs.extraction.recordings import list_videos
    from amgs.faces.detectors import open_detector
    from amgs.faces.find import find_faces
    from amgs.figures.table import write_figures
    from amgs.model.bundle import load_model
    from amgs.model.evaluate import evaluate_predictions
    from amgs.model.training.options import TrainingOptions
    from amgs.model.training.sets import load_training_set
    from amgs.model.training.train import train_model
    from amgs.prediction.classify import classify_images, list_images
    from amgs.prediction.human import read_predictions_or_scores
    from amgs.prediction.models import open_reader
    from amgs.prediction.recording_times import read_recording_times
    from amgs.prediction.sinks import CsvSink
    from amgs.prediction.summarise import summarise_animals
    from amgs.prediction.summary_options import SummaryOptions
    from amgs.prediction.table import read_predictions
    from amgs.report.gather import ReportFiles
    from amgs.report.steps import build_report
    from amgs.scoring.agreement import measure_agreement
    from amgs.scoring.ratings import read_ratings
    from amgs.study.study import Study
    from amgs.tables import write_table

_HOMES = {
    "AmgsError": "amgs.errors",
    "Study": "amgs.study.study",
    "list_videos": "amgs.extraction.recordings",
    "open_detector": "amgs.faces.detectors",
    "find_faces": "amgs.faces.find",
    "ExtractionOptions": "amgs.extraction.opened",
    "extract_faces": "amgs.extraction.extract",
    "read_ratings": "amgs.scoring.ratings",
    "measure_agreement": "amgs.scoring.agreement",
    "load_training_set": "amgs.model.training.sets",
    "TrainingOptions": "amgs.model.training.options",
    "train_model": "amgs.model.training.train",
    "load_model": "amgs.model.bundle",
    "open_reader": "amgs.prediction.models",
    "list_images": "amgs.prediction.classify",
    "CsvSink": "amgs.prediction.sinks",
    "classify_images": "amgs.prediction.classify",
    "read_predictions": "amgs.prediction.table",
    "read_predictions_or_scores": "amgs.prediction.human",
    "evaluate_predictions": "amgs.model.evaluate",
    "read_recording_times": "amgs.prediction.recording_times",
    "SummaryOptions": "amgs.prediction.summary_options",
    "summarise_animals": "amgs.prediction.summarise",
    "write_table": "amgs.tables",
    "read_cohort": "amgs.cohort.design",
    "Plan": "amgs.cohort.plan",
    "ComparisonChoice": "amgs.cohort.comparison",
    "compare_groups": "amgs.cohort.comparison",
    "write_figures": "amgs.figures.table",
    "ReportFiles": "amgs.report.gather",
    "build_report": "amgs.report.steps",
}
"""Every public name and the module it loads from, in the order of an experiment."""

__all__ = [  # noqa: RUF022 - in reading order
    "__version__",
    "AmgsError",
    "Study",
    "list_videos",
    "open_detector",
    "find_faces",
    "ExtractionOptions",
    "extract_faces",
    "read_ratings",
    "measure_agreement",
    "load_training_set",
    "TrainingOptions",
    "train_model",
    "load_model",
    "open_reader",
    "list_images",
    "CsvSink",
    "classify_images",
    "read_predictions",
    "read_predictions_or_scores",
    "evaluate_predictions",
    "read_recording_times",
    "SummaryOptions",
    "summarise_animals",
    "write_table",
    "read_cohort",
    "Plan",
    "ComparisonChoice",
    "compare_groups",
    "write_figures",
    "ReportFiles",
    "build_report",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _HOMES:
        msg = f"module 'amgs' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the public names, for completion."""
    return list(__all__)
