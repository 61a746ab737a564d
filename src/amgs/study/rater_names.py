"""Names of raters, in one form."""

from __future__ import annotations

import re
import unicodedata

from amgs.errors import ImpossibleValueError

LONGEST_NAME = 60


def tidy_name(name: str) -> str:
    """Return a name in its usual form: one kind of letters, single blanks.

    Raises
    ------
    ImpossibleValueError
        If nothing is left, it is too long, or holds characters that do not print.
    """
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip()
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
        msg = f"Expected a name of 1 to {LONGEST_NAME} letters, found {plain[:80]!r}."
        raise ImpossibleValueError(msg)
    return plain
