"""Fixtures that several tests share: synthetic mice, a trained model, the reference data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amgs.model.training.options import TrainingOptions
from amgs.model.training.sets import load_training_set
from amgs.model.training.train import train_model
from amgs.simulate import write_synthetic_faces

SHARED = Path(__file__).parents[2] / "shared"


LANES = {"browser": "browser", "postgres_address": "postgres"}
"""Fixture → marker of every test that needs it, so that no such test is without."""

SLOW_FOLDERS = {"truth", "integration", "upgrades", "web"}
"""Whole programs and servers run there; other slow tests are marked where they stand."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark lanes, and begin with what takes longest, so that no core waits for it at the end."""
    for item in items:
        for fixture, marker in LANES.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
        if "[postgresql]" in item.name:  # asked for by a parameter, not by its name
            item.add_marker("postgres")
        if item.path.parent.name in SLOW_FOLDERS:
            item.add_marker("slow")
    order = {path: rank for rank, path in enumerate(_longest_first(items))}
    items.sort(key=lambda item: order[item.path])  # stable: tests of a file keep their order


def _longest_first(items: list[pytest.Item]) -> list[Path]:
    paths = list(dict.fromkeys(item.path for item in items))
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    first = [path for path in paths if path.parent.name == "truth"]
    return [*first, *sorted(set(slow) - set(first)), *(p for p in paths if p not in slow)]


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the user's cache out of the tests."""
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("AMGS_CACHE")
    os.environ["AMGS_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["AMGS_CACHE"]
    else:
        os.environ["AMGS_CACHE"] = before


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten synthetic mice with ten faces each, and their labels.csv."""
    return write_synthetic_faces(tmp_path_factory.mktemp("cohort"), 10, 10, seed=1)


@pytest.fixture(scope="session")
def model_folder(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on the synthetic mice by the paper's recipe."""
    folder = tmp_path_factory.mktemp("models") / "paper"
    train_model(load_training_set(cohort), folder, TrainingOptions(recipe="paper"))
    return folder


@pytest.fixture
def make_image(tmp_path: Path):
    """Return a function that writes a small random image and returns its path."""
    rng = np.random.default_rng(7)

    def make(name: str, size: tuple[int, int] = (40, 48), mode: str = "RGB") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(path)
        return path

    return make


@pytest.fixture(scope="session")
def authors_log() -> Path:
    """The original authors' log, where the reference data are at hand."""
    path = SHARED / "data/authors/log-v3.csv"
    if not path.exists():
        pytest.skip("the reference data are not here")
    return path


@pytest.fixture(scope="session")
def authors_faces() -> list[Path]:
    """Face images of the original authors, where the reference data are at hand."""
    paths = sorted((SHARED / "data/authors").glob("*.jpg"))
    if not paths:
        pytest.skip("the reference data are not here")
    return paths


@pytest.fixture(scope="session")
def shared_photographs() -> Path:
    """Photographs with marked faces, where the reference data are at hand."""
    folder = SHARED / "data/mouse_photos"
    if not folder.exists():
        pytest.skip("the reference data are not here")
    return folder
