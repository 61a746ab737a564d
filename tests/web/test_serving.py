"""`amgs score` as a program of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from amgs.errors import ImpossibleValueError
from amgs.web.serving import _listen

COMMAND = [sys.executable, "-c", "from amgs.cli.main import main; main()", "score"]


def start(folder: Path, *words: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """Start the program; return it with what it says of its address and keys."""
    process = subprocess.Popen(
        [*COMMAND, str(folder), "--json", *words], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    text = ""
    while not text.rstrip().endswith("}"):
        text += process.stdout.readline()
    return process, json.loads(text)


def stop(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGINT)
    code = process.wait(timeout=20)
    assert process.stdout is not None
    process.stdout.close()
    return code


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_it_serves_and_stops(study_folder: Path, tmp_path: Path) -> None:
    """It answers as soon as it has said where, and ends with Ctrl-C."""
    import shutil

    folder = tmp_path / "study"
    shutil.copytree(study_folder, folder)
    process, said = start(folder)
    try:
        assert said["url"].startswith("http://127.0.0.1:")
        assert said["access_key"] is None
        assert "Score faces" in httpx.get(said["url"], timeout=20).text
    finally:
        time.sleep(0.2)
        assert stop(process) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_bound_elsewhere_it_asks_for_a_key(study_folder: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "study"
    shutil.copytree(study_folder, folder)
    process, said = start(folder, "--host", "0.0.0.0")  # noqa: S104
    try:
        assert said["access_key"]
        port = said["url"].rstrip("/").rsplit(":", 1)[1]
        assert "Access key" in httpx.get(f"http://127.0.0.1:{port}/", timeout=20).text
    finally:
        time.sleep(0.2)
        assert stop(process) == 0


def test_a_port_that_is_taken_is_told() -> None:
    taken = _listen("127.0.0.1", None)
    port = taken.getsockname()[1]
    with pytest.raises(ImpossibleValueError, match="--port"):
        _listen("127.0.0.1", port)
    other = _listen("127.0.0.1", None)
    assert other.getsockname()[1] != port
    taken.close()
    other.close()
