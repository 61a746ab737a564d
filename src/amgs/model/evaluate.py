"""How good predictions are, judged by the truth about each image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from amgs.errors import ImpossibleValueError, OneClassError, TableError
from amgs.model.by_animal import AnimalAgreement, ScaleAgreement, agree_by_animal, bland_altman
from amgs.model.graded import MGS as MGS_OUTPUT
from amgs.model.metrics import (
    Confusion,
    ReliabilityBin,
    area_under_curve,
    count_confusion,
    expected_calibration_error,
    reliability_table,
    wilson_interval,
)
from amgs.model.over_units import bootstrap_interval, share_over_units
from amgs.vocabulary import DEFAULT_THRESHOLD, PAIN, PART_COLUMN, THRESHOLDS, TRAINED_PARTS

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What remains, and how good it is, when images below a threshold are set aside."""

    threshold: float
    n_total: int
    counts: Confusion
    over_animals: Mapping[str, tuple[float, float] | None] = field(
        default_factory=dict, compare=False
    )

    @property
    def coverage(self) -> float:
        """The share of images that are kept."""
        return self.counts.n / self.n_total

    def as_dict(self) -> dict[str, Any]:
        """Return the point as plain values, with 95 % intervals.

        ``intervals`` by Wilson, images taken as independent; ``intervals_over_animals`` by
        leaving out each animal in turn, ``None`` where the animals are not known.
        """
        counts = self.counts
        return {
            "threshold": self.threshold,
            "n_total": self.n_total,
            "n": counts.n,
            "coverage": self.coverage,
            "tp": counts.tp,
            "fn": counts.fn,
            "fp": counts.fp,
            "tn": counts.tn,
            "sensitivity": counts.sensitivity,
            "specificity": counts.specificity,
            "accuracy": counts.accuracy,
            "intervals": {
                "sensitivity": wilson_interval(counts.tp, counts.tp + counts.fn),
                "specificity": wilson_interval(counts.tn, counts.tn + counts.fp),
                "accuracy": wilson_interval(counts.tp + counts.tn, counts.n),
            },
            "intervals_over_animals": dict(self.over_animals) or None,
        }


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """The machine's signed scores of all images that humans gave one MGS.

    ``t`` and ``p`` are of a one-sample t-test against 0, the score of a guess; ``p_bonferroni`` is
    p times the number of tests, at most 1. They are ``None`` where they cannot be computed: with
    one image, or when all scores are equal.
    """

    mgs: float
    n: int
    mean: float
    sd: float | None
    sem: float | None
    t: float | None
    p: float | None
    p_bonferroni: float | None


@dataclass(frozen=True, slots=True)
class MgsAgreement:
    """Human MGS against the machine's signed score, as in the paper's Figure 2.

    ``mgs = intercept + slope · signed_score`` by least squares over ``n`` images. ``by_animal``
    where animals are known; ``predicted`` compares the MGS that a model says with people's.
    """

    n: int
    pearson_r: float | None
    pearson_r_interval: tuple[float, float] | None
    p: float | None
    slope: float | None
    intercept: float | None
    by_score: list[ScoreRow]
    by_animal: AnimalAgreement | None = None
    predicted: ScaleAgreement | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything `amgs evaluate` reports."""

    point: CurvePoint
    auc: float
    curve: list[CurvePoint]
    reliability: list[ReliabilityBin]
    expected_calibration_error: float
    n_problems: int
    n_unlabelled: int
    n_trained_on: int
    truth: str
    n_animals: int | None
    auc_over_animals: tuple[float, float] | None
    mgs: MgsAgreement | None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON document of ``amgs evaluate --json``."""
        document = {
            **self.point.as_dict(),
            "auc": self.auc,
            "n_animals": self.n_animals,
            "auc_over_animals": self.auc_over_animals,
            "curve": [point.as_dict() for point in self.curve],
            "calibration": {
                "expected_calibration_error": self.expected_calibration_error,
                "bins": [asdict(row) for row in self.reliability],
            },
            "truth": self.truth,
            "n_problems": self.n_problems,
            "n_unlabelled": self.n_unlabelled,
            "n_trained_on": self.n_trained_on,
        }
        if self.mgs is not None:
            document["mgs"] = {
                **asdict(self.mgs),
                "regression": "mgs = intercept + slope * signed_score",
            }
        return document


def evaluate_predictions(
    predictions: pd.DataFrame, threshold: float = DEFAULT_THRESHOLD
) -> Evaluation:
    """Compare predictions with the truth.

    Parameters
    ----------
    predictions
        From `amgs.prediction.read_predictions`, with a ``label`` column; an ``mgs`` column adds
        the comparison with human scores. Rows without a label are left out and counted.
    threshold
        Images with less confidence are set aside as ambiguous; ``confidence ≥ threshold`` counts.
        The default, 0.75, is the paper's. AUC, calibration and the MGS analysis use all images.

    Raises
    ------
    TableError
        If the truth is unknown.
    OneClassError
        If the truth holds one class only.
    ImpossibleValueError
        If the threshold is not from 0.5 to 1.
    """
    if not 0.5 <= threshold <= 1:  # noqa: PLR2004
        msg = f"Expected a threshold from 0.5 to 1, found {threshold}, where no confidence can lie."
        raise ImpossibleValueError(msg)
    if "label" not in predictions:
        msg = (
            "Expected the truth in a `label` column (pain / no pain), found the columns "
            f"{', '.join(map(str, predictions.columns))}. Add the column, classify from a CSV that "
            "has it, or name the labelled images with --truth."
        )
        raise TableError(msg)
    known = predictions[predictions["label"].notna()]
    is_pain = (known["label"] == PAIN).to_numpy()
    called = (known["predicted"] == PAIN).to_numpy()
    confidence = known["confidence"].to_numpy()
    auc = area_under_curve(is_pain, known["p_pain"].to_numpy())
    if auc is None:
        found = "no labelled image" if len(known) == 0 else f"only `{known['label'].iloc[0]}`"
        msg = f"Expected images of both classes to judge the predictions by, found {found}."
        raise OneClassError(msg)
    table = reliability_table(is_pain == called, confidence)
    animals = animals_of(known)
    judged = (is_pain, called, confidence, animals)
    over_animals = None
    if animals is not None:
        p_pain = known["p_pain"].to_numpy()
        over_animals = bootstrap_interval(is_pain, p_pain, animals, "auc", seed=0)
    return Evaluation(
        point=_point(*judged, threshold),
        auc=auc,
        curve=[_point(*judged, t) for t in THRESHOLDS],
        n_animals=None if animals is None else len(np.unique(animals)),
        auc_over_animals=over_animals,
        reliability=table,
        expected_calibration_error=expected_calibration_error(table) or 0.0,
        n_problems=predictions.attrs.get("problems", 0),
        n_unlabelled=len(predictions) - len(known),
        n_trained_on=int(trained_on(known).sum()),
        truth=predictions.attrs.get("truth", ""),
        mgs=compare_scored_images(predictions),
    )


def trained_on(predictions: pd.DataFrame) -> pd.Series[bool]:
    """Tell which predictions are of images that were used for training or model selection.

    What a model says about those is no evidence of what it says about others.
    """
    import pandas as pd

    if PART_COLUMN not in predictions:
        return pd.Series(False, index=predictions.index)
    return predictions[PART_COLUMN].isin(TRAINED_PARTS)


def compare_with_mgs(
    mgs: npt.NDArray[np.floating], signed_score: npt.NDArray[np.floating]
) -> MgsAgreement:
    """Compare human MGS with the machine's signed score, image by image.

    Pearson's r with its 95 % interval (Fisher's z), least squares of MGS on signed score, and for
    every MGS value a one-sample t-test of the signed scores against 0 with Bonferroni correction
    over the values tested (Tuttle et al. 2018, Figure 2).

    Parameters
    ----------
    mgs, signed_score
        One number per image, none missing.
    """
    from scipy.stats import linregress, pearsonr

    mgs = np.round(mgs, 9)  # means of raters in other orders differ in the last bit
    rows = [_describe_score(value, signed_score[mgs == value]) for value in np.unique(mgs)]
    n_tests = sum(row.p is not None for row in rows)
    rows = [_correct(row, n_tests) for row in rows]
    enough = len(mgs) > 3 and np.ptp(mgs) > 0 and np.ptp(signed_score) > 0  # noqa: PLR2004
    if not enough:
        return MgsAgreement(len(mgs), None, None, None, None, None, rows)
    correlation = pearsonr(mgs, signed_score)
    interval = correlation.confidence_interval(0.95)
    line = linregress(signed_score, mgs)
    return MgsAgreement(
        n=len(mgs),
        pearson_r=float(correlation.statistic),
        pearson_r_interval=(float(interval.low), float(interval.high)),
        p=float(correlation.pvalue),
        slope=float(line.slope),
        intercept=float(line.intercept),
        by_score=rows,
    )


def compare_scored_images(predictions: pd.DataFrame) -> MgsAgreement | None:
    """Compare human MGS with signed scores where a table of predictions has both; else ``None``."""
    if "mgs" not in predictions or predictions["mgs"].notna().sum() == 0:
        return None
    scored = predictions[predictions["mgs"].notna()]
    human = scored["mgs"].to_numpy(dtype=float)
    found = compare_with_mgs(human, scored["signed_score"].to_numpy(dtype=float))
    animals = animals_of(scored)
    if animals is None:
        return found
    by_animal = agree_by_animal(human, scored["signed_score"].to_numpy(dtype=float), animals)
    predicted = None
    if MGS_OUTPUT in scored and scored[MGS_OUTPUT].notna().all():
        predicted = bland_altman(human, scored[MGS_OUTPUT].to_numpy(dtype=float), animals)
    return replace(found, by_animal=by_animal, predicted=predicted)


def animals_of(predictions: pd.DataFrame) -> npt.NDArray[np.str_] | None:
    """Return the animal of every image; ``None`` where one is not known."""
    if "animal" not in predictions or len(predictions) == 0:
        return None
    names = predictions["animal"]
    if names.isna().any() or (names.astype(str) == "").any():
        return None
    return names.astype(str).to_numpy(dtype=str)


def _point(
    is_pain: npt.NDArray[np.bool_],
    called: npt.NDArray[np.bool_],
    confidence: npt.NDArray[np.floating],
    animals: npt.NDArray[np.str_] | None,
    threshold: float,
) -> CurvePoint:
    kept = confidence >= threshold
    counts = count_confusion(is_pain[kept], called[kept])
    if animals is None:
        return CurvePoint(threshold, len(is_pain), counts)
    right = is_pain == called
    rows = {"sensitivity": kept & is_pain, "specificity": kept & ~is_pain, "accuracy": kept}
    over = {name: share_over_units(right[of], animals[of]) for name, of in rows.items()}
    return CurvePoint(threshold, len(is_pain), counts, over)


def _describe_score(mgs: float, scores: npt.NDArray[np.floating]) -> ScoreRow:
    from scipy.stats import ttest_1samp

    n = len(scores)
    spread = float(scores.std(ddof=1)) if n > 1 else None
    t = p = None
    # Equal values differ by rounding still, and a test of rounding errors says nothing.
    if spread and np.ptp(scores) > _ROUNDING:
        test = ttest_1samp(scores, 0.0)
        t, p = float(test.statistic), float(test.pvalue)
    sem = None if spread is None else spread / n**0.5
    return ScoreRow(float(mgs), n, float(scores.mean()), spread, sem, t, p, None)


def _correct(row: ScoreRow, n_tests: int) -> ScoreRow:
    return row if row.p is None else replace(row, p_bonferroni=min(1.0, row.p * n_tests))
