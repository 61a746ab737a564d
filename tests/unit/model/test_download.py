"""Fetching: progress, resume, hash check, and a way out without a network."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from amgs.errors import DownloadError
from amgs.model.download import Fingerprint, fetch

CONTENT = bytes(range(256)) * 4_096
SHA256 = Fingerprint("SHA-256", hashlib.sha256(CONTENT).hexdigest())


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT, with ranges; /cut breaks off half-way, /plain knows no ranges."""

    asked: list[str] = []  # noqa: RUF012 - one list for the whole server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "bytes=0-")
        Handler.asked.append(wanted)
        start = 0 if self.path == "/plain" else int(wanted.removeprefix("bytes=").rstrip("-"))
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(200 if self.path == "/plain" else 206)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end = len(CONTENT) // 2 if self.path == "/cut" else len(CONTENT)
        self.wfile.write(CONTENT[start:end])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    Handler.asked.clear()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def test_fetched_once(server: str, tmp_path: Path) -> None:
    """The second call asks nobody; progress ends at the whole."""
    seen = []
    target = tmp_path / "cache/w.pth"
    fetch(f"{server}/w", target, SHA256, lambda step, done, total: seen.append((done, total)))
    assert target.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    fetch(f"{server}/w", target, SHA256)
    assert len(Handler.asked) == 1


def test_goes_on_where_it_stopped(server: str, tmp_path: Path) -> None:
    """A broken connection costs only what had not come."""
    target = tmp_path / "w.pth"
    with pytest.raises(DownloadError, match="trying again goes on from there"):
        fetch(f"{server}/cut", target, SHA256)
    assert not target.exists()
    fetch(f"{server}/w", target, SHA256)
    assert target.read_bytes() == CONTENT
    assert Handler.asked[-1] == f"bytes={len(CONTENT) // 2}-"


def test_a_server_without_ranges_starts_again(server: str, tmp_path: Path) -> None:
    """What was there is not glued to the whole file."""
    (tmp_path / "w.pth.part").write_bytes(b"old")
    fetch(f"{server}/plain", tmp_path / "w.pth", SHA256)
    assert (tmp_path / "w.pth").read_bytes() == CONTENT


def test_a_finished_part_is_checked_and_taken(server: str, tmp_path: Path) -> None:
    """The process ended between the last byte and the renaming."""
    (tmp_path / "w.pth.part").write_bytes(CONTENT)
    fetch(f"{server}/w", tmp_path / "w.pth", SHA256)
    assert (tmp_path / "w.pth").read_bytes() == CONTENT


def test_a_wrong_file_is_deleted(server: str, tmp_path: Path) -> None:
    """A sign-in page of a hotel never becomes a network."""
    with pytest.raises(DownloadError, match="Expected a file with SHA-256 0000.*It was deleted"):
        fetch(f"{server}/w", tmp_path / "w.pth", Fingerprint("SHA-256", "0" * 64))
    assert not list(tmp_path.iterdir())


def test_without_a_network_the_manual_steps_are_told(tmp_path: Path) -> None:
    """Address, option and hash are all in the message."""
    url = "http://127.0.0.1:9/models/w.pth"
    with pytest.raises(DownloadError) as caught:
        fetch(url, tmp_path / "w.pth", SHA256)
    for part in (url, "--weights", str(SHA256), "memory stick"):
        assert part in str(caught.value)


def test_the_id_that_git_gives(server: str, tmp_path: Path) -> None:
    """`git hash-object` of the same bytes; a file of the same length with other ones is refused."""
    digest = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()  # noqa: S324
    fetch(f"{server}/w", tmp_path / "w.pb", Fingerprint("git id", digest))
    with pytest.raises(DownloadError, match="Expected a file with git id 1111"):
        fetch(f"{server}/w", tmp_path / "v.pb", Fingerprint("git id", "1" * 40))


def test_nothing_larger_than_allowed_is_fetched(server: str, tmp_path: Path) -> None:
    """A server cannot fill the disk."""
    with pytest.raises(DownloadError, match="larger than 1,000 bytes"):
        fetch(f"{server}/w", tmp_path / "w.zip", most_bytes=1_000)
    assert not (tmp_path / "w.zip").exists()
