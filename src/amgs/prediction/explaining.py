"""What a model's calls rest on, in a set of images: regions of the face, places, shortcuts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amgs.errors import ImpossibleValueError, NoImagesError
from amgs.faces.base import FaceDetector
from amgs.jobs import ProgressCallback, no_progress
from amgs.prediction.evidence import FaceEvidence, explain_images
from amgs.prediction.evidence_sets import EvidenceSet, collect_evidence, compare_calls, say_evidence
from amgs.prediction.pain import PainReader
from amgs.prediction.readers import ImageToClassify, Reader
from amgs.prediction.shortcuts import Probe, probe_shortcuts, say_alarms
from amgs.vocabulary import EXPLAINED_FACES, PAIN

MOST_PROBED = 600
"""Labelled images from which it is found out whether labels can be told without a face."""

SHOWN_FACES = 12


@dataclass(frozen=True, slots=True)
class ExplainedImage:
    """An image and what is known of it; what is not known is empty.

    Parameters
    ----------
    image
        Which.
    animal
        Whose face it is.
    set_name
        What it is averaged with, such as its group and timepoint.
    label
        ``pain`` or ``no pain``, as people scored it.
    circumstances
        Zone, date … : what must not tell the label.
    """

    image: ImageToClassify
    animal: str = ""
    set_name: str = ""
    label: str = ""
    circumstances: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """What the calls rest on: face by face, by set, and what else tells the labels."""

    faces: Sequence[FaceEvidence]
    animals: Sequence[str]
    sets: Sequence[EvidenceSet]
    probes: Sequence[Probe]

    @property
    def notes(self) -> list[str]:
        """What a user must know."""
        return [*say_evidence(self.sets), *say_alarms(self.probes)]

    @property
    def shown(self) -> list[FaceEvidence]:
        """Faces for a figure: the surest of pain, the surest of no pain, half and half."""
        able = sorted(
            (f for f in self.faces if f.effects is not None), key=lambda f: (f.p_pain, f.image.name)
        )
        half = SHOWN_FACES // 2
        if len(able) <= SHOWN_FACES:
            return able[::-1]
        return [*able[: -half - 1 : -1], *able[:half]]

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as plain values."""
        return {
            "images": len(self.faces),
            "without_a_face": sum(f.effects is None for f in self.faces),
            "sets": [one.as_dict() for one in self.sets],
            "difference": compare_calls(self.sets),
            "probes": [probe.as_dict() for probe in self.probes],
            "notes": self.notes,
        }


def explain(
    reader: Reader,
    detector: FaceDetector,
    images: Sequence[ExplainedImage],
    *,
    most: int = EXPLAINED_FACES,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
) -> Evidence:
    """Find out what a model's calls rest on.

    Parameters
    ----------
    reader
        The model; it must call pain.
    detector
        Finds eyes, ears and nose in the face images.
    images
        Which, in an order that changes evenly (recording by recording, in the order of time).
    most
        How many of them are looked at closely, spread evenly.
    executor, progress
        As everywhere.

    Raises
    ------
    ImpossibleValueError
        If the model does not call pain.
    NoImagesError
        If there is no image, or no face in any.
    """
    if not isinstance(reader, PainReader):
        msg = (
            f"Expected a model that calls pain, made by `amgs train`, found {reader.name}: what it "
            "says rests on the eyes alone."
        )
        raise ImpossibleValueError(msg)
    if not images:
        raise NoImagesError("Expected face images, found none.")
    chosen = _spread(images, most)
    named = [one.image for one in chosen]
    faces = list(explain_images(reader, detector, named, executor=executor, progress=progress))
    if all(face.effects is None for face in faces):
        msg = f"Expected face images, found no face in {len(faces)}; the first: {faces[0].problem}."
        raise NoImagesError(msg)
    sets = [one.set_name for one in chosen] if any(one.set_name for one in chosen) else []
    labelled = _spread([one for one in images if one.label and one.animal], MOST_PROBED)
    probes = probe_shortcuts(
        reader,
        detector,
        [one.image for one in labelled],
        np.array([one.label == PAIN for one in labelled], bool),
        np.array([one.animal for one in labelled], str),
        _circumstances(labelled),
        executor=executor,
        progress=progress,
    )
    animals = [one.animal for one in chosen]
    return Evidence(faces, animals, collect_evidence(faces, animals, sets), probes)


def _spread(images: Sequence[ExplainedImage], most: int) -> list[ExplainedImage]:
    """Return at most so many images, spread evenly."""
    if len(images) <= most:
        return list(images)
    places = (np.arange(most) + 0.5) * len(images) / most
    return [images[int(place)] for place in places]


def _circumstances(images: Sequence[ExplainedImage]) -> dict[str, list[str]]:
    """Return by column what is said of every image; columns that say something of each."""
    columns = dict.fromkeys(name for one in images for name in one.circumstances)
    found = {name: [one.circumstances.get(name, "") for one in images] for name in columns}
    return {name: values for name, values in found.items() if all(values)}
