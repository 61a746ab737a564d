"""Where readings go: a list in memory, or a CSV that survives an interruption."""

from __future__ import annotations

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from amgs.csv_cells import as_written, harmless_cells
from amgs.errors import ResumeError
from amgs.files import refuse_to_replace_file, write_json
from amgs.prediction.readers import DECIMALS, Answer, ImageToClassify
from amgs.vocabulary import (
    CONTENT_COLUMN,
    PART_COLUMN,
    PREDICTION_COLUMNS,
    PROBLEM_COLUMN,
    Output,
    Reading,
    Value,
)


class PredictionSink(ABC):
    """Takes answers in order; used by one thread.

    Parameters
    ----------
    known
        Columns for what is known of the images.
    outputs
        What the model says; those that are not of a pain call get columns of their own.
    """

    def __init__(self, known: Sequence[str], outputs: Sequence[Output]) -> None:
        self.outputs = tuple(outputs)
        self.further = tuple(o for o in outputs if o.name not in PREDICTION_COLUMNS)
        self.columns = (
            *PREDICTION_COLUMNS,
            *(output.name for output in self.further),
            *known,
            CONTENT_COLUMN,
            PART_COLUMN,
            PROBLEM_COLUMN,
        )
        self.done: set[str] = set()

    def done_answers(self) -> Iterator[Answer]:
        """Yield what an earlier, interrupted run has done already."""
        yield from ()

    @abstractmethod
    def write(self, answer: Answer) -> None:
        """Take the answer for one image."""

    def format_row(self, answer: Answer) -> list[object]:
        """Return the cells of one image; numbers have six decimals."""
        values = answer.reading.values
        call = [format_value(values.get(name)) for name in PREDICTION_COLUMNS[1:]]
        further = [format_value(values.get(output.name)) for output in self.further]
        image = answer.image
        return [
            *(image.name, *call, *further, *image.known),
            *(answer.content, answer.part, answer.problem),
        ]

    def flush(self) -> None:  # noqa: B027 - memory has nothing to flush
        """Make what was taken safe."""


class ListSink(PredictionSink):
    """Keeps rows in memory, as records with the column names."""

    def __init__(self, known: Sequence[str], outputs: Sequence[Output]) -> None:
        super().__init__(known, outputs)
        self.rows: list[dict[str, Any]] = []

    def write(self, answer: Answer) -> None:
        """See `PredictionSink.write`."""
        self.rows.append(dict(zip(self.columns, self.format_row(answer), strict=True)))


class CsvSink(PredictionSink):
    """Writes ``<out>.part`` row by row and renames it when all is done.

    An interrupted run leaves the part file; the next run with the same model goes on from it. The
    part file's companion (``.part.json``) says which model made it.

    Parameters
    ----------
    out
        The CSV to make.
    known
        Further columns.
    outputs
        What the model says.
    model_sha256
        The model whose readings these are.
    images_sha256
        Fingerprint of the images; an interrupted run goes on only with the same ones.
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
        outputs: Sequence[Output],
        model_sha256: str,
        images_sha256: str = "",
        *,
        overwrite: bool = False,
        restart: bool = False,
    ) -> None:
        super().__init__(known, outputs)
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
        self._earlier: list[Answer] = []
        if self._part.exists() and not restart:
            self._resume()
        self._stream = self._open()
        self._writer = csv.writer(self._stream, lineterminator="\n")
        if not self.done:
            self._writer.writerow(self.columns)

    def done_answers(self) -> Iterator[Answer]:
        """See `PredictionSink.done_answers`."""
        yield from self._earlier
        self._earlier = []

    def write(self, answer: Answer) -> None:
        """See `PredictionSink.write`."""
        self._writer.writerow(harmless_cells(self.format_row(answer)))

    def flush(self) -> None:
        """Hand what was taken to the operating system; a killed process loses nothing of it."""
        self._stream.flush()

    def close(self) -> None:
        """Stop without finishing; the part file stays for the next run."""
        self._stream.close()

    def finish(self, provenance: dict[str, Any]) -> None:
        """Give the CSV its name and put ``<out>.provenance.json`` beside it."""
        self._stream.close()
        outputs = [asdict(output) for output in self.outputs]
        # First the provenance, then the name: a finished table is never without its origin.
        write_json(provenance_beside(self._out), {**provenance, "outputs": outputs})
        self._part.replace(self._out)
        self._companion.unlink(missing_ok=True)

    def _open(self) -> TextIO:
        if not self.done:
            # Before the identity is written: rows of another model must never pass for this one's.
            self._part.unlink(missing_ok=True)
        write_json(self._companion, self._identity)
        if self.done:
            return self._part.open("a", encoding="utf-8", newline="")
        return self._part.open("w", encoding="utf-8", newline="")

    def _resume(self) -> None:
        """Read the rows of an interrupted run and cut off a last line that is not whole."""
        self._refuse_other_model()
        content = self._part.read_bytes()
        # A power failure may have cut the last row anywhere, also within a character.
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with self._part.open("r+b") as stream:
                stream.truncate(len(whole))
        # Not `splitlines`, which also splits at characters that a file name may hold (U+2028).
        rows = csv.DictReader(io.StringIO(whole.decode("utf-8"), newline=""))
        for row in rows:
            known = {column: as_written(cell) for column, cell in row.items()}
            self.done.add(known["image"])
            self._earlier.append(self._read_back(known))

    def _read_back(self, row: dict[str, str]) -> Answer:
        reading = Reading({o.name: parse_value(row[o.name], o) for o in self.outputs})
        image = ImageToClassify(Path(row["image"]), row["image"])
        problem = row[PROBLEM_COLUMN]
        kept = Reading() if problem else reading
        return Answer(image, kept, problem, row[CONTENT_COLUMN], row[PART_COLUMN])

    def _refuse_other_model(self) -> None:
        try:
            found = json.loads(self._companion.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if found != self._identity:
            msg = (
                f"Expected to continue {self._part}, but it was begun with another model, or "
                "images or their table have changed since. Use --restart to discard it and "
                "begin again, or another --out."
            )
            raise ResumeError(msg)


def provenance_beside(table: Path) -> Path:
    """Return where the provenance of a table of predictions lies."""
    return table.with_name(table.name + ".provenance.json")


def format_value(value: Value) -> str:
    """Write a value as a cell: numbers with six decimals, flags as yes or no, nothing as empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:.{DECIMALS}f}"


def parse_value(cell: str, output: Output) -> Value:
    """Read a cell that `format_value` wrote.

    Raises
    ------
    ValueError
        If a number is none.
    """
    if not cell:
        return None
    if output.kind == "flag":
        return cell == "yes"
    return cell if output.kind in {"class", "text"} else float(cell)
