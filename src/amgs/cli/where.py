"""`--on`: where the long work of a command runs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.console import warn

OnOption = Annotated[
    str,
    typer.Option(
        "--on",
        metavar="WHERE",
        envvar="AMGS_ON",
        help="Where the work runs: `local` (processes of this computer), `dask://HOST:PORT` (a "
        "Dask cluster), `slurm` (jobs that cluster.toml describes). Default: threads of this "
        "program. The results are the same, to the last byte.",
    ),
]


@contextmanager
def run_on(on: str, shared: Path | None) -> Iterator[Executor | None]:
    """Give the executor of a step, and tell afterwards which work had to be done again.

    Parameters
    ----------
    on
        What `--on` says; empty for threads.
    shared
        The folder that all workers must see.
    """
    from amgs.cluster.engines import open_engine

    with open_engine(on, shared) as executor:
        try:
            yield executor
        finally:
            warn(getattr(executor, "notes", ()))
