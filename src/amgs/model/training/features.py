"""Features of many images: read, altered, passed through the network, and cached.

The cache knows an image by its content, not by its name, and a feature vector by the network and
preprocessing that made it, so a second training costs no forward pass.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from amgs.config import cache_folder
from amgs.errors import UnreadableImageError
from amgs.images import perceptual_hash, read_image
from amgs.images.reading import read_content
from amgs.jobs import ProgressCallback, batches, bounded_map, no_progress, open_executor
from amgs.model.backbones.networks import BATCH_SIZE, Network
from amgs.model.backbones.preprocessing import Preprocessing
from amgs.model.training.augmentation import UNALTERED, Alteration
from amgs.provenance import hash_text

_AHEAD = 32

CACHE_VERSION = "2"
"""Changes with the layout of the cache; one of another version is left alone."""

_WRITE_EVERY = 256

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """One image file, seen through one alteration."""

    path: Path
    alteration: Alteration = UNALTERED


@dataclass(slots=True, eq=False)
class Extracted:
    """What was found out about a list of views; rows are in the order of the views.

    Parameters
    ----------
    features
        (views, n_features) float32; a row of NaN where the image could not be read.
    perceptual_hashes
        (views, 32) uint8, perceptual hashes of the altered images.
    contents
        SHA-256 of each file; empty where it could not be opened.
    problems
        Row number → why the image could not be read.
    computed
        How many rows needed a pass through the network; the others came from the cache.
    """

    features: npt.NDArray[np.float32]
    perceptual_hashes: npt.NDArray[np.uint8]
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
                " (key BLOB PRIMARY KEY, vector BLOB NOT NULL, perceptual_hash BLOB NOT NULL)"
                " WITHOUT ROWID"
            )

    @classmethod
    def for_network(cls, network_sha256: str, preprocessing: Preprocessing) -> FeatureCache:
        """Open the cache for a network, in the user's cache folder."""
        name = hash_text([CACHE_VERSION, network_sha256, preprocessing.identity])[:24]
        return cls(cache_folder() / "features" / f"{name}.sqlite")

    def get(self, keys: Iterable[bytes]) -> dict[bytes, tuple[Vector, npt.NDArray[np.uint8]]]:
        """Return vector and perceptual hash for those keys that are known."""
        found = {}
        with closing(self._connect()) as connection:
            for key in keys:
                row = connection.execute(
                    "SELECT vector, perceptual_hash FROM features WHERE key = ?", (key,)
                ).fetchone()
                if row is not None:
                    found[key] = np.frombuffer(row[0], "<f4"), np.frombuffer(row[1], np.uint8)
        return found

    def put(self, rows: Sequence[tuple[bytes, Vector, npt.NDArray[np.uint8]]]) -> None:
        """Add rows; a key that is there already keeps its row."""
        packed = [
            (key, vector.astype("<f4").tobytes(), bits.tobytes()) for key, vector, bits in rows
        ]
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT OR IGNORE INTO features VALUES (?, ?, ?)", packed)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=60)


@dataclass(frozen=True, slots=True)
class FeatureExtractor:
    """A network with its preprocessing and, if wanted, a cache and an executor."""

    network: Network
    preprocessing: Preprocessing
    n_features: int
    cache: FeatureCache | None = None
    executor: Executor | None = None

    def extract(self, views: Sequence[View], progress: ProgressCallback = no_progress) -> Extracted:
        """Compute the features of many views, taking from the cache what it knows.

        Images that cannot be read are reported in `Extracted.problems`; nothing is raised.
        """
        with open_executor(self.executor) as executor:
            return self._extract(executor, views, progress)

    def _extract(
        self, executor: Executor, views: Sequence[View], progress: ProgressCallback
    ) -> Extracted:
        contents, problems = _hash_contents(executor, views, progress)
        keys = [
            hashlib.sha256(f"{content}|{view.alteration.key}".encode()).digest()
            for content, view in zip(contents, views, strict=True)
        ]
        result = Extracted(
            features=np.full((len(views), self.n_features), np.nan, np.float32),
            perceptual_hashes=np.zeros((len(views), 32), np.uint8),
            contents=contents,
            problems=problems,
        )
        missing = self._fill_from_cache(result, keys)
        self._compute(executor, views, keys, missing, result, progress)
        return result

    def _fill_from_cache(self, result: Extracted, keys: Sequence[bytes]) -> list[int]:
        rows = [row for row in range(len(keys)) if row not in result.problems]
        if self.cache is None:
            return rows
        known = self.cache.get(keys[row] for row in rows)
        for row in rows:
            if keys[row] in known:
                result.features[row], result.perceptual_hashes[row] = known[keys[row]]
        return [row for row in rows if keys[row] not in known]

    def _compute(  # noqa: PLR0917
        self,
        executor: Executor,
        views: Sequence[View],
        keys: Sequence[bytes],
        rows: Sequence[int],
        result: Extracted,
        progress: ProgressCallback,
    ) -> None:
        unsaved: list[int] = []
        done = 0
        work = partial(_compute_batch, self.network, self.preprocessing)
        tasks = ((batch, [views[row] for row in batch]) for batch in batches(rows, BATCH_SIZE))
        for batch, computed in bounded_map(executor, work, tasks, together=8):
            unsaved += _take_in(result, batch, computed)
            if len(unsaved) >= _WRITE_EVERY:
                self._save(keys, unsaved, result)
                unsaved.clear()
            done += len(batch)
            progress("computing features", done, len(rows))
        self._save(keys, unsaved, result)

    def _save(self, keys: Sequence[bytes], rows: Sequence[int], result: Extracted) -> None:
        if self.cache is not None and rows:
            self.cache.put(
                [(keys[row], result.features[row], result.perceptual_hashes[row]) for row in rows]
            )


@dataclass(slots=True, eq=False)
class _Batch:
    """A batch after the network: a reason per view, or else features and hash in their order."""

    reasons: list[str | None]
    perceptual_hashes: list[npt.NDArray[np.uint8]]
    features: npt.NDArray[np.float32] | None


def _compute_batch(
    network: Network, preprocessing: Preprocessing, task: tuple[list[int], list[View]]
) -> tuple[list[int], _Batch]:
    """Read, alter and pass through the network a batch of views; the rows come back with it."""
    rows, views = task
    computed = _Batch([], [], None)
    prepared = []
    for view in views:
        try:
            rgb = view.alteration.apply(read_image(view.path))
        except UnreadableImageError as error:
            computed.reasons.append(str(error))
            continue
        computed.reasons.append(None)
        computed.perceptual_hashes.append(perceptual_hash(rgb))
        prepared.append(preprocessing.apply(rgb))
    if prepared:
        computed.features = network.features(np.stack(prepared))
    return rows, computed


def _take_in(result: Extracted, batch: Sequence[int], computed: _Batch) -> list[int]:
    """Put a batch into its rows; return the rows that have features now."""
    good = []
    for row, reason in zip(batch, computed.reasons, strict=True):
        if reason is None:
            good.append(row)
        else:
            result.problems[row] = reason
    if computed.features is not None:
        result.features[good] = computed.features
        result.perceptual_hashes[good] = np.stack(computed.perceptual_hashes)
    result.computed += len(good)
    return good


def _hash_contents(
    executor: Executor, views: Sequence[View], progress: ProgressCallback
) -> tuple[list[str], dict[int, str]]:
    contents: list[str] = []
    problems: dict[int, str] = {}
    paths = (view.path for view in views)
    hashed = bounded_map(executor, _hash_or_reason, paths, _AHEAD, together=200)
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
