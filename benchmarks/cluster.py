"""The same work by threads and on Dask: the same bytes, killed workers, scaling, 100 workers.

    python benchmarks/cluster.py same VIDEOS…           threads against --on local, byte by byte
    python benchmarks/cluster.py killed VIDEOS… --kills 50
    python benchmarks/cluster.py scaling VIDEOS…        one worker against two
    python benchmarks/cluster.py simulated --workers 100 --pieces 20000 --seconds 3

Figures are printed as JSON. Ratios are of runs in this very process, one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amgs.cluster.engines import local_cluster
from amgs.cluster.executor import DaskExecutor
from amgs.extraction.extract import extract_faces
from amgs.extraction.recordings import list_videos
from amgs.jobs import bounded_map

DATED = {"extraction.json"}
ZONES = ("left", "right")


def fingerprint(folder: Path) -> dict[str, bytes]:
    """Return every file with its content, but for the one that holds the hour."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in DATED and not path.name.startswith(".amgs-")
    }


def extract(videos: list[Path], out: Path, executor: Executor | None = None) -> float:
    """Extract, and return how long it took."""
    started = time.perf_counter()
    extract_faces(list_videos(videos, ZONES), out, executor=executor)
    return time.perf_counter() - started


@contextmanager
def cluster(workers: int, shared: Path | None = None) -> Iterator[tuple[Any, DaskExecutor]]:
    """Open a cluster of processes of this computer."""
    import distributed

    with (
        local_cluster(workers) as found,
        distributed.Client(found, set_as_default=False) as client,
    ):
        executor = DaskExecutor(client, shared)
        try:
            yield client, executor
        finally:
            executor.shutdown(cancel_futures=True)


def same(videos: list[Path], place: Path) -> dict[str, Any]:
    """Compare the files that threads and processes make."""
    threads_s = extract(videos, place / "threads")
    with cluster(2, place) as (_, executor):
        dask_s = extract(videos, place / "dask", executor)
    a, b = fingerprint(place / "threads"), fingerprint(place / "dask")
    return {"files": len(a), "identical": a == b, "threads_s": threads_s, "dask_s": dask_s}


def killed(videos: list[Path], place: Path, kills: int) -> dict[str, Any]:
    """Extract again and again while workers are killed at random moments."""
    extract(videos, place / "threads")
    wanted = fingerprint(place / "threads")
    rng = random.Random(0)  # noqa: S311 - no secret
    runs, done, notes, different = 0, 0, 0, 0
    with cluster(2, place) as (client, executor):
        while done < kills:
            stop = threading.Event()
            struck: list[int] = []

            def strike(stop: threading.Event = stop, struck: list[int] = struck) -> None:
                while not stop.wait(rng.uniform(1.0, 5.0)):
                    pids = list(client.run(os.getpid, on_error="ignore").values())
                    if pids:
                        struck.append(rng.choice(pids))
                        os.kill(struck[-1], signal.SIGKILL)

            thread = threading.Thread(target=strike)
            thread.start()
            out = place / f"run{runs}"
            extract(videos, out, executor)
            stop.set()
            thread.join()
            done += len(struck)
            runs += 1
            different += fingerprint(out) != wanted
            shutil.rmtree(out)
        notes = len(executor.notes)
    return {"runs": runs, "workers_killed": done, "runs_that_differ": different, "notes": notes}


def scaling(videos: list[Path], place: Path) -> dict[str, Any]:
    """Time one worker against two."""
    took = {}
    for workers in (1, 2):
        with cluster(workers, place) as (_, executor):
            took[workers] = extract(videos, place / f"by{workers}", executor)
    return {"one_s": took[1], "two_s": took[2], "ratio": took[1] / took[2]}


def simulated(workers: int, pieces: int, seconds: float) -> dict[str, Any]:
    """Many workers in this process, whose work is a sleep: what remains is the scheduler's."""
    import distributed

    # One process holds them all: its memory is no worker's own.
    options: dict[str, Any] = {
        "n_workers": workers, "threads_per_worker": 1, "processes": False, "memory_limit": 0,
    }  # fmt: skip
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with (
        distributed.LocalCluster(
            **options, dashboard_address="127.0.0.1:0", silence_logs=50
        ) as found,
        distributed.Client(found, set_as_default=False) as client,
    ):
        client.wait_for_workers(workers)
        with_workers_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        executor = DaskExecutor(client)
        started, cpu_s = time.perf_counter(), time.process_time()
        n = sum(1 for _ in bounded_map(executor, _sleep, [seconds] * pieces))
        took_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu_s
        executor.shutdown()
    ideal_s = pieces * seconds / workers
    return {
        "workers": workers,
        "pieces": n,
        "ideal_s": ideal_s,
        "took_s": took_s,
        "overhead_pct": 100 * (took_s / ideal_s - 1),
        "cpu_ms_per_piece_of_all": 1000 * cpu_s / pieces,
        "overhead_ms_per_piece": 1000 * (took_s - ideal_s) / pieces,
        "memory_before_mb": before_mb,
        "memory_with_workers_mb": with_workers_mb,
        "memory_at_most_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def main() -> None:
    """Read the command line and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["same", "killed", "scaling", "simulated"])
    parser.add_argument("videos", nargs="*", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--pieces", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if options.what == "simulated":
            found = simulated(options.workers, options.pieces, options.seconds)
        elif options.what == "killed":
            found = killed(options.videos, place, options.kills)
        elif options.what == "scaling":
            found = scaling(options.videos, place)
        else:
            found = same(options.videos, place)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
