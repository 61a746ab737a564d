"""Years of work are safe: killed at any moment, moved, upgraded, or opened by the wrong amgs."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from amgs.errors import StoreError, StoreTooNewError
from amgs.store import Answer, FaceRecord, SourceRecord, StoredPrediction, open_store
from amgs.store.base import now
from amgs.store.records import WHOLE_IMAGE
from amgs.store.tables import metadata
from amgs.vocabulary import call_pain

OLD = Path(__file__).parent / "data"
UNITS = ("orbital_tightening", "ear_position")
KILLS = 200


def _score_until_killed(folder: Path, number: int, report: int) -> None:
    """Answer without end; every answer that is said to be saved is written to the pipe."""
    store = open_store(folder)
    rater = store.raters.all()[0]
    for shown in store.scoring.order(rater.id)[number % 50 :]:
        for unit in UNITS:
            known = store.scoring.answers(shown.id).get(unit)
            # Another one than before: what changes nothing is not written down.
            score = random.choice([s for s in range(3) if known is None or s != known.score])
            store.scoring.save(shown, Answer(unit, score), now())
            os.write(report, f"{shown.position},{unit},{score};".encode())
            if random.random() < 0.2:
                store.scoring.undo(rater.id, now())
                os.write(report, f"{shown.position},{unit},undone;".encode())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
@pytest.mark.slow
def test_killed_hundreds_of_times_no_answer_is_lost_or_halved(tmp_path: Path) -> None:
    """SIGKILL at arbitrary moments; what was said to be saved is there, and nothing half."""
    with open_store(tmp_path, create=True) as store:
        store.sources.put([SourceRecord("r", "r", recording="r")])
        store.faces.add(
            [FaceRecord(f"f{i}.jpg", "r", f"{i:064d}") for i in range(400)], {"step": "test"}
        )
        rater = store.raters.add("Anna", "hash")
        store.scoring.plan(rater.id, 0, [(face.id, False) for face in store.faces.all()])
    generator = random.Random(5)
    logged = 0
    for number in range(KILLS):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                _score_until_killed(tmp_path, number, writer)
            finally:
                os._exit(1)
        os.close(writer)
        said = os.read(reader, 1)  # it is at work
        time.sleep(generator.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while chunk := os.read(reader, 65536):
            said += chunk
        os.close(reader)
        assert said
        entries = [entry.split(",") for entry in said.decode().split(";") if entry]
        kept = _log(tmp_path)[logged:]
        # The one write in progress may have been kept without having been reported.
        assert len(entries) <= len(kept) <= len(entries) + 1
        for (position, unit, said_score), (place, kind, after) in zip(entries, kept, strict=False):
            assert place == int(position)
            assert kind == ("undo" if said_score == "undone" else "answer")
            assert kind == "undo" or after[unit] == int(said_score)
        logged += len(kept)
        _check_answers_follow_from_the_log(tmp_path)
    with closing(sqlite3.connect(tmp_path / "study.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _log(folder: Path) -> list[tuple[int, str, dict[str, int]]]:
    """Return place, kind and the answers afterwards of every line of the log."""
    with closing(sqlite3.connect(folder / "study.db")) as database:
        rows = database.execute(
            "SELECT position, kind, after FROM answer_log "
            "JOIN presentation ON presentation.id = presentation_id ORDER BY answer_log.id"
        ).fetchall()
    return [
        (position, kind, {entry["unit"]: entry["score"] for entry in json.loads(after)})
        for position, kind, after in rows
    ]


def _check_answers_follow_from_the_log(folder: Path) -> None:
    """The answers in force are those of the last line of the log for every place."""
    found: dict[int, dict[str, int]] = {}
    with closing(sqlite3.connect(folder / "study.db")) as database:
        for place, unit, score in database.execute(
            "SELECT position, unit, score FROM answer "
            "JOIN presentation ON presentation.id = presentation_id"
        ):
            found.setdefault(place, {})[unit] = score
    for place, after in {place: after for place, _, after in _log(folder)}.items():
        assert found.get(place, {}) == after


def test_a_copied_folder_works(tmp_path: Path) -> None:
    """Another machine, another drive: nothing in the store knows where it lies."""
    first, second = tmp_path / "first", tmp_path / "second place? #1 %20"
    first.mkdir()
    with open_store(first, create=True) as store:
        store.sources.put([SourceRecord("r", "r", recording="r")])
        store.faces.add([FaceRecord("faces/a.jpg", "r", "0" * 64)], {})
    shutil.copytree(first, second)
    shutil.rmtree(first)
    with open_store(second) as store:
        assert store.faces.count() == 1
    assert str(tmp_path).encode() not in (second / "study.db").read_bytes()


@pytest.mark.parametrize("path", sorted(OLD.glob("*.db")), ids=lambda p: p.stem)
def test_old_studies_are_brought_up_to_date(path: Path, tmp_path: Path) -> None:
    """Nothing of what an older amgs kept is lost, and a copy of the old file stays."""
    shutil.copy(path, tmp_path / "study.db")
    with open_store(tmp_path) as store:
        assert [face.time_s for face in store.faces.all()] == [0.0, 10.0, 20.0, 30.0]
        (rater,) = store.raters.all()
        assert rater.name == "Änne"
        first, second = store.scoring.order(rater.id)[:2]
        assert store.scoring.answers(first.id) == {
            "orbital_tightening": Answer("orbital_tightening", 2),
            "ear_position": Answer("ear_position", None),
        }
        assert store.scoring.answers(second.id)[WHOLE_IMAGE].reason == "blurred"
        marks = [shown.mark for shown in store.scoring.order(rater.id)]
        assert len(set(marks)) == len(marks)
        assert min(len(mark) for mark in marks) == 32
        assert store.predictions.all("a" * 64) == [
            StoredPrediction("faces/a/0.jpg", call_pain(0.75))
        ]
        assert store.events.all("unblinded")[0]["reason"] == "all scored"
        assert store.raters.course(rater.id) == []
    copies = list(tmp_path.glob("study-before-upgrade-from-*.db"))
    assert len(copies) == 1
    with closing(sqlite3.connect(copies[0])) as old:
        assert old.execute("SELECT count(*) FROM face").fetchone() == (4,)


def test_the_upgrades_end_at_the_tables_of_the_program(tmp_path: Path) -> None:
    """A change of the tables without an upgrade, or the other way round, is found here."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from amgs.store.engine import make_engine

    open_store(tmp_path, create=True).close()
    engine = make_engine(f"sqlite:///{(tmp_path / 'study.db').as_posix()}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_newer_study_is_left_alone(tmp_path: Path) -> None:
    open_store(tmp_path, create=True).close()
    with closing(sqlite3.connect(tmp_path / "study.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    before = (tmp_path / "study.db").read_bytes()
    with pytest.raises(StoreTooNewError, match="Install a newer amgs"):
        open_store(tmp_path)
    assert (tmp_path / "study.db").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "Was it moved"), (b"not a database at all, but text" * 40, "cannot be opened")],
)
def test_what_is_no_store_stops(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "study.db").write_bytes(content)
    with pytest.raises(StoreError, match=message):
        open_store(tmp_path)


def test_an_address_without_its_driver_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="amgs\\[postgres\\]"):
        open_store(tmp_path, "nosuch+driver://host/name")


OPENS = """
import sys
from pathlib import Path
from amgs.store import open_store

print("ready", flush=True)
sys.stdin.readline()
open_store(Path(sys.argv[1])).close()
"""


@pytest.mark.slow
def test_several_programs_that_upgrade_at_once_keep_the_old_file(tmp_path: Path) -> None:
    """The copy is of the old version, whoever came first."""
    (path, *_) = sorted(OLD.glob("*.db"))
    for attempt in range(3):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        shutil.copy(path, folder / "study.db")
        programs = [
            subprocess.Popen(
                [sys.executable, "-c", OPENS, str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(4)
        ]
        for program in programs:  # until all have imported what they need
            assert program.stdout is not None
            assert program.stdout.readline().strip() == b"ready"
        for program in programs:
            program.communicate(b"\n")
        assert [program.returncode for program in programs] == [0] * 4
        (copy,) = folder.glob("study-before-upgrade-from-*.db")
        with closing(sqlite3.connect(copy)) as old:
            version = old.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        assert version in copy.name
        with open_store(folder) as store:
            assert store.faces.count() == 4


def test_an_old_file_that_was_put_back_is_kept_too(tmp_path: Path) -> None:
    """It may have been worked with by the old program: the second copy is not the first."""
    path = next(OLD.glob("*.db"))
    shutil.copy(path, tmp_path / "study.db")
    open_store(tmp_path).close()
    for beside in tmp_path.glob("study.db*"):
        beside.unlink()
    shutil.copy(path, tmp_path / "study.db")
    with closing(sqlite3.connect(tmp_path / "study.db")) as database:
        database.execute("UPDATE rater SET name = 'later'")
        database.commit()
    open_store(tmp_path).close()
    names = set()
    for copy in tmp_path.glob("study-before-upgrade-from-*.db"):
        with closing(sqlite3.connect(copy)) as kept:
            names.add(kept.execute("SELECT name FROM rater").fetchone()[0])
    assert len(names) == 2
    assert "later" in names


def test_an_empty_file_is_no_study(tmp_path: Path) -> None:
    """A copy to a full disk leaves one: scores must not seem to be gone without a word."""
    (tmp_path / "study.db").touch()
    with pytest.raises(StoreError, match="Put back a copy"):
        open_store(tmp_path)
    assert (tmp_path / "study.db").read_bytes() == b""
    with closing(sqlite3.connect(tmp_path / "study.db")) as database:
        database.execute("CREATE TABLE other (x)")
        database.commit()
    with pytest.raises(StoreError, match="of another program"):
        open_store(tmp_path)
    with closing(sqlite3.connect(tmp_path / "study.db")) as database:
        tables = database.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("other",)]


def test_a_copy_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    """A full disk or a kill while an old study is copied: an empty file is no copy of it."""
    path = next(OLD.glob("*.db"))
    with closing(sqlite3.connect(path)) as database:
        (version,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
    shutil.copy(path, tmp_path / "study.db")
    copy = tmp_path / f"study-before-upgrade-from-{version}.db"
    copy.touch()
    open_store(tmp_path).close()
    with closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("SELECT version_num FROM alembic_version").fetchone() == (version,)
    assert list(tmp_path.glob(".*")) == []


def test_a_copy_that_cannot_be_made_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is changed: the study is as old as it was."""
    shutil.copy(next(OLD.glob("*.db")), tmp_path / "study.db")
    before = (tmp_path / "study.db").read_bytes()

    def full(*_: object) -> None:
        raise StoreError("The database could not be copied: the disk is full.")

    monkeypatch.setattr("amgs.store.opening.copy_database", full)
    with pytest.raises(StoreError, match="disk is full"):
        open_store(tmp_path)
    assert list(tmp_path.glob("*before-upgrade*")) == []
    assert len((tmp_path / "study.db").read_bytes()) == len(before)


def test_a_study_is_opened_while_another_program_writes(tmp_path: Path) -> None:
    """Who reads needs no lock."""
    open_store(tmp_path, create=True).close()
    with closing(sqlite3.connect(tmp_path / "study.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        open_store(tmp_path)
        assert time.monotonic() - begun < 20
        other.execute("ROLLBACK")
