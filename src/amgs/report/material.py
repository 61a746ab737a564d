"""All that a report is made of; what is not known is ``None``, and the page says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.timepoints import order_timepoints
from amgs.vocabulary import Output

if TYPE_CHECKING:
    import pandas as pd

    from amgs.prediction.summary_options import SummaryOptions


@dataclass(frozen=True, eq=False)
class ReportMaterial:
    """What is known of an experiment when its report is written.

    Parameters
    ----------
    title
        Of the study.
    summary
        One row per animal and timepoint (`amgs.prediction.summary_columns`).
    comparison
        The document of `amgs.cohort.comparison.compare_groups`.
    human_comparison
        The same of human scores.
    settings
        Threshold, minimum per minute, label rule and the like, by name.
    predictions
        Image by image, with animal, group, timepoint; and where the images lie.
    outputs
        What the model says of an image, as its card declares.
    model
        The model's name.
    extraction
        Rows of ``extraction.csv``.
    animals
        What ``recordings.csv`` says of every animal: sex, strain, coat.
    agreement
        The document of `amgs agreement`.
    labels
        Counts of `amgs label`.
    card
        The model's card.
    model_check
        How the model did on animals of this study, as `amgs models check` found.
    evidence
        What `amgs evidence` found of this model on faces of this study.
    trained_here
        Whether it was trained on scores of this study; ``None`` where that is not known.
    image_sets
        ``similarity``, ``measures``, ``notes`` of `amgs images`.
    unblindings
        Who, when, why.
    inputs
        Name and SHA-256 of every input.
    notice
        Stands on top of the page, such as that the mice are drawn.
    scored_late
        Answers that raters gave after the study was unblinded.
    blinded
        Whether raters scored in amgs's own scoring room; of ratings from elsewhere it is not known.
    course
        Raters who passed the training course, with their agreement with the reference then.
    let_in
        Raters whom the owner let score without it.
    label_rule
        The rule of the labels that the model was trained on, where it was trained here.
    notes
        What a reader of the results must know besides.
    further
        The comparisons of further timepoints, as `comparison`.
    options
        How images were summarised; which of them count follows from it.
    exclusions
        What was left out by decision: ``what``, ``kind``, ``groups``, ``reason``, ``by``, ``date``,
        ``late`` (when, if not blind), ``images``.
    left_out_by_raters
        How many images more than half of their raters called no face, or not scorable.
    folders
        Of folders of images: how many were ``cropped``, how many ``photographs``, how many of these
        ``with_face``.
    missing
        Recordings without images, each with the reason.
    dependence
        From `amgs.report.dependence.how_it_depends`.
    reliability
        From `amgs.prediction.precision.measure_reliability`, as plain values.
    """

    title: str
    summary: Sequence[Mapping[str, Any]]
    comparison: Mapping[str, Any] | None
    settings: Mapping[str, Any]
    human_comparison: Mapping[str, Any] | None = None
    predictions: pd.DataFrame | None = None
    outputs: Sequence[Output] = ()
    model: str = ""
    images_at: Path | None = None
    extraction: Sequence[Mapping[str, str]] | None = None
    recordings: int | None = None
    animals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    agreement: Mapping[str, Any] | None = None
    scale: str = ""
    labels: Mapping[str, int] | None = None
    card: Mapping[str, Any] | None = None
    model_check: Mapping[str, Any] | None = None
    evidence: Mapping[str, Any] | None = None
    trained_here: bool | None = None
    image_sets: Mapping[str, Any] | None = None
    unblindings: Sequence[Mapping[str, Any]] | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""
    notes: Sequence[str] = ()
    scored_late: Mapping[str, int] = field(default_factory=dict)
    blinded: bool = False
    label_rule: Mapping[str, Any] | None = None
    course: Mapping[str, float] = field(default_factory=dict)
    let_in: Sequence[str] = ()
    further: Sequence[Mapping[str, Any]] = ()
    options: SummaryOptions | None = None
    exclusions: Sequence[Mapping[str, Any]] = ()
    left_out_by_raters: int = 0
    folders: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    dependence: Sequence[Mapping[str, Any]] = ()
    reliability: Sequence[Mapping[str, Any]] = ()

    @property
    def comparisons(self) -> list[Mapping[str, Any]]:
        """The comparisons of all timepoints, in their order."""
        return [] if self.comparison is None else [self.comparison, *self.further]

    @property
    def seen_in_training(self) -> int:
        """How many of the images were used for training or model selection."""
        return sum(int(row.get("seen_in_training") or 0) for row in self.summary)

    @property
    def knows_minutes(self) -> bool:
        """Whether the length of the recordings is known."""
        return any(row.get("minutes") is not None for row in self.summary)

    @property
    def value(self) -> str:
        """The column that is compared."""
        return str(self.comparison["value"]) if self.comparison else "pct_pain"

    @property
    def calls_pain(self) -> bool:
        """Whether the images carry calls of pain or no pain by a model."""
        return self.predictions is not None and "confidence" in self.predictions

    @property
    def groups(self) -> list[str]:
        """Names of the groups, in order."""
        return list(dict.fromkeys(str(row["group"]) for row in self.summary))

    @property
    def timepoints(self) -> list[str]:
        """Names of the timepoints, the baseline first, in the order of time."""
        baseline = (self.comparison or {}).get("baseline")
        return order_timepoints((str(row["timepoint"]) for row in self.summary), baseline)

    def count_animals(self, group: str, timepoint: str | None = None) -> int:
        """Return how many animals of a group there are (at a timepoint)."""
        return len(
            {
                row["animal"]
                for row in self.summary
                if row["group"] == group and timepoint in {None, row["timepoint"]}
            }
        )
