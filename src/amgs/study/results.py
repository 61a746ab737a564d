"""The tables in ``results``: made anew whenever asked for, and no place for decisions.

A table that was changed by hand is never replaced without a word: what somebody decided there would
be undone. What belongs to another model, or was made in another way, is set aside under its name.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from amgs.errors import StudyError, quoted
from amgs.files import guess_delimiter, safe_file_name, write_json
from amgs.provenance import hash_text
from amgs.study.exclusions import EXCLUSIONS_FILE
from amgs.study.folder import StudyFolder
from amgs.tables import write_table

_WRITTEN = ".written.json"
_BEING_WRITTEN = "being written"
EARLIER = "earlier"
"""Folder of results that were made in another way than the present ones."""

_DIGITS = 8


def write_result(
    study: StudyFolder, path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Write a table of results, unless somebody changed the one that is there.

    Raises
    ------
    StudyError
        If it was changed since it was written.
    """
    require_unchanged(study, path)
    # A run that ends between the table and its note must not be taken for a change by hand.
    _note(study, path.name, _BEING_WRITTEN)
    write_table(path, columns, rows)
    note_written(study, path)


def require_unchanged(study: StudyFolder, path: Path) -> None:
    """Stop when a table of results was changed by hand since amgs wrote it.

    Raises
    ------
    StudyError
        With the place where decisions belong.
    """
    known = _registry(study).get(path.name)
    if known in {None, _BEING_WRITTEN} or not path.is_file() or known == _content(path):
        return
    folder = quoted(study.folder)
    msg = (
        f"Expected {path.name} as amgs wrote it, found it changed by hand. It is made anew from "
        "the study each time, so what was typed there would be undone. Who or what is left out is "
        f"decided in {EXCLUSIONS_FILE} (amgs exclude {folder} --animal NAME --reason REASON), and "
        "whose a recording is in recordings.csv. To go on, give the changed table another name, "
        f"or delete it: {path}"
    )
    raise StudyError(msg)


def note_written(study: StudyFolder, path: Path) -> None:
    """Remember what a table says, to see later whether somebody changed it."""
    _note(study, path.name, _content(path))


def _note(study: StudyFolder, name: str, said: str) -> None:
    # Two commands write tables of their own at one time: neither may undo the other's note.
    with study.store.together():
        write_json(study.results / _WRITTEN, _registry(study) | {name: said})


def _registry(study: StudyFolder) -> dict[str, str]:
    try:
        found = json.loads((study.results / _WRITTEN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _content(path: Path) -> str:
    """Return a hash of what the cells say, however a spreadsheet saved them."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    delimiter = guess_delimiter(text.split("\n", maxsplit=1)[0])
    digest = hashlib.sha256()
    for row in csv.reader(io.StringIO(text), delimiter=delimiter):
        if any(row):
            digest.update(("\x1f".join(map(_plain, row)) + "\n").encode())
    return digest.hexdigest()


def _plain(cell: str) -> str:
    """Return a cell as a number if it is one: spreadsheets drop zeros and use decimal commas."""
    try:
        return f"{float(cell.strip().replace(',', '.')):.6g}"
    except ValueError:
        return cell.strip()


def set_aside_others(
    study: StudyFolder, kept: Path, making: Mapping[str, Any], belonging: Iterable[Path]
) -> None:
    """Move results that were made in another way into ``results/earlier``, under its name.

    Parameters
    ----------
    study
        The study.
    kept
        The file that says how the present results were made.
    making
        How the next ones are made.
    belonging
        Files and folders that were made in the same way as the present ones.
    """
    try:
        before = json.loads(kept.read_text(encoding="utf-8"))["made"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if before == json.loads(json.dumps(making)):
        return
    name = f"{before.get('model') or 'human'}_{hash_text([json.dumps(before)])[:_DIGITS]}"
    target = study.results / EARLIER / safe_file_name(name)
    for path in [kept, *belonging]:
        if path.exists():
            target.mkdir(parents=True, exist_ok=True)
            _move(path, target / path.name)


def _move(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(exist_ok=True)
        for inside in sorted(source.iterdir()):
            _move(inside, target / inside.name)
        source.rmdir()
    else:
        source.replace(target)
