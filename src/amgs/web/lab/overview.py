"""What the owner sees of the scoring: progress, agreement and drift; nothing of groups."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from amgs.errors import AmgsError, NoImagesError
from amgs.scoring.course import CourseState
from amgs.store import Rater
from amgs.store.base import now
from amgs.study import ScoringRoom, Study
from amgs.study.people import RaterProgress
from amgs.web.contexts import OwnerContext, RaterRow, UnitRow

_log = logging.getLogger(__name__)

GOOD_ALPHA, FAIR_ALPHA = 0.8, 0.667
"""Krippendorff (2004): 0.8 for conclusions to rest on, 0.667 for tentative ones."""

PARTS = 4

MANY_ANSWERS = 5000
"""From so many on, agreement is measured while the page shows what was measured before."""

LONGEST_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class _Measured:
    """Agreement as it was when `key` was; ``problem`` says why there is none."""

    key: tuple[object, ...]
    at: str
    document: dict[str, Any]
    problem: str = ""


class Overview:
    """Describes the state of a scoring room.

    Agreement is measured anew when somebody has answered or a table changed. With tens of thousands
    of answers this takes a second or two: the page then does not wait for it, and shows what was
    measured before.

    Parameters
    ----------
    study, room
        The study and its scoring room.
    """

    def __init__(self, study: Study, room: ScoringRoom) -> None:
        self._study = study
        self._room = room
        self._known: _Measured | None = None
        self._at_work: threading.Thread | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Begin to measure where there are so many answers that the page would have to wait."""
        if self._study.store.scoring.count_log() >= MANY_ANSWERS:
            self._latest()

    def describe(self, csrf: str) -> OwnerContext:
        """Return all that the page shows."""
        # First what is quick: beside the measuring it would take twice as long.
        progress = {row.name: row for row in self._study.raters()}
        measured, up_to_date = self._latest()
        document = measured.document
        rows = [self._row(rater, progress[rater.name], document) for rater in self._room.raters]
        counted = [row for row in rows if not row.excluded and not row.same_as]
        return OwnerContext(
            csrf=csrf,
            study=self._study.name,
            faces=self._room.n_faces,
            course=bool(self._room.reference),
            raters=rows,
            units=_units(document),
            why_no_icc=_why_no_icc(document),
            measured_at=measured.at,
            up_to_date=up_to_date,
            unfinished=[f"{r.name} ({r.done} of {r.total})" for r in counted if r.done < r.total],
            unblindings=self._study.unblindings,
            done=sum(row.done for row in counted),
            total=sum(row.total for row in counted),
            problem=measured.problem,
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

    def _latest(self) -> tuple[_Measured, bool]:
        """Return what was measured last, and whether it is of all answers."""
        answers = self._study.store.scoring.count_log()
        key = (answers, *self._tables())
        with self._lock:
            if self._known is not None and self._known.key == key:
                return self._known, True
            if self._at_work is None or not self._at_work.is_alive():
                self._at_work = threading.Thread(target=self._measure, args=(key,), daemon=True)
                self._at_work.start()
            at_work = self._at_work
        at_work.join(0 if answers >= MANY_ANSWERS else LONGEST_WAIT_S)
        known = self._known or _Measured((), "", {})
        return known, known.key == key

    def _measure(self, key: tuple[object, ...]) -> None:
        document: dict[str, Any] = {}
        problem = ""
        try:
            document = self._study.agreement()
        except NoImagesError:
            pass
        except AmgsError as error:  # such as a fault in recordings.csv
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - the page must not say "being measured" for ever
            _log.error("agreement", exc_info=error)
            problem = "Agreement could not be measured; the terminal says more."
        self._known = _Measured(key, now()[11:19], document, problem)

    def _tables(self) -> tuple[object, ...]:
        """Return what agreement follows from besides answers: raters and the owner's tables."""
        found: list[object] = []
        for name in ("recordings.csv", "exclusions.csv"):
            path = self._study.folder / name
            found.append(path.stat().st_mtime_ns if path.exists() else 0)
        found += [(rater.name, rater.merged_into) for rater in self._room.raters]
        return tuple(found)

    def _row(
        self,
        rater: Rater,
        progress: RaterProgress,
        document: dict[str, Any],
    ) -> RaterRow:
        own = _of(document.get("within_raters", []), rater.name)
        moving = _of(document.get("drift", []), rater.name)
        course = self._room.course(rater)
        return RaterRow(
            name=rater.name,
            done=progress.finished,
            total=progress.places,
            last=progress.activity.last[:16].replace("T", " "),
            seconds=_seconds(progress.activity.seconds),
            flagged=len(self._room.remarked(rater)),
            not_scorable=_percent(document.get("not_scorable_by_rater", {}).get(rater.name)),
            course="" if course is None else _course(course),
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


def _course(course: CourseState) -> str:
    said = "passed" if course.passed else "not passed"
    if course.let_in:
        said = "not passed, let in"
    return f"{said} ({_percent(course.agreement)})"


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


def _seconds(of_faces: Sequence[float]) -> str:
    if not of_faces:
        return "–"
    value = median(of_faces)
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"  # noqa: PLR2004 - digits shown


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"
