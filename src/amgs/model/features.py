"""Features of many images: read, altered, passed through the network, and cached.

The cache knows an image by its content, not by its name, and a feature vector by the network and
preprocessing that made it, so a second training costs no forward pass.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from amgs.config import cache_folder, thread_count
from amgs.errors import UnreadableImageError
from amgs.images import perceptual_hash, read_image
from amgs.images.reading import read_content
from amgs.jobs import ProgressCallback, batches, map_ahead, no_progress
from amgs.model.augment import UNALTERED, Alteration
from amgs.model.network import BATCH_SIZE, Network
from amgs.model.preprocess import Preprocessing
from amgs.provenance import hash_text

_AHEAD = 32
_WRITE_EVERY = 256

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """One image file, seen through one alteration."""

    path: Path
    alteration: Alteration = UNALTERED


@dataclass(slots=True)
class Extracted:
    """What was found out about a list of views; rows are in the order of the views.

    Parameters
    ----------
    features
        (views, n_features) float32; a row of NaN where the image could not be read.
    looks
        (views, 32) uint8, perceptual hashes of the altered pictures.
    contents
        SHA-256 of each file; empty where it could not be opened.
    problems
        Row number → why the image could not be read.
    computed
        How many rows needed a pass through the network; the others came from the cache.
    """

    features: npt.NDArray[np.float32]
    looks: npt.NDArray[np.uint8]
    contents: list[str]
    problems: dict[int, str] = field(default_factory=dict)
    computed: int = 0


class FeatureCache:
    """A file of feature vectors, one file per network and preprocessing.

    Several processes may use it at once; SQLite keeps them apart. It holds only what can be
    computed again, so deleting it is safe.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        with closing(self._connect()) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS features"
                " (key BLOB PRIMARY KEY, vector BLOB NOT NULL, look BLOB NOT NULL) WITHOUT ROWID"
            )

    @classmethod
    def for_network(cls, network_sha256: str, preprocessing: Preprocessing) -> FeatureCache:
        """Open the cache for a network, in the user's cache folder."""
        name = hash_text([network_sha256, repr(preprocessing)])[:24]
        return cls(cache_folder() / "features" / f"{name}.sqlite")

    def get(self, keys: Iterable[bytes]) -> dict[bytes, tuple[Vector, npt.NDArray[np.uint8]]]:
        """Return vector and perceptual hash for those keys that are known."""
        found = {}
        with closing(self._connect()) as connection:
            for key in keys:
                row = connection.execute(
                    "SELECT vector, look FROM features WHERE key = ?", (key,)
                ).fetchone()
                if row is not None:
                    found[key] = np.frombuffer(row[0], "<f4"), np.frombuffer(row[1], np.uint8)
        return found

    def put(self, rows: Sequence[tuple[bytes, Vector, npt.NDArray[np.uint8]]]) -> None:
        """Add rows; a key that is there already keeps its row."""
        packed = [
            (key, vector.astype("<f4").tobytes(), look.tobytes()) for key, vector, look in rows
        ]
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT OR IGNORE INTO features VALUES (?, ?, ?)", packed)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=60)


@dataclass(frozen=True, slots=True)
class FeatureExtractor:
    """A network with its preprocessing and, if wanted, a cache."""

    network: Network
    preprocessing: Preprocessing
    n_features: int
    cache: FeatureCache | None = None

    def extract(self, views: Sequence[View], progress: ProgressCallback = no_progress) -> Extracted:
        """Compute the features of many views, taking from the cache what it knows.

        Images that cannot be read are reported in `Extracted.problems`; nothing is raised.
        """
        contents, problems = _hash_contents(views, progress)
        keys = [
            hashlib.sha256(f"{content}|{view.alteration.key}".encode()).digest()
            for content, view in zip(contents, views, strict=True)
        ]
        result = Extracted(
            features=np.full((len(views), self.n_features), np.nan, np.float32),
            looks=np.zeros((len(views), 32), np.uint8),
            contents=contents,
            problems=problems,
        )
        missing = self._fill_from_cache(result, keys)
        self._compute(views, keys, missing, result, progress)
        return result

    def _fill_from_cache(self, result: Extracted, keys: Sequence[bytes]) -> list[int]:
        rows = [row for row in range(len(keys)) if row not in result.problems]
        if self.cache is None:
            return rows
        known = self.cache.get(keys[row] for row in rows)
        for row in rows:
            if keys[row] in known:
                result.features[row], result.looks[row] = known[keys[row]]
        return [row for row in rows if keys[row] not in known]

    def _compute(
        self,
        views: Sequence[View],
        keys: Sequence[bytes],
        rows: Sequence[int],
        result: Extracted,
        progress: ProgressCallback,
    ) -> None:
        unsaved: list[int] = []
        done = 0
        threads = thread_count()

        def look_at(batch: list[int]) -> tuple[list[int], _Looked]:
            return batch, self._look_at([views[row] for row in batch])

        with ThreadPoolExecutor(threads) as executor:
            for batch, looked in map_ahead(
                executor, look_at, batches(rows, BATCH_SIZE), 3 * threads
            ):
                unsaved += _take_in(result, batch, looked)
                if len(unsaved) >= _WRITE_EVERY:
                    self._save(keys, unsaved, result)
                    unsaved.clear()
                done += len(batch)
                progress("computing features", done, len(rows))
        self._save(keys, unsaved, result)

    def _look_at(self, views: Sequence[View]) -> _Looked:
        """Read, alter and pass through the network a batch of views."""
        looked = _Looked([], [], None)
        pictures = []
        for view in views:
            try:
                rgb = view.alteration.apply(read_image(view.path))
            except UnreadableImageError as error:
                looked.reasons.append(str(error))
                continue
            looked.reasons.append(None)
            looked.looks.append(perceptual_hash(rgb))
            pictures.append(self.preprocessing.apply(rgb))
        if pictures:
            looked.features = self.network.features(np.stack(pictures))
        return looked

    def _save(self, keys: Sequence[bytes], rows: Sequence[int], result: Extracted) -> None:
        if self.cache is not None and rows:
            self.cache.put([(keys[row], result.features[row], result.looks[row]) for row in rows])


@dataclass(slots=True)
class _Looked:
    """A batch after the network: a reason per view, or else features and hash in their order."""

    reasons: list[str | None]
    looks: list[npt.NDArray[np.uint8]]
    features: npt.NDArray[np.float32] | None


def _take_in(result: Extracted, batch: Sequence[int], looked: _Looked) -> list[int]:
    """Put a batch into its rows; return the rows that have features now."""
    good = []
    for row, reason in zip(batch, looked.reasons, strict=True):
        if reason is None:
            good.append(row)
        else:
            result.problems[row] = reason
    if looked.features is not None:
        result.features[good] = looked.features
        result.looks[good] = np.stack(looked.looks)
    result.computed += len(good)
    return good


def _hash_contents(
    views: Sequence[View], progress: ProgressCallback
) -> tuple[list[str], dict[int, str]]:
    contents: list[str] = []
    problems: dict[int, str] = {}
    with ThreadPoolExecutor(thread_count()) as executor:
        hashed = map_ahead(executor, _hash_or_reason, (view.path for view in views), _AHEAD)
        for row, (content, problem) in enumerate(hashed):
            contents.append(content)
            if problem:
                problems[row] = problem
            progress("reading files", row + 1, len(views))
    return contents, problems


def _hash_or_reason(path: Path) -> tuple[str, str]:
    try:
        return hashlib.sha256(read_content(path)).hexdigest(), ""
    except UnreadableImageError as error:
        return "", str(error)
