"""Names of raters, in one form."""

from __future__ import annotations

import re
import unicodedata

from amgs.errors import ImpossibleValueError

LONGEST_NAME = 60

_LOOK_ALIKE = ("LATIN", "CYRILLIC", "GREEK")
"""Scripts with letters that cannot be told apart on a screen."""


def tidy_name(name: str) -> str:
    """Return a name in its usual form: one kind of letters, single blanks.

    Raises
    ------
    ImpossibleValueError
        If nothing is left, it is too long, holds characters that do not print, or mixes letters of
        two scripts that look alike in one word.
    """
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", name)).strip()
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
        shown = plain[:80].encode("ascii", "backslashreplace").decode()
        msg = f"Expected a name of 1 to {LONGEST_NAME} letters, found {shown!r}."
        raise ImpossibleValueError(msg)
    for word in plain.split():
        scripts = {script for letter in word if (script := _script(letter))}
        if len(scripts) > 1:
            kinds = " and ".join(sorted(script.capitalize() for script in scripts))
            msg = (
                f"Expected a name in letters of one alphabet, found {kinds} letters in {word!r}. "
                "Type it again with one keyboard layout."
            )
            raise ImpossibleValueError(msg)
    return plain


def _script(letter: str) -> str:
    word = unicodedata.name(letter, "").partition(" ")[0]
    return word if word in _LOOK_ALIKE else ""
