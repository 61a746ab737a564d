"""Files and folders appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from amgs.errors import OutputExistsError
from amgs.files import (
    atomic_file,
    atomic_folder,
    refuse_to_replace_file,
    refuse_to_replace_scores,
    write_json,
)


def test_a_file_appears_when_all_went_well(tmp_path: Path) -> None:
    """Nothing but the file itself is left."""
    with atomic_file(tmp_path / "new/a.txt") as temporary:
        temporary.write_text("x")
        assert not (tmp_path / "new/a.txt").exists()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.txt"]


def test_a_failed_file_leaves_the_old_one(tmp_path: Path) -> None:
    """An error on the way changes nothing."""
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_bytes_are_on_the_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut right after the renaming leaves the old content or the new one."""
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    named: list[str] = []
    write_through = os.fsync

    def note(number: int) -> None:
        write_through(number)
        named.append(path.read_text(encoding="utf-8"))

    monkeypatch.setattr("os.fsync", note)
    with atomic_file(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
    assert named == ["old"]
    assert path.read_text(encoding="utf-8") == "new"


def test_a_failed_folder_leaves_the_old_one(tmp_path: Path) -> None:
    """A model that could not be replaced is still the model."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model/head.npz").write_text("old")
    with (
        pytest.raises(RuntimeError),
        atomic_folder(tmp_path / "model", "head.npz", overwrite=True) as work,
    ):
        (work / "head.npz").write_text("half")
        raise RuntimeError
    assert (tmp_path / "model/head.npz").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_is_replaced_only_if_allowed(tmp_path: Path) -> None:
    """The message names both ways out."""
    for _ in range(2):
        with atomic_folder(tmp_path / "model", "a", overwrite=True) as work:
            (work / "a").write_text("x")
    with (
        pytest.raises(OutputExistsError, match="--out, or allow it with --overwrite"),
        atomic_folder(tmp_path / "model", "a"),
    ):
        pass


def test_json_refuses_nan(tmp_path: Path) -> None:
    """A NaN in a result is a fault of ours, never a number."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"p": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path) -> None:
    """`--out . --overwrite` must not delete a laboratory's videos."""
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos/1.mp4").write_text("x")
    with (
        pytest.raises(
            OutputExistsError, match=r"not written by this command \(there is no card\.json in it\)"
        ),
        atomic_folder(tmp_path / "videos", "card.json", overwrite=True),
    ):
        pass
    assert (tmp_path / "videos/1.mp4").read_text() == "x"


def test_a_folder_is_no_place_for_a_file(tmp_path: Path) -> None:
    """`--out results/` is told to name a file in it."""
    with pytest.raises(OutputExistsError, match="Name a file in it"):
        refuse_to_replace_file(tmp_path, ("a",), overwrite=True)


def test_labels_and_scores_of_people_are_never_replaced(tmp_path: Path) -> None:
    """Whatever allows to overwrite: nobody can make them again."""
    for header in ("image,label", "image;Rater;mgs"):
        path = tmp_path / "a.csv"
        path.write_text(f"{header}\n", encoding="utf-8")
        with pytest.raises(OutputExistsError, match="people gave"):
            refuse_to_replace_scores(path)
    path.write_text("animal,pct_pain\n", encoding="utf-8")
    refuse_to_replace_scores(path)
    refuse_to_replace_scores(tmp_path / "none.csv")
