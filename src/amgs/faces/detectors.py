"""The table of face detectors: name → where its class stands, what it is, under which licence.

Adding one is one entry here and one file; see `amgs.faces.base.FaceDetector`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from amgs.errors import UnknownNameError

if TYPE_CHECKING:
    from amgs.faces.base import FaceDetector


@dataclass(frozen=True, slots=True)
class DetectorEntry:
    """One row of the table.

    Parameters
    ----------
    home
        ``module:Class``; the module is imported only when the detector is opened. The class is
        called without arguments.
    title, licence
        What a report has to say of it.
    sha256
        What `FaceDetector.sha256` must be when it is as it was shipped; empty where that cannot be
        known beforehand.
    """

    home: str
    title: str
    licence: str
    sha256: str = ""


DETECTORS = {
    "centre_net": DetectorEntry(
        home="amgs.faces.centre_net:CentreNet",
        title="the face detector of amgs: one network for faces, eyes, ears and noses",
        licence="BSD-3-Clause; initial weights Apache-2.0",
        sha256="ea4eaaa9468d0ca361c02c1dba9de3a2ed791abd28db8f7eb2d637994dba3991",
    ),
    "key_points": DetectorEntry(
        home="amgs.faces.key_points:KeyPointFaces",
        title="key points of DeepLabCut or SLEAP beside each video; single images by centre_net",
        licence="BSD-3-Clause",
    ),
}
DEFAULT_DETECTOR = "centre_net"


def find_detector(name: str) -> DetectorEntry:
    """Return a row of the table.

    Raises
    ------
    UnknownNameError
        If there is no detector of that name.
    """
    if name not in DETECTORS:
        msg = f"Expected one of the face detectors {', '.join(DETECTORS)}, found {name!r}."
        raise UnknownNameError(msg)
    return DETECTORS[name]


def open_detector(name: str = DEFAULT_DETECTOR) -> FaceDetector:
    """Load a face detector, ready to run.

    Raises
    ------
    UnknownNameError
        If there is no detector of that name.
    WeightsError
        If its weights are missing or damaged.
    """
    module, class_name = find_detector(name).home.split(":")
    kind: Any = getattr(import_module(module), class_name)
    detector: FaceDetector = kind()
    return detector


def describe_detector(detector: FaceDetector) -> dict[str, str]:
    """Return the identity of a detector, as results carry it: name, version and hash."""
    return {"name": detector.name, "version": detector.version, "sha256": detector.sha256}
