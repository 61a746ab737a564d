"""Fetching one large file once: progress, resume, hash check, and a way out without a network."""

from __future__ import annotations

import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

from amgs.errors import DownloadError
from amgs.jobs import ProgressCallback, no_progress
from amgs.provenance import hash_file

_CHUNK = 1 << 18
_TIMEOUT_S = 30


def fetch(
    url: str, target: Path, sha256: str = "", progress: ProgressCallback = no_progress
) -> Path:
    """Fetch a file to `target`, unless it is there already; go on where an earlier try stopped.

    The file gets its name only when it is complete and its SHA-256, where that is known, is right.
    Until then it is called ``<name>.part``, which a later call continues.

    Parameters
    ----------
    url
        Where the file is published.
    target
        Where it shall lie.
    sha256
        What it must be, as 64 hexadecimal digits; empty if that is not known.
    progress
        Told the bytes done and the bytes in all.

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
    if target.exists() and (not sha256 or hash_file(target) == sha256):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".part")
    try:
        _continue_download(url, unfinished, progress)
    except (urllib.error.URLError, OSError) as error:
        raise DownloadError(_by_hand(url, target, sha256, error)) from error
    found = hash_file(unfinished)
    if sha256 and found != sha256:
        unfinished.unlink()
        msg = (
            f"Expected a file with SHA-256 {sha256} from {url}, got {found}. It was deleted. "
            "Try again; if it happens again, something between you and the server changes files "
            "(a proxy or a sign-in page): fetch the file elsewhere and use --weights FILE."
        )
        raise DownloadError(msg)
    unfinished.replace(target)
    return target


def _continue_download(url: str, unfinished: Path, progress: ProgressCallback) -> None:
    done = unfinished.stat().st_size if unfinished.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"})  # noqa: S310 - the table holds https only
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # every byte is there; the hash decides
        raise
    with response:
        resumed = response.status == HTTPStatus.PARTIAL_CONTENT
        done = done if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        with unfinished.open("ab" if resumed else "wb") as stream:
            while chunk := response.read(_CHUNK):
                stream.write(chunk)
                done += len(chunk)
                progress("fetching weights", done, total)
    if total is not None and done < total:
        raise urllib.error.URLError(f"the connection ended after {done:,} of {total:,} bytes")


def _by_hand(url: str, target: Path, sha256: str, error: Exception) -> str:
    return (
        f"Expected to fetch {target.name}, but the network could not be used ({error}).\n"
        "What was fetched so far is kept, so trying again goes on from there. Without a network:\n"
        f"  1. On a computer with internet, open {url} and save the file.\n"
        "  2. Bring it here, on a memory stick for instance.\n"
        "  3. Run the command again with --weights and the path of that file.\n"
        + (f"Its SHA-256 is {sha256}." if sha256 else "")
    )
