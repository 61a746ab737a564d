"""What a study knows, kept safe: one contract, on SQLite or PostgreSQL.

In the order of reading: base → the contract and its records; tables → the same as tables;
whereabouts → the file that was opened; engine → transactions; sources, faces, raters, scoring,
predictions, events → one contract each in a database; origins → where rows come from; store → all
in one; opening → by folder or URL, with upgrades; migrations → how an old database becomes a new
one.
"""

from amgs.store.opening import open_store
from amgs.store.records import (
    Activity,
    Answer,
    CourseAnswer,
    FaceRecord,
    Presentation,
    Rater,
    RatingRow,
    SourceRecord,
    StoredPrediction,
)
from amgs.store.store import Store

__all__ = [
    "Activity",
    "Answer",
    "CourseAnswer",
    "FaceRecord",
    "Presentation",
    "Rater",
    "RatingRow",
    "SourceRecord",
    "Store",
    "StoredPrediction",
    "open_store",
]
