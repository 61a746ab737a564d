"""Every long step runs on any executor: threads, processes, or one that somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from amgs.extraction.extract import ExtractionOptions, extract_faces
from amgs.extraction.recordings import list_videos
from amgs.faces.find import find_faces
from amgs.model.training.options import TrainingOptions
from amgs.model.training.sets import load_training_set
from amgs.model.training.train import train_model
from amgs.prediction import classify_images, list_images, open_reader
from amgs.prediction.sinks import ListSink
from amgs.simulate import write_synthetic_faces
from marked import MarkDetector, Mouse, video_of
from videos import KINDS, write_video

pytestmark = pytest.mark.slow


class AtOnce(Executor):
    """Does everything when it is asked for, in the thread that asks."""

    def __init__(self) -> None:
        self.asked = 0

    def submit(self, function: Callable[..., Any], /, *words: Any, **named: Any) -> Future[Any]:
        """See `concurrent.futures.Executor.submit`."""
        self.asked += 1
        future: Future[Any] = Future()
        future.set_result(function(*words, **named))
        return future


@pytest.fixture(scope="module", params=["processes", "at once"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    if request.param == "at once":
        yield AtOnce()
        return
    with ProcessPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def few_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_faces(tmp_path_factory.mktemp("few"), 6, 6, seed=2)


def test_extraction(executor: Executor, tmp_path: Path) -> None:
    """The same images, to the byte."""
    scene = video_of(lambda t: [Mouse(100 + int(t) % 3, 50)], 25)
    path, _ = write_video(tmp_path, KINDS["mp4_gop15"], 25 * 31, 25, scene)
    for folder, chosen in (("own", None), ("other", executor)):
        extract_faces(
            list_videos([path]),
            tmp_path / folder,
            ExtractionOptions(),
            detector=MarkDetector(),
            executor=chosen,
        )
    own, other = (
        {p.name: p.read_bytes() for p in sorted((tmp_path / folder).rglob("*.jpg"))}
        for folder in ("own", "other")
    )
    assert len(own) == 3
    assert own == other


def test_faces_in_images(executor: Executor, few_faces: Path) -> None:
    folder = few_faces.parent
    assert list(find_faces([folder], executor=executor)) == list(find_faces([folder]))


def test_training_and_classification(executor: Executor, few_faces: Path, tmp_path: Path) -> None:
    """The same model, and the same readings of it and of the built-in one."""
    images = load_training_set(few_faces)
    options = TrainingOptions(recipe="paper", use_cache=False)
    for name, chosen in (("own", None), ("other", executor)):
        train_model(images, tmp_path / name, options, executor=chosen)
    heads = [(tmp_path / name / "head.npz").read_bytes() for name in ("own", "other")]
    assert heads[0] == heads[1]
    for model in (tmp_path / "own", "orbital"):
        reader = open_reader(model)
        rows = []
        for chosen in (None, executor):
            sink = ListSink((), reader.outputs)
            classify_images(reader, list_images([few_faces.parent]), None, sink, executor=chosen)
            rows.append(sink.rows)
        assert len(rows[0]) == 36
        assert rows[0] == rows[1]


def test_the_executor_was_really_used(few_faces: Path) -> None:
    used = AtOnce()
    list(find_faces([few_faces.parent], executor=used))
    assert used.asked == 36
