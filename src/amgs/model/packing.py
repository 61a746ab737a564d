"""A model as one file to send or to deposit, and taking one in after checking all of it.

The file is a zip with the files of a model folder (see `amgs.model.bundle`) and nothing else:
numbers and text, no code, no path.
"""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from amgs.errors import BrokenModelError, OutputExistsError, list_faults
from amgs.files import atomic_file, atomic_folder, refuse_to_replace_folder
from amgs.model.bundle import CARD, GRADED, HEAD, LIKENESS, NETWORK, TRAINED_ON, Model, load_model

SUFFIX = ".zip"
MOST_BYTES: Mapping[str, int] = {
    CARD: 50_000_000,
    HEAD: 10_000_000,
    TRAINED_ON: 100_000_000,
    NETWORK: 400_000_000,
    LIKENESS: 20_000_000,
    GRADED: 20_000_000,
}
"""The largest that each file may be; Inception has 90 MB."""

MOST_PACKED_BYTES = sum(MOST_BYTES.values())

# So that the same model gives the same file, byte for byte: zip has no time before this one.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16
_CHUNK = 1 << 20


def pack_model(folder: Path, out: Path, *, overwrite: bool = False) -> Model:
    """Write a model folder as one file.

    Parameters
    ----------
    folder
        The model folder; it is checked first.
    out
        The ``.zip`` to write.
    overwrite
        Replace a packed model that is there.

    Raises
    ------
    BrokenModelError
        If the folder is no model, or was changed after it was written.
    OutputExistsError
        If the file exists and `overwrite` is false, or if it is something else.
    """
    model = load_model(folder)
    if out.suffix.lower() != SUFFIX:
        raise OutputExistsError(f"Expected the name of a {SUFFIX} file after --out, found {out}.")
    if out.exists() and not (overwrite and is_packed_model(out)):
        what = "a packed model; allow it with --overwrite" if is_packed_model(out) else "other"
        raise OutputExistsError(f"{out} exists already, and is {what}. Choose another name.")
    with atomic_file(out) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in (CARD, *model.card["files"]):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _READABLE
            with archive.open(entry, "w") as target, (folder / name).open("rb") as source:
                shutil.copyfileobj(source, target, _CHUNK)
    return model


def is_packed_model(path: Path) -> bool:
    """Tell whether a file looks like a packed model: a zip that holds a card."""
    try:
        with zipfile.ZipFile(path) as archive:
            return CARD in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def add_model(file: Path, out: Path, *, overwrite: bool = False) -> Model:
    """Take a packed model in, after checking all of it.

    Nothing is written unless the file holds exactly the files of a model, none larger than it may
    be, all as its card says, and the network runs.

    Parameters
    ----------
    file
        Made by `pack_model`.
    out
        The model folder to write.
    overwrite
        Replace a model that is there.

    Raises
    ------
    BrokenModelError
        If anything of it is not as it must be.
    OutputExistsError
        If the folder exists and `overwrite` is false, or if it holds something else.
    """
    refuse_to_replace_folder(out, CARD, overwrite=overwrite)
    with unpacked(file) as folder:
        model = load_model(folder)
        model.open_network().check(model.preprocessing.input_px, len(model.head.weights))
        with atomic_folder(out, CARD, overwrite=overwrite) as work:
            shutil.copytree(folder, work, dirs_exist_ok=True)
    return load_model(out)


@contextmanager
def unpacked(file: Path) -> Iterator[Path]:
    """Give a temporary folder with the files of a packed model; see `add_model`."""
    if not file.is_file():
        raise BrokenModelError(f"Expected a packed model, found nothing at {file}.")
    with TemporaryDirectory() as place:
        try:
            with zipfile.ZipFile(file) as archive:
                _check_entries(archive, file)
                for name in archive.namelist():
                    _write_entry(archive, name, Path(place) / name, MOST_BYTES[name])
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            msg = (
                f"Expected a packed model (made by `amgs models pack`) in {file}, found another "
                f"file, or a damaged one: {error}. Fetch it again."
            )
            raise BrokenModelError(msg) from error
        yield Path(place)


def _check_entries(archive: zipfile.ZipFile, file: Path) -> None:
    """Compare what the zip says that it holds with what a model consists of."""
    names = [entry.filename for entry in archive.infolist()]
    faults = [f"{name!r} is no file of a model" for name in names if name not in MOST_BYTES]
    # What else belongs to it, the card says when the model is loaded.
    needed = [name for name in MOST_BYTES if name not in {LIKENESS, GRADED}]
    faults += [f"{name} is missing" for name in needed if name not in names]
    faults += [f"{name} is there twice" for name in MOST_BYTES if names.count(name) > 1]
    faults += [
        f"{entry.filename} would have {entry.file_size:,} bytes"
        for entry in archive.infolist()
        if entry.file_size > MOST_BYTES.get(entry.filename, 0) > 0
    ]
    faults += [
        f"{e.filename} is locked by a password" for e in archive.infolist() if e.flag_bits & 1
    ]
    if faults:
        msg = (
            f"Expected the files of a model in {file}, and nothing else, found:\n"
            f"{list_faults(faults)}\nNothing of it was read."
        )
        raise BrokenModelError(msg)


def _write_entry(archive: zipfile.ZipFile, name: str, target: Path, most: int) -> None:
    # What the zip says of the size may be untrue: what really comes is counted.
    written = 0
    with archive.open(name) as source, target.open("wb") as stream:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > most:
                raise zipfile.BadZipFile(f"{name} has more than {most:,} bytes")
            stream.write(chunk)


def describe_packed(model: Model) -> dict[str, Any]:
    """Say of a model what its line in an index says."""
    data = model.card.get("data", {})
    return {
        "title": str(model.card.get("title", "")),
        "animals": data.get("animals"),
        "images": data.get("images"),
        "coats": list(model.card.get("coats", [])),
    }
