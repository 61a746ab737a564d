"""Which studies were opened lately: remembered for the person, not in any study."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from amgs.config import data_folder
from amgs.files import write_json

_FILE = "recent.json"
_MOST = 30


def mark_of(folder: Path) -> str:
    """Return the short name under which pages address a study's folder."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]


def list_recent() -> list[Path]:
    """Return the folders of studies opened lately, the last one first; some may be gone."""
    try:
        listed = json.loads((data_folder() / _FILE).read_text(encoding="utf-8"))["studies"]
        return [Path(text) for text in listed if isinstance(text, str)]
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or a file that was damaged
        return []


def remember(folder: Path) -> None:
    """Put a study at the head of the list; a disk that cannot be written is no reason to stop."""
    others = [path for path in list_recent() if path != folder.resolve()]
    _write([folder.resolve(), *others][:_MOST])


def forget(folder: Path) -> None:
    """Take a study off the list; nothing happens to the study."""
    _write([path for path in list_recent() if mark_of(path) != mark_of(folder)])


def _write(folders: list[Path]) -> None:
    try:
        data_folder().mkdir(parents=True, exist_ok=True)
        write_json(data_folder() / _FILE, {"studies": [str(path) for path in folders]})
    except OSError:
        return
