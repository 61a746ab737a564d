"""TensorFlow's ``inception-2015-12-05.tgz``: single files of it, in memory, never unpacked."""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path

from amgs.errors import WeightsError

GRAPH_FILE = "classify_image_graph_def.pb"
PANDA_FILE = "cropped_panda.jpg"

_MOST_BYTES = 400_000_000
_MOST_MEMBERS = 100
_GZIP = b"\x1f\x8b"


def is_archive(path: Path) -> bool:
    """Tell whether a file is compressed as a ``.tgz`` is."""
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP


def read_member(path: Path, name: str) -> bytes:
    """Return the content of one file of the archive.

    Raises
    ------
    WeightsError
        If the archive is damaged, holds too much, or no such file.
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            total = 0
            for number, member in enumerate(archive):
                total += member.size
                # What is not wanted is unpacked too on the way to the next one: the sum counts.
                if total > _MOST_BYTES or number >= _MOST_MEMBERS:
                    most = f"{_MOST_MEMBERS} files, {_MOST_BYTES:,} bytes"
                    raise WeightsError(f"Expected at most {most} in the archive {path}.")
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None and Path(member.name).name == name:
                    return stream.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        msg = f"Expected an archive that holds {name} in {path}, found a damaged one ({error})."
        raise WeightsError(f"{msg} Fetch it again.") from error
    raise WeightsError(f"Expected {name} in the archive {path}, found no such file.")
