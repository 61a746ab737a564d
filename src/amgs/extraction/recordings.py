"""Which videos hold which animals: the recordings to extract faces from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amgs.errors import TableError, UnreadableVideoError, count_of, list_faults
from amgs.extraction.places import FilmedPlace, places_filmed_twice
from amgs.tables import is_table, portable_path, read_table
from amgs.video import Period, Zone, parse_period, parse_zone
from amgs.video.periods import WHOLE
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
    code
        The neutral name under which its images are filed; made of video, zone and period if empty.
    """

    name: str
    zone: Zone
    known: tuple[tuple[str, str], ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class VideoToExtract:
    """A video and the recordings in it.

    Parameters
    ----------
    path
        The file.
    name
        What it is called in tables and messages.
    recordings
        Its animals.
    more
        Further files of the same session, in the order of time.
    period
        Which part of it is used, for all its recordings.
    """

    path: Path
    name: str
    recordings: tuple[Recording, ...]
    more: tuple[Path, ...] = ()
    period: Period = WHOLE

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files, in the order of time."""
        return (self.path, *self.more)


def list_videos(places: Sequence[Path], zones: Sequence[str] = ("full",)) -> list[VideoToExtract]:
    """Find the videos meant by files, folders, or one table of recordings.

    Parameters
    ----------
    places
        Videos, folders with videos (searched to any depth), or one CSV with a column ``video`` and,
        where needed, ``zone``, ``from``, ``to``, ``recording``, ``animal``, ``group``,
        ``timepoint``; paths in it start at the folder of the CSV.
    zones
        The zones of every video, one animal each; a CSV names its own.

    Raises
    ------
    UnreadableVideoError
        If a place does not exist or holds no video.
    TableError
        If the CSV has faults, or two recordings would have one name.
    """
    tables = [place for place in places if is_table(place)]
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
    by_video: dict[tuple[str, Period], list[Recording]] = {}
    places: list[FilmedPlace] = []
    for line, row in zip(table.index, table.to_dict("records"), strict=True):
        if not row["video"]:
            faults.append(f"line {line}: no video named")
            continue
        try:
            zone = parse_zone(row.get("zone", ""))
            period = parse_period(row.get("from", ""), row.get("to", ""))
        except ValueError as error:
            faults.append(f"line {line}: {error}")
            continue
        video = portable_path(row["video"])
        stem = Path(split_files(video)[0]).with_suffix("").as_posix()
        name = row.get("recording") or (
            stem if zone.name == "full" else f"{stem}_{_in_names(zone)}"
        )
        known = tuple((c, row[c]) for c in KNOWN_COLUMNS if c in table.columns)
        by_video.setdefault((video, period), []).append(Recording(name, zone, known))
        files = tuple(split_files(video))
        places.append(FilmedPlace(int(str(line)), video, files, zone, period))
    faults += places_filmed_twice(places)
    if faults:
        n = count_of(len(faults), "fault")
        msg = f"Expected one recording in every line of {path}, found {n}:\n"
        raise TableError(f"{msg}{list_faults(faults)}\nCorrect these lines.")
    return [
        video_to_extract(path.parent, video, recordings, period)
        for (video, period), recordings in by_video.items()
    ]


def split_files(video: str) -> list[str]:
    """Return the files of a cell ``video``: one, or several of one session divided by ``;``."""
    return [part.strip().strip('"') for part in video.split(";") if part.strip()] or [video]


def video_to_extract(
    folder: Path, video: str, recordings: Sequence[Recording], period: Period
) -> VideoToExtract:
    """Return what a cell ``video`` of a table in a folder means."""
    files = split_files(video)
    paths = [folder / file for file in files]
    name = "; ".join(Path(file).name for file in files)
    return VideoToExtract(paths[0], name, tuple(recordings), tuple(paths[1:]), period)


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
    for path in dict.fromkeys(path for video in videos for path in video.paths):
        if not path.is_file() or path.stat().st_size == 0:
            continue
        fingerprint = fingerprint_video(path)
        if fingerprint in seen:
            faults.append(f"{path} is a copy of {seen[fingerprint]}")
        seen.setdefault(fingerprint, str(path))
    stop_at_copies(faults)


def stop_at_copies(faults: Sequence[str]) -> None:
    """Stop where there is any copy of a video.

    Raises
    ------
    TableError
        With all of them.
    """
    listed = list(dict.fromkeys(faults))
    if listed:
        msg = (
            f"Expected every video once, found {count_of(len(listed), 'copy')}, which would make "
            f"one animal count as two:\n{list_faults(listed)}\nLeave the copies out. Two animals "
            "in one video are two zones of it."
        )
        raise TableError(msg)


def fingerprint_session(fingerprints: Sequence[str]) -> str:
    """Return one fingerprint for the files of a session, in their order."""
    if len(fingerprints) == 1:
        return fingerprints[0]
    return hashlib.sha256("+".join(fingerprints).encode()).hexdigest()


def recording_code(fingerprint: str, zone: Zone, period: Period = WHOLE, further: str = "") -> str:
    """Return the neutral name under which images of a recording are filed.

    File names of videos may tell the group; images must not.

    Parameters
    ----------
    fingerprint
        Of its video, or of its session.
    zone, period
        Which part of it.
    further
        What else tells two recordings apart, such as the generation of a study's settings.
    """
    # Without a period and anything further it is the name that 0.1.0 gave.
    parts = [fingerprint, zone.name, *(part for part in (period.name, further) if part)]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:_CODE_DIGITS]
