"""The study: every step as a verb, each load, do, save, and doing only what is new.

The class lists the verbs and nothing else; each stands in a module of its own, which takes the
`StudyFolder`. The command line and the web call these verbs and nothing deeper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.jobs import ProgressCallback, no_progress
from amgs.study.folder import StudyFolder
from amgs.vocabulary import EXPLAINED_FACES

if TYPE_CHECKING:
    from amgs.cohort.comparison import ComparisonChoice
    from amgs.faces.base import FaceDetector
    from amgs.image_check.measures import ImageOfSet
    from amgs.model.training.options import TrainingOptions
    from amgs.prediction.classify import ClassifySummary
    from amgs.prediction.explaining import Evidence
    from amgs.prediction.readers import Reader
    from amgs.study.checking import CheckReport
    from amgs.study.comparing import StudyComparison
    from amgs.study.exclusions import Exclusion, Exclusions
    from amgs.study.exporting import Sending
    from amgs.study.extracting import StudyExtraction
    from amgs.study.people import RaterProgress
    from amgs.study.planning import PlanState
    from amgs.study.room import ScoringRoom
    from amgs.study.second_look import SecondLook
    from amgs.study.summarising import StudySummary, SummaryChoice
    from amgs.video.convert import Converted


class Study(StudyFolder):
    """A study and all that can be done with it, in the order of an experiment.

    Use `Study.create` for a new one and `Study.open` for one that is there, in a `with` block.
    """

    def check(self) -> CheckReport:
        """Return everything that is wrong or odd in the design, the videos and the face images."""
        from amgs.study.checking import check_study

        return check_study(self)

    def convert(
        self, *, lossless: bool = False, progress: ProgressCallback = no_progress
    ) -> dict[str, Converted]:
        """Write videos that cannot be searched once more, and name the new files in the table."""
        from amgs.study.converting import convert_study

        return convert_study(self, lossless=lossless, progress=progress)

    def preview(self, detector: FaceDetector | None = None) -> dict[str, Path | str]:
        """Draw the zones on a frame of every video; return image or problem by video."""
        from amgs.study.previewing import preview_study

        return preview_study(self, detector)

    def extract(
        self,
        *,
        detector: FaceDetector | None = None,
        executor: Executor | None = None,
        jobs: int | None = None,
        only_new: bool = False,
        new_generation: bool = False,
        restart: bool = False,
        progress: ProgressCallback = no_progress,
    ) -> StudyExtraction:
        """Make the faces of the study fit its table, and extract what is new."""
        from amgs.study.extracting import extract_study

        return extract_study(
            self,
            detector=detector,
            executor=executor,
            jobs=jobs,
            only_new=only_new,
            new_generation=new_generation,
            restart=restart,
            progress=progress,
        )

    def exclude(self, rows: Sequence[Exclusion]) -> Exclusions:
        """Leave animals, recordings, periods, faces or raters out of all results, with a reason."""
        from amgs.study.exclusions import exclude

        return exclude(self, rows)

    def include(self, kind: str, name: str, start: str = "", stop: str = "") -> int:
        """Take in again what was left out; return how many lines that were."""
        from amgs.study.exclusions import include

        return include(self, kind, name, start, stop)

    def exclusions(self) -> Exclusions:
        """Return all that is left out, as ``exclusions.csv`` says."""
        from amgs.study.exclusions import read_exclusions

        return read_exclusions(self, self.design())

    def raters(self) -> list[RaterProgress]:
        """Return all raters, how far they are, and whether their answers count."""
        from amgs.study.people import list_raters

        return list_raters(self)

    def rename_rater(self, name: str, new_name: str) -> None:
        """Give a rater another name."""
        from amgs.study.people import rename_rater

        rename_rater(self, name, new_name)

    def merge_raters(self, name: str, into: str) -> None:
        """Say that two raters are one person."""
        from amgs.study.people import merge_raters

        merge_raters(self, name, into)

    def separate_rater(self, name: str) -> None:
        """Take back that a rater is the same person as another one."""
        from amgs.study.people import separate_rater

        separate_rater(self, name)

    def accept_scale(self) -> None:
        """Go on with the scale in ``study.toml`` where scoring began with another one."""
        from amgs.study.scales import accept_scale

        accept_scale(self)

    def room(self, order_secret: int | None = None) -> ScoringRoom:
        """Open the scoring room, in which people score faces, blinded.

        Parameters
        ----------
        order_secret
            Makes the orders of new raters known beforehand; for drawn mice only.
        """
        from amgs.study.room import ScoringRoom

        return ScoringRoom(self, order_secret)

    def agreement(self, *, intervals: bool = False) -> dict[str, Any]:
        """Return how far raters agree: with each other, with themselves, and over time."""
        from amgs.study.rater_agreement import measure_rater_agreement

        return measure_rater_agreement(self, intervals=intervals)

    def label(self) -> tuple[Path, dict[str, int]]:
        """Make labels of the scores and write ``results/labels.csv``; return it with counts."""
        from amgs.study.labelling import write_labels

        return write_labels(self)

    def ask_second_look(self) -> tuple[int, int]:
        """Have doubtful labels looked at again, blind; return how many faces, and how many others.

        See `amgs.study.second_look.ask_second_look`.
        """
        from amgs.study.second_look import ask_second_look

        return ask_second_look(self)

    def second_look(self) -> SecondLook | None:
        """Return what raters said of faces the second time; ``None`` where nobody was asked."""
        from amgs.study.second_look import write_second_look

        return write_second_look(self)

    def unblind(self, who: str, reason: str) -> Path:
        """Show human scores with animals, groups and timepoints; who did it and why is kept."""
        from amgs.study.unblinding import unblind_study

        return unblind_study(self, who, reason)

    def seal_plan(self, who: str) -> dict[str, Any]:
        """Write down the plan of the primary analysis with its hash and the time."""
        from amgs.study.planning import seal_plan

        return seal_plan(self, who)

    def plan_state(self) -> PlanState:
        """Return whether the plan was sealed in time, and what was changed since."""
        from amgs.study.planning import plan_state

        return plan_state(self)

    def human_scores(self) -> Path:
        """Write ``results/human_scores.csv`` of a study that was unblinded; return it."""
        from amgs.study.unblinding import write_human_scores

        return write_human_scores(self)

    def train(
        self,
        name: str,
        options: TrainingOptions,
        *,
        overwrite: bool = False,
        executor: Executor | None = None,
        progress: ProgressCallback = no_progress,
    ) -> dict[str, Any]:
        """Train a model of the study's labels into ``models/NAME``; return its card."""
        from amgs.study.training import train_on_labels

        return train_on_labels(
            self, name, options, overwrite=overwrite, executor=executor, progress=progress
        )

    def model_folder(self, name: str = "") -> Path:
        """Return the folder of a model of the study; of the newest if no name is given."""
        from amgs.study.training import find_model

        return find_model(self, name)

    def same_model(self, folder: Path) -> str:
        """Return the name of a model of the study that another one is again; else nothing."""
        from amgs.study.training import same_model

        return same_model(self, folder)

    def adopt_model(self, folder: Path) -> Path:
        """Copy a model from elsewhere into ``models``, so that the study stays whole; return it."""
        from amgs.study.training import adopt_model

        return adopt_model(self, folder)

    def reader(self, model: Path | str = "") -> Reader:
        """Open a model: of the study by its name (the newest if empty), or a built-in one."""
        from amgs.study.classifying import find_reader

        return find_reader(self, model)

    def classify(
        self,
        model: Path | str | Reader = "",
        *,
        executor: Executor | None = None,
        progress: ProgressCallback = no_progress,
    ) -> ClassifySummary:
        """Let a model look at the faces that are new to it; the counts are of all faces."""
        from amgs.study.classifying import classify_faces
        from amgs.study.training import note_use

        reader = self.reader(model) if isinstance(model, Path | str) else model
        summary = classify_faces(self, reader, executor=executor, progress=progress)
        note_use(self, reader.sha256)
        return summary

    def explain(
        self,
        model: Path | str | Reader = "",
        images: int = EXPLAINED_FACES,
        *,
        executor: Executor | None = None,
        progress: ProgressCallback = no_progress,
    ) -> Evidence:
        """Find out, and keep, what a model's calls rest on: the face, or what is no face."""
        from amgs.study.explaining import explain_study

        reader = self.reader(model) if isinstance(model, Path | str) else model
        return explain_study(self, reader, images, executor=executor, progress=progress)

    def predictions(self, model: Path | str | Reader = "") -> Path:
        """Write what a model said to ``results/predictions_NAME.csv`` and return it."""
        from amgs.study.classifying import write_predictions

        reader = self.reader(model) if isinstance(model, Path | str) else model
        return write_predictions(self, reader)

    def summarise(self, choice: SummaryChoice | None = None) -> StudySummary:
        """Summarise images into one row per animal and timepoint; keep the table."""
        from amgs.study.summarising import SummaryChoice, summarise_study

        return summarise_study(self, choice or SummaryChoice(), remember=True)

    def compare(self, choice: ComparisonChoice | None = None, model: str = "") -> StudyComparison:
        """Compare groups, from a summary made anew in the way it was last made; keep both."""
        from amgs.study.comparing import compare_study

        return compare_study(self, choice, model)

    def pilot(self, value: str = "") -> StudySummary:
        """Summarise as `compare` does, for planning from the images of this study."""
        from amgs.study.comparing import summarise_for

        return summarise_for(self, value)

    def list_images(self) -> Iterable[ImageOfSet]:
        """Return the face images with animal, group and timepoint, to compare them as sets."""
        from amgs.study.image_checking import list_study_images

        return list_study_images(self)

    def report(
        self,
        choice: ComparisonChoice | None = None,
        model: str = "",
        progress: ProgressCallback = no_progress,
    ) -> Path:
        """Write ``results/report.html`` from all that the study holds; return it."""
        from amgs.study.reporting import report_study

        return report_study(self, choice, model, progress)

    def export(
        self, form: str, out: Path, value: str = "", sending: Sending | None = None
    ) -> tuple[str, ...]:
        """Write a table of the study, or the study, in a foreign format; return what to know."""
        from amgs.study.exporting import export_study

        return export_study(self, form, out, value, sending)
