"""Folders of the computer, for the dialog in which one chooses files: names alone, no content."""

from __future__ import annotations

import os
import string
import sys
from pathlib import Path
from typing import Any

from amgs.errors import ImpossibleValueError
from amgs.study import is_study
from amgs.video.reader import VIDEO_SUFFIXES
from amgs.workbooks import SUFFIX

KINDS = {
    "folder": (),
    "study": (),
    "video": VIDEO_SUFFIXES,
    "table": (".csv", ".txt", ".tsv", SUFFIX),
}
"""What is looked for, and how the names of such files end; folders are always shown."""

_MOST = 2000


def list_folder(folder: Path, kind: str) -> dict[str, Any]:
    """Return the folders in a folder, and its files of a kind; hidden ones are passed over.

    Raises
    ------
    ImpossibleValueError
        If it is no folder, or may not be read.
    """
    if kind not in KINDS:
        raise ImpossibleValueError(f"Expected one of {', '.join(KINDS)}, found {kind!r}.")
    try:
        folder = Path(str(folder).replace("\0", "")).resolve()
        if folder.is_file():
            folder = folder.parent
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name.casefold())
    except OSError as error:
        msg = f"Expected a folder that can be read, found {folder}: {error.strerror or error}."
        raise ImpossibleValueError(msg) from error
    folders: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    for entry in entries[:_MOST]:
        if entry.name.startswith((".", "$")):
            continue
        path = Path(entry.path)
        if _is_folder(entry):
            folders.append({"name": entry.name, "path": entry.path, "study": is_study(path)})
        elif path.suffix.lower() in KINDS[kind]:
            files.append({"name": entry.name, "path": entry.path, "size": _size(entry)})
    return {
        "path": str(folder),
        "parent": "" if folder.parent == folder else str(folder.parent),
        "study": is_study(folder),
        "folders": folders,
        "files": files,
        "more": max(0, len(entries) - _MOST),
        "places": _places(),
    }


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _size(entry: os.DirEntry[str]) -> str:
    try:
        size = entry.stat().st_size
    except OSError:
        return ""
    if size < 1 << 20:
        return f"{max(1, size >> 10)} kB"
    return f"{size / (1 << 20):.0f} MB" if size < 1 << 30 else f"{size / (1 << 30):.1f} GB"


def _places() -> list[dict[str, str]]:
    """Return where to begin: home, what is in it that films are kept in, and the drives."""
    home = Path.home()
    found = [("Home", home)]
    found += [(n, home / n) for n in ("Desktop", "Documents", "Videos", "Movies", "Downloads")]
    if sys.platform == "win32":
        found += [(f"{c}:", Path(f"{c}:\\")) for c in string.ascii_uppercase]
    else:
        found += [("Computer", Path("/"))]
        found += [
            (path.name, path) for base in ("/Volumes", "/media", "/mnt") for path in _in(base)
        ]
    return [{"name": name, "path": str(path)} for name, path in found if path.is_dir()]


def _in(base: str) -> list[Path]:
    try:
        return sorted(path for path in Path(base).iterdir() if path.is_dir())[:20]
    except OSError:
        return []
