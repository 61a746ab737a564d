"""Settings come from the environment and are checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from amgs.config import cache_folder, thread_count
from amgs.errors import ImpossibleValueError


def test_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster job sets its own number."""
    monkeypatch.setenv("AMGS_THREADS", "3")
    assert thread_count() == 3
    monkeypatch.delenv("AMGS_THREADS")
    assert thread_count() >= 1


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_impossible_threads(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is guessed."""
    monkeypatch.setenv("AMGS_THREADS", value)
    with pytest.raises(ImpossibleValueError, match="whole number of at least 1"):
        thread_count()


def test_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder can be put elsewhere."""
    monkeypatch.setenv("AMGS_CACHE", str(tmp_path / "c"))
    assert cache_folder() == tmp_path / "c"
