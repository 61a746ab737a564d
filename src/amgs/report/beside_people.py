"""The model beside people: over images, between animals, within them, and how far raters go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amgs.model.evaluate import MgsAgreement, compare_scored_images, trained_on
from amgs.report.material import ReportMaterial

_FEWEST = 3


def compare_with_people(material: ReportMaterial) -> tuple[MgsAgreement | None, str]:
    """Compare human MGS and signed score over images of animals new to the model.

    Where it was trained with images of every animal, over the images that are new to it.

    Returns
    -------
    (MgsAgreement or None, str)
        ``None`` where no image has both; and in words which images these are.
    """
    table = material.predictions
    if table is None or "mgs" not in table or "signed_score" not in table:
        return None, ""
    seen = trained_on(table)
    says = ""
    if seen.any():
        says = "Images that it was not trained with; it was with others of these animals."
        if "animal" in table:
            known = table["animal"].isin(table.loc[seen, "animal"])
            if not known.all():
                seen = known
                says = "Images of animals that it was not trained with."
    return compare_scored_images(table[~seen]), says


def people_rows(material: ReportMaterial) -> list[tuple[str, str]]:
    """Return what goes with what, in words and numbers, intervals over animals."""
    found, _ = compare_with_people(material)
    if found is None or found.by_animal is None or found.pearson_r is None:
        return []
    by = found.by_animal
    rows = [
        (f"r over {by.n_images} images", _r(found.pearson_r, by.image_r_interval)),
        (f"r of the means of {by.n_animals} animals", _r(by.between_r, by.between_interval)),
        ("r within animals (repeated measures)", _r(by.within_r, by.within_interval)),
    ]
    if by.n_animals < _FEWEST:
        return rows[:1]
    agreement: dict[str, Any] = dict(material.agreement or {})
    icc = (agreement.get("mgs_per_unit") or {}).get("icc", {})
    reliable = icc.get("average_of_raters")
    if reliable and reliable > 0:
        raters = icc.get("raters_averaged")
        theirs = f"{reliable:.2f}" + (f" for the mean of {raters:.3g}" if raters else "")
        what = f"r over images, corrected for the raters' unreliability (theirs is {theirs})"
        rows.append((what, f"{min(1.0, found.pearson_r / reliable**0.5):.2f}"))
    rest = (agreement.get("leave_one_rater_out") or {}).get("pearson_r")
    if rest is not None:
        what = "for comparison: r of one rater with the mean of the others"
        rows.append((what, f"{rest:.2f}"))
    if found.predicted is not None:
        p = found.predicted
        rows += [
            (
                "predicted MGS minus that of people, mean over animals",
                f"{p.bias:.2f}{_limits(p.bias_interval)}",
            ),
            (
                "limits of agreement of one image (Bland–Altman)",
                f"{p.lower:.2f} to {p.upper:.2f}",
            ),
        ]
    return rows


def _r(value: float | None, interval: Sequence[float] | None) -> str:
    return "–" if value is None else f"{value:.2f}{_limits(interval)}"


def _limits(interval: Sequence[float] | None) -> str:
    return "" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})"
