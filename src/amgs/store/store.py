"""All of a study's store in one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from amgs.store.base import (
    EventStore,
    FaceStore,
    PredictionStore,
    RaterStore,
    ScoringStore,
    SourceStore,
)


@dataclass(frozen=True)
class Store:
    """All of a study's store; close it when done.

    What is written in a ``with store.together()`` block is kept whole or not at all. ``settle``
    brings what was written into the one file of the database, so that a copy of it is complete.
    """

    sources: SourceStore
    faces: FaceStore
    raters: RaterStore
    scoring: ScoringStore
    predictions: PredictionStore
    events: EventStore
    together: Callable[[], AbstractContextManager[Any]]
    settle: Callable[[], None]
    close: Callable[[], None]
    address: str

    def __enter__(self) -> Store:
        """Use it in a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()
