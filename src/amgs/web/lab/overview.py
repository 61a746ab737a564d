"""What the owner sees of the scoring: progress, agreement and drift; nothing of groups."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from amgs.errors import AmgsError, NoImagesError
from amgs.store import Rater
from amgs.study import ScoringRoom, Study
from amgs.study.people import RaterProgress
from amgs.web.contexts import OwnerContext, RaterRow, UnitRow

GOOD_ALPHA, FAIR_ALPHA = 0.8, 0.667
"""Krippendorff (2004): 0.8 for conclusions to rest on, 0.667 for tentative ones."""

PARTS = 4


class Overview:
    """Describes the state of a scoring room; what was counted is kept until somebody answers.

    Parameters
    ----------
    study, room
        The study and its scoring room.
    """

    def __init__(self, study: Study, room: ScoringRoom) -> None:
        self._study = study
        self._room = room
        self._known: tuple[tuple[object, ...], dict[str, Any], dict[str, float], str] | None = None

    def describe(self, csrf: str) -> OwnerContext:
        """Return all that the page shows."""
        document, seconds, problem = self._measure()
        progress = {row.name: row for row in self._study.raters()}
        last = self._study.store.scoring.last_answers()
        rows = [
            self._row(rater, progress[rater.name], document, last.get(rater.id, ""), seconds)
            for rater in self._room.raters
        ]
        counted = [row for row in rows if not row.excluded and not row.same_as]
        return OwnerContext(
            csrf=csrf,
            study=self._study.name,
            faces=self._room.n_faces,
            course=bool(self._room.reference),
            raters=rows,
            units=_units(document),
            why_no_icc=_why_no_icc(document),
            unfinished=[f"{r.name} ({r.done} of {r.total})" for r in counted if r.done < r.total],
            unblindings=self._study.unblindings,
            done=sum(row.done for row in counted),
            total=sum(row.total for row in counted),
            problem=problem,
        )

    def ratings_csv(self) -> bytes:
        """Return every answer of every rater, as `amgs export --format ratings` writes them.

        Raises
        ------
        NoImagesError
            If nobody has scored anything yet.
        """
        with TemporaryDirectory() as folder:
            out = Path(folder) / "ratings.csv"
            self._study.export("ratings", out)
            return out.read_bytes()

    def _measure(self) -> tuple[dict[str, Any], dict[str, float], str]:
        """Return agreement and the seconds per face, measured again after any answer."""
        key = (self._study.store.scoring.count_log(), *self._tables())
        if self._known is None or self._known[0] != key:
            problem = ""
            try:
                document: dict[str, Any] = self._study.agreement()
            except NoImagesError:
                document = {}
            except AmgsError as error:  # such as a fault in recordings.csv
                document, problem = {}, str(error)
            self._known = (key, document, self._seconds(), problem)
        return self._known[1:]

    def _tables(self) -> tuple[object, ...]:
        """Return when the owner's tables were written last: who counts follows from them."""
        found: list[object] = [tuple(sorted(r.name for r in self._room.raters))]
        for name in ("recordings.csv", "exclusions.csv"):
            path = self._study.folder / name
            found.append(path.stat().st_mtime_ns if path.exists() else 0)
        return tuple(found) + tuple(rater.merged_into for rater in self._room.raters)

    def _seconds(self) -> dict[str, float]:
        by_rater: dict[str, dict[int, float]] = defaultdict(dict)
        for row in self._study.store.scoring.all():
            if row.seconds is not None:
                by_rater[row.rater][row.position] = row.seconds
        return {rater: median(places.values()) for rater, places in by_rater.items()}

    def _row(
        self,
        rater: Rater,
        progress: RaterProgress,
        document: dict[str, Any],
        last: str,
        seconds: dict[str, float],
    ) -> RaterRow:
        own = _of(document.get("within_raters", []), rater.name)
        moving = _of(document.get("drift", []), rater.name)
        course = self._room.course(rater)
        return RaterRow(
            name=rater.name,
            done=progress.finished,
            total=progress.places,
            last=last[:16].replace("T", " "),
            seconds=_seconds(seconds.get(rater.name)),
            flagged=len(self._room.remarked(rater)),
            not_scorable=_percent(document.get("not_scorable_by_rater", {}).get(rater.name)),
            course="" if course is None else _course(course.passed, course.agreement),
            may_be_let_in=course is not None and not course.passed,
            with_self="–"
            if not own
            else f"{_percent(own['exact_agreement'])} of {own['n_units']} units",
            drift=moving["parts"] if moving else [None] * PARTS,
            trend="" if not moving or moving["slope_per_100"] is None else _trend(moving),
            same_as=progress.same_as,
            excluded=progress.excluded,
        )


def _of(rows: list[dict[str, Any]], rater: str) -> dict[str, Any]:
    return next((row for row in rows if row["rater"] == rater), {})


def _trend(moving: dict[str, Any]) -> str:
    slope, p = moving["slope_per_100"], moving["p"]
    told = f"{slope:+.2f} per 100 images".replace("-", "−")
    return told if p is None else f"{told}, p = {p:.2g}"


def _course(passed: bool, agreement: float | None) -> str:
    return f"{'passed' if passed else 'not passed'} ({_percent(agreement)})"


def _units(document: dict[str, Any]) -> list[UnitRow]:
    if not document:
        return []
    units = {**document["units"], "mean of the units": document["mgs_per_unit"]}
    rows = []
    for name, unit in units.items():
        alpha, icc = unit["krippendorff_alpha"], unit["icc"].get("value")
        rows.append(
            UnitRow(
                name=name.replace("_", " "),
                images=unit["n_images"],
                alpha=_number(alpha),
                icc=_number(icc),
                not_scorable=_percent(unit["not_scorable"]),
                verdict=_verdict(alpha),
            )
        )
    return rows


def _why_no_icc(document: dict[str, Any]) -> str:
    if not document:
        return ""
    return str(document["mgs_per_unit"]["icc"].get("reason", ""))


def _verdict(alpha: float | None) -> str:
    if alpha is None:
        return ""
    if alpha >= GOOD_ALPHA:
        return "good"
    return "fair" if alpha >= FAIR_ALPHA else "low"


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"  # noqa: PLR2004 - digits shown


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"
