"""Where a result comes from: code version, options, hashes of the inputs, seed and time."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from amgs._version import __version__

PACKAGES_THAT_MATTER = (
    "av",
    "numpy",
    "onnx",
    "onnxruntime",
    "pandas",
    "pillow",
    "scipy",
)
"""Packages whose version can change a number."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is needed to make a result again."""

    amgs: str
    python: str
    platform: str
    packages: dict[str, str]
    options: dict[str, Any]
    inputs: dict[str, str]
    seed: int | None
    created: str

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain values, ready for JSON."""
        return asdict(self)


def record_provenance(
    options: Mapping[str, Any], inputs: Mapping[str, str], seed: int | None = None
) -> Provenance:
    """Note the versions in use, the options and the hashes of the inputs, with the present time.

    Parameters
    ----------
    options
        The options that shaped the result, as plain values.
    inputs
        Name of each input and its SHA-256.
    seed
        The seed of everything random; ``None`` when nothing was.
    """
    return Provenance(
        amgs=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages=package_versions(),
        options=dict(options),
        inputs=dict(inputs),
        seed=seed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def package_versions() -> dict[str, str]:
    """Return the installed version of every package whose version can change a number."""
    found = {}
    for name in PACKAGES_THAT_MATTER:
        with suppress(metadata.PackageNotFoundError):  # onnx is there only where graphs are built
            found[name] = metadata.version(name)
    return found


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def git_id(path: Path) -> str:
    """Return git's name of a file's content: SHA-1 of ``blob SIZE``, a zero byte, the content."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def hash_text(parts: Iterable[str]) -> str:
    """Return one SHA-256 over several texts; their order and their borders count."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()
