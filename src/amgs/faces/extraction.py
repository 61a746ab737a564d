"""From films to face images: one per interval and animal, the best that was seen, none doubled."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from amgs.config import thread_count
from amgs.errors import ImpossibleValueError, UnreadableFilmError
from amgs.faces.crop import DEFAULT_MARGIN, crop_face, write_crop
from amgs.faces.decode import Box
from amgs.faces.extraction_checks import MARKER, check_zones, refuse_to_forget
from amgs.faces.extraction_tables import FilmOutcome, write_tables
from amgs.faces.finder import FaceFinder, finder_path
from amgs.faces.journal import JOURNALS, Journal, describe_result
from amgs.faces.looking import (
    FirstLooks,
    IntervalResult,
    LookingOptions,
    look_at_interval,
    look_first,
)
from amgs.faces.recordings import (
    FilmToExtract,
    fingerprint_film,
    recording_code,
    refuse_copies,
)
from amgs.files import write_json
from amgs.jobs import ProgressCallback, map_ahead, no_progress
from amgs.provenance import hash_file, record_provenance
from amgs.video import Film, open_film
from amgs.video.frame_table import FrameTable
from amgs.video.reader import read_header
from amgs.video.sampling import (
    DEFAULT_INTERVAL_S,
    DEFAULT_SKIP_START_S,
    Interval,
    cut_intervals,
)

_HEADER_MAY_LIE_BY_S = 2.0


@dataclass(frozen=True, slots=True)
class ExtractionOptions:
    """How faces are taken from films; the same for every recording."""

    interval_s: float = DEFAULT_INTERVAL_S
    skip_start_s: float = DEFAULT_SKIP_START_S
    margin: float = DEFAULT_MARGIN
    looking: LookingOptions = field(default_factory=LookingOptions)

    def __post_init__(self) -> None:
        """Refuse an interval that is over before it begins."""
        cut_intervals(self.interval_s, self.interval_s, self.skip_start_s)


@dataclass(slots=True)
class ExtractionSummary:
    """What came out: films, those that could not be used, images, and tables written."""

    films: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    recordings: list[dict[str, Any]] = field(default_factory=list)
    images: int = 0
    resumed_intervals: int = 0


@dataclass(slots=True)
class _OpenedFilm:
    """A film whose table is known, and what has been written down of it."""

    source: FilmToExtract
    fingerprint: str
    table: FrameTable
    boxes: list[Box]
    codes: list[str]
    first: FirstLooks
    intervals: list[Interval]
    journal: Journal


def extract_faces(
    films: Sequence[FilmToExtract],
    folder: Path,
    options: ExtractionOptions | None = None,
    *,
    finder: FaceFinder | None = None,
    jobs: int | None = None,
    progress: ProgressCallback = no_progress,
) -> ExtractionSummary:
    """Extract face images from films into a folder; goes on where an earlier run stopped.

    Parameters
    ----------
    films
        From `list_films`.
    folder
        Gets ``faces.csv``, ``extraction.csv``, ``possible_sleep.csv``, ``extraction.json`` and the
        images under ``faces/``, named by a neutral code and their time.
    options
        How often, and from when on a face is good enough.
    finder
        The face finder; the one of amgs if not given.
    jobs
        How many intervals are looked at side by side; one per core if not given.
    progress
        Told how many intervals are done.

    Raises
    ------
    UnreadableFilmError
        If there is one film and it cannot be used; of several films such are listed instead.
    TableError
        If two films are copies of each other: one animal would count as two.
    ImpossibleValueError
        If zones reach beyond the frame; all of them are told before the first look.
    OutputExistsError
        If the folder holds recordings that are not among the films, or a changed ``faces.csv``.
    ResumeError
        If the folder holds results made with other options.
    """
    options = options or ExtractionOptions()
    refuse_copies(films)
    refuse_to_forget(folder, [r.name for film in films for r in film.recordings])
    check_zones(films)
    extraction = _Extraction(folder, options, finder or FaceFinder(), len(films) == 1)
    total = sum(_expected_intervals(film.path, options) for film in films)
    done = 0
    jobs = jobs or thread_count()
    with ThreadPoolExecutor(jobs) as executor:
        for count in extraction.run(executor, films, 2 * jobs):
            done += count
            progress("looking for faces", done, max(total, done))
    return extraction.finish(films)


class _Extraction:
    """One run: opens films one after the other and hands their intervals to the executor."""

    def __init__(
        self, folder: Path, options: ExtractionOptions, finder: FaceFinder, single: bool
    ) -> None:
        self.folder = folder
        self.options = options
        self.finder = finder
        self.single = single
        self.summary = ExtractionSummary()
        self.opened: list[_OpenedFilm] = []
        self.local = threading.local()
        self.finder_hash = hash_file(finder_path()) if finder_path().exists() else ""

    def run(self, executor: Executor, films: Sequence[FilmToExtract], ahead: int) -> Iterator[int]:
        """Yield how many intervals were finished or found finished, each time some were."""
        skipped: list[int] = []
        work = self._work(films, skipped)
        for opened, entry in map_ahead(executor, self._do, work, ahead):
            opened.journal.add(entry)
            yield 1 + sum(skipped)
            skipped.clear()
        yield sum(skipped)

    def _work(
        self, films: Sequence[FilmToExtract], skipped: list[int]
    ) -> Iterator[tuple[_OpenedFilm, Interval]]:
        for film in films:
            self.summary.films += 1
            try:
                opened = self._open(film)
            except UnreadableFilmError as error:
                if self.single:
                    raise
                self.summary.problems.append((film.name, str(error)))
                continue
            self.opened.append(opened)
            finished = len(opened.journal.entries)
            self.summary.resumed_intervals += finished
            skipped.append(finished)
            for interval in opened.intervals:
                if interval.number not in opened.journal.entries:
                    yield opened, interval

    def _open(self, source: FilmToExtract) -> _OpenedFilm:
        film = open_film(source.path)
        try:
            info = film.info
            boxes = _boxes(source, info.width, info.height)
            first = look_first(film, boxes, self.finder, self.options.looking)
            self._compare_with_header(source, film)
        finally:
            film.close()
        self._say_soft(source, first.usual_sharpness)
        fingerprint = fingerprint_film(source.path)
        identity = {
            "film": fingerprint,
            "zones": [r.zone.name for r in source.recordings],
            "options": asdict(self.options),
            "finder": self.finder_hash,
        }
        name = recording_code(fingerprint, source.recordings[0].zone)
        return _OpenedFilm(
            source,
            fingerprint,
            film.table,
            boxes,
            [recording_code(fingerprint, r.zone) for r in source.recordings],
            first,
            cut_intervals(info.duration_s, self.options.interval_s, self.options.skip_start_s),
            Journal(self.folder / JOURNALS / f"{name}.jsonl", identity),
        )

    def _compare_with_header(self, source: FilmToExtract, film: Film) -> None:
        """Say so when the header promises more than the film shows."""
        promised = film.promised_duration_s
        found = film.info.duration_s
        if promised is not None and promised - found > _HEADER_MAY_LIE_BY_S:
            self.summary.warnings.append(
                f"{source.name}: the header speaks of {promised:.1f} s, pictures end after "
                f"{found:.1f} s. The file may be cut off; faces come from what is there."
            )

    def _say_soft(self, source: FilmToExtract, usual: Sequence[float | None]) -> None:
        """Say so when even the sharper faces of a recording are soft."""
        for recording, sharpness in zip(source.recordings, usual, strict=True):
            if sharpness is not None and sharpness < self.options.looking.min_sharpness:
                self.summary.warnings.append(
                    f"{recording.name}: even its sharper faces are soft (sharpness "
                    f"{sharpness:.2f}): soft fur, or a film out of focus. Look at the images."
                )

    def _do(self, item: tuple[_OpenedFilm, Interval]) -> tuple[_OpenedFilm, dict[str, Any]]:
        """Look at one interval, write its images, and return what is to be written down."""
        opened, interval = item
        film = self._film_of_this_thread(opened)
        results = look_at_interval(
            film, interval, opened.boxes, self.finder, self.options.looking, opened.first
        )
        entry = {
            "interval": interval.number,
            "zones": [
                describe_result(result, self._write_image(film, opened, number, result))
                for number, result in enumerate(results)
            ],
        }
        return opened, entry

    def _film_of_this_thread(self, opened: _OpenedFilm) -> Film:
        """Every thread opens films for itself and keeps the last one."""
        current: Film | None = getattr(self.local, "film", None)
        if current is None or current.table is not opened.table:
            if current is not None:
                current.close()
            current = open_film(opened.source.path, opened.table)
            self.local.film = current
        return current

    def _write_image(
        self, film: Film, opened: _OpenedFilm, number: int, result: IntervalResult
    ) -> str | None:
        look = result.kept
        if look is None or look.face is None:
            return None
        crop = crop_face(
            film.still(look.index), look.face.box, self.options.margin, opened.boxes[number]
        )
        code = opened.codes[number]
        name = f"faces/{code}/{code}_{_time_in_name(look.time_s)}.jpg"
        write_crop(self.folder / name, crop)
        return name

    def finish(self, films: Sequence[FilmToExtract]) -> ExtractionSummary:
        """Write the tables."""
        if not self.opened:
            details = "; ".join(problem for _, problem in self.summary.problems)
            msg = f"Not one of {len(films)} films could be used: {details}"
            raise UnreadableFilmError(msg)
        outcomes = [
            FilmOutcome(o.source, o.table.duration_s, o.first.usual_sharpness, o.journal.entries)
            for o in self.opened
        ]
        self.summary.recordings = write_tables(self.folder, outcomes)
        self.summary.images = sum(row["kept"] for row in self.summary.recordings)
        provenance = record_provenance(
            asdict(self.options),
            {
                "face_finder": self.finder_hash,
                **{
                    recording.name: o.fingerprint
                    for o in self.opened
                    for recording in o.source.recordings
                },
            },
        )
        write_json(self.folder / MARKER, provenance.as_dict())
        return self.summary


def _boxes(source: FilmToExtract, width: int, height: int) -> list[Box]:
    try:
        return [r.zone.box(width, height) for r in source.recordings]
    except ImpossibleValueError as error:
        raise ImpossibleValueError(f"{source.name}: {error}") from error


def _time_in_name(time_s: float) -> str:
    """Write a time so that names sort by it: 0012m03s250."""
    milliseconds = round(time_s * 1000)
    return f"{milliseconds // 60_000:04d}m{milliseconds // 1000 % 60:02d}s{milliseconds % 1000:03d}"


def _expected_intervals(path: Path, options: ExtractionOptions) -> int:
    """Return how many intervals the header promises; only the progress bar believes it."""
    header = read_header(path)
    seconds = None if header is None else header.duration_s
    return len(cut_intervals(seconds or 0.0, options.interval_s, options.skip_start_s))
