"""amgs: the automated Mouse Grimace Scale.

In reading order: `vocabulary` (the words), `images` (pictures in), `model` (train and evaluate a
classifier), `prediction` (classify images), `interop` (others' formats), `figures`, `report`,
`simulate` (drawn mice), `cli` (the program). Importing amgs does nothing and loads nothing heavy;
the names below load on use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from amgs._version import __version__

if TYPE_CHECKING:
    from amgs.model.bundle import load_model
    from amgs.model.evaluate import evaluate_predictions
    from amgs.model.train import TrainingOptions, train_model
    from amgs.model.training_set import load_training_set
    from amgs.prediction import classify_images, list_images, read_predictions

_HOMES = {
    "TrainingOptions": "amgs.model.train",
    "classify_images": "amgs.prediction",
    "evaluate_predictions": "amgs.model.evaluate",
    "list_images": "amgs.prediction",
    "load_model": "amgs.model.bundle",
    "load_training_set": "amgs.model.training_set",
    "read_predictions": "amgs.prediction",
    "train_model": "amgs.model.train",
}

__all__ = [
    "TrainingOptions",
    "__version__",
    "classify_images",
    "evaluate_predictions",
    "list_images",
    "load_model",
    "load_training_set",
    "read_predictions",
    "train_model",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _HOMES:
        msg = f"module 'amgs' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)
