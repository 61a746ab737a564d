"""Numbers as people type them into a page."""

from __future__ import annotations

import re

from amgs.tables import parse_number

_THOUSANDS = re.compile(r"\d{1,3},\d{3}")


def read_typed_number(text: str) -> float | None:
    """Return a number that was typed; it may have a decimal comma, but none between thousands.

    ``1,000`` is a thousand to some and one to others: ``None``, as for what is no number.
    """
    plain = text.strip()
    return None if _THOUSANDS.fullmatch(plain) else parse_number(plain.replace(",", "."))
