"""Work on a cluster gives the same bytes, whatever happens to its workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amgs.cluster.engines import local_cluster, open_engine, read_slurm_settings
from amgs.cluster.executor import DaskExecutor
from amgs.errors import ClusterError, ImpossibleValueError, NoImagesError, WorkLostError
from amgs.extraction.extract import extract_faces
from amgs.extraction.recordings import list_videos
from amgs.image_check.measures import ImageOfSet, measure_images
from amgs.jobs import bounded_map
from amgs.prediction import classify_images, list_images, open_reader
from amgs.prediction.sinks import CsvSink
from program import amgs

distributed = pytest.importorskip("distributed")

MADE_AT = "extraction.json"


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drawn videos with two animals each."""
    place = tmp_path_factory.mktemp("videos")
    for seed in ("1", "2"):
        done = amgs(
            "simulate", "video", f"v{seed}.mp4", "--pain", "0.2,1.4", "--minutes", "0.6",
            "--size", "480x270", "--rate", "5", "--seed", seed, cwd=place,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        local_cluster(2) as cluster,
        distributed.Client(cluster, set_as_default=False) as found,
    ):
        yield found


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MADE_AT
    }


def classified(faces: Path, out: Path, executor: Any = None) -> bytes:
    reader, listing = open_reader("orbital"), list_images([faces])
    sink = CsvSink(out, listing.known, reader.outputs, reader.sha256)
    classify_images(reader, listing, listing.total, sink, executor=executor)
    sink.finish({})
    sink.close()
    return out.read_bytes()


@pytest.mark.slow
def test_the_same_bytes_and_workers_that_are_killed(
    videos: Path, client: Any, tmp_path: Path
) -> None:
    """Crops, tables and readings; while workers are killed at work, and once more without."""
    listed = list_videos([videos], ("left", "right"))
    extract_faces(listed, tmp_path / "threads")
    wanted = contents(tmp_path / "threads")
    assert any(name.endswith(".jpg") for name in wanted)
    stop = threading.Event()
    struck: list[int] = []

    def strike() -> None:
        while len(struck) < 3 and not stop.wait(0.8):
            pids = list(client.run(os.getpid, on_error="ignore").values())
            if not pids:  # those struck before are still being replaced
                continue
            struck.append(pids[len(struck) % len(pids)])
            os.kill(struck[-1], signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)

    executor = DaskExecutor(client, tmp_path / "killed")
    killer = threading.Thread(target=strike)
    killer.start()
    try:
        extract_faces(listed, tmp_path / "killed", executor=executor)
        stop.set()
        killer.join()
        assert struck
        reading = classified(tmp_path / "killed", tmp_path / "dask.csv", executor)
        images = sorted((tmp_path / "killed" / "faces").rglob("*.jpg"))
        listed_images = [ImageOfSet(path, path.name, {}) for path in images]
        measured = measure_images(listed_images, executor=executor)
    finally:
        stop.set()
        executor.shutdown(cancel_futures=True)
    assert contents(tmp_path / "killed") == wanted
    reference = classified(tmp_path / "threads", tmp_path / "threads.csv")
    assert reading.replace(b"killed", b"threads") == reference
    assert measured == measure_images(listed_images)


def _only_elsewhere(place: str) -> str:
    """Fail on the first worker that is asked, as one whose disk is gone."""
    me = distributed.get_worker().address
    marker = Path(place)
    if not marker.exists():
        marker.write_text(me)
    if marker.read_text() == me:
        raise OSError(5, "Input/output error")
    return str(me)


def _hang_once(place: str) -> str:
    marker = Path(place)
    if not marker.exists():
        marker.write_text("hangs")
        time.sleep(600)
    return "done"


def _end_the_worker(_: int) -> None:
    os._exit(1)


def _double(number: int) -> int:
    return 2 * number


def _say_no(_: int) -> None:
    raise NoImagesError("Expected an image, found none.")


def test_work_goes_elsewhere(client: Any, tmp_path: Path) -> None:
    """From a worker whose disk is gone, and from one that hangs; both are told."""
    executor = DaskExecutor(client, tmp_path, patience_s=2.0)
    try:
        assert executor.submit(_only_elsewhere, str(tmp_path / "lost")).result(60)
        assert any("Input/output error" in note for note in executor.notes)
        assert executor.submit(_hang_once, str(tmp_path / "hung")).result(60) == "done"
        assert any("within 2 s and was restarted" in note for note in executor.notes)
        assert list(bounded_map(executor, _double, range(100), together=7)) == [
            2 * n for n in range(100)
        ]
        with pytest.raises(NoImagesError, match="found none"):
            executor.submit(_say_no, 1).result(60)
    finally:
        executor.shutdown(cancel_futures=True)
    assert not list(tmp_path.glob(".amgs-*"))
    with pytest.raises(RuntimeError, match="closed"):
        executor.submit(_double, 1)


@pytest.mark.slow
def test_what_no_worker_can_do_is_named(client: Any, tmp_path: Path) -> None:
    """What ends every worker is given up; other work goes on. So is a folder that nobody sees."""
    executor = DaskExecutor(client)
    lost: list[int] = []
    try:
        mixed = [executor.submit(_end_the_worker, 0), executor.submit(_double, 4)]
        assert mixed[1].result(60) == 8
        with pytest.raises(WorkLostError, match="again and again"):
            mixed[0].result(60)
        done = bounded_map(executor, _end_the_worker, [1], lost=lambda item, _: lost.append(item))
        assert list(done) == []
        assert lost == [1]
    finally:
        executor.shutdown(cancel_futures=True)
    blind = DaskExecutor(client, tmp_path)
    next(tmp_path.glob(".amgs-*")).unlink()
    try:
        with pytest.raises(WorkLostError, match="does not see the files"):
            blind.submit(_double, 1).result(60)
    finally:
        blind.shutdown(cancel_futures=True)


def test_where_work_can_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_engine("") as nothing:
        assert nothing is None
    with (
        pytest.raises(ImpossibleValueError, match="expected local, slurm, dask"),
        open_engine("x"),
    ):
        pass
    monkeypatch.setattr("amgs.cluster.engines._WAIT_S", 1)
    with pytest.raises(ClusterError, match="Start one"), open_engine("dask://127.0.0.1:9"):
        pass
    settings = tmp_path / "cluster.toml"
    with pytest.raises(ClusterError, match="docs/cluster.md has a file to copy"):
        read_slurm_settings(settings)
    settings.write_text('[slurm]\njobs = 0\ncores = "2"\ncolour = 1\n', encoding="utf-8")
    with pytest.raises(ClusterError) as caught:
        read_slurm_settings(settings)
    assert str(caught.value).count("\n  - ") == 3
    settings.write_text('[slurm]\njobs = 4\nqueue = "short"\n', encoding="utf-8")
    monkeypatch.setenv("AMGS_CLUSTER", str(settings))
    assert read_slurm_settings() == {
        "jobs": 4, "cores": 1, "memory": "4GB", "walltime": "04:00:00", "queue": "short",
    }  # fmt: skip


def test_the_command_line_on_processes(videos: Path, tmp_path: Path) -> None:
    done = amgs(
        "extract", videos / "v1.mp4", "--zone", "left", "--out", tmp_path / "f", "--on", "local",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "f" / "faces.csv").is_file()
    assert not list((tmp_path / "f").glob(".amgs-*"))
    done = amgs("extract", videos / "v1.mp4", "--on", "moon", cwd=tmp_path)
    assert done.returncode == 1
    assert "--on: expected local" in done.stderr
