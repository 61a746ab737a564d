"""Features of many images: read, altered, passed through the network, and cached.

The cache knows an image by its content, not by its name, and a feature vector by the network and
preprocessing that made it, so a second training costs no forward pass.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from amgs.config import cache_folder, thread_count
from amgs.errors import UnreadableImageError
from amgs.images import perceptual_hash, read_image
from amgs.jobs import ProgressCallback, batches, map_ahead, no_progress
from amgs.model.augment import UNALTERED, Alteration
from amgs.model.network import BATCH_SIZE, Network
from amgs.model.preprocess import Preprocessing
from amgs.provenance import hash_text

_AHEAD = 4 * BATCH_SIZE
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
        done = 0
        unsaved: list[int] = []
        for batch in batches(self._prepare_all(views, rows), BATCH_SIZE):
            for row, outcome in batch:
                if isinstance(outcome, str):
                    result.problems[row] = outcome
            good = [(row, *outcome) for row, outcome in batch if not isinstance(outcome, str)]
            if good:
                vectors = self.network.features(np.stack([picture for _, picture, _ in good]))
                for (row, _, look), vector in zip(good, vectors, strict=True):
                    result.features[row], result.looks[row] = vector, look
                    unsaved.append(row)
                result.computed += len(good)
            if len(unsaved) >= _WRITE_EVERY:
                self._save(keys, unsaved, result)
                unsaved.clear()
            done += len(batch)
            progress("computing features", done, len(rows))
        self._save(keys, unsaved, result)

    def _prepare_all(
        self, views: Sequence[View], rows: Sequence[int]
    ) -> Iterator[tuple[int, tuple[Vector, npt.NDArray[np.uint8]] | str]]:
        """Decode ahead on threads, in order; a text in place of a picture says what is wrong."""
        with ThreadPoolExecutor(thread_count()) as executor:
            prepared = map_ahead(executor, self._prepare, (views[row] for row in rows), _AHEAD)
            yield from zip(rows, prepared, strict=True)

    def _prepare(self, view: View) -> tuple[Vector, npt.NDArray[np.uint8]] | str:
        try:
            rgb = view.alteration.apply(read_image(view.path))
        except UnreadableImageError as error:
            return str(error)
        return self.preprocessing.apply(rgb), perceptual_hash(rgb)

    def _save(self, keys: Sequence[bytes], rows: Sequence[int], result: Extracted) -> None:
        if self.cache is not None and rows:
            self.cache.put([(keys[row], result.features[row], result.looks[row]) for row in rows])


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
        return hashlib.sha256(path.read_bytes()).hexdigest(), ""
    except OSError as error:
        return "", f"cannot be opened: {error.strerror or error}"
