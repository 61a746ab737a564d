"""Which models there are, and how one is opened: those built in by name, others by their folder."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from amgs.faces.base import FaceDetector
from amgs.prediction.pain import PainReader
from amgs.prediction.readers import Reader

BUILT_IN_MODELS = {
    "orbital": "amgs.prediction.orbital:OrbitalReader",
    "face": "amgs.prediction.face_state:FaceStateReader",
}
"""Name → ``module:Class`` of the models that need no training; called with a face detector."""


def is_built_in(name: str) -> bool:
    """Whether a model of this name is part of amgs and needs no training."""
    return name in BUILT_IN_MODELS


def open_reader(model: Path | str, detector: FaceDetector | None = None) -> Reader:
    """Open a model: a built-in one by its name, or a model folder.

    Parameters
    ----------
    model
        A name out of `BUILT_IN_MODELS`, or a folder made by `amgs train`.
    detector
        The face detector that a built-in model reads with; the default of amgs if not given.

    Raises
    ------
    BrokenModelError
        If the folder is no model, or was changed after it was written.
    """
    name = model if isinstance(model, str) else model.as_posix()
    if is_built_in(name):
        module, class_name = BUILT_IN_MODELS[name].split(":")
        kind: Any = getattr(import_module(module), class_name)
        reader: Reader = kind(detector)
        return reader
    return PainReader(Path(name))
