"""What a reader of a comparison must know: where its assumptions are doubtful, what was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import numpy as np

from amgs.cohort.clusters import nested_in_cages, some_of, without_cage
from amgs.cohort.design import Cohort
from amgs.cohort.differences import Change
from amgs.cohort.words import ALPHA, ANCOVA, levene_in_use, p_text
from amgs.errors import count_of
from amgs.timepoints import says_order
from amgs.vocabulary import VALUE_RANGES

_LOW_BASELINE = 10.0
"""A mean % pain at baseline below this is so near zero that its distribution is skewed."""


def notes_on(document: Mapping[str, Any], cohort: Cohort, changes: Sequence[Change]) -> list[str]:
    """Return the notes of a comparison, the most important first."""
    return [
        *_on_loss(document),
        *_on_cages(document, cohort, changes),
        *_on_primary(document),
        *_on_assumptions(document),
        *_on_outliers(document, changes),
        *_on_time(document, cohort),
    ]


def _on_loss(document: Mapping[str, Any]) -> list[str]:
    notes = []
    if document["groups_of_one"]:
        names = ", ".join(document["groups_of_one"])
        notes.append(f"One animal only in {names}: the other groups are compared without it.")
    loss = document["loss"]
    lost = sum(group["lost"] for group in loss["groups"])  # outliers have a note of their own
    if lost:
        text = f"{count_of(lost, 'animal')} {'was' if lost == 1 else 'were'} left out"
        shares = ", ".join(f"{g['group']} {g['lost']} of {g['of']}" for g in loss["groups"])
        if loss.get("too_few"):
            text += f" ({shares}: too few to test whether groups lost animals unequally)"
        elif "p" in loss:
            text += f" ({shares}; Fisher's exact test of unequal loss {p_text(loss['p'])})"
            if loss["p"] < ALPHA:
                text += (
                    ". Groups lost animals unequally: if animals in pain show their face less, "
                    "those that are left look better than the group was"
                )
        else:
            text += f" ({shares})"
        notes.append(f"{text}; each has its reason in the list.")
    return notes


def _on_cages(document: Mapping[str, Any], cohort: Cohort, changes: Sequence[Change]) -> list[str]:
    unknown = without_cage((c.animal for c in changes), cohort.clusters)
    if unknown:
        text = (
            f"The cage of {count_of(len(unknown), 'animal')} of {len(changes)} is not known "
            f"({some_of(unknown)}: none is given, or it changed), so no test takes account of "
            "cages. Fill in the column cage, exclude these animals with a reason, or leave the "
            "column empty."
        )
        return [text]
    if not nested_in_cages(changes, cohort.clusters):
        return []
    n_cages = len({cohort.clusters[c.animal] for c in changes})
    text = (
        f"Every cage holds animals of one group only ({n_cages} cages, {len(changes)} animals). If "
        "the treatment was given by cage, the cage is the experimental unit"
    )
    if document["primary"].get("unit") == "cage":
        return [f"{text}: the primary analysis compares the means of cages."]
    text += "; here a group has one cage only, so that cage and treatment cannot be told apart"
    return [f"{text}. All tests take animals as independent."]


def _on_primary(document: Mapping[str, Any]) -> list[str]:
    notes = []
    parallel = document["primary"].get("parallel_slopes", {})
    if parallel.get("p", 1.0) < ALPHA:
        notes.append(
            f"The slope on the baseline differs between groups ({p_text(parallel['p'])}): the "
            "differences of the analysis of covariance hold at the mean baseline only."
        )
    low, high = VALUE_RANGES.get(document["value"], (-inf, inf))
    means = document["primary"].get("means", [])
    # Means of changes may lie outside: a change of -9 is no value of -9.
    of_values = document["primary"].get("analysis") == ANCOVA
    if of_values and any(not low <= row["mean"] <= high for row in means):
        notes.append(
            f"An adjusted mean lies outside {low:g} to {high:g}: the model is linear, and values "
            "near the end of the scale are not. Read the means as they are, and the permutation "
            "test, beside it."
        )
    if document["primary"].get("constant_baseline"):
        notes.append(
            f"All animals have the same value at {document['baseline']}, so there is nothing to "
            "adjust for: the changes are compared, which differ between groups as the adjusted "
            "values would."
        )
    left_out = document["primary"].get("covariates_left_out")
    if left_out:
        notes.append(
            f"Animals of one cage differ in {' and '.join(left_out)}: the means of cages are not "
            "adjusted for it, as was planned."
        )
    constant = [row["group"] for row in means if row.get("sd") == 0 and row["n"] > 1]
    if constant:
        notes.append(
            f"All animals of {', '.join(constant)} have the same value at {document['timepoint']}: "
            "the spread of the groups differs, which the primary analysis takes to be equal."
        )
    return notes


def _on_assumptions(document: Mapping[str, Any]) -> list[str]:
    notes = []
    compared = "changes" if document["baseline"] is not None else "values"
    normality, levene = document["anderson_darling"], document["levene"]
    if normality.get("p", 1.0) < ALPHA:
        notes.append(
            f"The {compared} are not normally distributed (Anderson–Darling "
            f"{p_text(normality['p'])}): read the permutation test, Kruskal–Wallis "
            "and Dunn beside the main tests."
        )
    known, centre = levene_in_use(levene)
    if known.get("p", 1.0) < ALPHA:
        notes.append(
            f"The variances differ (Levene by the {centre} {p_text(known['p'])}): read Welch and "
            "Games–Howell beside the main tests."
        )
    return notes


def _on_outliers(document: Mapping[str, Any], changes: Sequence[Change]) -> list[str]:
    notes = []
    if document["outliers"]:
        names = ", ".join(
            f"{row['animal']} ({_size(row['studentised_residual'])}, internally "
            f"{row['internal']:.2f})"
            for row in document["outliers"]
        )
        kept = document["outlier_rule"] == "report"
        text = (
            f"Outliers at {document['baseline']} by an externally studentised residual above 3, "
            f"{'kept' if kept else 'removed'}: {names}. Tuttle et al. removed outliers; which "
            "studentised residual they took is not said"
        )
        beside = "; the result with them is listed too."
        text += "; a plan may leave them out (outliers: remove)." if kept else beside
        before = [c.baseline for c in changes if c.baseline is not None]
        if document["value"] == "pct_pain" and before and float(np.mean(before)) < _LOW_BASELINE:
            text += (
                " Near 0 % this rule is met in most experiments without any outlier (docs/methods"
                ".md), so it says little here."
            )
        notes.append(text)
    if document["outlier_rule"] == "remove" and document["baseline"] is None:
        notes.append("There is no baseline, so no outlier at baseline was looked for.")
    return notes


def _size(residual: float | None) -> str:
    return "beyond all bounds" if residual is None else f"{residual:.2f}"


def _on_time(document: Mapping[str, Any], cohort: Cohort) -> list[str]:
    later = [name for name in cohort.timepoints if name != document["baseline"]]
    if len(later) > 1 and not says_order(later):
        order = ", ".join(later)
        return [f"Not all timepoints' names say a time; they are in the table's order ({order})."]
    return []
