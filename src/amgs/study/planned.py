"""One line of ``recordings.csv`` as a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from amgs.extraction.recordings import KNOWN_COLUMNS, split_files
from amgs.video.periods import WHOLE, Period
from amgs.video.zones import Zone

CROPPED, PHOTOGRAPHS = "cropped", "photographs"
"""What a folder of images holds: faces alone, or whole photographs in which faces are found."""

ABOUT_THE_ANIMAL = ("sex", "strain", "coat")
ABOUT_THE_PLACE = ("cage", "laboratory")
BORN = "born"
"""The day of birth, from which follows the age at every recording."""

FURTHER = (*ABOUT_THE_ANIMAL, BORN, *ABOUT_THE_PLACE)
"""Columns that may say more of an animal."""

UNKNOWN = Zone("unknown")
"""The zone of a line whose own cannot be read: what follows from a zone is not asked of it."""


@dataclass(frozen=True, slots=True)
class PlannedRecording:
    """One line of ``recordings.csv``: an animal at a timepoint, and where it was filmed.

    ``video`` is a video, several files of one session divided by ``;``, or a folder of images;
    relative paths start at the study's folder.
    """

    line: int
    name: str
    animal: str
    group: str
    timepoint: str
    video: str
    zone: Zone
    date: date | None
    further: Mapping[str, str]
    period: Period = WHOLE
    images: str = CROPPED

    @property
    def known(self) -> tuple[tuple[str, str], ...]:
        """Animal, group and timepoint, as tables of extraction carry them."""
        values = {"animal": self.animal, "group": self.group, "timepoint": self.timepoint}
        return tuple((column, values[column]) for column in KNOWN_COLUMNS)

    @property
    def files(self) -> list[str]:
        """The files of its session, in the order of time; one for most."""
        return split_files(self.video)


def animal_facts(recordings: Iterable[PlannedRecording]) -> dict[str, dict[str, str]]:
    """Return what the table says of animals besides their group: column → animal → text.

    Only columns that say something; an animal that changed its cage has none.
    """
    said: dict[str, dict[str, set[str]]] = {}
    for r in recordings:
        for name, text in r.further.items():
            if text:
                said.setdefault(name, {}).setdefault(r.animal, set()).add(text)
    return {
        name: {a: texts.pop() if len(texts) == 1 else "" for a, texts in animals.items()}
        for name, animals in said.items()
    }


def add_facts(rows: Iterable[dict[str, Any]], facts: Mapping[str, Mapping[str, str]]) -> None:
    """Put what is said of its animal into every row of a summary; empty where nothing is said."""
    for row in rows:
        row |= {name: texts.get(row["animal"], "") for name, texts in facts.items()}
