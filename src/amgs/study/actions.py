"""Who did what to a study: the kinds of events that are written down, and by whom."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amgs.store.base import EventStore

TABLE_APPLIED = "table applied"
"""Faces were made to fit a corrected table."""

EXCLUDED, INCLUDED = "excluded", "included again"
"""Something was left out of the results, or taken in again."""

MODEL_USED = "model used"
"""A model was trained here, or classified the faces: it is meant where none is named."""

RESULTS_SEEN = "results seen"
"""Groups were compared for the first time."""

CONVERTED = "converted"
"""A video was written once more, and the table names the new file."""

RENAMED, MERGED = "rater renamed", "raters merged"


def who_acts() -> str:
    """Return the name under which the user is signed in to the computer; empty if it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


def list_decisions(events: EventStore) -> list[dict[str, Any]]:
    """Return every decision to leave something out, also those taken back, oldest first."""
    found = [{"what": EXCLUDED, **e} for e in events.all(EXCLUDED)]
    found += [{"what": INCLUDED, **e} for e in events.all(INCLUDED)]
    return sorted(found, key=lambda event: (event["at"], event["what"] == INCLUDED))
