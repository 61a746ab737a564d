"""Published models: fetched from a server, checked by git's id, imported; or the way without."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from amgs.errors import DownloadError, OutputExistsError, UnknownNameError, WeightsError
from amgs.model import published
from amgs.model.backbones.table import find_backbone, is_at_hand
from amgs.model.download import Fingerprint
from amgs.model.published import PUBLISHED, PublishedModel, get_model
from amgs.provenance import git_id

pytest.importorskip("onnx", reason="onnx comes with the extra `inception`")

from published.inception_2015 import GraphWriter, write_inception


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server of the authors' two files; a small graph of the same form."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AMGS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "model.pb").write_bytes(write_inception(GraphWriter(), thin=16).bytes())
    (folder / "labels.txt").write_text("no pain\npain\n", encoding="utf-8")
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{httpd.server_address[1]}"
    entry = PublishedModel(
        "a network of that form",
        1,
        f"{address}/model.pb",
        f"{address}/labels.txt",
        Fingerprint("git id", git_id(folder / "model.pb")),
    )
    monkeypatch.setattr(published, "PUBLISHED", {"authors": entry})
    yield folder
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def test_fetched_checked_and_imported(server: Path, tmp_path: Path) -> None:
    """Nothing is fetched twice, and nothing that is there is replaced unasked."""
    seen = []
    card = get_model("authors", tmp_path / "m", progress=lambda *told: seen.append(told))
    assert card["imported_from"]["file"] == "model.pb"
    assert seen[-1][0] == "fetching"
    assert seen[-1][1] == seen[-1][2]
    (server / "model.pb").unlink()
    get_model("authors", tmp_path / "again")
    with pytest.raises(OutputExistsError):
        get_model("authors", tmp_path / "m")


def test_another_file_is_never_imported(server: Path, tmp_path: Path) -> None:
    (server / "model.pb").write_bytes(write_inception(GraphWriter(7), thin=16).bytes())
    with pytest.raises(DownloadError, match="Expected a file with git id"):
        get_model("authors", tmp_path / "m")
    (server / "labels.txt").write_bytes(b"x" * 20_000)
    with pytest.raises(DownloadError):
        get_model("authors", tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_the_wrong_labels_are_refused(server: Path, tmp_path: Path) -> None:
    (server / "labels.txt").write_text("<html>", encoding="utf-8")
    with pytest.raises(WeightsError, match="Expected the lines 'no pain' and 'pain'"):
        get_model("authors", tmp_path / "m")


def test_without_a_network_the_way_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both addresses, the git id's file and the whole command."""
    monkeypatch.setenv("AMGS_CACHE", str(tmp_path / "cache"))
    nobody = "http://127.0.0.1:9"
    entry = PublishedModel(
        "t", 1, f"{nobody}/model-v3.pb", f"{nobody}/labels-v3.txt", Fingerprint("git id", "0" * 40)
    )
    monkeypatch.setattr(published, "PUBLISHED", {"authors": entry})
    with pytest.raises(DownloadError) as caught:
        get_model("authors", tmp_path / "m")
    for part in (
        f"{nobody}/labels-v3.txt",
        f"{nobody}/model-v3.pb",
        "amgs models import model-v3.pb --labels labels-v3.txt --out",
    ):
        assert part in str(caught.value)
    with pytest.raises(UnknownNameError, match="published models authors"):
        get_model("other", tmp_path / "m")


def test_what_is_published_is_known_by_its_hash() -> None:
    """Both networks are checked by git's ids of the authors' repository."""
    assert PUBLISHED["authors"].fingerprint.digest == "ab3cad97483a561309f7f6972ac65ff539ce612d"
    assert PUBLISHED["authors"].graph.startswith("https://")
    backbone = find_backbone("inception_2015")
    assert backbone.weights is not None
    assert backbone.weights.url.startswith("https://")
    assert str(backbone.weights.fingerprint).startswith("git id c0b8db7a")
    assert "fetched on first use (89 MB)" in is_at_hand(backbone)
