"""Which films hold which animals: the recordings to extract faces from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amgs.errors import TableError, UnreadableFilmError, list_faults
from amgs.tables import read_table
from amgs.video import Zone, parse_zone
from amgs.video.reader import FILM_SUFFIXES

KNOWN_COLUMNS = ("animal", "group", "timepoint")
"""What a table of recordings may say of each, carried into the table of faces."""

_SAMPLE_BYTES = 1 << 20
_CODE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Recording:
    """One animal at one timepoint: a zone of a film.

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
class FilmToExtract:
    """A film and the recordings in it."""

    path: Path
    name: str
    recordings: tuple[Recording, ...]


def list_films(places: Sequence[Path], zones: Sequence[str] = ("full",)) -> list[FilmToExtract]:
    """Find the films meant by files, folders, or one table of recordings.

    Parameters
    ----------
    places
        Films, folders with films (searched to any depth), or one CSV with a column ``film`` and,
        where needed, ``zone``, ``recording``, ``animal``, ``group``, ``timepoint``; paths in it
        start at the folder of the CSV.
    zones
        The zones of every film, one animal each; a CSV names its own.

    Raises
    ------
    UnreadableFilmError
        If a place does not exist or holds no film.
    TableError
        If the CSV has faults, or two recordings would have one name.
    """
    tables = [place for place in places if place.suffix.lower() == ".csv"]
    if tables:
        if len(places) > 1:
            msg = f"Expected either one CSV or films, found {len(places)} places with {tables[0]}."
            raise TableError(msg)
        films = _from_table(tables[0])
    else:
        parsed = [parse_zone(zone) for zone in zones]
        films = [_film(path, name, parsed) for path, name in _search(places)]
    _refuse_same_names(films)
    return films


def _search(places: Sequence[Path]) -> list[tuple[Path, str]]:
    found: dict[Path, str] = {}
    for place in places:
        if place.is_dir():
            inside = sorted(
                p
                for p in place.rglob("*")
                if p.suffix.lower() in FILM_SUFFIXES and not p.name.startswith(".")
            )
            if not inside:
                msg = f"Expected films ({', '.join(FILM_SUFFIXES)}), found none in {place}."
                raise UnreadableFilmError(msg)
            for path in inside:
                found.setdefault(path.resolve(), path.relative_to(place).with_suffix("").as_posix())
        elif place.exists():
            found.setdefault(place.resolve(), place.stem)
        else:
            msg = f"Expected a film or a folder of films, found nothing at {place}."
            raise UnreadableFilmError(msg)
    return list(found.items())


def _film(path: Path, name: str, zones: Sequence[Zone]) -> FilmToExtract:
    recordings = tuple(
        Recording(name if len(zones) == 1 else f"{name}_{_in_names(zone)}", zone) for zone in zones
    )
    return FilmToExtract(path, path.name, recordings)


def _in_names(zone: Zone) -> str:
    return zone.name.replace(",", "-")


def _from_table(path: Path) -> list[FilmToExtract]:
    table = read_table(path, required=("film",))
    faults: list[str] = []
    by_film: dict[str, list[Recording]] = {}
    for line, row in zip(table.index, table.to_dict("records"), strict=True):
        if not row["film"]:
            faults.append(f"line {line}: no film named")
            continue
        try:
            zone = parse_zone(row.get("zone", ""))
        except ValueError as error:
            faults.append(f"line {line}: {error}")
            continue
        film = row["film"].replace("\\", "/")
        stem = Path(film).with_suffix("").as_posix()
        name = row.get("recording") or (
            stem if zone.name == "full" else f"{stem}_{_in_names(zone)}"
        )
        known = tuple((c, row[c]) for c in KNOWN_COLUMNS if c in table.columns)
        others = by_film.setdefault(film, [])
        if any(other.zone == zone for other in others):
            faults.append(f"line {line}: zone {zone.name} of {film} stands above already")
        others.append(Recording(name, zone, known))
    if faults:
        msg = f"Expected one recording in every line of {path}, found {len(faults)} faults:\n"
        raise TableError(f"{msg}{list_faults(faults)}\nCorrect these lines.")
    return [
        FilmToExtract(path.parent / film, Path(film).name, tuple(recordings))
        for film, recordings in by_film.items()
    ]


def _refuse_same_names(films: Sequence[FilmToExtract]) -> None:
    seen: dict[str, str] = {}
    faults = []
    for film in films:
        for recording in film.recordings:
            if recording.name in seen:
                faults.append(f"{recording.name}: {seen[recording.name]} and {film.path}")
            seen[recording.name] = str(film.path)
    if faults:
        msg = (
            f"Expected a name of its own for every recording, found {len(faults)} twice:\n"
            f"{list_faults(faults)}\nRename the films, name the folder that holds them all, or "
            "list them in a CSV with the columns film,recording."
        )
        raise TableError(msg)


def fingerprint_film(path: Path) -> str:
    """Return a SHA-256 over the size and the first and last mebibyte of a film.

    Hashing whole films would take as long as reading them.
    """
    digest = hashlib.sha256()
    size = path.stat().st_size
    digest.update(size.to_bytes(8, "little"))
    with path.open("rb") as stream:
        digest.update(stream.read(_SAMPLE_BYTES))
        stream.seek(max(0, size - _SAMPLE_BYTES))
        digest.update(stream.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def refuse_copies(films: Sequence[FilmToExtract]) -> None:
    """Stop when two films have the same content.

    Raises
    ------
    TableError
        With the names of both.
    """
    seen: dict[str, str] = {}
    faults = []
    for film in films:
        if not film.path.is_file() or film.path.stat().st_size == 0:
            continue
        fingerprint = fingerprint_film(film.path)
        if fingerprint in seen:
            faults.append(f"{film.path} is a copy of {seen[fingerprint]}")
        seen.setdefault(fingerprint, str(film.path))
    if faults:
        msg = (
            f"Expected every film once, found {len(faults)} copies, which would make one animal "
            f"count as two:\n{list_faults(faults)}\nLeave the copies out. Two animals in one film "
            "are two zones of it."
        )
        raise TableError(msg)


def recording_code(film_fingerprint: str, zone: Zone) -> str:
    """Return the neutral name under which images of a recording are filed.

    File names of films may tell the group; images must not.
    """
    joined = f"{film_fingerprint}|{zone.name}".encode()
    return hashlib.sha256(joined).hexdigest()[:_CODE_DIGITS]
