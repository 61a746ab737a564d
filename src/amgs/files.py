"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import codecs
import csv
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from amgs.errors import OutputExistsError
from amgs.vocabulary import EARLIER_COLUMNS

_LONGEST_HEADER = 65_536
SEPARATOR = re.compile(r"sep=([;,])", re.IGNORECASE)
"""A first line by which spreadsheets are told what divides the cells."""

REPLACE_WAIT_S = 1.0 if os.name == "nt" else 0.0
"""On Windows nobody can replace a file while a page that shows it or a virus scanner reads it."""


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes the name `path` only when all went well.

    Yields
    ------
    Path
        Where to write. It is removed when the block raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two writers, also in one process, never share a temporary file.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
        # A power cut right after the renaming would else leave the name with nothing behind it.
        _write_through(temporary)
        _take_name(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _write_through(path: Path) -> None:
    """Have a file's bytes put on the disk, where its file system can be asked for that."""
    with path.open("r+b") as stream, suppress(OSError):
        os.fsync(stream.fileno())


def _take_name(temporary: Path, path: Path) -> None:
    """Give a file its name; wait a little where another program has the one of that name open."""
    until = time.monotonic() + REPLACE_WAIT_S
    while True:
        try:
            temporary.replace(path)
        except PermissionError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.05)
        else:
            return


@contextmanager
def atomic_folder(path: Path, marker: str, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder beside `path`; it takes the name `path` only when all went well.

    Parameters
    ----------
    path
        The folder to make.
    marker
        A file that every folder of this kind holds; see `refuse_to_replace_folder`.
    overwrite
        Replace a folder of this kind that is there already.

    Raises
    ------
    OutputExistsError
        If `path` exists and may not be replaced.
    """
    refuse_to_replace_folder(path, marker, overwrite=overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    temporary.mkdir()
    try:
        yield temporary
        _swap_in(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _swap_in(new: Path, path: Path) -> None:
    """Put the folder `new` in the place of `path`; the old one goes only once the new one is there.

    An aside that a crash left behind is never deleted before a complete folder has taken its place.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.exists():
        path.rename(aside)
    try:
        new.rename(path)
    except OSError:
        if aside.exists():
            aside.rename(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def refuse_to_replace_file(path: Path, columns: Sequence[str], *, overwrite: bool) -> None:
    """Stop when `path` exists, unless it is a CSV of the same kind that may be replaced.

    A file is of the same kind when it has all of `columns`, in whatever way a spreadsheet saved it.
    So a mistyped name never costs an image or a table of human labels.

    Raises
    ------
    OutputExistsError
        If `path` is no ``.csv``, or is a folder, or exists and may not be replaced.
    """
    if path.suffix.lower() != ".csv" and not path.is_dir():
        raise OutputExistsError(f"Expected the name of a .csv file after --out, found {path}.")
    if path.is_dir():
        msg = f"Expected the name of a file to write, found the folder {path}. Name a file in it."
        raise OutputExistsError(msg)
    if not path.exists():
        return
    found = {EARLIER_COLUMNS.get(name.strip(), name.strip()) for name in read_csv_header(path)}
    if not set(columns) <= found:
        raise OutputExistsError(_written_by_another(path))
    if not overwrite:
        raise OutputExistsError(_would_be_replaced(path))


def refuse_to_replace_scores(path: Path) -> None:
    """Stop when `path` is a table of human labels or scores, which nobody can make again.

    Raises
    ------
    OutputExistsError
        If it is.
    """
    if path.suffix.lower() != ".csv" or not path.is_file():
        return
    columns = {name.strip().casefold() for name in read_csv_header(path)}
    human = sorted({"label", "rater"} & columns)
    if human:
        msg = (
            f"{path} has the column {' and '.join(human)}: labels or scores that people gave are "
            "not overwritten. Move it, or write elsewhere with --out."
        )
        raise OutputExistsError(msg)


def refuse_to_replace_document(path: Path, opening: str, *, overwrite: bool) -> None:
    """Stop when `path` exists, unless it is a text file of the same kind that may be replaced.

    Parameters
    ----------
    path
        What is to be written.
    opening
        What the text of every file of this kind begins with.
    overwrite
        Whether one of this kind may be replaced.

    Raises
    ------
    OutputExistsError
        If `path` is a folder, or exists and may not be replaced.
    """
    if path.is_dir():
        msg = f"Expected the name of a file to write, found the folder {path}. Name a file in it."
        raise OutputExistsError(msg)
    if not path.exists():
        return
    with path.open("rb") as stream:
        same_kind = stream.read(len(opening.encode())) == opening.encode()
    if not same_kind:
        raise OutputExistsError(_written_by_another(path))
    if not overwrite:
        raise OutputExistsError(_would_be_replaced(path))


def read_csv_header(path: Path) -> list[str]:
    """Return the cells of a CSV's header, however a spreadsheet saved it."""
    delimiter = ""
    with path.open("rb") as raw:
        encoding = encoding_of(raw.read(2))
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        while line := stream.readline(_LONGEST_HEADER):
            said = SEPARATOR.fullmatch(line.strip())
            delimiter = said[1] if said else delimiter
            if line.strip() and not said:
                break
    try:
        return next(csv.reader([line], delimiter=delimiter or guess_delimiter(line)), [])
    except csv.Error:
        return []


def encoding_of(beginning: bytes) -> str:
    """Return how a table is encoded: UTF-8, or UTF-16, as a spreadsheet's "Unicode text" is.

    The mark at its beginning says so.
    """
    wide = beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "utf-16" if wide else "utf-8-sig"


def guess_delimiter(header_line: str) -> str:
    """Return what divides the cells: in many countries spreadsheets save semicolons.

    Of comma, semicolon and tab the one that stands in the header most often; quoted ones too.
    """
    return max(",;\t", key=header_line.count)


def refuse_to_replace_folder(path: Path, marker: str, *, overwrite: bool) -> None:
    """Stop when `path` exists, unless it is a folder of the same kind that may be replaced.

    A folder is of the same kind when it holds the file `marker`, or nothing. So a mistyped name
    never deletes a folder of something else.

    Raises
    ------
    OutputExistsError
        If `path` exists and may not be replaced.
    """
    if not path.exists():
        return
    if path.is_file() or (any(path.iterdir()) and not (path / marker).is_file()):
        msg = (
            f"{path} exists and was not written by this command (there is no {marker} in it), so "
            "it is not overwritten. Move it, or write elsewhere with --out."
        )
        raise OutputExistsError(msg)
    if not overwrite:
        raise OutputExistsError(_would_be_replaced(path))


def _written_by_another(path: Path) -> str:
    return (
        f"{path} exists and was not written by this command, so it is not overwritten. Move it, or "
        "write elsewhere with --out."
    )


def _would_be_replaced(path: Path) -> str:
    return (
        f"{path} exists already and would be replaced. "
        "Choose another name with --out, or allow it with --overwrite."
    )


def safe_file_name(name: str) -> str:
    """Return a name as every system takes it: Windows knows no colon, no question mark and more."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name).rstrip(". ") or "_"


def tell_apart(names: Iterable[str], plain: Callable[[str], str], between: str) -> dict[str, str]:
    """Return for every name what `plain` makes of it, no two alike, also where capitals are none.

    What would be there already gets a number behind `between`, from 2 on.
    """
    found: dict[str, str] = {}
    used: set[str] = set()
    for name in dict.fromkeys(names):
        first = chosen = plain(name)
        number = 2
        while chosen.casefold() in used:
            chosen, number = f"{first}{between}{number}", number + 1
        used.add(chosen.casefold())
        found[name] = chosen
    return found


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document, whole or not at all; NaN is refused rather than written."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    with atomic_file(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", newline="\n")
