"""A list of models that a laboratory puts on its web server, and fetching one that it names.

The list is a JSON document, ``{"format": "amgs-model-index", "format_version": 1, "models": […]}``,
with one entry per model: ``name``, ``address`` (relative to the list, or https), ``size`` in bytes,
``sha256``, ``licence``, ``title``, ``animals``, ``images``, ``coats``. A list is only read when
somebody names it; nothing is sent.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from amgs.config import cache_folder
from amgs.errors import BrokenModelError, DownloadError, UnknownNameError, list_faults
from amgs.files import write_json
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.bundle import Model
from amgs.model.download import Fingerprint, fetch
from amgs.model.packing import MOST_PACKED_BYTES, describe_packed
from amgs.provenance import hash_file, hash_text

FORMAT = "amgs-model-index"
FORMAT_VERSION = 1
NO_LICENCE = "not stated"
_MOST_INDEX_BYTES = 5_000_000
_TIMEOUT_S = 30
_THIS_COMPUTER = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One entry of an index; see the module's text for what each field means."""

    name: str
    address: str
    size: int
    sha256: str
    licence: str = NO_LICENCE
    title: str = ""
    animals: int | None = None
    images: int | None = None
    coats: list[str] = field(default_factory=list)


def is_address(place: str) -> bool:
    """Tell whether a text is the address of something on the web, not a path."""
    return re.match(r"[a-z][a-z0-9+.-]+://", place, re.IGNORECASE) is not None


def require_safe_address(address: str) -> str:
    """Return an address that only its server can answer.

    Raises
    ------
    DownloadError
        If it is not https: anyone between could put another file in its place.
    """
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_COMPUTER):
        return address
    msg = (
        f"Expected an address that begins with https://, found {address}. Over {parts.scheme} "
        "anyone between could put another file in its place. Ask for https, or fetch the file by "
        "hand and name its path."
    )
    raise DownloadError(msg)


def read_index(place: str) -> list[ListedModel]:
    """Read a list of models from a file or an https address.

    Raises
    ------
    DownloadError
        If it is not https, or cannot be reached.
    BrokenModelError
        If it is no such list, or an entry of it is not as it must be; all faults are listed.
    """
    content = _fetch_index(place) if is_address(place) else _read_index_file(Path(place))
    try:
        document = json.loads(content)
    except ValueError as error:
        msg = f"Expected a list of models (JSON) at {place}, found something else ({error})."
        raise BrokenModelError(msg) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BrokenModelError(f"Expected a list of models at {place}, found other JSON.")
    if document.get("format_version") != FORMAT_VERSION:
        found = document.get("format_version")
        msg = f"Expected a list of format {FORMAT_VERSION} at {place}, found {found}: update amgs."
        raise BrokenModelError(msg)
    entries = document.get("models")
    faults: list[str] = []
    listed = [
        _parse(number, entry, place, faults)
        for number, entry in enumerate(entries if isinstance(entries, list) else [None], start=1)
    ]
    names = [model.name for model in listed if model]
    faults += [f"{name!r} is there twice" for name in sorted(set(names)) if names.count(name) > 1]
    if faults:
        msg = f"Expected a list of models at {place}, found faults:\n{list_faults(faults)}"
        raise BrokenModelError(msg)
    return [model for model in listed if model]


def fetch_listed(index: str, name: str, progress: ProgressCallback = no_progress) -> Path:
    """Fetch a packed model by its name in an index; size and hash are checked.

    Raises
    ------
    UnknownNameError
        If the index has no model of this name.
    DownloadError, BrokenModelError
        As `read_index`, and if what came is another file.
    """
    listed = {model.name: model for model in read_index(index)}
    if name not in listed:
        msg = f"Expected one of the models in {index} ({', '.join(listed) or 'none'}): {name!r}."
        raise UnknownNameError(msg)
    return fetch_packed(listed[name].address, listed[name], progress)


def fetch_packed(
    address: str, listed: ListedModel | None = None, progress: ProgressCallback = no_progress
) -> Path:
    """Fetch a packed model; one that an index lists must have its size and hash.

    Parameters
    ----------
    address
        https; or, from an index that is a file, a path beside it.
    listed
        The entry of the index.
    progress
        Told how much has come.
    """
    fingerprint = Fingerprint("SHA-256", listed.sha256) if listed else None
    if not is_address(address):
        path = Path(address)
        if listed and (not path.is_file() or hash_file(path) != listed.sha256):
            msg = f"Expected the model {listed.name} at {path} with {fingerprint}, found another."
            raise BrokenModelError(msg)
        return path
    require_safe_address(address)
    most = listed.size if listed else MOST_PACKED_BYTES
    # Known by address and hash: a model that was published anew is another file.
    key = hash_text([address, listed.sha256 if listed else ""])[:16]
    name = urlsplit(address).path.rsplit("/", 1)[-1] or "model.zip"
    target = cache_folder() / "packed" / key / re.sub(r"[^\w.-]", "_", name)
    if listed is None:
        target.unlink(missing_ok=True)  # without a hash nobody knows whether it is still the same
    return fetch(
        address,
        target,
        fingerprint,
        progress,
        by_hand="Then: amgs models add and the path of that file",
        most_bytes=most,
    )


def list_in_index(
    index: Path, name: str, packed: Path, model: Model, licence: str = NO_LICENCE
) -> ListedModel:
    """Put a packed model into an index file beside it; one of the same name is replaced.

    Parameters
    ----------
    index
        The file; made if it is not there.
    name
        Under which others ask for it.
    packed
        The packed model, in the folder of the index or below.
    model
        What it holds.
    licence
        Under which it may be used.

    Raises
    ------
    BrokenModelError
        If the file is something else, or the packed model is not beside it.
    """
    there = read_index(str(index)) if index.exists() else []
    try:
        address = packed.resolve().relative_to(index.resolve().parent).as_posix()
    except ValueError as error:
        msg = f"Expected the packed model beside the index {index}, or in a folder there: {packed}."
        raise BrokenModelError(msg) from error
    entry = ListedModel(
        name, address, packed.stat().st_size, hash_file(packed), licence, **describe_packed(model)
    )
    # Addresses were made whole when the index was read; beside it they are written as they were.
    kept = [_relative(model, index) for model in there if model.name != name]
    entries = [asdict(model) for model in sorted([*kept, entry], key=lambda model: model.name)]
    write_json(index, {"format": FORMAT, "format_version": FORMAT_VERSION, "models": entries})
    return entry


def _relative(model: ListedModel, index: Path) -> ListedModel:
    if is_address(model.address):
        return model
    address = Path(model.address).resolve().relative_to(index.resolve().parent).as_posix()
    return ListedModel(**(asdict(model) | {"address": address}))


def _parse(number: int, entry: Any, place: str, faults: list[str]) -> ListedModel | None:
    known = {column.name for column in fields(ListedModel)}
    if not isinstance(entry, Mapping) or not {"name", "address", "size", "sha256"} <= set(entry):
        faults.append(f"entry {number} lacks name, address, size or sha256")
        return None
    model = ListedModel(**{key: value for key, value in entry.items() if key in known})
    usable = {
        "name": bool(re.fullmatch(r"[\w.-]{1,80}", str(model.name))),
        "address": isinstance(model.address, str) and bool(model.address),
        "size": isinstance(model.size, int) and 0 < model.size <= MOST_PACKED_BYTES,
        "sha256": bool(re.fullmatch(r"[0-9a-f]{64}", str(model.sha256))),
        "coats": isinstance(model.coats, list),
    }
    wrong = [name for name, good in usable.items() if not good]
    if wrong:
        faults.append(f"entry {number}: {', '.join(wrong)} cannot be used")
        return None
    address = model.address
    if not is_address(address):
        if is_address(place):
            address = urljoin(place, address)
        elif Path(address).is_absolute() or ".." in Path(address).parts:
            faults.append(f"entry {number}: the address {address!r} leads out of the folder")
            return None
        else:
            address = str(Path(place).parent / address)
    return ListedModel(**(asdict(model) | {"address": address}))


def _read_index_file(path: Path) -> bytes:
    if not path.is_file() or path.stat().st_size > _MOST_INDEX_BYTES:
        raise BrokenModelError(f"Expected a list of models, found none at {path}.")
    return path.read_bytes()


def _fetch_index(address: str) -> bytes:
    require_safe_address(address)
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as response:  # noqa: S310 - https, as was just checked
            content: bytes = response.read(_MOST_INDEX_BYTES + 1)
    except (urllib.error.URLError, OSError) as error:
        msg = (
            f"Expected a list of models at {address}, but it could not be reached ({error}). Check "
            "the address; or save the list on another computer and name its path."
        )
        raise DownloadError(msg) from error
    if len(content) > _MOST_INDEX_BYTES:
        raise BrokenModelError(f"Expected a list of models at {address}, found a larger file.")
    return content
