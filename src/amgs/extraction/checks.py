"""What is checked before a long extraction begins; and clearing away an earlier one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from amgs.errors import ImpossibleValueError, OutputExistsError, list_faults
from amgs.extraction.journal import JOURNALS
from amgs.extraction.recordings import KNOWN_COLUMNS, VideoToExtract
from amgs.extraction.tables import EXTRACTION_TABLE, FACES_COLUMNS, FACES_TABLE, TABLES
from amgs.tables import read_column_names, read_table
from amgs.video.header import VideoHeader, read_header
from amgs.video.zones import Zone

MARKER = "extraction.json"
"""Options, versions and hashes of an extraction."""


def require_all_earlier_recordings(folder: Path, recordings: Sequence[str]) -> None:
    """Stop when tables in the folder would lose rows or columns by being written again.

    Raises
    ------
    OutputExistsError
        If `faces.csv` was not made by an extraction here or has further columns, or if recordings
        of an earlier run are not among those named now.
    """
    faces, extraction = folder / FACES_TABLE, folder / EXTRACTION_TABLE
    if faces.exists():
        further = set(read_column_names(faces)) - {*FACES_COLUMNS, *KNOWN_COLUMNS}
        if further or not (folder / JOURNALS).is_dir():
            why = f"has the columns {', '.join(sorted(further))}" if further else "is another table"
            msg = (
                f"Expected {faces} as `amgs extract` wrote it, but it {why} and would be replaced. "
                "Save it under another name first, or choose another --out."
            )
            raise OutputExistsError(msg)
    if not extraction.exists():
        return
    earlier = read_table(extraction, required=("recording",))["recording"].tolist()
    lost = [name for name in earlier if name not in set(recordings)]
    if lost:
        msg = (
            f"Expected all videos of {folder} to be named again, found recordings there that are "
            f"not named now:\n{list_faults(lost)}\nName all videos together (a folder, or one "
            "CSV), or choose another --out."
        )
        raise OutputExistsError(msg)


def clear_extraction(folder: Path) -> None:
    """Remove what an earlier extraction left in a folder, and nothing else.

    Raises
    ------
    OutputExistsError
        If the folder holds no extraction.
    """
    if not folder.exists():
        return
    if not (folder / JOURNALS).is_dir():
        msg = (
            f"Expected a folder made by `amgs extract`, found {folder} without a record of one; "
            "nothing was removed. Choose another --out."
        )
        raise OutputExistsError(msg)
    for name in (JOURNALS, "faces"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (*TABLES, MARKER):
        (folder / name).unlink(missing_ok=True)


def check_zones(videos: Sequence[VideoToExtract]) -> None:
    """Stop at zones that lie beyond the frame of their video, or overlap within it.

    Raises
    ------
    ImpossibleValueError
        With every such zone.
    """
    faults = []
    for video in videos:
        header = read_header(video.path)  # files of one session have frames of one size
        if header is None:
            continue  # what is wrong with it will be said when it is opened
        zones = [recording.zone for recording in video.recordings]
        for recording in video.recordings:
            faults += [
                f"{video.path}, {recording.name}: {fault}"
                for fault in zone_faults(recording.zone, header)
            ]
        faults += [
            f"{video.path}: the zones {zones[i].name} and {zones[j].name} overlap, so one animal "
            "would count as two"
            for i, j in find_overlaps(zones, header)
        ]
    if faults:
        raise ImpossibleValueError(
            f"Expected every zone inside its frame and apart from the others, found {len(faults)} "
            f"faults:\n{list_faults(faults)}"
        )


def zone_faults(zone: Zone, header: VideoHeader) -> list[str]:
    """Return why a zone fits a video neither as it is stored nor turned; empty if it fits."""
    try:
        zone.box(header.width, header.height)
    except ImpossibleValueError as error:
        try:
            # A header does not say whether the frame is shown turned by a quarter.
            zone.box(header.height, header.width)
        except ImpossibleValueError:
            return [str(error)]
    return []


def find_overlaps(
    zones: Sequence[Zone], header: VideoHeader, *, mixed_only: bool = False
) -> list[tuple[int, int]]:
    """Return pairs of zones that share pixels, in the frame as stored and as turned.

    Parameters
    ----------
    zones
        Of one video.
    header
        Its size.
    mixed_only
        Only pairs of a zone in pixels and one with a name, which need the size to be compared.
    """
    found = []
    for i, j in combinations(range(len(zones)), 2):
        a, b = zones[i], zones[j]
        if mixed_only and a.overlaps(b) is not None:
            continue
        sizes = ((header.width, header.height), (header.height, header.width))
        together = [_share_pixels(a, b, size) for size in sizes]
        known = [shared for shared in together if shared is not None]
        if known and all(known):  # a turned video must not be refused for its stored shape
            found.append((i, j))
    return found


def _share_pixels(a: Zone, b: Zone, size: tuple[int, int]) -> bool | None:
    try:
        x, y = a.box(*size), b.box(*size)
    except ImpossibleValueError:
        return None
    return x[0] < y[2] and y[0] < x[2] and x[1] < y[3] and y[1] < x[3]
