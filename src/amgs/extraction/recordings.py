"""Which videos hold which animals: the recordings to extract faces from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amgs.errors import TableError, UnreadableVideoError, list_faults
from amgs.tables import portable_path, read_table
from amgs.video import Zone, parse_zone
from amgs.video.reader import VIDEO_SUFFIXES

KNOWN_COLUMNS = ("animal", "group", "timepoint")
"""What a table of recordings may say of each, carried into the table of faces."""

_SAMPLE_BYTES = 1 << 20
_CODE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Recording:
    """One animal at one timepoint: a zone of a video.

    Parameters
    ----------
    name
        What it is called in tables.
    zone
        Where in the frame.
    known
        Animal, group and timepoint, where a table says them.
    """

    name: str
    zone: Zone
    known: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class VideoToExtract:
    """A video and the recordings in it."""

    path: Path
    name: str
    recordings: tuple[Recording, ...]


def list_videos(places: Sequence[Path], zones: Sequence[str] = ("full",)) -> list[VideoToExtract]:
    """Find the videos meant by files, folders, or one table of recordings.

    Parameters
    ----------
    places
        Videos, folders with videos (searched to any depth), or one CSV with a column ``video`` and,
        where needed, ``zone``, ``recording``, ``animal``, ``group``, ``timepoint``; paths in it
        start at the folder of the CSV.
    zones
        The zones of every video, one animal each; a CSV names its own.

    Raises
    ------
    UnreadableVideoError
        If a place does not exist or holds no video.
    TableError
        If the CSV has faults, or two recordings would have one name.
    """
    tables = [place for place in places if place.suffix.lower() == ".csv"]
    if tables:
        if len(places) > 1:
            msg = f"Expected either one CSV or videos, found {len(places)} places with {tables[0]}."
            raise TableError(msg)
        videos = _from_table(tables[0])
    else:
        parsed = [parse_zone(zone) for zone in zones]
        videos = [_video(path, name, parsed) for path, name in _search(places)]
    _refuse_same_names(videos)
    return videos


def _search(places: Sequence[Path]) -> list[tuple[Path, str]]:
    found: dict[Path, str] = {}
    for place in places:
        if place.is_dir():
            inside = sorted(
                p
                for p in place.rglob("*")
                if p.suffix.lower() in VIDEO_SUFFIXES and not p.name.startswith(".")
            )
            if not inside:
                msg = f"Expected videos ({', '.join(VIDEO_SUFFIXES)}), found none in {place}."
                raise UnreadableVideoError(msg)
            for path in inside:
                found.setdefault(path.resolve(), path.relative_to(place).with_suffix("").as_posix())
        elif place.exists():
            found.setdefault(place.resolve(), place.stem)
        else:
            msg = f"Expected a video or a folder of videos, found nothing at {place}."
            raise UnreadableVideoError(msg)
    return list(found.items())


def _video(path: Path, name: str, zones: Sequence[Zone]) -> VideoToExtract:
    recordings = tuple(
        Recording(name if len(zones) == 1 else f"{name}_{_in_names(zone)}", zone) for zone in zones
    )
    return VideoToExtract(path, path.name, recordings)


def _in_names(zone: Zone) -> str:
    return zone.name.replace(",", "-")


def _from_table(path: Path) -> list[VideoToExtract]:
    table = read_table(path, required=("video",))
    faults: list[str] = []
    by_video: dict[str, list[Recording]] = {}
    for line, row in zip(table.index, table.to_dict("records"), strict=True):
        if not row["video"]:
            faults.append(f"line {line}: no video named")
            continue
        try:
            zone = parse_zone(row.get("zone", ""))
        except ValueError as error:
            faults.append(f"line {line}: {error}")
            continue
        video = portable_path(row["video"])
        stem = Path(video).with_suffix("").as_posix()
        name = row.get("recording") or (
            stem if zone.name == "full" else f"{stem}_{_in_names(zone)}"
        )
        known = tuple((c, row[c]) for c in KNOWN_COLUMNS if c in table.columns)
        others = by_video.setdefault(video, [])
        if any(other.zone == zone for other in others):
            faults.append(f"line {line}: zone {zone.name} of {video} is listed twice")
        others.append(Recording(name, zone, known))
    if faults:
        msg = f"Expected one recording in every line of {path}, found {len(faults)} faults:\n"
        raise TableError(f"{msg}{list_faults(faults)}\nCorrect these lines.")
    return [
        VideoToExtract(path.parent / video, Path(video).name, tuple(recordings))
        for video, recordings in by_video.items()
    ]


def _refuse_same_names(videos: Sequence[VideoToExtract]) -> None:
    seen: dict[str, str] = {}
    faults = []
    for video in videos:
        for recording in video.recordings:
            if recording.name in seen:
                faults.append(f"{recording.name}: {seen[recording.name]} and {video.path}")
            seen[recording.name] = str(video.path)
    if faults:
        msg = (
            f"Expected a name of its own for every recording, found {len(faults)} twice:\n"
            f"{list_faults(faults)}\nRename the videos, name the folder that holds them all, or "
            "list them in a CSV with the columns video,recording."
        )
        raise TableError(msg)


def fingerprint_video(path: Path) -> str:
    """Return a SHA-256 over the size and the first and last mebibyte of a video.

    Hashing whole videos would take as long as reading them.
    """
    digest = hashlib.sha256()
    size = path.stat().st_size
    digest.update(size.to_bytes(8, "little"))
    with path.open("rb") as stream:
        digest.update(stream.read(_SAMPLE_BYTES))
        stream.seek(max(0, size - _SAMPLE_BYTES))
        digest.update(stream.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def refuse_copies(videos: Sequence[VideoToExtract]) -> None:
    """Stop when two videos have the same content.

    Raises
    ------
    TableError
        With the names of both.
    """
    seen: dict[str, str] = {}
    faults = []
    for video in videos:
        if not video.path.is_file() or video.path.stat().st_size == 0:
            continue
        fingerprint = fingerprint_video(video.path)
        if fingerprint in seen:
            faults.append(f"{video.path} is a copy of {seen[fingerprint]}")
        seen.setdefault(fingerprint, str(video.path))
    if faults:
        msg = (
            f"Expected every video once, found {len(faults)} copies, which would make one animal "
            f"count as two:\n{list_faults(faults)}\nLeave the copies out. Two animals in one video "
            "are two zones of it."
        )
        raise TableError(msg)


def recording_code(video_fingerprint: str, zone: Zone) -> str:
    """Return the neutral name under which images of a recording are filed.

    File names of videos may tell the group; images must not.
    """
    joined = f"{video_fingerprint}|{zone.name}".encode()
    return hashlib.sha256(joined).hexdigest()[:_CODE_DIGITS]
