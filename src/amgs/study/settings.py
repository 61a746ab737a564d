"""The settings of a study: one table from which parsing, ``study.toml``, help and docs come.

Every section is a frozen record; a setting is one field of it, with its default, its help and its
limits. So code reads ``settings.scoring.seed``, and a misspelt name is found by the type checker.
Adding a setting is one field here and one line in ``docs/data-model.md``, which a test asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any, TypeVar

from amgs.cohort.words import ANCOVA, CHANGE
from amgs.faces.crop import DEFAULT_MARGIN
from amgs.faces.detectors import DEFAULT_DETECTOR, DETECTORS
from amgs.prediction.summary_options import DEFAULT_MIN_PER_MINUTE
from amgs.scoring.labels import LEAVE_OUT, NO_FACE, LabelRule
from amgs.video.sampling import DEFAULT_INTERVAL_S
from amgs.vocabulary import BASELINE, DEFAULT_THRESHOLD

SETTINGS_FILE = "study.toml"

_RULE = LabelRule()

V = TypeVar("V", str, int, float)


FACE_BY_FACE, UNIT_BY_UNIT = "face by face", "unit by unit"
BLINDED, OPEN = "blinded", "open"
AS_FILMED, BLURRED, GREY = "as filmed", "blurred", "grey"
EQUAL = "equal"


def _setting(
    default: V,
    help_text: str,
    low: float = 0,
    high: float = float("inf"),
    choices: Sequence[str] = (),
) -> V:
    """Declare a setting: its kind is that of the default."""
    about = {"help": help_text, "low": low, "high": high, "choices": tuple(choices)}
    declared: V = field(default=default, metadata=about)
    return declared


@dataclass(frozen=True, slots=True)
class AboutSettings:
    """``[study]``: what the study is."""

    name: str = _setting("", "What the study is called in reports.")
    baseline: str = _setting(
        BASELINE,
        "The timepoint that others are compared with; empty in a study without a baseline, whose "
        "groups are then compared as they are.",
    )
    database: str = _setting(
        "",
        "Empty: study.db in this folder. For several rooms at once a PostgreSQL server, such as "
        "postgresql+psycopg://user@host/name",
    )
    curation: str = _setting(
        BLINDED,
        "Who looks through the face images in `amgs lab` sees no animal, group, timepoint or file "
        "name before the study is unblinded (`blinded`), or sees them (`open`).",
        choices=(BLINDED, OPEN),
    )


@dataclass(frozen=True, slots=True)
class ExtractSettings:
    """``[extract]``: how faces are taken from videos."""

    interval_s: float = _setting(
        DEFAULT_INTERVAL_S,
        "One image for every so many seconds of video (10, as in Tuttle et al. 2018).",
        2,
    )
    margin: float = _setting(DEFAULT_MARGIN, "Added around a face, as a share of its box.", 0, 1)
    min_face_px: float = _setting(
        0.0,
        "Narrower faces are not kept. 0: as the face detector recommends (centre_net: 80 pixels); "
        "1 keeps them all.",
    )
    detector: str = _setting(
        DEFAULT_DETECTOR,
        f"Which face detector is used: {', '.join(DETECTORS)}.",
    )


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """``[scoring]``: what people score, and how."""

    scale: str = _setting(
        "mouse", "mouse, mouse-black, rat, or the path of a .toml of your own (docs/extending.md)."
    )
    images_per_recording: int = _setting(
        0, "How many images of every recording people score, chosen at random; 0: all of them."
    )
    repeat_percent: float = _setting(
        5.0,
        "So many of 100 images come twice, unannounced: they show intra-rater agreement.",
        0,
        50,
    )
    leave_out_faces: str = _setting(
        NO_FACE,
        "Which faces are left out of all results when more than half of their raters say so: "
        "`no face`, `not scorable` (for whatever reason) or `never`.",
        choices=LEAVE_OUT,
    )
    mode: str = _setting(
        FACE_BY_FACE,
        "`face by face`: all units of a face, then the next face. `unit by unit`: one unit of all "
        "faces, then the next unit, so that one sign colours the others less.",
        choices=(FACE_BY_FACE, UNIT_BY_UNIT),
    )
    background: str = _setting(
        AS_FILMED,
        "What raters see around the face: `as filmed`, `blurred` or `grey`. Walls, bedding and "
        "light tell cameras and days apart; where these differ between groups or timepoints, "
        "`grey` keeps raters blind to them.",
        choices=(AS_FILMED, BLURRED, GREY),
    )
    brightness: str = _setting(
        AS_FILMED,
        "`as filmed`, or `equal`: all faces are shown with the same mean brightness and contrast.",
        choices=(AS_FILMED, EQUAL),
    )
    seed: int = _setting(
        0,
        "Which images are chosen follows from it; so do raters' orders, together with a secret of "
        "the study.",
    )
    course_pass: float = _setting(
        0.8,
        "Share of units that must equal the reference, over the last 10 images of the training "
        "course, before scoring begins. The course is on when there is a reference.csv.",
        0,
        1,
    )


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """``[labels]``: how scores become labels."""

    pain_from: float = _setting(
        _RULE.pain_from,
        "Images with at least this MGS (sum of the units, mean over raters) are `pain`. 3 of 10: "
        "the rule of Tuttle et al. 2018.",
    )
    no_pain_to: float = _setting(
        _RULE.no_pain_to, "Images up to this MGS are `no pain`; those between, neither."
    )
    max_missing_units: int = _setting(
        _RULE.max_missing_units,
        "An image counts when at most so many units are not scorable; its MGS is then the mean of "
        "the others times the number of units.",
    )


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """``[plan]``: the primary analysis; `amgs plan --seal` writes it down before the result."""

    outcome: str = _setting(
        "pct_pain",
        "The primary outcome, a column of results/summary.csv: `pct_pain`, `mean_signed_score`, "
        "the same re-based on the animal's own baseline (`pct_pain_rebased`, "
        "`mean_signed_score_rebased`), `mean_mgs_sum` (human scores), or the mean of what a model "
        "says, such as `mean_predicted_mgs`.",
    )
    timepoint: str = _setting(
        "", "The primary timepoint; empty where there is one besides the baseline."
    )
    analysis: str = _setting(
        ANCOVA,
        "`ancova`: the value at the timepoint, adjusted for the animal's baseline (recommended: it "
        "needs fewer animals). `change`: the value minus the baseline, as Tuttle et al. 2018.",
        choices=(ANCOVA, CHANGE),
    )
    control: str = _setting(
        "",
        "A group that all others are compared with (Dunnett's test), such as a vehicle. Empty: all "
        "pairs (Tukey's test), unless there are contrasts.",
    )
    contrasts: str = _setting(
        "",
        "Planned pairs instead of all, as `surgery - sham; surgery+analgesic - surgery`; p values "
        "by Holm's method.",
    )
    trend: str = _setting(
        "", "Doses of groups for a linear trend, as `vehicle: 0; low: 1; high: 3`."
    )
    covariates: str = _setting(
        "",
        "Columns of recordings.csv that are adjusted for besides the baseline, as `sex, strain`.",
    )
    factors: str = _setting(
        "",
        "Two factors and their interaction: `group:sex` (a column of recordings.csv), or names for "
        "the two parts of group names such as `surgery:saline`, as `surgery:drug`.",
    )
    margin: float = _setting(
        0.0,
        "The largest difference that does not matter, in units of the outcome (of % pain: points). "
        "Above 0, equivalence and non-inferiority are tested; 0: they are not.",
    )
    outliers: str = _setting(
        "report",
        "Animals whose baseline has an externally studentised residual above 3: `report` lists "
        "them, `remove` leaves them out; the result the other way is always shown beside.",
        choices=("report", "remove"),
    )
    exclusion_criteria: str = _setting(
        "", "When an animal is left out, in your words, such as `wound infection; death`."
    )


@dataclass(frozen=True, slots=True)
class ClassifySettings:
    """``[classify]``: which predictions count."""

    threshold: float = _setting(
        DEFAULT_THRESHOLD, "Images of less confidence do not count (Tuttle et al. 2018).", 0.5, 1
    )
    min_per_minute: float = _setting(
        DEFAULT_MIN_PER_MINUTE,
        "Animals with fewer confident images per minute are left out (Tuttle et al. 2018).",
    )
    min_images: int = _setting(
        0,
        "Animals with fewer confident images at a timepoint are left out; 0: no such minimum. New "
        "studies begin with 5.",
    )


@dataclass(frozen=True, slots=True)
class StudySettings:
    """The settings in force, by section."""

    study: AboutSettings = field(default_factory=AboutSettings)
    extract: ExtractSettings = field(default_factory=ExtractSettings)
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    labels: LabelSettings = field(default_factory=LabelSettings)
    classify: ClassifySettings = field(default_factory=ClassifySettings)
    plan: PlanSettings = field(default_factory=PlanSettings)

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return all settings as plain values, for provenance and reports."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StudySetting:
    """One row of the table, for parsing, help and docs."""

    section: str
    name: str
    default: str | int | float
    help: str
    low: float
    high: float
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Section and name."""
        return self.section, self.name


SECTION_TYPES: dict[str, type[Any]] = {
    section.name: section.default_factory  # type: ignore[misc]
    for section in fields(StudySettings)
}


def _row(section: str, entry: Field[Any]) -> StudySetting:
    about, default = entry.metadata, entry.default
    assert isinstance(default, str | int | float)  # noqa: S101 - `_setting` declared it
    limits = (about["low"], about["high"], about["choices"])
    return StudySetting(section, entry.name, default, about["help"], *limits)


STUDY_SETTINGS = tuple(
    _row(section, entry) for section, kind in SECTION_TYPES.items() for entry in fields(kind)
)
"""Every setting, in the order of ``study.toml``."""

SECTIONS = tuple(SECTION_TYPES)
