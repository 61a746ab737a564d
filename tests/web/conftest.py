"""A study with synthetic faces, its scoring room on a real port, and a real browser."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from PIL import Image

from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face
from amgs.study import Study
from amgs.tables import write_table
from amgs.web.app import make_app
from amgs.web.keys import Keys

ANIMALS = (("secretanimal1", "secretgroupA"), ("secretanimal2", "secretgroupB"))
TIMEPOINTS = ("baseline", "secrettime")
FACES_EACH = 6


def write_faces(folder: Path, n: int, seed: int) -> list[Path]:
    """Draw faces into files that tell everything: name, EXIF comment, software."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    paths = []
    for number in range(n):
        path = folder / f"secretfile_{number}.jpg"
        image = Image.fromarray(draw_face(random_face(rng), rng))
        exif = Image.Exif()
        exif[0x010E] = f"secretexif {folder.name}"
        exif[0x0132] = "2026:03:31 10:00:00"
        image.save(path, exif=exif, comment=b"secretcomment")
        paths.append(path)
    return paths


def make_study(folder: Path, faces_each: int = FACES_EACH) -> Study:
    """Make a study of two animals whose images are in folders that tell everything."""
    study = Study.create(folder, "Study of secrets", seed=3)
    rows = []
    for number, (animal, group) in enumerate(ANIMALS):
        for place, timepoint in enumerate(TIMEPOINTS):
            videos = Path("videos") / f"{group}_{animal}_{timepoint}"
            write_faces(folder / videos, faces_each, 10 * number + place)
            rows.append([animal, group, timepoint, videos.as_posix(), "2026-03-31"])
    write_table(folder / "recordings.csv", ("animal", "group", "timepoint", "video", "date"), rows)
    study.extract()
    return study


@dataclass
class Running:
    """A scoring room on a port of this machine."""

    study: Study
    url: str
    keys: Keys


def start(study: Study, *, any_host: bool = False) -> Iterator[Running]:
    """Serve a study until the test is over."""
    keys = Keys.make(with_access=any_host)
    app = make_app(study, keys, any_host=any_host)
    # Without the protocol named, answers wait 40 ms for an acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Running(study, f"http://127.0.0.1:{listening.getsockname()[1]}", keys)
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=10)
        listening.close()


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that nobody has scored in yet; every test works on a copy."""
    folder = tmp_path_factory.mktemp("web") / "study"
    make_study(folder).store.close()
    return folder


@pytest.fixture
def study(study_folder: Path, tmp_path: Path) -> Iterator[Study]:
    """A study of its own for a test."""
    shutil.copytree(study_folder, tmp_path / "study")
    with Study.open(tmp_path / "study") as opened:
        yield opened


@pytest.fixture
def running(study: Study) -> Iterator[Running]:
    """The room as it is by default: on this machine alone."""
    yield from start(study)


@pytest.fixture
def running_open(study: Study) -> Iterator[Running]:
    """The room when others can reach it: with an access key."""
    yield from start(study, any_host=True)


@pytest.fixture
def serve() -> Callable[..., Iterator[Running]]:
    """Serve another study than the usual one; see `start`."""
    return start


def find_browser() -> str | None:
    """Return the path of a browser that playwright can drive."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        found = shutil.which(name)
        if found:
            return found
    return None


@pytest.fixture(scope="session")
def browser():
    """A headless browser; skipped with the reason where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = find_browser()
    if path is None:
        pytest.skip("no chromium here (Debian: apt-get install chromium)")
    # These tests are of what happens, not of how soon on a busy machine.
    playwright.expect.set_options(timeout=30_000)
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()
