"""A list of models on a web server: read, checked, and fetched from."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from amgs.errors import BrokenModelError, DownloadError, UnknownNameError
from amgs.model.index import (
    FORMAT,
    fetch_listed,
    list_in_index,
    read_index,
    require_safe_address,
)
from amgs.model.packing import add_model, pack_model


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder and its address on a server of this computer."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "web"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def publish(folder: Path, model: Path) -> Path:
    packed = folder / "first.zip"
    index = folder / "models.json"
    list_in_index(index, "first", packed, pack_model(model, packed), "CC-BY-4.0")
    return index


def test_from_a_server(web: tuple[Path, str], model_folder: Path, tmp_path: Path) -> None:
    """Listed with an address beside the list, fetched, checked, taken in."""
    folder, address = web
    publish(folder, model_folder)
    listed = read_index(f"{address}/models.json")[0]
    assert listed.address == f"{address}/first.zip"
    assert listed.size == (folder / "first.zip").stat().st_size
    packed = fetch_listed(f"{address}/models.json", "first")
    assert add_model(packed, tmp_path / "m").card["data"]["animals"] == 10
    with pytest.raises(UnknownNameError, match="'second'"):
        fetch_listed(f"{address}/models.json", "second")


def test_another_file_at_the_address_is_refused(web: tuple[Path, str], model_folder: Path) -> None:
    """Of the same size, and of a larger one."""
    folder, address = web
    publish(folder, model_folder)
    content = (folder / "first.zip").read_bytes()
    (folder / "first.zip").write_bytes(content[:-1] + b"x")
    with pytest.raises(DownloadError, match="Expected a file with SHA-256"):
        fetch_listed(f"{address}/models.json", "first")
    (folder / "first.zip").write_bytes(content + b"more")
    with pytest.raises(DownloadError, match="larger than"):
        fetch_listed(f"{address}/models.json", "first")


def test_a_model_is_listed_once_under_a_name(tmp_path: Path, model_folder: Path) -> None:
    """Listing again replaces; others stay, with their addresses as they were."""
    index = publish(tmp_path, model_folder)
    model = pack_model(model_folder, tmp_path / "other.zip")
    list_in_index(index, "other", tmp_path / "other.zip", model)
    list_in_index(index, "first", tmp_path / "first.zip", model, "CC0-1.0")
    entries = json.loads(index.read_text(encoding="utf-8"))["models"]
    assert [(e["name"], e["address"], e["licence"]) for e in entries] == [
        ("first", "first.zip", "CC0-1.0"),
        ("other", "other.zip", "not stated"),
    ]
    elsewhere = tmp_path / "sub" / "models.json"
    elsewhere.parent.mkdir()
    with pytest.raises(BrokenModelError, match="beside the index"):
        list_in_index(elsewhere, "first", tmp_path / "first.zip", model)


@pytest.mark.parametrize(
    "address", ["http://example.org/models.json", "ftp://example.org/m.json", "file:///etc/passwd"]
)
def test_only_https(address: str) -> None:
    """Over anything else somebody between could put another file in its place."""
    with pytest.raises(DownloadError, match="begins with https://"):
        require_safe_address(address)
    with pytest.raises(DownloadError, match="begins with https://"):
        read_index(address)


def entry(**changes: Any) -> dict[str, Any]:
    digest = hashlib.sha256(b"x").hexdigest()
    return {"name": "a", "address": "a.zip", "size": 10, "sha256": digest, **changes}


def document(*entries: Any, **changes: Any) -> str:
    return json.dumps({"format": FORMAT, "format_version": 1, "models": entries, **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html>", "found something else"),
        ("[]", "found other JSON"),
        (document(format_version=2), "found 2: update amgs"),
        (document({"name": "a"}), "entry 1 lacks"),
        (document(entry(), entry()), "'a' is there twice"),
        (document(entry(name="../a")), "entry 1: name cannot be used"),
        (document(entry(size=10**12)), "entry 1: size cannot be used"),
        (document(entry(sha256="abc")), "entry 1: sha256 cannot be used"),
        (document(entry(address="../../x.zip")), "leads out of the folder"),
        (document(entry(address="/etc/x.zip")), "leads out of the folder"),
        (document(models=5), "entry 1 lacks"),
    ],
)
def test_a_list_with_faults(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "models.json").write_text(text, encoding="utf-8")
    with pytest.raises(BrokenModelError, match=message):
        read_index(str(tmp_path / "models.json"))


def test_a_model_listed_over_plain_http_is_not_fetched(tmp_path: Path) -> None:
    text = document(entry(address="http://example.org/a.zip"))
    (tmp_path / "models.json").write_text(text, encoding="utf-8")
    with pytest.raises(DownloadError, match="begins with https://"):
        fetch_listed(str(tmp_path / "models.json"), "a")


def test_no_list(tmp_path: Path) -> None:
    with pytest.raises(BrokenModelError, match="found none at"):
        read_index(str(tmp_path / "models.json"))
