"""The study: every step is load, do, save, and does only what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.errors import NoImagesError
from amgs.jobs import ProgressCallback, no_progress
from amgs.scale import Scale, load_scale
from amgs.scoring.labels import ImageScore, LabelRule
from amgs.store import Store, open_store
from amgs.study.checking import check_faces, check_films
from amgs.study.design import (
    RECORDINGS_FILE,
    Design,
    PlannedRecording,
    read_design,
)
from amgs.study.layout import lay_out
from amgs.study.settings import SETTINGS_FILE, StudySettings, read_settings
from amgs.tables import read_notice

if TYPE_CHECKING:
    from amgs.faces.extraction import ExtractionSummary
    from amgs.faces.finder import FaceFinder
    from amgs.model.train import TrainingOptions
    from amgs.prediction.classify import ClassifySummary
    from amgs.prediction.recording_times import RecordingTime
    from amgs.study.room import ScoringRoom

UNBLINDED = "unblinded"
"""The kind of event that unblinding is."""


def is_study(path: Path) -> bool:
    """Whether a path is the folder of a study."""
    return (path / SETTINGS_FILE).is_file()


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The design, and all that is wrong (`faults`) or odd (`warnings`) in it."""

    design: Design
    faults: tuple[str, ...]
    warnings: tuple[str, ...]


class Study:
    """A study's folder, settings, design and store.

    Use `Study.create` for a new one and `Study.open` for one that is there, in a `with` block.
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
    ) -> Study:
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
    def open(cls, folder: Path) -> Study:
        """Open a study.

        Raises
        ------
        StudyError
            If the folder is no study or its settings have faults.
        StoreError
            If its database cannot be opened.
        """
        settings = read_settings(folder / SETTINGS_FILE)
        url = settings.text("study", "database")
        return cls(folder, settings, open_store(folder, url, create=bool(url)))

    def __enter__(self) -> Study:
        """Use it in a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.store.close()

    # What is planned

    @property
    def notice(self) -> str:
        """What ``notice.txt`` says, such as that the mice are drawn; mostly nothing."""
        return read_notice(self.folder)

    @cached_property
    def scale(self) -> Scale:
        """The grimace scale that people score with."""
        return load_scale(self.settings.text("scoring", "scale"), self.folder)

    @property
    def label_rule(self) -> LabelRule:
        """The rule that makes labels of scores."""
        return LabelRule(
            self.settings.number("labels", "pain_from"),
            self.settings.number("labels", "no_pain_to"),
            self.settings.whole("labels", "max_missing_units"),
        )

    def design(self) -> Design:
        """Read the design; stop when anything is wrong in the table.

        Raises
        ------
        StudyError
            With every fault.
        """
        path = self.folder / RECORDINGS_FILE
        design = read_design(path, self.settings.text("study", "baseline"))
        design.require_sound(path)
        return design

    def planned(self) -> dict[str, PlannedRecording]:
        """Return the design by recording, when it has every recording that has faces.

        Raises
        ------
        StudyError
            If a recording with faces is not in ``recordings.csv`` any more.
        """
        from amgs.study.consistency import planned_recordings

        return planned_recordings(self)

    def check(self) -> CheckReport:
        """Read the design, look for films and face images; return what is wrong or odd."""
        from amgs.study.consistency import changed_since_scoring

        path = self.folder / RECORDINGS_FILE
        design = read_design(path, self.settings.text("study", "baseline"))
        known = self.store.faces.all()
        faults, warnings = check_films(design, self.folder, {f.recording for f in known})
        faults += check_faces(known, design, self.folder)
        faults += [f"study.toml: {change}" for change in changed_since_scoring(self)]
        return CheckReport(design, (*design.faults, *faults), (*design.warnings, *warnings))

    def require_same_scoring(self) -> None:
        """Stop when scale, seed or sample were changed after scoring began.

        Old answers would be counted as if they had been given on another scale.

        Raises
        ------
        StudyError
            With what it was and what it is.
        """
        from amgs.study.consistency import require_same_scoring

        require_same_scoring(self)

    # Faces

    def extract(
        self,
        *,
        jobs: int | None = None,
        finder: FaceFinder | None = None,
        progress: ProgressCallback = no_progress,
    ) -> tuple[ExtractionSummary | None, list[str]]:
        """Take faces from all films, and images from all folders, of the design into the study.

        Returns
        -------
        ExtractionSummary or None
            ``None`` when there is no film to look at, only folders of images.
        list of str
            Files in folders of images that are no images, with the reason.
        """
        from amgs.study.faces import take_up_faces

        return take_up_faces(self, finder, jobs, progress)

    # People's scores

    def room(self) -> ScoringRoom:
        """Open the scoring room."""
        from amgs.study.room import ScoringRoom

        return ScoringRoom(self)

    def agreement(self) -> dict[str, Any]:
        """Return how far raters agree: with each other, with themselves, and over time.

        Raises
        ------
        NoImagesError
            If nobody has scored anything yet.
        """
        from amgs.scoring.agreement import measure_agreement
        from amgs.scoring.over_time import beyond_one_number
        from amgs.scoring.ratings import ratings_from_table
        from amgs.study.answers import long_table

        table = long_table(self.store.scoring.all(), self.scale)
        first = table[~table["repeat"]]
        if first.empty:
            msg = "Expected scores in the study, found none yet. Raters score with `amgs score`."
            raise NoImagesError(msg)
        document = measure_agreement(ratings_from_table(first))
        timepoint = {r.name: r.timepoint for r in self.design().recordings}
        table["timepoint"] = table["recording"].map(timepoint)
        return document | beyond_one_number(table)

    def scores(self) -> list[ImageScore]:
        """Return the human score of every face; see `amgs.scoring.labels.score_image`."""
        from amgs.study.labelling import score_faces

        return score_faces(self)

    def label(self) -> tuple[Path, dict[str, int]]:
        """Make labels of the scores and write ``results/labels.csv``; return it with counts.

        Before the study is unblinded, animals and recordings stand there as codes: training keeps
        animals apart all the same.
        """
        from amgs.study.labelling import write_labels

        return write_labels(self)

    # The classifier

    def train(
        self,
        name: str,
        options: TrainingOptions,
        *,
        overwrite: bool = False,
        progress: ProgressCallback = no_progress,
    ) -> dict[str, Any]:
        """Train a model of the study's labels into ``models/NAME``; return its card."""
        from amgs.study.training import train_on_labels

        return train_on_labels(self, name, options, overwrite=overwrite, progress=progress)

    def model_folder(self, name: str = "") -> Path:
        """Return the folder of a model of the study; of the newest if no name is given.

        Raises
        ------
        UnknownNameError
            If there is none.
        """
        from amgs.study.training import find_model

        return find_model(self, name)

    def adopt_model(self, folder: Path) -> Path:
        """Copy a model from elsewhere into ``models``, so that the study stays whole; return it.

        It keeps its name unless another model here has it; then its study's name goes before it.
        """
        from amgs.study.training import adopt_model

        return adopt_model(self, folder)

    def classify(
        self, model: Path | None, progress: ProgressCallback = no_progress
    ) -> ClassifySummary:
        """Let a model look at the faces that are new to it; ``None`` is the built-in `orbital`.

        The counts are of all faces; ``resumed`` says how many it had answered before.
        """
        from amgs.study.predicting import classify_faces

        return classify_faces(self, model, progress)

    def predictions(self, model: Path | None) -> Path:
        """Write what a model said to ``results/predictions_NAME.csv`` and return it."""
        from amgs.study.predicting import write_predictions

        return write_predictions(self, model)

    def times(self) -> dict[str, RecordingTime] | None:
        """Return how long recordings are; ``None`` when faces come from folders of images too."""
        from amgs.study.consistency import recording_times

        return recording_times(self)

    # Who is who

    @property
    def unblindings(self) -> list[dict[str, Any]]:
        """Who unblinded the study, when and why; see `amgs.study.unblinding`."""
        return self.store.events.all(UNBLINDED)
