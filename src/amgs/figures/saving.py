"""The look that all figures share, and writing them as PNG, SVG, PDF and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.files import atomic_file
from amgs.tables import write_table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
DARK, MIDDLE, LIGHT = "#1b1b1b", "#0072b2", "#9a9a9a"
"""Three tones that differ in brightness, so that they differ on a grey print too."""


VALUE_TITLES = {
    "pct_pain": "% pain",
    "mean_signed_score": "mean signed score",
    "pct_pain_rebased": "% pain, re-based on own baseline",
    "mean_signed_score_rebased": "mean signed score, re-based on own baseline",
    "mean_mgs_sum": "mean human MGS (sum of units)",
}


def value_title(value: str) -> str:
    """Return a column's name as an axis should call it."""
    return VALUE_TITLES.get(value, value.replace("_", " "))


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """A figure and the numbers it shows."""

    drawing: Figure
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def new_axes(width_in: float = 4.2, height_in: float = 3.2) -> tuple[Figure, Axes]:
    """Return an empty figure with one pair of axes in the common look, without any global state."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width_in, height_in), layout="constrained", dpi=200)
    axes = drawing.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    return drawing, axes


def half_interval_of(values: Sequence[float] | npt.NDArray[np.float64]) -> float:
    """Return half of the 95 % interval of the mean (Student's t); 0 of fewer than three values.

    That of two is so wide (t = 12.7) that nothing else could be seen beside it.
    """
    import numpy as np
    from scipy.stats import t as student

    n = len(values)
    if n < 3:  # noqa: PLR2004
        return 0.0
    return float(student.isf(0.025, n - 1) * np.std(values, ddof=1) / np.sqrt(n))


def new_row_of_axes(
    n: int, width_in: float, height_in: float, *, same_y: bool = True
) -> tuple[Figure, list[Axes]]:
    """Return an empty figure with several axes beside each other, as `new_axes` makes one."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width_in, height_in), layout="constrained", dpi=200)
    found = list(drawing.subplots(1, n, sharey=same_y, squeeze=False)[0])
    for axes in found:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    return drawing, found


def save_figure(stem: Path, figure: DrawnFigure) -> Path:
    """Write ``stem.png``, ``.svg``, ``.pdf`` and ``.csv``; return the path of the PNG."""
    import matplotlib as mpl

    _take_text_as_it_is(figure.drawing)
    # Text stays text in SVG; a fixed salt gives the same file twice.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "amgs", "pdf.fonttype": 42}):
        for suffix in FORMATS:
            metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(suffix)
            with atomic_file(stem.with_suffix(f".{suffix}")) as temporary:
                figure.drawing.savefig(temporary, format=suffix, metadata=metadata)
    write_table(stem.with_suffix(".csv"), figure.columns, figure.rows)
    return stem.with_suffix(".png")


def _take_text_as_it_is(drawing: Figure) -> None:
    """Names of groups may hold a dollar sign, which is no formula."""
    from matplotlib.text import Text

    for text in drawing.findobj(Text):
        if isinstance(text, Text):
            text.set_parse_math(False)


def svg_text(figure: DrawnFigure) -> str:
    """Return a figure as SVG text, to stand inside a page."""
    import io

    import matplotlib as mpl

    stream = io.StringIO()
    _take_text_as_it_is(figure.drawing)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "amgs"}):
        figure.drawing.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
