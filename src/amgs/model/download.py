"""Fetching one large file once: progress, resume, hash check, and a way out without a network."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Literal

from amgs.errors import DownloadError
from amgs.jobs import ProgressCallback, no_progress
from amgs.provenance import git_id, hash_file

_CHUNK = 1 << 18
_TIMEOUT_S = 30
_HASHES: dict[str, Callable[[Path], str]] = {"SHA-256": hash_file, "git id": git_id}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How the right file is known: its SHA-256, or the id under which git keeps it."""

    kind: Literal["SHA-256", "git id"]
    digest: str

    def fits(self, path: Path) -> bool:
        """Tell whether a file is the right one."""
        return self.of(path) == self.digest

    def of(self, path: Path) -> str:
        """Return the hash of a file, of this kind."""
        return _HASHES[self.kind](path)

    def __str__(self) -> str:
        """Name kind and digest, for a message."""
        return f"{self.kind} {self.digest}"


def fetch(
    url: str,
    target: Path,
    fingerprint: Fingerprint | None = None,
    progress: ProgressCallback = no_progress,
    *,
    by_hand: str = "Run the command again with --weights and the path of that file.",
    most_bytes: int | None = None,
) -> Path:
    """Fetch a file to `target`, unless it is there already; go on where an earlier try stopped.

    The file gets its name only when it is complete and its fingerprint, where one is known, is
    right. Until then it is called ``<name>.part``, which a later call continues.

    Parameters
    ----------
    url
        Where the file is published.
    target
        Where it shall lie.
    fingerprint
        What it must be; ``None`` if that is not known.
    progress
        Told the bytes done and the bytes in all.
    by_hand
        What to do with a file that was brought on another way, for the message without a network.
    most_bytes
        Nothing larger is fetched.

    Returns
    -------
    pathlib.Path
        `target`.

    Raises
    ------
    DownloadError
        If the network cannot be reached (the message says how to bring the file by hand), or if
        what came is another file.
    """
    if target.exists() and (fingerprint is None or fingerprint.fits(target)):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".part")
    try:
        _continue_download(url, unfinished, progress, most_bytes)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise DownloadError(_without_network(url, target, fingerprint, error, by_hand)) from error
    if fingerprint is not None and not fingerprint.fits(unfinished):
        found = fingerprint.of(unfinished)
        unfinished.unlink()
        msg = (
            f"Expected a file with {fingerprint} from {url}, got {found}. It was deleted. "
            "Try again; if it happens again, something between you and the server changes files "
            "(a proxy or a sign-in page), or the file was published anew. Fetch it elsewhere.\n"
            f"{by_hand}"
        )
        raise DownloadError(msg)
    unfinished.replace(target)
    return target


def _continue_download(
    url: str, unfinished: Path, progress: ProgressCallback, most_bytes: int | None
) -> None:
    done = unfinished.stat().st_size if unfinished.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"})  # noqa: S310 - tables of amgs, or checked by the caller
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and done:
            return  # every byte is there; the hash decides
        raise
    with response:
        resumed = response.status == HTTPStatus.PARTIAL_CONTENT
        done = done if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        _refuse_large(total, most_bytes)
        with unfinished.open("ab" if resumed else "wb") as stream:
            while chunk := response.read(_CHUNK):
                stream.write(chunk)
                done += len(chunk)
                _refuse_large(done, most_bytes)
                progress("fetching", done, total)
    if total is not None and done < total:
        raise urllib.error.URLError(f"the connection ended after {done:,} of {total:,} bytes")


def _refuse_large(size: int | None, most_bytes: int | None) -> None:
    if most_bytes is not None and size is not None and size > most_bytes:
        raise ValueError(f"the file is larger than {most_bytes:,} bytes")


def _without_network(
    url: str, target: Path, fingerprint: Fingerprint | None, error: Exception, by_hand: str
) -> str:
    return (
        f"Expected to fetch {target.name}, but the network could not be used ({error}).\n"
        "What was fetched so far is kept, so trying again goes on from there. Without a network:\n"
        f"  1. On a computer with internet, open {url} and save the file.\n"
        "  2. Bring it here, on a memory stick for instance.\n"
        f"  3. {by_hand}\n" + (f"The right file has the {fingerprint}." if fingerprint else "")
    )
