"""Videos of two cubicles with marked mice, a model that sees their pain, and raters who do.

A mouse in pain has its eyes shut (`marked.Mouse`). So the truth of every face is in its pixels, and
it can be asked whether results are of the animal that they name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from amgs.images import read_image
from amgs.images.reading import RGB
from amgs.prediction import models
from amgs.prediction.readers import Reader
from amgs.study import Study
from amgs.study.room import ScoringRoom
from amgs.tables import write_table
from amgs.vocabulary import PAIN_OUTPUTS, Reading, call_pain
from marked import Mouse, frame_with
from videos import KINDS, write_video

RATE = 5
COLUMNS = ("animal", "group", "timepoint", "video", "zone")


def film(
    folder: Path,
    name: str,
    shut: Mapping[str, bool | Callable[[float], bool]],
    seconds: int = 20,
    place: int = 0,
) -> Path:
    """Write a video with a mouse in each cubicle named; `shut` says whether its eyes are."""
    x_of = {"left": 20, "right": 190}

    def draw(number: int) -> np.ndarray:
        t = number / RATE
        mice = [
            Mouse(
                x_of[zone] + place + int(t) % 3,
                40,
                shut=closed(t) if callable(closed) else closed,
            )
            for zone, closed in shut.items()
        ]
        return frame_with(mice, number)

    (folder / "videos").mkdir(parents=True, exist_ok=True)
    return write_video(folder / "videos", KINDS["mp4_gop15"], RATE * seconds, RATE, draw, name)[0]


def is_in_pain(rgb: RGB) -> bool:
    """Whether the mouse of a face image has its eyes shut: more yellow than magenta."""
    values = rgb.astype(int)
    yellow = (values[..., 1] > 150) & (values[..., 2] < 120)
    magenta = (values[..., 1] < 120) & (values[..., 2] > 150)
    return bool(yellow.sum() > magenta.sum())


class BlinkReader(Reader):
    """A model that is always right."""

    name = "blink"
    sha256 = "b" * 64
    outputs = PAIN_OUTPUTS
    learned: ClassVar[set[str]] = set()
    """SHA-256 of the images that it is said to have learned from."""

    def __init__(self, _detector: object = None) -> None:
        pass

    def read(self, images: Sequence[RGB]) -> list[Reading]:
        """See `Reader.read`."""
        return [call_pain(0.9 if is_in_pain(rgb) else 0.1) for rgb in images]

    def part_of(self, sha256: str) -> str:
        """See `Reader.part_of`."""
        return "train" if sha256 in self.learned else ""


def add_blink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let amgs know the model."""
    monkeypatch.setitem(models.BUILT_IN_MODELS, "blink", f"{BlinkReader.__module__}:BlinkReader")


def write_rows(
    study: Study, rows: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS
) -> None:
    """Write ``recordings.csv``."""
    write_table(study.folder / "recordings.csv", columns, rows)


def score_all(study: Study, name: str = "Ada", at_most: int | None = None, code: str = "") -> str:
    """Let a rater score what is open, truly: 2 in every unit for a mouse in pain; return the code."""
    room: ScoringRoom = study.room()
    signed_in = room.sign_in(name, code)
    rater = signed_in.rater
    finished = set(study.store.scoring.finished(rater.id, study.scale.unit_names))
    count = 0
    for shown in study.store.scoring.order(rater.id):
        if shown.position in finished or (at_most is not None and count >= at_most):
            continue
        score = 2 if is_in_pain(read_image(study.folder / shown.image)) else 0
        for unit in study.scale.unit_names:
            room.answer(shown, unit, score)
        count += 1
    return signed_in.code or code
