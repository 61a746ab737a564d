"""A unit of work as it is done on a worker, and the file by which a worker is known to see."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amgs._version import __version__
from amgs.errors import AmgsError, ClusterError


@dataclass(frozen=True, slots=True)
class Back:
    """What comes back from a worker: a result, or why this worker could do nothing."""

    worker: str
    result: Any = None
    lost: str = ""


def do_there(
    function: Callable[..., Any], arguments: tuple[Any, ...], token: str, version: str, where: str
) -> Back:
    """Do a unit of work on a worker that sees the files and runs the same amgs.

    Parameters
    ----------
    function, arguments
        The unit.
    token
        A file that was written into the shared folder when the work began.
    version
        Of the amgs that sent it.
    where
        The folder in which relative paths of the work start.
    """
    from distributed import get_worker

    here = str(get_worker().address)
    if version != __version__:
        return Back(here, lost=f"it runs amgs {__version__}, not {version}")
    with suppress(OSError):
        os.chdir(where)
    # A lost disk often leaves its empty folder behind; only a file that must be there tells.
    if token and not Path(token).is_file():
        return Back(here, lost=f"it does not see the files in {Path(token).parent}")
    try:
        return Back(here, function(*arguments))
    except AmgsError:
        raise
    except OSError as error:
        return Back(here, lost=f"{type(error).__name__}: {error}")


def leave_token(shared: Path | None) -> str:
    """Leave a file that workers must see; return its path, or an empty text without a folder."""
    if shared is None:
        return ""
    place = shared.absolute() / f".amgs-{secrets.token_hex(8)}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("The workers of amgs look for this file.\n", encoding="utf-8")
    except OSError as error:
        msg = f"Expected a folder that can be written at {shared}, found: {error}"
        raise ClusterError(msg) from error
    return str(place)
