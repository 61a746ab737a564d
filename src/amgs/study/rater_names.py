"""Names of raters, in one form."""

from __future__ import annotations

import re
import unicodedata

from amgs.errors import ImpossibleValueError

LONGEST_NAME = 60

_JOINERS = ("\u200c", "\u200d")

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


def tidy_note(note: str) -> str:
    """Return a note in one line, without characters that steer rather than print.

    Those that join letters and signs stay: some scripts and many emoji need them.
    """
    one_line = " ".join(note.split())
    return "".join(
        sign
        for sign in one_line
        if sign in _JOINERS or unicodedata.category(sign) not in {"Cc", "Cf", "Cs"}
    )
