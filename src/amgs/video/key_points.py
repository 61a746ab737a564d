"""Key points that DeepLabCut and SLEAP found in a video: nose, eyes and ears of every frame.

DeepLabCut writes a CSV (``save_as_csv``) and an H5 file; the names in the H5 file are pickled, and
reading those could run code of whoever made it, so only the CSV is read. SLEAP writes a CSV, an
analysis file (H5) and its own ``.slp``, which are plain HDF5 and JSON.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.errors import MissingExtraError, TableError
from amgs.video.reader import VIDEO_SUFFIXES

Points = npt.NDArray[np.float32]
"""x, y and likelihood (0–1) of every part of one animal; NaN where a part was not found."""

PARTS = ("nose", "eye", "ear")
"""What of a face is used, in whatever words a project has for it."""

SUFFIXES = (".csv", ".h5", ".slp")

_SIDE = "(left|right|l|r)?"
_WORDS = (
    ("nose", "nose(tip)?|snout(tip)?"),
    ("eye", f"{_SIDE}eyes?{_SIDE}"),
    ("ear", f"(left|right|l)?ears?{_SIDE}(tip|base)?"),  # not "rear"
)
_DLC_HEAD, _SLEAP_HEAD = "scorer", "frame_idx"
_NEEDS_H5PY = 'Reading {path} needs h5py: pip install "amgs[key-points]".'


@dataclass(frozen=True)
class KeyPoints:
    """The key points of a video.

    Parameters
    ----------
    names
        The names of the parts.
    frames
        By the index of a frame, from 0, the points of every animal in it: parts × 3.
    """

    names: tuple[str, ...]
    frames: Mapping[int, tuple[Points, ...]]

    def kinds(self) -> tuple[str, ...]:
        """Return what each part is: ``nose``, ``eye``, ``ear``, or empty."""
        return tuple(_kind_of(name) for name in self.names)


def _kind_of(name: str) -> str:
    """Say what a part is by the words in its name, such as ``left_ear``, ``earR``, ``LeftEye``."""
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold())
    for kind, pattern in _WORDS:
        if any(re.fullmatch(pattern, word) for word in words):
            return kind
    return ""


def find_key_points(video: Path) -> list[Path]:
    """Return the files beside a video that are named after it and may hold its key points.

    DeepLabCut writes ``VIDEO`` + ``DLC…``; SLEAP ``VIDEO.…`` or ``PROJECT.000_VIDEO.analysis.h5``.
    A file that a video beside this one with a longer name may claim too is that one's.
    """
    beside = sorted(video.parent.iterdir())
    longer = [
        other.stem
        for other in beside
        if len(other.stem) > len(video.stem) and other.suffix.lower() in VIDEO_SUFFIXES
    ]
    return [
        path
        for path in beside
        if path.suffix.lower() in SUFFIXES
        and _is_named_after(path.stem, video.stem)
        and not any(_is_named_after(path.stem, stem) for stem in longer)
        and (path.suffix.lower() != ".csv" or _is_key_points(path))
    ]


def _is_named_after(name: str, stem: str) -> bool:
    stem = re.escape(stem)
    # What stands before DLC is the whole name of a video, and not the end of a longer one's.
    pattern = rf"{stem}DLC.*|(?:.*\.\d+_)?{stem}(?:[._-](?!.*DLC).*)?"
    return re.fullmatch(pattern, name, re.IGNORECASE) is not None


def _is_key_points(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        first = stream.readline().strip().split(",")
    return first[0] == _DLC_HEAD or _SLEAP_HEAD in first


def read_key_points(path: Path) -> KeyPoints:
    """Read the key points of a video.

    Raises
    ------
    TableError
        If the file is none of those that can be read, or names no part of a face.
    """
    try:
        found = _READERS[path.suffix.lower()](path)
    except (OSError, ValueError, LookupError, StopIteration) as error:
        if isinstance(error, TableError):
            raise
        msg = (
            f"Expected key points of DeepLabCut or SLEAP in {path}, found something else ({error})."
        )
        raise TableError(msg) from error
    kinds = set(found.kinds())
    if "nose" not in kinds or not kinds & {"eye", "ear"}:
        msg = (
            f"Expected a nose and an eye or an ear among the parts in {path}, found "
            f"{', '.join(found.names) or 'none'}. Names with nose, snout, eye, ear are understood."
        )
        raise TableError(msg)
    return found


def _read_csv(path: Path) -> KeyPoints:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream)
        head = next(rows, [])
        if head and head[0] == _DLC_HEAD:
            return _read_deeplabcut(rows)
        if _SLEAP_HEAD in head:
            return _read_sleap(head, rows)
    msg = f"Expected a table of DeepLabCut (its first cell is `scorer`) or SLEAP, found {path}."
    raise TableError(msg)


def _read_deeplabcut(rows: Any) -> KeyPoints:
    """Read the rows below ``scorer``: individuals where there are several, bodyparts, coords."""
    individuals: list[str] = []
    line = next(rows)
    if line[0] == "individuals":
        individuals, line = line[1:], next(rows)
    parts, coords = line[1:], next(rows)[1:]
    animals = list(dict.fromkeys(individuals)) or [""]
    names = tuple(dict.fromkeys(parts))
    place = {
        (individuals[n] if individuals else "", part, coord): n + 1
        for n, (part, coord) in enumerate(zip(parts, coords, strict=True))
    }
    frames: dict[int, tuple[Points, ...]] = {}
    for row in rows:
        found = []
        for animal in animals:
            points = np.full((len(names), 3), np.nan, np.float32)
            for number, part in enumerate(names):
                for axis, coord in enumerate(("x", "y", "likelihood")):
                    at = place.get((animal, part, coord))
                    points[number, axis] = _number(row[at]) if at is not None else np.nan
            if np.isfinite(points[:, 0]).any():
                found.append(points)
        frames[int(float(row[0]))] = tuple(found)
    return KeyPoints(names, frames)


def _read_sleap(head: list[str], rows: Any) -> KeyPoints:
    """Read a row per animal and frame: ``track, frame_idx, …, nose.x, nose.y, nose.score``."""
    names = tuple(name.removesuffix(".x") for name in head if name.endswith(".x"))
    columns = {name: place for place, name in enumerate(head)}
    frames: dict[int, list[Points]] = defaultdict(list)
    for row in rows:
        points = np.array(
            [
                [
                    _number(row[columns[f"{name}.x"]]),
                    _number(row[columns[f"{name}.y"]]),
                    _number(row[columns[f"{name}.score"]]) if f"{name}.score" in columns else 1.0,
                ]
                for name in names
            ],
            np.float32,
        )
        frames[int(float(row[columns[_SLEAP_HEAD]]))].append(points)
    return KeyPoints(names, {index: tuple(found) for index, found in frames.items()})


def _number(text: str) -> float:
    return float(text) if text.strip() else float("nan")


def _open_h5(path: Path) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError(_NEEDS_H5PY.format(path=path)) from error
    return h5py.File(path, "r")


def _read_h5(path: Path) -> KeyPoints:
    """Read an analysis file of SLEAP: ``tracks`` (animals × 2 × parts × frames), ``node_names``."""
    with _open_h5(path) as file:
        if "tracks" not in file or "node_names" not in file:
            msg = (
                f"Expected an analysis file of SLEAP (with tracks and node_names), found {path}. "
                "Of DeepLabCut the CSV is read: the names in its H5 files are pickled, and reading "
                "them could run code. `deeplabcut.analyze_videos(…, save_as_csv=True)` writes it."
            )
            raise TableError(msg)
        names = tuple(name.decode() for name in file["node_names"][:])
        tracks = np.asarray(file["tracks"][:], np.float32)
        scores = file["point_scores"][:] if "point_scores" in file else np.ones_like(tracks[:, 0])
    # Parts last: frame × animal × part × (x, y, likelihood).
    stacked = np.concatenate([tracks, np.asarray(scores, np.float32)[:, None]], axis=1)
    by_frame = np.moveaxis(stacked, (3, 0, 2, 1), (0, 1, 2, 3))
    frames = {
        index: tuple(points for points in animals if np.isfinite(points[:, 0]).any())
        for index, animals in enumerate(by_frame)
    }
    return KeyPoints(names, frames)


def _read_slp(path: Path) -> KeyPoints:
    """Read SLEAP's own file: frames point to instances, and these to rows of points."""
    with _open_h5(path) as file:
        about = json.loads(file["metadata"].attrs["json"])
        shift = 0.0 if file["metadata"].attrs.get("format_id", 1.2) >= 1.1 else 0.5  # noqa: PLR2004
        if len(file["videos_json"]) > 1:
            msg = f"Expected the labels of one video in {path}, found {len(file['videos_json'])}."
            raise TableError(msg)
        frames_, instances = file["frames"][:], file["instances"][:]
        given, predicted = file["points"][:], file["pred_points"][:]
    nodes = [about["nodes"][node["id"]]["name"] for node in about["skeletons"][0]["nodes"]]
    frames: dict[int, tuple[Points, ...]] = {}
    for frame in frames_:
        found = []
        for one in instances[frame["instance_id_start"] : frame["instance_id_end"]]:
            source = predicted if one["instance_type"] == 1 else given
            rows = source[one["point_id_start"] : one["point_id_end"]]
            score = rows["score"] if one["instance_type"] == 1 else np.ones(len(rows))
            points = np.column_stack([rows["x"] - shift, rows["y"] - shift, score])
            points[~rows["visible"].astype(bool), :2] = np.nan
            found.append(points.astype(np.float32))
        frames[int(frame["frame_idx"])] = tuple(found)
    return KeyPoints(tuple(nodes), frames)


_READERS: Mapping[str, Callable[[Path], KeyPoints]] = {
    ".csv": _read_csv,
    ".h5": _read_h5,
    ".slp": _read_slp,
}
