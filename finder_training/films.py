"""Frames of films with marked faces, and frames of films that show none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np

from finder_training.photographs import MarkedEar, MarkedEye, MarkedFace, Photograph, read_marks

TRAINED = ("dlc_reach", "lg_side1", "lg_bg")
"""Films to train with; the marked frames of the others are kept apart for measuring."""

WITHOUT_FACES = ("dlc_openfield", "sa_top")
"""Films from above: no frame shows a face."""

FRAMES_WITHOUT = 40


def load_frames(folder: Path, *, trained: bool) -> list[Photograph]:
    """Read the marked frames of the films to train with, or of those kept apart.

    Frames of which the reader was unsure whether they show a face are left out.
    """
    wanted: dict[str, dict[int, list[Any]]] = {}
    for record in read_marks("films.json"):
        if (record["clip"] in TRAINED) == trained and not record["unsure"]:
            wanted.setdefault(record["clip"], {})[record["frame"]] = record["faces"]
    return [frame for clip, frames in wanted.items() for frame in _read(folder, clip, frames)]


def load_frames_without_faces(folder: Path) -> list[Photograph]:
    """Read frames, evenly spread, of the films that show no face."""
    frames = []
    for clip in WITHOUT_FACES:
        with av.open(str(_find(folder, clip))) as container:
            count = sum(1 for _ in container.decode(video=0))
        numbers = {(2 * i + 1) * count // (2 * FRAMES_WITHOUT) for i in range(FRAMES_WITHOUT)}
        frames += _read(folder, clip, {number: [] for number in numbers})
    return frames


def _find(folder: Path, clip: str) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.stem == clip)


def _read(folder: Path, clip: str, frames: dict[int, list[Any]]) -> list[Photograph]:
    found = []
    with av.open(str(_find(folder, clip))) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in frames:
                faces = tuple(_face(record) for record in frames[number])
                name = f"{clip} {number}"
                rgb = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
                found.append(Photograph(name, rgb, faces))
    return found


def _face(record: dict[str, Any]) -> MarkedFace:
    return MarkedFace(
        box=tuple(record["box"]),
        view=record["view"],
        coat=record["coat"],
        nose=_point(record["nose"]),
        eyes=tuple(
            MarkedEye(tuple(eye["box"]), "open", "cannot_tell")
            if eye["state"] == "unsure"
            else MarkedEye(tuple(eye["box"]), eye["state"])
            for eye in record["eyes"]
        ),
        ears=tuple(
            MarkedEar(tuple(ear["box"]), _point(ear["base"]), _point(ear["tip"]))
            for ear in record["ears"]
        ),
    )


def _point(pair: list[float] | None) -> tuple[float, float] | None:
    return None if pair is None else (pair[0], pair[1])
