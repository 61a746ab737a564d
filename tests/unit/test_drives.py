"""Network drives are known by their file system, the deepest mount first."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from amgs.drives import network_drive_of
from amgs.study import Study


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    network_drive_of.cache_clear()
    yield
    network_drive_of.cache_clear()


def mount(monkeypatch: pytest.MonkeyPatch, *parts: tuple[Path, str, str]) -> None:
    found = [SimpleNamespace(mountpoint=str(p), fstype=kind, opts=opts) for p, kind, opts in parts]
    monkeypatch.setattr("psutil.disk_partitions", lambda **_: found)


def test_the_deepest_mount_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(tmp_path.anchor)
    (tmp_path / "server" / "scratch").mkdir(parents=True)
    (tmp_path / "server2").mkdir()
    mount(
        monkeypatch,
        (root, "ext4", "rw"),
        (tmp_path / "server", "nfs4", "rw"),
        (tmp_path / "server" / "scratch", "xfs", "rw"),
    )
    assert network_drive_of(tmp_path) == ""
    assert network_drive_of(tmp_path / "server") == "nfs4"
    assert network_drive_of(tmp_path / "server" / "scratch") == ""
    assert network_drive_of(tmp_path / "server2") == "", "a name that only begins alike"


def test_a_mapped_drive_of_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mount(monkeypatch, (Path(tmp_path.anchor), "", "rw,remote"))
    assert network_drive_of(tmp_path) == "remote"


def test_a_study_there_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mount(monkeypatch, (Path(tmp_path.anchor), "cifs", "rw"))
    with caplog.at_level(logging.WARNING, "amgs"):
        Study.create(tmp_path / "study", "a study").store.close()
        Study.open(tmp_path / "study").store.close()
    told = [r.getMessage() for r in caplog.records if "network drive (cifs)" in r.getMessage()]
    assert len(told) == 1, "once, not at every opening"
    assert "PostgreSQL" in told[0]
