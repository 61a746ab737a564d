"""Foreign formats as a seam: recognised by what is in them, one file each.

Adding a format is one file with a class that implements `Importer` or `Exporter`, and one line in
`IMPORTERS` or `EXPORTERS` (`amgs.interop.formats`). `amgs import`, `amgs export`, and every command
that reads such a table (`agreement`, `evaluate`, `summarise`) then know it.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

TableKind: TypeAlias = Literal[
    "ratings", "scores", "predictions", "summary", "images", "recordings"
]
"""What a table is about.

``ratings``: one row per image, rater and unit (``image, rater, unit, score``). ``scores``: one row
per image with the human MGS (``image, mgs, animal, group, timepoint``). ``predictions``: one row
per image with a model's readings. ``summary``: one row per animal and timepoint. ``images``: one
row per image with what is known of it (``label, animal, laboratory, recording``, units).
``recordings``: the table of an experiment, ``recordings.csv`` of a study.
"""


@dataclass(frozen=True, eq=False)
class Imported:
    """What an importer made of a foreign file.

    Parameters
    ----------
    table
        With the columns of amgs for its kind; missing values are missing, never 0.
    notes
        What a reader must know: what was left out, what is doubtful.
    facts
        Counts, for people.
    images_at
        The folder from which the paths of ``image`` start; ``None`` where they are names only.
    """

    table: pd.DataFrame
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    images_at: Path | None = None


class Importer(ABC):
    """Reads one foreign format.

    Attributes
    ----------
    name
        What ``--format`` takes.
    title
        What it is, for help texts.
    kind
        What it becomes.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    kind: ClassVar[TableKind]

    @abstractmethod
    def recognises(self, place: Path) -> bool:
        """Whether a file or folder is of this format, by its content; never raises."""

    @abstractmethod
    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """Read it.

        Parameters
        ----------
        place
            The file or folder.
        only
            Only these parts of it, where the format has parts; all if empty.

        Raises
        ------
        TableError
            With every fault.
        """


class Exporter(ABC):
    """Writes one foreign format.

    Attributes
    ----------
    name, title
        As for `Importer`.
    kind
        Which table of amgs it takes.
    suffix
        How its files end.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    kind: ClassVar[TableKind]
    suffix: ClassVar[str]

    @abstractmethod
    def write(self, table: pd.DataFrame, out: Path, value: str = "") -> tuple[str, ...]:
        """Write a table, whole or not at all; return what a reader must know.

        Parameters
        ----------
        table
            Of `kind`, as amgs writes it.
        out
            The file.
        value
            Which column, where the format holds one number per animal.

        Raises
        ------
        TableError
            If the table lacks what the format needs.
        """


def seen_from(names: Iterable[str], folder: Path, place: Path) -> list[str]:
    """Return paths that start at one folder as paths that start at another.

    Parameters
    ----------
    names
        Paths from `folder`.
    folder
        Where they start now.
    place
        Where they are to start; on another drive of Windows they become whole paths.
    """
    try:
        way = Path(os.path.relpath(folder.resolve(), place.resolve()))
    except ValueError:
        way = folder.resolve()
    return [(way / name).as_posix() for name in names]
