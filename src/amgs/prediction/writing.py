"""Where predictions go: a list in memory, or a CSV that survives an interruption."""

from __future__ import annotations

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from amgs.errors import ResumeError
from amgs.files import refuse_to_replace_file, write_json
from amgs.vocabulary import (
    CONTENT_COLUMN,
    ORBITAL_COLUMNS,
    PART_COLUMN,
    PREDICTION_COLUMNS,
    PROBLEM_COLUMN,
    OrbitalReading,
    PainClass,
    Prediction,
)

Outcome = Prediction | OrbitalReading | str
"""A prediction or a reading, or the reason why there is none."""

DECIMALS = 6
"""Predictions are rounded to this as soon as they are made, so that every count fits the table."""


class PredictionSink(ABC):
    """Takes predictions in order; used by one thread.

    Parameters
    ----------
    known
        Columns for what is known of the images.
    orbital
        Have the columns of the model `orbital` after those of a prediction, which it leaves empty.
    """

    def __init__(self, known: Sequence[str], *, orbital: bool = False) -> None:
        self.readings = ORBITAL_COLUMNS if orbital else ()
        self.columns = (
            *PREDICTION_COLUMNS,
            *self.readings,
            *known,
            CONTENT_COLUMN,
            PART_COLUMN,
            PROBLEM_COLUMN,
        )
        self.done: set[str] = set()

    def done_outcomes(self) -> Iterator[tuple[str, Outcome, str]]:
        """Yield what an earlier, interrupted run has done already."""
        yield from ()

    @abstractmethod
    def write(
        self, name: str, known: Sequence[str], outcome: Outcome, content: str = "", part: str = ""
    ) -> None:
        """Take one image; `content` names its bytes, `part` where the model has seen it."""

    def format_row(self, name: str, further: Sequence[str], outcome: Outcome) -> list[object]:
        """Return the cells of one image; numbers have six decimals."""
        readings = _reading_cells(outcome) if self.readings else []
        problem = outcome if isinstance(outcome, str) else ""
        return [name, *_prediction_cells(outcome), *readings, *further, problem]

    def flush(self) -> None:  # noqa: B027 - memory has nothing to flush
        """Make what was taken safe."""


class ListSink(PredictionSink):
    """Keeps rows in memory, as records with the column names."""

    def __init__(self, known: Sequence[str], *, orbital: bool = False) -> None:
        super().__init__(known, orbital=orbital)
        self.rows: list[dict[str, Any]] = []

    def write(
        self, name: str, known: Sequence[str], outcome: Outcome, content: str = "", part: str = ""
    ) -> None:
        """Take one image; `content` names its bytes, `part` where the model has seen it."""
        cells = dict(
            zip(self.columns, self.format_row(name, (*known, content, part), outcome), strict=True)
        )
        self.rows.append(cells)


class CsvSink(PredictionSink):
    """Writes ``<out>.part`` row by row and renames it when all is done.

    An interrupted run leaves the part file; the next run with the same model goes on from it. The
    header of the part file's companion (``.part.json``) says which model made it.

    Parameters
    ----------
    out
        The CSV to make.
    known
        Further columns.
    model_sha256
        The model whose predictions these are.
    images_sha256
        Fingerprint of the images to classify; an interrupted run goes on only with the same ones.
    orbital
        Have the columns of the model `orbital`.
    overwrite
        Replace a finished CSV.
    restart
        Throw away what an interrupted run has done.

    Raises
    ------
    OutputExistsError
        If `out` exists and `overwrite` is false.
    ResumeError
        If the part file comes from another model or other images.
    """

    def __init__(
        self,
        out: Path,
        known: Sequence[str],
        model_sha256: str,
        images_sha256: str,
        *,
        orbital: bool = False,
        overwrite: bool = False,
        restart: bool = False,
    ) -> None:
        super().__init__(known, orbital=orbital)
        refuse_to_replace_file(out, PREDICTION_COLUMNS, overwrite=overwrite)
        out.parent.mkdir(parents=True, exist_ok=True)
        self._out = out
        self._part = out.with_name(out.name + ".part")
        self._companion = out.with_name(out.name + ".part.json")
        self._identity = {
            "model": model_sha256,
            "images": images_sha256,
            "columns": list(self.columns),
        }
        self._earlier: list[tuple[str, Outcome, str]] = []
        if self._part.exists() and not restart:
            self._take_up()
        self._stream = self._open()
        self._writer = csv.writer(self._stream, lineterminator="\n")
        if not self.done:
            self._writer.writerow(self.columns)

    def done_outcomes(self) -> Iterator[tuple[str, Outcome, str]]:
        """Yield what an earlier, interrupted run has done already."""
        yield from self._earlier
        self._earlier = []

    def write(
        self, name: str, known: Sequence[str], outcome: Outcome, content: str = "", part: str = ""
    ) -> None:
        """Take one image; `content` names its bytes, `part` where the model has seen it."""
        self._writer.writerow(self.format_row(name, (*known, content, part), outcome))

    def flush(self) -> None:
        """Hand what was taken to the operating system; a killed process loses nothing of it."""
        self._stream.flush()

    def close(self) -> None:
        """Stop without finishing; the part file stays for the next run."""
        self._stream.close()

    def finish(self, provenance: dict[str, Any]) -> None:
        """Give the CSV its name and put ``<out>.provenance.json`` beside it."""
        self._stream.close()
        write_json(self._out.with_name(self._out.name + ".provenance.json"), provenance)
        self._part.replace(self._out)
        self._companion.unlink(missing_ok=True)

    def _open(self) -> TextIO:
        write_json(self._companion, self._identity)
        if self.done:
            return self._part.open("a", encoding="utf-8", newline="")
        return self._part.open("w", encoding="utf-8", newline="")

    def _take_up(self) -> None:
        """Read the rows of an interrupted run and cut off a last line that is not whole."""
        self._refuse_other_model()
        content = self._part.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with self._part.open("r+b") as stream:
                stream.truncate(len(whole))
        rows = csv.DictReader(whole.decode("utf-8").splitlines(keepends=True))
        for row in rows:
            self.done.add(row["image"])
            self._earlier.append((row["image"], _outcome(row), row[PART_COLUMN]))

    def _refuse_other_model(self) -> None:
        try:
            found = json.loads(self._companion.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if found != self._identity:
            msg = (
                f"Expected to go on with {self._part}, but it was begun with another model, or "
                "images or their table have changed since. Use --restart to throw it away and "
                "begin again, or another --out."
            )
            raise ResumeError(msg)


def _prediction_cells(outcome: Outcome) -> list[str]:
    if not isinstance(outcome, Prediction):
        return [""] * (len(PREDICTION_COLUMNS) - 1)
    numbers = (outcome.confidence, outcome.p_pain, outcome.signed_score)
    return [outcome.predicted, *(f"{number:.{DECIMALS}f}" for number in numbers)]


def _reading_cells(outcome: Outcome) -> list[str]:
    if not isinstance(outcome, OrbitalReading):
        return [""] * len(ORBITAL_COLUMNS)
    if outcome.orbital_tightening is None or outcome.p_narrowed is None:
        return ["", "", "no"]
    numbers = (outcome.orbital_tightening, outcome.p_narrowed)
    return [*(f"{number:.{DECIMALS}f}" for number in numbers), "yes"]


def _outcome(row: dict[str, str]) -> Outcome:
    if row[PROBLEM_COLUMN]:
        return row[PROBLEM_COLUMN]
    if "scorable" in row:
        numbers = [float(row[c]) if row[c] else None for c in ORBITAL_COLUMNS[:2]]
        return OrbitalReading(numbers[0], numbers[1])
    predicted: PainClass = "pain" if row["predicted"] == "pain" else "no pain"
    return Prediction(
        predicted, float(row["confidence"]), float(row["p_pain"]), float(row["signed_score"])
    )
