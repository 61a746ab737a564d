"""The folder of a study: its settings, its design and its store, and no step.

Every step takes a `StudyFolder`; `amgs.study.Study` puts the steps on top of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from amgs.scale import Scale, load_scale
from amgs.scoring.labels import LabelRule
from amgs.store import Store, open_store
from amgs.study.design import RECORDINGS_FILE, Design, read_design
from amgs.study.layout import FACES, RESULTS, lay_out
from amgs.study.settings import SETTINGS_FILE, StudySettings
from amgs.study.settings_file import read_settings
from amgs.tables import read_notice

UNBLINDED = "unblinded"
"""The kind of event that unblinding is."""


def is_study(path: Path) -> bool:
    """Whether a path is the folder of a study."""
    return (path / SETTINGS_FILE).is_file()


class StudyFolder:
    """A study's folder, settings, design and store.

    Use `create` for a new one and `open` for one that is there, in a `with` block.
    """

    def __init__(self, folder: Path, settings: StudySettings, store: Store) -> None:
        self.folder = folder
        self.settings = settings
        self.store = store

    @classmethod
    def create(
        cls,
        folder: Path,
        name: str = "",
        scale: str = "mouse",
        seed: int = 0,
        *,
        settings: Mapping[tuple[str, str], str | float] | None = None,
    ) -> Self:
        """Lay out a new study: settings with explanations, an empty table, folders.

        Parameters
        ----------
        folder
            A new or empty folder.
        name
            What it is called in reports; the folder's name if not given.
        scale
            The grimace scale; it also gives the rule for labels.
        seed
            The raters' orders follow from it.
        settings
            What else differs from the defaults, by section and name in ``study.toml``.

        Raises
        ------
        OutputExistsError
            If the folder holds something.
        UnknownNameError
            If there is no such scale.
        """
        lay_out(folder, name, scale, seed, settings or {})
        return cls(folder, read_settings(folder / SETTINGS_FILE), open_store(folder, create=True))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a study.

        Raises
        ------
        StudyError
            If the folder is no study or its settings have faults.
        StoreError
            If its database cannot be opened.
        """
        settings = read_settings(folder / SETTINGS_FILE)
        url = settings.study.database
        return cls(folder, settings, open_store(folder, url, create=bool(url)))

    def __enter__(self) -> Self:
        """Use it in a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.store.close()

    @property
    def name(self) -> str:
        """What it is called in reports."""
        return self.settings.study.name

    @property
    def results(self) -> Path:
        """The folder of tables, figures and reports."""
        return self.folder / RESULTS

    @property
    def faces(self) -> Path:
        """The folder that extraction fills."""
        return self.folder / FACES

    @property
    def notice(self) -> str:
        """What ``notice.txt`` says, such as that its mice are synthetic; mostly nothing."""
        return read_notice(self.folder)

    @cached_property
    def scale(self) -> Scale:
        """The grimace scale that people score with."""
        return load_scale(self.settings.scoring.scale, self.folder)

    @property
    def label_rule(self) -> LabelRule:
        """The rule that makes labels of scores."""
        labels = self.settings.labels
        return LabelRule(labels.pain_from, labels.no_pain_to, labels.max_missing_units)

    def design(self) -> Design:
        """Read the design; stop when anything is wrong in the table.

        Raises
        ------
        StudyError
            With every fault.
        """
        path = self.folder / RECORDINGS_FILE
        design = read_design(path, self.settings.study.baseline)
        design.require_sound(path)
        return design

    @property
    def unblindings(self) -> list[dict[str, Any]]:
        """Who unblinded the study, when and why; see `amgs.study.unblinding`."""
        return self.store.events.all(UNBLINDED)
