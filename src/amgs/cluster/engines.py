"""Where long work runs: this process, processes of this computer, or machines of a cluster."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.config import thread_count
from amgs.errors import ClusterError, ImpossibleValueError, list_faults

if TYPE_CHECKING:
    from amgs.cluster.executor import DaskExecutor

LOCAL, SLURM, DASK, TLS = "local", "slurm", "dask://", "tls://"
SETTINGS_FILE = "cluster.toml"
SETTINGS_VARIABLE = "AMGS_CLUSTER"
_WAIT_S = 60
_SLURM_WAIT_S = 3600

_SLURM_KEYS: dict[str, type | tuple[type, ...]] = {
    "jobs": int,
    "cores": int,
    "memory": str,
    "walltime": str,
    "queue": str,
    "account": str,
    "python": str,
    "local_directory": str,
    "log_directory": str,
    "interface": str,
    "job_extra_directives": list,
    "job_script_prologue": list,
}
"""Keys of ``[slurm]``: those of dask_jobqueue, and ``jobs``, how many are asked for."""


@contextmanager
def open_engine(on: str, shared: Path | None = None) -> Iterator[Executor | None]:
    """Give the executor that a step should run on.

    Parameters
    ----------
    on
        Empty: threads of this process. ``local``: processes of this computer. ``dask://HOST:PORT``:
        the workers of a scheduler that runs already (``tls://`` with the certificates that Dask's
        own settings name). ``slurm``: jobs of SLURM, as ``cluster.toml``
        describes them (in the folder where you are, or where ``AMGS_CLUSTER`` says).
    shared
        The folder of the work, which all workers must see under the same path.

    Yields
    ------
    concurrent.futures.Executor or None
        ``None`` where a step opens threads of its own.

    Raises
    ------
    ImpossibleValueError
        If `on` is none of these.
    ClusterError
        If Dask is not installed, or the cluster cannot be reached.
    """
    if not on:
        yield None
        return
    if on not in {LOCAL, SLURM} and not on.startswith((DASK, TLS)):
        msg = f"--on: expected local, slurm, dask://HOST:PORT, or tls://HOST:PORT, found {on!r}."
        raise ImpossibleValueError(msg)
    try:
        import distributed
    except ImportError as error:
        msg = f'--on {on} needs Dask. Install it: pip install "amgs[cluster]"'
        raise ClusterError(msg) from error
    from amgs.cluster.executor import DaskExecutor

    expected = 1
    with ExitStack() as stack:
        if on == LOCAL:
            address: Any = stack.enter_context(local_cluster(thread_count()))
        elif on == SLURM:
            settings = read_slurm_settings()
            expected = settings["jobs"] * settings["cores"]
            address = stack.enter_context(_slurm_cluster(settings))
        else:
            address = on if on.startswith(TLS) else f"tcp://{on.removeprefix(DASK)}"
        client = stack.enter_context(_connect(distributed, address, on))
        executor: DaskExecutor = DaskExecutor(client, shared, expected=expected)
        stack.callback(executor.shutdown, cancel_futures=True)
        yield executor


@contextmanager
def local_cluster(workers: int) -> Iterator[Any]:
    """Start processes of this computer; one that dies comes back, however often."""
    import dask
    import distributed

    # Dask gives up a place whose worker is not back after this; starting anew may take longer.
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1 hour"}),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        ) as cluster,
    ):
        yield cluster


@contextmanager
def _connect(distributed: Any, address: Any, on: str) -> Iterator[Any]:
    """Connect to a scheduler, and wait until there is somebody to work."""
    try:
        client = distributed.Client(address, timeout=_WAIT_S, set_as_default=False)
    except (OSError, TimeoutError) as error:
        msg = (
            f"Expected the scheduler of a Dask cluster at {on}, found none: {error}. Start one "
            "with `dask scheduler`, and workers with `dask worker HOST:PORT`, or use --on local."
        )
        raise ClusterError(msg) from error
    try:
        try:
            client.wait_for_workers(1, timeout=_SLURM_WAIT_S if on == SLURM else _WAIT_S)
        except TimeoutError as error:
            msg = f"Expected workers at {on}, found none after a while. Start one: `dask worker`."
            raise ClusterError(msg) from error
        yield client
    finally:
        client.close()


def read_slurm_settings(path: Path | None = None) -> dict[str, Any]:
    """Read ``[slurm]`` of ``cluster.toml``: how many jobs, and what each asks for.

    Raises
    ------
    ClusterError
        If the file is missing or has faults; all are listed.
    """
    path = path or Path(os.environ.get(SETTINGS_VARIABLE) or SETTINGS_FILE)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("slurm", {})
    except (OSError, ValueError) as error:
        msg = (
            f"Expected the settings for SLURM in {path}, found: {error}. docs/cluster.md has a "
            f"file to copy; {SETTINGS_VARIABLE} may name another place."
        )
        raise ClusterError(msg) from error
    settings = {"jobs": 1, "cores": 1, "memory": "4GB", "walltime": "04:00:00", **table}
    faults = [f"{name}: not known" for name in settings if name not in _SLURM_KEYS]
    faults += [
        f"{name}: expected {getattr(kind, '__name__', kind)}, found {settings[name]!r}"
        for name, kind in _SLURM_KEYS.items()
        if name in settings and not isinstance(settings[name], kind)
    ]
    faults += [
        f"{name}: expected at least 1, found {settings[name]}"
        for name in ("jobs", "cores")
        if isinstance(settings[name], int) and settings[name] < 1
    ]
    if faults:
        known = ", ".join(_SLURM_KEYS)
        msg = f"Expected [slurm] in {path} with keys of {known}; found:\n{list_faults(faults)}"
        raise ClusterError(msg)
    return settings


@contextmanager
def _slurm_cluster(settings: dict[str, Any]) -> Iterator[Any]:
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError as error:
        msg = '--on slurm needs dask-jobqueue. Install it: pip install "amgs[cluster]"'
        raise ClusterError(msg) from error
    from distributed.security import Security

    given = {name: value for name, value in settings.items() if name != "jobs"}
    # Whoever reaches a scheduler can have code run: it speaks to holders of its certificate alone,
    # which is made anew each time and lies where the jobs find it and nobody else may read.
    given |= {"security": Security.temporary(), "protocol": "tls://"}
    given |= {"shared_temp_directory": str(Path.cwd())}
    options = {"dashboard_address": "127.0.0.1:0"}
    # One process per core: a decoder holds Python's lock for long.
    with SLURMCluster(**given, processes=settings["cores"], scheduler_options=options) as cluster:
        # Not `scale`: a job that ended, or reached its wall time, is asked for again.
        cluster.adapt(minimum_jobs=settings["jobs"], maximum_jobs=settings["jobs"])
        yield cluster
