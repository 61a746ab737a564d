"""Readings in the manner of BIDS: a folder per animal and session, tables with sidecars.

https://bids-specification.readthedocs.io, version 1.9.0.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from amgs.files import atomic_file, tell_apart, write_json

VERSION = "1.9.0"
NOTHING = "n/a"
"""An empty cell; the standard knows no other."""

_SIGN = re.compile(r"^\s*([-+\N{MINUS SIGN}])(?=[0-9.])")
_POINT = re.compile(r"(?<=[0-9])[.,](?=[0-9])")


def make_labels(names: Iterable[str]) -> dict[str, str]:
    """Return for every name a label as BIDS takes it, no two alike.

    A label has ASCII letters and digits alone: ``-1h`` becomes ``minus1h``, ``1.5`` becomes
    ``1p5``, ``Mäuschen`` becomes ``Mauschen``. Names that would have the same label, or one that
    differs in capitals alone, which many disks do not tell apart, get a number: ``m1``, ``m1x2``.
    """
    return tell_apart(names, _plain, "x")


def _plain(name: str) -> str:
    said = _SIGN.sub(lambda sign: "plus" if sign[1] == "+" else "minus", name)
    said = unicodedata.normalize("NFKD", _POINT.sub("p", said))
    return "".join(letter for letter in said if letter.isascii() and letter.isalnum()) or "unnamed"


def write_described(
    path: Path,
    columns: Mapping[str, object],
    rows: Iterable[Sequence[object]],
    **about: Any,
) -> None:
    """Write a table and, beside it, the sidecar that says what its columns mean.

    Parameters
    ----------
    path
        The table, ending in ``.tsv``.
    columns
        Name → what it means.
    rows
        Cells; an empty one or ``None`` becomes ``n/a``.
    **about
        What the sidecar says of the whole table.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(columns), *("\t".join(map(_cell, row)) for row in rows)]
    with atomic_file(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    meanings = {name: {"Description": meaning} for name, meaning in columns.items()}
    write_json(path.with_suffix(".json"), about | meanings)


def _cell(value: object) -> str:
    # A tab or the end of a line within a name would begin another cell.
    return " ".join(str("" if value is None else value).split()) or NOTHING
