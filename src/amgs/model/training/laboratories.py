"""How a model does in a laboratory that it never saw, laboratory by laboratory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.errors import TooFewAnimalsError
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.proving import Readings, prove
from amgs.model.training.heads import calibrate, train_logistic_head
from amgs.model.training.recipes import N_FOLDS, STRENGTHS, calibrated_loss
from amgs.model.training.splits import cross_validation_folds


def leave_out_each_laboratory(
    features: npt.NDArray[np.float32],
    readings: Readings,
    laboratories: npt.NDArray[np.str_],
    seed: int,
    progress: ProgressCallback = no_progress,
) -> dict[str, dict[str, Any]]:
    """Train on all laboratories but one, and judge by the one left out; for each in turn.

    Penalty and calibration are chosen by cross-validation over animals of the others; nothing of
    the one left out is looked at before.

    Parameters
    ----------
    features
        (images, n).
    readings
        Labels, scores and animals; its ``p_pain`` is not used.
    laboratories
        (images,).
    seed
        Of the folds.
    progress
        Told which one is at work.

    Returns
    -------
    dict
        Laboratory → the figures of `amgs.model.proving.prove`, or ``reason`` where the others do
        not suffice to train.
    """
    found: dict[str, dict[str, Any]] = {}
    names = list(dict.fromkeys(laboratories.tolist()))
    for done, name in enumerate(names, start=1):
        out = laboratories == name
        try:
            p_pain = _train_without(features, readings, out, seed)
        except TooFewAnimalsError as error:
            found[name] = {"reason": str(error)}
            continue
        judged = Readings(p_pain, readings.mgs[out], readings.is_pain[out], readings.animals[out])
        found[name] = prove(judged, {}, seed)["all"]
        progress("leaving out laboratories", done, len(names))
    return found


def _train_without(
    features: npt.NDArray[np.float32],
    readings: Readings,
    out: npt.NDArray[np.bool_],
    seed: int,
) -> npt.NDArray[np.float64]:
    """Return P(pain) of the images left out."""
    rows = np.flatnonzero(~out & ~np.isnan(readings.is_pain))
    is_pain = readings.is_pain[rows] == 1
    folds = cross_validation_folds(is_pain, readings.animals[rows], N_FOLDS, seed)
    best, best_loss, best_logits = STRENGTHS[0], np.inf, np.empty(0)
    for strength in STRENGTHS:
        logits = np.empty(len(rows))
        for fold in np.unique(folds):
            inside = folds != fold
            head = train_logistic_head(features[rows[inside]], is_pain[inside], strength)
            logits[~inside] = head.logit(features[rows[~inside]])
        loss = calibrated_loss(logits, is_pain)
        if loss < best_loss:
            best, best_loss, best_logits = strength, loss, logits
    head = calibrate(train_logistic_head(features[rows], is_pain, best), best_logits, is_pain)
    return np.asarray(head.p_pain(features[out]), np.float64)
