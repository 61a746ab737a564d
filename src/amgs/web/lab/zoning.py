"""Zones: rectangles drawn on a frame of the video, one for each of its animals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from amgs.errors import AmgsError, UnreadableVideoError
from amgs.extraction.recordings import split_files
from amgs.study import Study
from amgs.study.design_table import TableRows, rows_of, version_of, write_rows
from amgs.video.zones import NAMED, Zone, parse_zone
from amgs.web.lab.computed import check_table, find_faces, frame_sizes, show_frame
from amgs.web.lab.designing import require_version
from amgs.web.lab.state import LabState

_FINE = (10_000, 10_000)
"""Zones in shares of the frame that have the same corners in so many pixels are one place."""


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """One row of the table with its zone, as shares of the frame: left, top, width, height."""

    row: int
    animal: str
    timepoint: str
    zone: str
    box: Sequence[float] | None


@dataclass(frozen=True, slots=True)
class VideoOfTable:
    """A video of the table with its rows."""

    number: int
    name: str
    rows: Sequence[ZoneRow]
    size: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class ZonesContext:
    """The videos, the one that is shown, and those with frames of its size and as many animals."""

    videos: Sequence[VideoOfTable]
    shown: VideoOfTable | None
    like: Sequence[VideoOfTable]
    names: Sequence[str]
    version: str
    problem: str = ""


class SentZone(BaseModel):
    """The zone of one row of the table."""

    row: int
    zone: str = Field(max_length=60)


class SentZones(BaseModel):
    """The zones of a video, and the videos that get the same ones."""

    video: int
    version: str
    zones: list[SentZone]
    copy_to: list[int] = Field(default_factory=list)


class SentQuestion(BaseModel):
    """Zones in which faces are looked for, at a share of the video."""

    video: int
    at: float
    zones: list[str]


class ZonePages:
    """See the module."""

    def __init__(self, lab: LabState) -> None:
        self.lab = lab

    def page(self, request: Request, mark: str, video: int = 0) -> Response:
        """Show the videos of the table, and one of them to draw on."""
        study = self.lab.study(mark)
        try:
            videos, problem = self._videos(study, rows_of(study)), ""
        except AmgsError as error:
            videos, problem = [], str(error)
        shown = next((v for v in videos if v.number == video), None)
        like: list[VideoOfTable] = []
        if shown is not None:
            like = [
                v
                for v in videos
                if v is not shown and len(v.rows) == len(shown.rows) and v.size == shown.size
            ]
        context = ZonesContext(videos, shown, like, tuple(NAMED), version_of(study), problem)
        chrome = self.lab.chrome(request, "Zones", mark, "zones")
        return self.lab.page("zones.html", context, chrome)

    def frame(self, mark: str, video: int = 0, at: float = 0.1) -> Response:
        """Return a frame of a video as an image."""
        path = self._path(mark, video)
        at = at if isfinite(at) else 0.0
        frame = self.lab.calculator.ask(show_frame, str(path), at)
        headers = {
            "x-time": f"{frame.time_s:.2f}",
            "x-duration": f"{frame.duration_s:.2f}",
            "x-size": f"{frame.width}x{frame.height}",
        }
        return Response(frame.jpeg, media_type="image/jpeg", headers=headers)

    def find(self, mark: str, sent: SentQuestion) -> Response:
        """Return the faces that the detector finds in the zones."""
        path = self._path(mark, sent.video)
        detector = self.lab.study(mark).settings.extract.detector
        zones = [parse_zone(zone).name for zone in sent.zones]
        return JSONResponse(
            self.lab.calculator.ask(find_faces, str(path), sent.at, zones, detector)
        )

    def save(self, mark: str, sent: SentZones) -> Response:
        """Write the zones into the table."""
        self.lab.board.require_idle(mark)
        study = self.lab.study(mark)
        require_version(study, sent.version)
        table = rows_of(study)
        videos = {number: rows for number, _, rows in _list_videos(study, table)}
        place = table.columns.index("zone")
        chosen = {one.row: _as_named(one.zone, table.rows[one.row][place]) for one in sent.zones}
        for number in sent.copy_to:
            chosen |= _same_zones(videos.get(sent.video, []), videos.get(number, []), chosen)
        rows = [
            (*row[:place], chosen.get(number, row[place]), *row[place + 1 :])
            for number, row in enumerate(table.rows)
        ]
        write_rows(study, TableRows(table.columns, tuple(rows)))
        written = rows_of(study)
        remarks = self.lab.calculator.ask(
            check_table, str(study.folder), written.columns, written.rows
        )
        faults = [r.text for r in remarks if r.fault and r.column == "zone"]
        told = {"saved": len(chosen), "faults": faults, "version": version_of(study)}
        return JSONResponse(told)

    def _path(self, mark: str, number: int) -> Path:
        study = self.lab.study(mark)
        video = next((v for v in _list_videos(study, rows_of(study)) if v[0] == number), None)
        if video is None:
            raise UnreadableVideoError("There is no such video in the table any more.")
        return study.folder / split_files(video[1])[0]

    def _videos(self, study: Study, table: TableRows) -> list[VideoOfTable]:
        """Return the videos of a table with the size of their frames."""
        listed = _list_videos(study, table)
        paths = [str(study.folder / split_files(name)[0]) for _, name, _ in listed]
        sizes = self.lab.calculator.ask(frame_sizes, paths) if paths else []
        return [
            VideoOfTable(
                number,
                name,
                [replace(row, box=_box(row.zone, size)) for row in rows],
                size,
            )
            for (number, name, rows), size in zip(listed, sizes, strict=True)
        ]


def _as_named(wanted: str, before: str) -> str:
    """Return a zone as it stands in the table, where the wanted one is the same place.

    Faces are filed under the zone as it is written: ``left`` that became ``0%,0%,50%,100%`` would
    be another one.
    """
    zone = parse_zone(wanted)
    with suppress(AmgsError):
        known = parse_zone(before)
        if known.in_shares and zone.in_shares and known.box(*_FINE) == zone.box(*_FINE):
            return known.name
    return zone.name


def _same_zones(
    shown: Sequence[ZoneRow], other: Sequence[ZoneRow], chosen: Mapping[int, str]
) -> dict[int, str]:
    """Return the zones of a video for the rows of another one: by animal, else in their order."""
    if len(shown) != len(other):
        return {}
    animals = {row.animal: row for row in shown}
    if len(animals) == len(shown) and {row.animal for row in other} == set(animals):
        shown = [animals[row.animal] for row in other]
    return {
        row.row: chosen[like.row]
        for row, like in zip(other, shown, strict=True)
        if like.row in chosen
    }


def _list_videos(study: Study, table: TableRows) -> list[tuple[int, str, list[ZoneRow]]]:
    """Return number, name and rows of the videos of a table; folders of images have no zones."""
    columns = {name: place for place, name in enumerate(table.columns)}
    found: dict[str, list[ZoneRow]] = {}
    for number, row in enumerate(table.rows):
        video = row[columns["video"]].strip()
        if video and not (study.folder / video).is_dir():
            zone = row[columns["zone"]].strip()
            animal, timepoint = row[columns["animal"]], row[columns["timepoint"]]
            found.setdefault(video, []).append(ZoneRow(number, animal, timepoint, zone, None))
    return [(n, video, rows) for n, (video, rows) in enumerate(found.items())]


def _box(text: str, size: tuple[int, int] | None) -> list[float] | None:
    """Return a zone as shares of the frame; ``None`` where it cannot be said."""
    try:
        zone = parse_zone(text)
    except AmgsError:
        return None
    if size is None and not zone.in_shares:
        return None
    left, top, right, bottom = _shares(zone, *(size or (1, 1)))
    return [left, top, right - left, bottom - top]


def _shares(zone: Zone, width: int, height: int) -> tuple[float, float, float, float]:
    fine = 100_000  # shares come out as whole numbers of so many parts
    if zone.in_shares:
        left, top, right, bottom = zone.box(fine, fine)
        return left / fine, top / fine, right / fine, bottom / fine
    x, y, w, h = (int(number) for number in zone.name.split(","))
    return x / width, y / height, (x + w) / width, (y + h) / height


def routes(lab: LabState) -> APIRouter:
    """Return the pages."""
    pages = ZonePages(lab)
    router = APIRouter(prefix="/study/{mark}/zones", dependencies=[Depends(lab.require_owner)])
    router.add_api_route("", pages.page, methods=["GET"])
    router.add_api_route("/frame", pages.frame, methods=["GET"])
    router.add_api_route("/find", pages.find, methods=["POST"])
    router.add_api_route("/save", pages.save, methods=["POST"])
    return router
