"""Who has passed the training course."""

from __future__ import annotations

from typing import Any

from amgs.study.folder import StudyFolder

PASSED = "course passed"
"""The kind of event that passing the course is, or being let in by the owner."""


def passed_course(study: StudyFolder) -> dict[int, dict[str, Any]]:
    """Return who has passed the training course, by key, with what was written down then.

    ``agreement`` is that with the reference; ``let_in_by`` says who let in a rater who had not
    passed. Events of 0.1.0 know names only: they hold for who had that name then.
    """
    raters = study.store.raters.all()
    passed: dict[int, dict[str, Any]] = {}
    for event in study.store.events.all(PASSED):
        key = event.get("rater_id")
        if key is None:
            key = next(
                (r.id for r in raters if r.name == event["who"] and r.created <= event["at"]), None
            )
        if key is not None:
            passed[key] = event
    return passed
