"""After any sequence of slips and corrections, results are those of a fresh study of the last table.

And every decision can still be read: no answer is lost, no exclusion forgotten.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from amgs.images import read_image
from amgs.store import FaceRecord
from amgs.study import Study
from amgs.study.actions import list_decisions
from amgs.study.exclusions import Exclusion
from amgs.study.present import present
from amgs.study.ratings_table import finished_answers
from amgs.study.summarising import SummaryChoice
from cubicles import COLUMNS, add_blink, film, is_in_pain, score_all, write_rows
from marked import MarkDetector

VIDEOS = ("baseline", "24h")
PERIODS = (("", ""), ("", "0:08"), ("0:04", ""))
ZONES = ("left", "right")
RATER = "Ada"

pytestmark = pytest.mark.slow


class Interrupted(RuntimeError):
    """Stands for a plug that is pulled."""


class Fragile(Executor):
    """Works on one item after the other, and breaks off after some."""

    def __init__(self, lasts: int) -> None:
        self.left = lasts

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `Executor.submit`."""
        self.left -= 1
        if self.left < 0:
            raise Interrupted
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two takes of every video: in the second one the other mouse is in pain."""
    folder = tmp_path_factory.mktemp("takes")
    for number, name in enumerate(VIDEOS):
        for take in range(2):
            shut = {"left": (number + take) % 2 == 1, "right": (number + take) % 2 == 0}
            film(folder, f"{name}_{take}", shut, seconds=12, place=3 * number + take)
    return folder / "videos"


class Laboratory(RuleBasedStateMachine):
    """One study and its people."""

    films: Path

    @initialize()
    def begin(self) -> None:
        self.place = Path(tempfile.mkdtemp())
        self.study = Study.create(self.place / "study", settings={("extract", "interval_s"): 4.0})
        self.settings = {"interval_s": "4.0", "margin": "0.15"}
        self.code = ""
        self.names = {"left": "m1", "right": "m2"}
        self.groups = {"left": "a", "right": "b"}
        self.swapped = dict.fromkeys(VIDEOS, False)
        self.takes = dict.fromkeys(VIDEOS, 0)
        self.period = {(video, zone): 0 for video in VIDEOS for zone in ZONES}
        self.gone: set[tuple[str, str]] = set()
        self.decisions = 0
        self.answers = 0
        for video in VIDEOS:
            self._put(video)
        self._write()
        self._extract()

    def _put(self, video: str) -> None:
        target = self.study.folder / "videos" / f"{video}.mp4"
        shutil.copy(self.films / f"{video}_{self.takes[video]}.mp4", target)

    def _rows(self) -> list[list[str]]:
        rows = []
        for video in VIDEOS:
            for zone in ZONES:
                if (video, zone) in self.gone:
                    continue
                other = {"left": "right", "right": "left"}[zone]
                shown = other if self.swapped[video] else zone
                cut = PERIODS[self.period[video, zone]]
                mouse = (self.names[zone], self.groups[zone])
                rows.append([*mouse, video, f"videos/{video}.mp4", shown, *cut])
        return rows

    def _write(self) -> None:
        write_rows(self.study, self._rows(), (*COLUMNS, "from", "to"))

    def _extract(self, study: Study | None = None, executor: Executor | None = None) -> None:
        (study or self.study).extract(
            detector=MarkDetector(), new_generation=True, executor=executor
        )

    @rule(video=st.sampled_from(VIDEOS))
    def swap_left_and_right(self, video: str) -> None:
        self.swapped[video] = not self.swapped[video]
        self._write()

    @rule(zone=st.sampled_from(ZONES), name=st.sampled_from(("m1", "m2", "m7", "m8")))
    def name_an_animal(self, zone: str, name: str) -> None:
        if name not in self.names.values() and not self.study.exclusions().rows:
            self.names[zone] = name
            self._write()

    @rule(zone=st.sampled_from(ZONES), group=st.sampled_from("abc"))
    def correct_a_group(self, zone: str, group: str) -> None:
        self.groups[zone] = group
        self._write()

    @rule(video=st.sampled_from(VIDEOS))
    def replace_a_video(self, video: str) -> None:
        self.takes[video] = 1 - self.takes[video]
        self._put(video)

    @rule(
        video=st.sampled_from(VIDEOS),
        zone=st.sampled_from(ZONES),
        period=st.integers(0, len(PERIODS) - 1),
    )
    def cut_a_period(self, video: str, zone: str, period: int) -> None:
        self.period[video, zone] = period
        self._write()

    @rule(video=st.sampled_from(VIDEOS), zone=st.sampled_from(ZONES))
    def take_a_row_away_or_back(self, video: str, zone: str) -> None:
        key = (video, zone)
        if key in self.gone:
            self.gone.remove(key)
        elif not self.gone and not self.study.exclusions().rows:
            self.gone.add(key)  # one at most: without a baseline a table is a fault
        self._write()

    @rule(name=st.sampled_from(("interval_s", "margin")))
    def change_a_setting(self, name: str) -> None:
        values = {"interval_s": ("4.0", "6.0"), "margin": ("0.15", "0.3")}[name]
        before = self.settings[name]
        self.settings[name] = values[1 - values.index(before)]
        path = self.study.folder / "study.toml"
        text = path.read_text("utf-8")
        changed = text.replace(f"{name} = {before}", f"{name} = {self.settings[name]}")
        assert changed != text
        path.write_text(changed, "utf-8")
        self.study.store.close()
        self.study = Study.open(self.study.folder)

    @rule()
    def extract(self) -> None:
        self._extract()

    @rule(lasts=st.integers(0, 5))
    def extract_until_the_plug_is_pulled(self, lasts: int) -> None:
        try:
            self._extract(executor=Fragile(lasts))
        except Interrupted:
            self.study.store.close()
            self.study = Study.open(self.study.folder)

    @rule(n=st.integers(1, 4))
    def score(self, n: int) -> None:
        before = self.study.store.scoring.count_log()
        self.code = score_all(self.study, RATER, n, self.code)
        self.answers += self.study.store.scoring.count_log() - before

    @rule()
    def classify(self) -> None:
        self.study.classify("blink")

    @precondition(lambda self: self.study.store.faces.count() > 0)
    @rule(data=st.data())
    def leave_something_out(self, data: st.DataObject) -> None:
        rows = self._rows()
        kind = data.draw(st.sampled_from(("animal", "recording", "period", "face")))
        row = data.draw(st.sampled_from(rows))
        name = {"animal": row[0], "face": ""}.get(kind, f"{row[0]}_{row[2]}")
        if kind == "face":
            name = data.draw(st.sampled_from(self.study.store.faces.all())).image
        cut = ("0", "0:05") if kind == "period" else ("", "")
        known = {e.key for e in self.study.exclusions().rows}
        exclusion = Exclusion(kind, name, "a slip", *cut)
        self.study.exclude([exclusion])
        self.decisions += exclusion.key not in known

    @precondition(lambda self: bool(self.study.exclusions().rows))
    @rule(data=st.data())
    def take_something_in_again(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.study.exclusions().rows))
        self.study.include(row.kind, row.name, row.start, row.stop)
        self.decisions += 1

    @invariant()
    def nothing_is_forgotten(self) -> None:
        if not hasattr(self, "study"):
            return
        assert self.study.store.scoring.count_log() == self.answers
        assert len(list_decisions(self.study.store.events)) == self.decisions

    def teardown(self) -> None:
        if not hasattr(self, "study"):
            return
        try:
            self._compare_with_a_fresh_one()
        finally:
            self.study.store.close()
            shutil.rmtree(self.place)

    def _compare_with_a_fresh_one(self) -> None:
        self._extract()
        chosen = {("extract", name): float(value) for name, value in self.settings.items()}
        with Study.create(self.place / "fresh", settings=chosen) as fresh:
            shutil.copytree(
                self.study.folder / "videos", fresh.folder / "videos", dirs_exist_ok=True
            )
            write_rows(fresh, self._rows(), (*COLUMNS, "from", "to"))
            self._extract(fresh)
            self._exclude_the_same(fresh)
            here, there = _faces(self.study), _faces(fresh)
            assert here.keys() == there.keys()
            for key, face in here.items():
                expected = (fresh.folder / there[key].image).read_bytes()
                assert (self.study.folder / face.image).read_bytes() == expected
            now = present(self.study)
            if now.faces:
                summaries = []
                for study in (self.study, fresh):
                    study.classify("blink")
                    summaries.append(study.summarise(SummaryChoice("blink")).rows)
                assert summaries[0] == summaries[1]
            self._scores_are_of_the_faces()

    def _exclude_the_same(self, fresh: Study) -> None:
        """Leave out the same in the fresh study, where a face may be filed under another name."""
        everything = {f.image: f for f in self.study.store.faces.all(retired=True)}
        names = {_key(f): f.image for f in fresh.store.faces.all()}
        for row in self.study.exclusions().rows:
            name = row.name
            if row.kind == "face":
                name = names.get(_key(everything[row.name]), "")
            if name:
                fresh.exclude([Exclusion(row.kind, name, row.reason, row.start, row.stop)])

    def _scores_are_of_the_faces(self) -> None:
        answers = finished_answers(present(self.study).ratings, self.study.scale.unit_names)
        for image, by_rater in answers.items():
            true = 2 if is_in_pain(read_image(self.study.folder / image)) else 0
            for scores in by_rater.values():
                assert set(scores.values()) == {true}


def _key(face: FaceRecord) -> tuple[object, ...]:
    box = tuple(face.detail.get(f"box_{c}") for c in ("x1", "y1", "x2", "y2"))
    return face.recording, face.frame, face.time_s, box


def _faces(study: Study) -> dict[tuple[object, ...], FaceRecord]:
    return {_key(face): face for face in present(study).faces}


def test_any_order_of_corrections(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state machine, with a model that is always right."""
    from hypothesis.stateful import run_state_machine_as_test

    add_blink(monkeypatch)
    Laboratory.films = films
    run_state_machine_as_test(
        Laboratory,
        settings=settings(
            max_examples=15,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
            phases=[Phase.generate],
        ),
    )
