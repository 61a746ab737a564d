"""A study as one file to send: whole but for its videos, or a copy that keeps others blind."""

from __future__ import annotations

import io
import json
import secrets
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from amgs._version import __version__
from amgs.errors import OutputExistsError, StudyError
from amgs.files import atomic_file
from amgs.images.reading import pixels_alone
from amgs.interop.dictionary import DICTIONARY_COLUMNS, describe_column
from amgs.provenance import hash_file, record_provenance
from amgs.store.opening import copy_database
from amgs.study.folder import StudyFolder
from amgs.study.layout import FACES, VIDEOS
from amgs.study.planned import animal_facts
from amgs.study.present import present
from amgs.tables import write_rows, write_table
from amgs.video.reader import VIDEO_SUFFIXES

DATABASE = "study.db"
MANIFEST = "manifest.json"
KEY_COLUMNS = ("kind", "code", "name")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_BYTES = 4
_LEFT_OUT_OF_TABLES = ("recording", "sex", "strain", "coat", "cage", "laboratory", "reason")


def archive_study(study: StudyFolder, out: Path, *, faces: bool = True) -> tuple[str, ...]:
    """Write a study as one ZIP that amgs opens again: all of it but its videos.

    The database is copied as it is at this moment, also while people score. ``manifest.json``
    lists every file with its SHA-256.

    Parameters
    ----------
    study
        The study.
    out
        The ZIP to write.
    faces
        Whether the face images come along.

    Raises
    ------
    StudyError
        If its scores are on a database server, which no file can hold.
    """
    if not (study.folder / DATABASE).is_file():
        msg = (
            f"Expected the scores in {DATABASE} of the study, found them on a database server. "
            "Export the tables instead: --format workbook."
        )
        raise StudyError(msg)
    listed: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory() as place,
        atomic_file(out) as temporary,
        # Files dated before 1980, as of a camera whose clock was never set, are taken too.
        ZipFile(temporary, "w", ZIP_DEFLATED, strict_timestamps=False) as archive,
    ):
        copy = Path(place) / DATABASE
        copy_database(study.folder / DATABASE, copy)
        for name, path in [(DATABASE, copy), *_files(study.folder, faces=faces)]:
            kind = ZIP_STORED if path.suffix.lower() in {".jpg", ".jpeg", ".png"} else ZIP_DEFLATED
            archive.write(path, name, kind)
            listed.append({"file": name, "bytes": path.stat().st_size, "sha256": hash_file(path)})
        about = record_provenance({"step": "archive", "faces": faces}, {}).as_dict()
        text = json.dumps({"about": about, "files": listed}, ensure_ascii=False, indent=1)
        archive.writestr(MANIFEST, text)
    notes = ["It holds animals, groups and, if unblinded, scores beside them: it is not blind."]
    if not faces:
        notes.append("Without face images: they can be extracted again from the videos.")
    return tuple(notes)


def _files(folder: Path, *, faces: bool) -> Iterable[tuple[str, Path]]:
    left = {VIDEOS} if faces else {VIDEOS, FACES}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if (
            path.is_file()
            and not path.is_symlink()
            and name.parts[0] not in left
            and not any(part.startswith(".") for part in name.parts)
            and not name.name.startswith(DATABASE)
            and path.suffix.lower() not in VIDEO_SUFFIXES
        ):
            yield name.as_posix(), path


def key_of(copy: Path) -> Path:
    """Return where the key of a blinded copy is."""
    return copy.with_name(f"{copy.stem}_key.csv")


def blinded_copy(
    study: StudyFolder,
    out: Path,
    tables: Mapping[str, tuple[Sequence[str], Any]],
    meanings: Mapping[str, str],
    *,
    faces: bool,
) -> tuple[str, ...]:
    """Write tables and faces with codes for animals, groups and images; keep the key beside.

    Codes are random and new every time. Columns that could tell the group are left out: recording,
    cage, sex, strain, coat, laboratory, reasons. The order of rows and images is that of the codes,
    and files in it have no dates. ZIP and key name each other by a number; no key is ever replaced,
    as what was sent before could never be decoded again.

    Parameters
    ----------
    study
        The study.
    out
        The ZIP to write; the key goes to ``NAME_key.csv`` beside it.
    tables
        Name → columns and rows (mappings), which name ``animal``, ``group`` and ``image``.
    meanings
        What the model says → what that means.
    faces
        Whether the face images come along, named by their codes.

    Raises
    ------
    OutputExistsError
        If there is a key of that name.
    """
    key = key_of(out)
    if key.exists():
        msg = (
            f"Expected no key of another copy at {key}, found one. Without it that copy can never "
            "be decoded, whatever --overwrite says: write this one elsewhere with --out."
        )
        raise OutputExistsError(msg)
    copy = secrets.token_hex(_CODE_BYTES)
    now = present(study)
    codes = _codes(
        [r.animal for r in now.planned.values()],
        [r.group for r in now.planned.values()],
        [face.image for face in now.faces] if faces else [],
        [str(row["image"]) for _, rows in tables.values() for row in rows if row.get("image")],
    )
    secret = set(_LEFT_OUT_OF_TABLES) | set(animal_facts(now.planned.values()))
    try:
        with atomic_file(out) as temporary, ZipFile(temporary, "w", ZIP_DEFLATED) as archive:
            named: dict[str, None] = {}
            for name, (columns, rows) in tables.items():
                shown = [c for c in columns if c not in secret]
                coded = sorted(
                    [_coded(row, shown, codes) for row in rows],
                    key=lambda cells: [str(c) for c in cells[:2]],
                )
                _put(archive, f"{name}.csv", _csv(shown, coded))
                named |= dict.fromkeys(shown)
            dictionary = [describe_column(column, meanings) for column in named]
            _put(archive, "dictionary.csv", _csv(DICTIONARY_COLUMNS, dictionary))
            _put(archive, "README.txt", _README.format(version=__version__, copy=copy))
            images = {codes["image", face.image]: face.image for face in now.faces if faces}
            for code, image in sorted(images.items()):
                _put(archive, f"images/{code}", pixels_alone(study.folder / image), ZIP_STORED)
            # Before the ZIP has its name: one without a key would be lost work.
            rows = [
                ("copy", copy, out.name),
                *((kind, code, n) for (kind, n), code in codes.items()),
            ]
            write_table(key, KEY_COLUMNS, rows)
    except OSError:
        key.unlink(missing_ok=True)  # of a copy that there is not
        raise
    return (f"The key is in {key.name}. Keep it; whoever has it is not blind.",)


_README = (
    "Blinded copy {copy}, made by amgs {version}. Animals, groups and images have codes; what the "
    "columns mean is in dictionary.csv. The key stays with the owner of the study.\n"
)


def _codes(
    animals: Sequence[str], groups: Sequence[str], faces: Sequence[str], images: Sequence[str]
) -> dict[tuple[str, str], str]:
    """Return (kind, name) → code, in an order that says nothing."""
    rng = secrets.SystemRandom()
    found: dict[tuple[str, str], str] = {}
    names = list(dict.fromkeys(groups))
    rng.shuffle(names)
    for place, name in enumerate(names):
        letter = _LETTERS[place] if place < len(_LETTERS) else f"{place + 1}"
        found["group", name] = f"group {letter}"
    animals = list(dict.fromkeys(animals))
    rng.shuffle(animals)
    for place, name in enumerate(animals, start=1):
        found["animal", name] = f"animal {place:03d}"
    used: set[str] = set()
    for name in dict.fromkeys([*faces, *images]):
        code = secrets.token_hex(_CODE_BYTES)
        while code in used:
            code = secrets.token_hex(_CODE_BYTES)
        used.add(code)
        found["image", name] = f"{code}.png"
    return found


def _coded(
    row: Mapping[str, Any], columns: Sequence[str], codes: Mapping[tuple[str, str], str]
) -> list[object]:
    kinds = ("animal", "group", "image")
    return [codes[c, str(row[c])] if c in kinds else row.get(c) for c in columns]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    write_rows(stream, columns, rows)
    return stream.getvalue()


def _put(archive: ZipFile, name: str, data: str | bytes, kind: int = ZIP_DEFLATED) -> None:
    """Add a file without a date."""
    about = ZipInfo(name)
    about.compress_type = kind
    archive.writestr(about, data)
