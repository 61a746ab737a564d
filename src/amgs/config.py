"""Settings: one table of name, environment variable, default and help.

`amgs doctor` shows them with the values in force; `docs/start.md` is tested to name each.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from amgs.errors import ImpossibleValueError


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing a user can set for the whole program."""

    name: str
    variable: str
    default: str
    help: str


SETTINGS = (
    Setting(
        "cache",
        "AMGS_CACHE",
        "the user's cache folder",
        "Folder for fetched backbones and the features of training images. Safe to delete.",
    ),
    Setting(
        "data",
        "AMGS_DATA",
        "the user's data folder",
        "Folder for the list of studies that `amgs lab` offers to open.",
    ),
    Setting(
        "threads",
        "AMGS_THREADS",
        "one per processor core",
        "How many threads the engine and the image reader may use.",
    ),
    Setting(
        "on",
        "AMGS_ON",
        "threads of the program",
        "Where long work runs if `--on` does not say: local, dask://HOST:PORT, slurm.",
    ),
    Setting(
        "cluster",
        "AMGS_CLUSTER",
        "cluster.toml in the folder where you are",
        "The file that says what jobs of SLURM ask for (docs/cluster.md).",
    ),
)


def cache_folder() -> Path:
    """Return the folder for things that can be made again; it may not exist yet."""
    chosen = os.environ.get("AMGS_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("amgs", appauthor=False))


def data_folder() -> Path:
    """Return the folder for what the program remembers; it may not exist yet."""
    chosen = os.environ.get("AMGS_DATA")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("amgs", appauthor=False))


def thread_count() -> int:
    """Return how many threads to use.

    Raises
    ------
    ImpossibleValueError
        If ``AMGS_THREADS`` is not a whole number of at least 1.
    """
    chosen = os.environ.get("AMGS_THREADS")
    if not chosen:
        return _usable_cores()
    if not chosen.isdecimal() or int(chosen) < 1:
        msg = (
            f"AMGS_THREADS must be a whole number of at least 1, found {chosen!r}. "
            "Correct the environment variable or remove it."
        )
        raise ImpossibleValueError(msg)
    return int(chosen)


def _usable_cores() -> int:
    """Count the cores this process may use; a cluster job often has fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
