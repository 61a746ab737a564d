"""Tables of results are refused only where somebody changed them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from amgs.errors import StudyError
from amgs.study import Study
from amgs.study import results as module
from amgs.study.results import require_unchanged, write_result


def test_two_commands_note_their_own_tables(tmp_path: Path) -> None:
    """Neither undoes the other's note."""
    Study.create(tmp_path / "s").store.close()

    def work(name: str) -> None:
        with Study.open(tmp_path / "s") as study:
            for number in range(30):
                write_result(study, study.results / name, ["a"], [[number]])

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, ["one.csv", "two.csv"]))


def test_a_run_that_ends_before_its_note_changed_nothing_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run goes on; what is typed into a noted table is still refused."""
    with Study.create(tmp_path / "s") as study:
        path = study.results / "one.csv"
        write_result(study, path, ["a"], [[1]])
        monkeypatch.setattr(module, "note_written", lambda *_: None)
        write_result(study, path, ["a"], [[2]])
        monkeypatch.undo()
        write_result(study, path, ["a"], [[3]])
        path.write_text("a\n4\n", encoding="utf-8")
        with pytest.raises(StudyError, match="changed by hand"):
            require_unchanged(study, path)
