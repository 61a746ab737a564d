"""`amgs score` as a program of its own."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from amgs.errors import ImpossibleValueError
from amgs.web.connections import OncePerMinute, impatient, listen
from amgs.web.serving import DEFAULT_PORT

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


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
@pytest.mark.parametrize("how", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_every_kind_of_end_leaves_all_in_one_file(
    study_folder: Path, tmp_path: Path, how: str
) -> None:
    """Whoever copies study.db alone afterwards has every answer."""
    folder = tmp_path / "study"
    shutil.copytree(study_folder, folder)
    process, said = start(folder)
    with httpx.Client(base_url=said["url"], timeout=20) as client:
        found = re.search(r'name="csrf" value="([^"]+)"', client.get("/").text)
        assert found
        client.post("/sign-in", data={"csrf": found[1], "name": "Ada", "way": "new"})
        found = re.search(r'data-form="([^"]+)"', client.get("/score").text)
        assert found
        token = client.get("/api/face/0").json()["face_token"]
        body = {"position": 0, "face_token": token, "unit": "ear_position", "score": 2}
        head = {"X-AMGS-Form": found[1]}
        assert client.post("/api/answer", json=body, headers=head).status_code == 200
    process.send_signal(getattr(signal, how))
    assert process.wait(timeout=20) == 0
    assert process.stdout is not None
    process.stdout.close()
    shutil.copy(folder / "study.db", tmp_path / "alone.db")
    with closing(sqlite3.connect(tmp_path / "alone.db")) as database:
        assert database.execute("SELECT score FROM answer").fetchall() == [(2,)]


def test_a_request_that_is_never_finished_is_closed() -> None:
    """Also the second one of a connection; whole ones are answered meanwhile."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"here"})

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    protocol = impatient(most_connections=3, seconds=0.5)
    config = uvicorn.Config(app, http=protocol, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    address = listening.getsockname()
    half = [socket.create_connection(address) for _ in range(3)]
    for begun in half:
        begun.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    time.sleep(0.1)
    fourth = socket.create_connection(address)
    fourth.settimeout(5)
    assert _read(fourth) == b"", "one too many is closed at once"
    for begun in half:
        begun.settimeout(5)
        assert _read(begun) == b""
    assert httpx.get(f"http://127.0.0.1:{address[1]}/").text == "here"
    server.should_exit = True
    thread.join(10)
    listening.close()
    for begun in (*half, fourth):
        begun.close()


def _read(connection: socket.socket) -> bytes:
    try:
        return connection.recv(100)
    except ConnectionResetError:
        return b""


def test_the_same_complaint_is_told_once_a_minute() -> None:
    told = OncePerMinute("socket.accept() out of system")
    text = "socket.accept() out of system resource"
    record = logging.LogRecord("asyncio", 40, "", 0, text, (), None)
    other = logging.LogRecord("asyncio", 40, "", 0, "something else", (), None)
    assert [told.filter(record), told.filter(record), told.filter(other)] == [True, False, True]


def test_an_address_that_is_none_is_told_apart_from_a_port() -> None:
    with pytest.raises(ImpossibleValueError, match="after --host"):
        listen("no.such.host.invalid", None, DEFAULT_PORT)


def test_a_port_that_is_taken_is_told() -> None:
    taken = listen("127.0.0.1", None, DEFAULT_PORT)
    port = taken.getsockname()[1]
    with pytest.raises(ImpossibleValueError, match="--port"):
        listen("127.0.0.1", port, DEFAULT_PORT)
    other = listen("127.0.0.1", None, DEFAULT_PORT)
    assert other.getsockname()[1] != port
    taken.close()
    other.close()
