"""Parts of the lab without a page: plots, long work, recent studies, what loads what."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from amgs.errors import ConflictError
from amgs.study import Study
from amgs.study.exporting import suffix_of
from amgs.web.lab.plots import (
    Bar,
    Column,
    Point,
    clock,
    interval_plot,
    strip_plot,
    ticks,
    time_line,
)
from amgs.web.lab.recent import forget, list_recent, mark_of, remember
from amgs.web.lab.reporting import FORMS
from amgs.web.lab.work import Work, WorkBoard, say_left


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (-30, 100, [-50, 0, 50, 100]),
        (0, 0, [0]),
        (0.2, 0.9, [0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_ticks_are_round_and_hold_all(low: float, high: float, marks: list[float]) -> None:
    """The first is at most the lowest value, the last at least the highest."""
    assert ticks(low, high) == marks


def test_points_of_a_plot_are_links_that_say_what_they_are() -> None:
    """What comes from a study is escaped; equal values stand beside each other."""
    points = [Point(1.0, "<b>&", "/x?a=1&b=2"), Point(1.0, "m2", "/m2")]
    drawn = str(strip_plot([Column("sham & co", points, 1.0, 0.5, 1.5)], "axis", "title"))
    assert drawn.count("<a href=") == 2
    assert "<b>" not in drawn
    assert "&lt;b&gt;&amp;" in drawn
    assert "sham &amp; co" in drawn
    assert "2 animals" in drawn
    places = [part.split('"')[1] for part in drawn.split("<circle")[1:] for part in [part[18:]]]
    assert len(places) == 2
    assert drawn.count('cx="') == len({piece.split('"')[0] for piece in drawn.split('cx="')[1:]})


def test_a_time_line_shows_images_sleep_and_gaps() -> None:
    """Short recordings have seconds on their axis, long ones minutes."""
    short = str(time_line(24.0, [Point(0.5, "p", "/p", "", 3.0)], "t", sleep=[(5, 9)]))
    long = str(time_line(1200.0, [], "t", gaps=[(0, 60)]))
    assert "5 s<" in short
    assert "possible sleep, 0:05.0 to 0:09.0" in short
    assert "5 min<" in long
    assert "no image was kept" in long


def test_intervals_cross_the_line_of_no_difference() -> None:
    """Every bar has its words; without bars there is no plot."""
    drawn = str(interval_plot([Bar("as reported", 5, -1, 11, "5 (p = 0.1)")], "axis", "title"))
    assert "5 (p = 0.1)" in drawn
    assert str(interval_plot([], "axis", "title")) == ""


def test_times_are_written_as_clocks_show_them() -> None:
    """Minutes, seconds, tenths; rounding carries over."""
    assert [clock(s) for s in (0, 1.25, 59.96, 61, 3600)] == [
        *("0:00.0", "0:01.2", "1:00.0", "1:01.0", "60:00.0"),
    ]


def test_remaining_time_is_said_in_round_words() -> None:
    """Seconds, minutes, hours."""
    assert say_left(2) == "about 5 s left"
    assert say_left(300) == "about 5 min left"
    assert say_left(9000) == "about 2.5 h left"


def test_progress_is_taken_up() -> None:
    """A new step begins its own time; a result or a problem ends it."""
    work = Work(1, "extract", "Extracting", "a", {})
    work.note({"step": "first", "done": 0, "total": 10})
    assert work.seconds_left is None
    work.step_began -= 10
    work.note({"step": "first", "done": 5, "total": 10})
    assert work.seconds_left == pytest.approx(10, abs=1)
    work.note({"warning": "look"})
    work.note({"result": {"faces": 3}})
    assert (work.state, work.told, work.result) == ("done", ["look"], {"faces": 3})
    assert work.seconds_left is None


def wait_for(work: Work, seconds: float = 60) -> None:
    """Wait until work is over."""
    until = time.monotonic() + seconds
    while work.at_work and time.monotonic() < until:
        time.sleep(0.05)


def test_work_that_fails_says_why(tmp_path: Path) -> None:
    """An explained error in its words; two of one study do not run at a time."""
    board = WorkBoard()
    work = board.start("convert", "Checking", "s", {"study": str(tmp_path / "nowhere")})
    with pytest.raises(ConflictError, match="Checking"):
        board.start("convert", "Again", "s", {"study": "x"})
    wait_for(work)
    assert work.state == "failed"
    assert "Expected a study" in work.problem
    broken = board.start("nonsense", "Nonsense", "s")
    wait_for(broken)
    assert broken.state == "failed"
    assert "nonsense" in broken.problem


def test_work_that_cannot_begin_blocks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk for a moment: the next try begins."""
    board = WorkBoard()

    def full() -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("amgs.web.lab.work.tempfile.TemporaryFile", full)
        with pytest.raises(OSError, match="No space"):
            board.start("nonsense", "Nonsense", "s")
    assert board.of_study("s") is None
    work = board.start("nonsense", "Nonsense", "s")
    wait_for(work)
    assert work.state == "failed"


def test_work_is_ended_in_order(tmp_path: Path) -> None:
    """Its process is gone after it was stopped, and also when all are."""
    board = WorkBoard()
    first = board.start("demo", "Demo", "", {"folder": str(tmp_path / "demo"), "small": True})
    until = time.monotonic() + 60
    while not first.step and time.monotonic() < until:
        time.sleep(0.05)
    group = board._processes[first.number].pid
    board.stop(first.number)
    wait_for(first)
    assert first.state == "stopped"
    if sys.platform != "win32":
        with pytest.raises(ProcessLookupError):  # nor is any process that it began
            os.killpg(group, 0)
    assert not (tmp_path / "demo").exists()  # nothing half-made
    second = board.start("demo", "Demo", "", {"folder": str(tmp_path / "demo"), "small": True})
    board.stop_all(patience_s=20)
    wait_for(second, 5)
    assert not second.at_work


def test_recent_studies_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one first; a damaged list is no list."""
    monkeypatch.setenv("AMGS_DATA", str(tmp_path / "data"))
    assert list_recent() == []
    for name in ("a", "b", "a"):
        remember(tmp_path / name)
    assert list_recent() == [tmp_path / "a", tmp_path / "b"]
    forget(tmp_path / "a")
    assert list_recent() == [tmp_path / "b"]
    assert mark_of(tmp_path / "a") != mark_of(tmp_path / "b")
    (tmp_path / "data" / "recent.json").write_text("[1", encoding="utf-8")
    assert list_recent() == []


def test_the_lab_itself_loads_nothing_large(tmp_path: Path) -> None:
    """Its process holds the web and the store; what computes is loaded in others."""
    Study.create(tmp_path / "study").store.close()
    code = (
        "import sys; from pathlib import Path\n"
        "import amgs.web.lab.app\n"
        "from amgs.study import Study\n"
        "from amgs.study.curation import curate\n"
        "from amgs.web.lab.overviews import describe_study\n"
        f"study = Study.open(Path({str(tmp_path / 'study')!r}))\n"
        "describe_study(study); curate(study)\n"
        "print([m for m in ('pandas', 'scipy', 'sklearn', 'skimage', 'matplotlib', 'onnxruntime',"
        " 'av') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_can_be_saved_ends_as_its_form_does() -> None:
    """The lab's list of forms says how their files end without loading what writes them."""
    assert {form: suffix for form, suffix, _ in FORMS} == {
        form: suffix_of(form) for form, _, _ in FORMS
    }


@pytest.mark.skipif(sys.platform != "linux", reason="icons are other files on other systems")
def test_an_icon_starts_the_lab(tmp_path: Path) -> None:
    """On the desktop and among the applications."""
    (tmp_path / "Desktop").mkdir()
    command = [sys.executable, "-m", "amgs", "lab", "--shortcut"]
    subprocess.run(command, check=True, env={**os.environ, "HOME": str(tmp_path)})
    icons = list(tmp_path.rglob("*.desktop"))
    assert len(icons) == 2
    for icon in icons:
        assert re.search(r"^Exec=\S*python\S* -m amgs lab$", icon.read_text(), re.MULTILINE)


def test_the_program_alone_shows_its_help_where_nobody_looks() -> None:
    """In a terminal it opens the lab; in a script it must not wait for ever."""
    done = subprocess.run(
        [sys.executable, "-m", "amgs"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "amgs lab" in done.stdout
