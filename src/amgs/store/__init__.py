"""What a study knows, kept safe: one contract, on SQLite or PostgreSQL.

In the order of reading: base → the contract and its records; tables → the same as tables; sql →
faces, ratings, predictions in a database; opening → by folder or URL, with upgrades; migrations →
how an old database becomes a new one.
"""

from amgs.store.base import (
    Answer,
    CourseAnswer,
    FaceRecord,
    Presentation,
    Rater,
    RatingRow,
    Store,
    StoredPrediction,
)
from amgs.store.opening import open_store

__all__ = [
    "Answer",
    "CourseAnswer",
    "FaceRecord",
    "Presentation",
    "Rater",
    "RatingRow",
    "Store",
    "StoredPrediction",
    "open_store",
]
