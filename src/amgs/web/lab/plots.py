"""Plots as SVG, drawn by the program: every point is a link that says what it is.

They need no script, are read by screen readers as lists of links, and follow the page's colours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10

from markupsafe import Markup, escape

WIDTH = 960
_SHORT_S = 180.0  # shorter recordings have an axis in seconds
_APART = 11.0  # as wide as a point, nearly


@dataclass(frozen=True, slots=True)
class Point:
    """A point: where it is, what it says, where it leads, and further classes."""

    value: float
    says: str
    link: str = ""
    kind: str = ""
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class Column:
    """The points of one group, and its mean with an interval where there is one."""

    name: str
    points: Sequence[Point]
    mean: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """A difference with its interval, on a line of its own."""

    name: str
    value: float
    lower: float
    upper: float
    says: str = ""
    kind: str = ""


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers from at most `low` to at least `high`."""
    span = (high - low) or 1.0
    rough = span / 5
    size = 10 ** floor(log10(rough))
    step = next(m * size for m in (1, 2, 2.5, 5, 10) if m * size >= rough * (1 - 1e-9))
    first = floor(low / step + 1e-9)
    found = [first * step]
    while found[-1] < high - step * 1e-9:
        found.append((first + len(found)) * step)
    return [round(value, 10) for value in found]


def strip_plot(columns: Sequence[Column], axis: str, title: str) -> Markup:
    """Draw the points of groups side by side, with means and intervals."""
    values = [p.value for c in columns for p in c.points]
    values += [v for c in columns for v in (c.mean, c.lower, c.upper) if v is not None]
    if not values:
        return Markup("")
    height, left, top, bottom = 380.0, 70.0, 16.0, 48.0
    marks = ticks(min(values), max(values))
    y = _scale(marks[0], marks[-1], height - bottom, top)
    parts = [_levels(marks, y, left), _turned(axis, (top + height - bottom) / 2)]
    wide = (WIDTH - left - 10) / len(columns)
    for place, column in enumerate(columns):
        middle = left + wide * (place + 0.45)
        n = len(column.points)
        parts.append(_text(middle, height - bottom + 20, column.name, "middle"))
        animals = "1 animal" if n == 1 else f"{n} animals"
        parts.append(_text(middle, height - bottom + 36, animals, "middle", "soft"))
        parts += [
            _point(middle + at, y(point.value), point)
            for point, at in zip(
                column.points, _beside([p.value for p in column.points], y), strict=True
            )
        ]
        parts.append(_mean(column, middle + wide * 0.32, y))
    return _svg(height, title, parts)


def time_line(
    duration_s: float,
    points: Sequence[Point],
    title: str,
    *,
    axis: str = "",
    sleep: Sequence[tuple[float, float]] = (),
    gaps: Sequence[tuple[float, float]] = (),
) -> Markup:
    """Draw a recording from its start to its end, a point for every image.

    Parameters
    ----------
    duration_s
        How long it is.
    points
        The images; their values are from 0 to 1 where there is an axis.
    title
        What it shows.
    axis
        What the values are; without it all points lie on one line.
    sleep, gaps
        Stretches of possible sleep, and without an image; in seconds.
    """
    height, left, top, bottom = (190.0 if axis else 90.0), 70.0, 12.0, 34.0
    right = WIDTH - 30
    x = _scale(0.0, duration_s or 1.0, left, right)
    y = _scale(0.0, 1.0, height - bottom, top)
    parts = []
    for kind, stretches, says in (
        ("gap", gaps, "no image was kept"),
        ("sleep", sleep, "possible sleep"),
    ):
        for start, stop in stretches:
            parts.append(
                f'<rect class="{kind}" x="{x(start):.1f}" y="{top}" '
                f'width="{max(1.0, x(stop) - x(start)):.1f}" height="{height - top - bottom}">'
                f"<title>{escape(f'{says}, {clock(start)} to {clock(stop)}')}</title></rect>"
            )
    if axis:
        parts += [_levels([0.0, 0.5, 1.0], y, left), _turned(axis, (top + height - bottom) / 2)]
    parts.append(
        f'<line class="axis" x1="{left}" x2="{right}" y1="{height - bottom}" '
        f'y2="{height - bottom}"/>'
    )
    unit_s, unit = (1.0, "s") if duration_s <= _SHORT_S else (60.0, "min")
    for mark in ticks(0.0, (duration_s or 1.0) / unit_s):
        if mark * unit_s <= duration_s + 1e-6:
            at, says = x(mark * unit_s), f"{mark:g} {unit}"
            parts.append(_text(at, height - bottom + 18, says, "middle", "soft"))
    level = (top + height - bottom) / 2
    parts += [_point(x(p.time), y(p.value) if axis else level, p) for p in points]
    return _svg(height, title, parts)


def interval_plot(bars: Sequence[Bar], axis: str, title: str) -> Markup:
    """Draw differences with their intervals below each other, and a line at none."""
    if not bars:
        return Markup("")
    left, row, bottom = 300.0, 24.0, 40.0
    height = 12 + row * len(bars) + bottom
    marks = ticks(min(0.0, *(b.lower for b in bars)), max(0.0, *(b.upper for b in bars)))
    x = _scale(marks[0], marks[-1], left, WIDTH - 20)
    parts = [f'<line class="guide" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="6" y2="{height - bottom}"/>']
    for place, bar in enumerate(bars):
        y = 12 + row * (place + 0.5)
        parts.append(_text(left - 12, y + 4, bar.name, "end"))
        parts.append(
            f'<g><title>{escape(bar.says)}</title><line class="interval" x1="{x(bar.lower):.1f}" '
            f'x2="{x(bar.upper):.1f}" y1="{y}" y2="{y}"/><circle class="point {bar.kind}" '
            f'cx="{x(bar.value):.1f}" cy="{y}" r="5.5"/></g>'
        )
    parts += [
        _text(x(mark), height - bottom + 18, _number(mark), "middle", "soft") for mark in marks
    ]
    parts.append(_text((left + WIDTH) / 2, height - 4, axis, "middle"))
    return _svg(height, title, parts)


def clock(seconds: float) -> str:
    """Return a time of a recording as minutes, seconds and tenths."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def _scale(low: float, high: float, start: float, stop: float) -> Callable[[float], float]:
    def place(value: float) -> float:
        return start + (stop - start) * (value - low) / ((high - low) or 1.0)

    return place


def _beside(values: Sequence[float], y: Callable[[float], float]) -> list[float]:
    """Return how far to the side points must move so that none hides another."""
    taken: list[tuple[float, float]] = []
    found = []
    for value in values:
        here = y(value)
        at = next(
            at
            for at in (0.0, *(sign * 13.0 * n for n in range(1, 200) for sign in (1, -1)))
            if all(max(abs(here - v), abs(at - a)) > _APART for v, a in taken)
        )
        taken.append((here, at))
        found.append(at)
    return found


def _point(x: float, y: float, point: Point) -> str:
    says = escape(point.says)
    shape = f'<circle class="point {point.kind}" cx="{x:.1f}" cy="{y:.1f}" r="6"/>'
    if not point.link:
        return f"<g><title>{says}</title>{shape}</g>"
    link = escape(point.link)
    return f'<a href="{link}" aria-label="{says}"><title>{says}</title>{shape}</a>'


def _mean(column: Column, x: float, y: Callable[[float], float]) -> str:
    if column.mean is None:
        return ""
    at = y(column.mean)
    parts = [
        f'<line class="mean" x1="{x - 14:.1f}" x2="{x + 14:.1f}" y1="{at:.1f}" y2="{at:.1f}"/>'
    ]
    if column.lower is not None and column.upper is not None:
        low, high = y(column.lower), y(column.upper)
        parts.append(
            f'<line class="interval" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>'
        )
    return "".join(parts)


def _levels(marks: Sequence[float], y: Callable[[float], float], left: float) -> str:
    parts = []
    for mark in marks:
        at = y(mark)
        parts.append(
            f'<line class="guide" x1="{left}" x2="{WIDTH}" y1="{at:.1f}" y2="{at:.1f}"/>'
            + _text(left - 8, at + 4, _number(mark), "end", "soft")
        )
    return "".join(parts)


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _text(x: float, y: float, says: str, anchor: str, kind: str = "") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(says)}</text>'
    )


def _turned(says: str, y: float) -> str:
    return (
        f'<text x="16" y="{y:.1f}" text-anchor="middle" transform="rotate(-90 16 {y:.1f})">'
        f"{escape(says)}</text>"
    )


def _svg(height: float, title: str, parts: Sequence[str]) -> Markup:
    # A group, not an image: the links in it must be reached by the keyboard and be read out.
    return Markup(  # noqa: S704 - what comes from a study is escaped where it is put in
        f'<svg class="plot" viewBox="0 0 {WIDTH} {height:.0f}" role="group" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
