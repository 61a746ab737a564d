"""Agreement of raters per action unit: Krippendorff's α, and the ICC with its interval."""

from __future__ import annotations

from typing import Any

from amgs.figures.saving import DARK, LIGHT, MIDDLE, DrawnFigure, new_axes

COLUMNS = ("unit", "krippendorff_alpha", "icc", "icc_lower", "icc_upper", "n_images")
MEAN = "mean of the units"


def fits(document: dict[str, Any]) -> bool:
    """Whether there are units."""
    return bool(document["units"])


def caption(document: dict[str, Any]) -> str:
    """Return what the figure shows."""
    del document
    return "Agreement of raters for every action unit."


def figure(document: dict[str, Any]) -> DrawnFigure:
    """Draw one bar per unit, and a dot with limits for the ICC where it exists.

    Parameters
    ----------
    document
        From `amgs.scoring.agreement.measure_agreement`.
    """
    units = {**document["units"], MEAN: document["mgs_per_unit"]}
    drawing, axes = new_axes(4.8, 0.9 + 0.4 * len(units))
    rows: list[list[object]] = []
    for place, (name, unit) in enumerate(reversed(units.items())):
        alpha, icc = unit["krippendorff_alpha"], unit["icc"]
        if alpha is not None:
            tone = LIGHT if name == MEAN else "white"
            axes.barh(place, alpha, 0.62, color=tone, edgecolor=DARK, linewidth=1)
        interval = unit.get("icc_interval") or (icc.get("lower"), icc.get("upper"))
        if "value" in icc and None not in interval:
            low, high = (
                max(0.0, d) for d in (icc["value"] - interval[0], interval[1] - icc["value"])
            )
            limits = [[low], [high]]
            axes.errorbar(
                icc["value"], place, xerr=limits, fmt="o", color=MIDDLE, capsize=2, markersize=4
            )
        cells = [icc.get("value"), *interval]
        rows.append([name, alpha, *cells, unit["n_images"]])
    axes.axvline(0, color=DARK, linewidth=0.8)
    axes.set_xlim(min(0.0, axes.get_xlim()[0]), 1.0)
    names = [name.replace("_", " ") for name in reversed(units)]
    axes.set_yticks(range(len(units)), names, fontsize=8)
    axes.set_xlabel("Krippendorff's α (bars), ICC(2,1) with 95 % limits (dots)", fontsize=8)
    return DrawnFigure(drawing, COLUMNS, rows)
