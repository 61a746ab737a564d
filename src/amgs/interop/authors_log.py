"""The classification log of the original authors' program, read as it is.

One image a line, no header: ``true class/file, mm:ss, predicted class, confidence``, with leading
spaces in the fields. Altered copies start with ``1-``; where the images were scored by humans, the
next two digits of the file name are the MGS (00–10).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.errors import TableError, count_of, list_faults
from amgs.interop.base import Imported, Importer
from amgs.vocabulary import PAIN, parse_class

if TYPE_CHECKING:
    import pandas as pd

_FIELDS = 4
_LONGEST_LINE = 4096
_SCORED = re.compile(r"(?:1-)?(0[0-9]|10)-")
_TIME = re.compile(r"(\d+):(\d{1,2})")


def is_authors_log(path: Path) -> bool:
    """Tell whether the first line looks like one of this log: class, slash, file, time, class."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            fields = next(csv.reader([stream.readline(_LONGEST_LINE)]), [])
    except (OSError, csv.Error):
        return False
    return (
        len(fields) == _FIELDS
        and parse_class(fields[0].split("/")[0]) is not None
        and parse_class(fields[2]) is not None
    )


def read_authors_log(path: Path) -> pd.DataFrame:
    """Read the log as a table of predictions with truth.

    Returns
    -------
    pandas.DataFrame
        Columns ``image, predicted, confidence, p_pain, signed_score, label, mgs, time_s``; ``mgs``
        is missing where the file name holds no score, ``time_s`` where it holds no time of a video
        (the log writes 0:0 then). The index is the line number.

    Raises
    ------
    TableError
        If lines have another form; all of them are listed.
    """
    import pandas as pd

    faults: list[str] = []
    rows = list(_rows(path, faults))
    if faults:
        msg = (
            f"Expected `true class/file, mm:ss, predicted class, confidence` in every line of "
            f"{path}, found {count_of(len(faults), 'other')}:\n{list_faults(faults)}\nCorrect "
            f"these lines."
        )
        raise TableError(msg)
    table = pd.DataFrame(rows).set_index("line")
    pain = table["predicted"] == PAIN
    table["p_pain"] = table["confidence"].where(pain, 1 - table["confidence"])
    table["signed_score"] = (2 * table["confidence"] - 1).where(pain, 1 - 2 * table["confidence"])
    return table


class AuthorsLog(Importer):
    """The log as predictions with truth."""

    name = "authors-log"
    title = "the classification log of the original authors' program"
    kind = "predictions"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        return is_authors_log(place)

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`."""
        del only
        table = read_authors_log(place)
        return Imported(table, facts={"images": len(table)})


def find_logged_images(table: pd.DataFrame, folder: Path) -> list[tuple[Path, float]]:
    """Return the images of a log that lie in a folder, with the probability of pain it holds.

    Parameters
    ----------
    table
        From `read_authors_log`.
    folder
        Has ``pain`` and ``no pain`` inside, as the log names them, or the files themselves.

    Raises
    ------
    TableError
        If none of them is there.
    """
    found = []
    for image, p_pain in zip(table["image"], table["p_pain"], strict=True):
        places = (folder / image, folder / image.rsplit("/", 1)[-1])
        path = next((place for place in places if place.is_file()), None)
        if path is not None:
            found.append((path, float(p_pain)))
    if not found:
        msg = (
            f"Expected images of the log in {folder}, such as {table['image'].iloc[0]}, found none "
            f"of {len(table)}. Name the folder that holds the log's `pain` and `no pain`."
        )
        raise TableError(msg)
    return found


def score_in_name(file_name: str) -> float | None:
    """Return the MGS that the authors wrote into a file name, or ``None``.

    >>> score_in_name("03-17_CTC03 HR1.jpg"), score_in_name("1-04-2_x.jpg")
    (3.0, 4.0)
    >>> score_in_name("face_clean_MVI_0226_32m58s25f.jpg") is None
    True
    """
    match = _SCORED.match(file_name)
    return float(match.group(1)) if match else None


def _rows(path: Path, faults: list[str]) -> Iterator[dict[str, object]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = list(csv.reader(io.StringIO(text)))
    except (UnicodeDecodeError, csv.Error) as error:
        msg = (
            f"Expected the log of the paper's authors in {path} as UTF-8, found something else "
            f"({error}). Save it as CSV UTF-8."
        )
        raise TableError(msg) from error
    for line, fields in enumerate(lines, start=1):
        if not any(field.strip() for field in fields):
            continue
        row = _parse(fields)
        if row is None:
            faults.append(f"line {line}: {','.join(fields)[:80]!r}")
        else:
            yield {"line": line, **row}


def _parse(fields: list[str]) -> dict[str, object] | None:
    # A file name may hold commas; the last three fields cannot.
    image, *rest = [field.strip() for field in [",".join(fields[:-3]), *fields[-3:]]]
    label = parse_class(image.split("/")[0])
    time = _TIME.fullmatch(rest[0]) if rest else None
    predicted = parse_class(rest[1]) if len(rest) == _FIELDS - 1 else None
    if label is None or time is None or predicted is None:
        return None
    try:
        confidence = float(rest[2])
    except ValueError:
        return None
    seconds = 60.0 * int(time.group(1)) + int(time.group(2))
    return {
        "image": image,
        "predicted": predicted,
        "confidence": confidence,
        "label": label,
        "mgs": score_in_name(image.rsplit("/", maxsplit=1)[-1]),
        "time_s": seconds if seconds > 0 else None,
    }
