"""Slips of a real laboratory, corrected in the table: results are those of the corrected study."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from amgs.cohort.comparison import ComparisonChoice
from amgs.errors import StudyError, UnknownNameError, UnreadableVideoError
from amgs.scoring.labels import NOT_SCORED
from amgs.study import Study
from amgs.study.actions import list_decisions
from amgs.study.exclusions import Exclusion
from amgs.study.summarising import SummaryChoice, last_choice
from cubicles import COLUMNS, BlinkReader, add_blink, film, score_all, write_rows
from marked import MarkDetector, Mouse, video_of
from program import amgs
from small import ANY_NUMBER
from videos import KINDS, write_video

ROWS = [
    [animal, group, timepoint, f"videos/{timepoint}.mp4", zone]
    for animal, group, zone in (("m1", "sham", "left"), ("m2", "surgery", "right"))
    for timepoint in ("baseline", "24h")
]


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two animals in two cubicles; the right one is in pain after a day."""
    folder = tmp_path_factory.mktemp("corrections") / "study"
    with Study.create(folder, settings=ANY_NUMBER) as study:
        film(folder, "baseline", {"left": False, "right": False})
        film(folder, "24h", {"left": False, "right": True}, place=5)
        write_rows(study, ROWS)
        study.extract(detector=MarkDetector())
    return folder


@pytest.fixture
def study(filmed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    add_blink(monkeypatch)
    shutil.copytree(filmed, tmp_path / "study")
    with Study.open(tmp_path / "study") as opened:
        yield opened


def extract(study: Study, **options: bool):
    return study.extract(detector=MarkDetector(), **options)


def pct_pain(study: Study, **choice: object) -> dict[tuple[str, str], float | None]:
    """Return % pain of every animal and timepoint, from a model that is always right."""
    study.classify("blink")
    rows = study.summarise(SummaryChoice("blink", **choice)).rows
    return {(r["animal"], r["timepoint"]): r["pct_pain"] for r in rows}


def reasons(study: Study) -> dict[tuple[str, str], str]:
    rows = study.summarise(SummaryChoice("blink")).rows
    return {(r["animal"], r["timepoint"]): r["reason"] for r in rows}


def set_text(study: Study, old: str, new: str, name: str = "study.toml") -> Study:
    path = study.folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return Study.open(study.folder)


def unscored(study: Study) -> int:
    return study.label()[1].get(NOT_SCORED, 0)


def swapped(zone: str) -> str:
    return {"left": "right", "right": "left"}[zone]


class TestTheTableIsTheTruth:
    def test_left_and_right_swapped(self, study: Study) -> None:
        """The slip that changed nothing, and nobody said so."""
        assert pct_pain(study) == {
            ("m1", "baseline"): 0,
            ("m1", "24h"): 0,
            ("m2", "baseline"): 0,
            ("m2", "24h"): 100,
        }
        score_all(study)
        answers = len(study.store.scoring.all())
        write_rows(study, [[*row[:4], swapped(row[4])] for row in ROWS])
        assert len(study.check().faults) == 4
        for command in ("summarise", "label", "agreement"):
            done = amgs(command, study.folder, *(("--model", "blink") * (command == "summarise")))
            assert done.returncode == 1
            assert "m1_24h is videos/24h.mp4, zone right; its faces are filed as m2_24h" in (
                " ".join(done.stderr.split())
            )
            assert "amgs extract" in done.stderr
        found = extract(study)
        assert (len(found.moved), found.changed, found.retired) == (4, [], [])
        assert study.check().faults == ()
        assert pct_pain(study)["m1", "24h"] == 100
        assert pct_pain(study)["m2", "24h"] == 0
        study.unblind("Owner", "test")
        human = {
            (r["animal"], r["timepoint"]): r["mean_mgs_sum"]
            for r in study.summarise(SummaryChoice(human=True)).rows
        }
        assert (human["m1", "24h"], human["m2", "24h"]) == (10, 0)
        assert len(study.store.scoring.all()) == answers, "not one had to be scored again"
        (event,) = study.store.events.all("table applied")
        assert len(event["moved"]) == 4

    def test_another_zone(self, study: Study) -> None:
        """Earlier faces are kept and do not count; those of the same frames keep their scores."""
        score_all(study)
        rows = [[*row[:4], "0,0,150,192" if row[4] == "left" else row[4]] for row in ROWS]
        write_rows(study, rows)
        with pytest.raises(StudyError, match=r"m1_24h is videos/24h.mp4, zone 0,0,150,192"):
            study.label()
        n = study.store.faces.count()
        found = extract(study)
        assert len(found.changed) == 2
        assert study.store.faces.count() == n, "not one more than there are intervals"
        assert len(study.store.faces.all(retired=True)) == 3 * n // 2
        assert pct_pain(study)["m2", "24h"] == 100
        assert unscored(study) == 0, "the same places of the same frames"

    def test_a_better_video_of_the_same_name(self, study: Study) -> None:
        """Its faces take the place of the old ones; scores of the old ones are of another video."""
        score_all(study)
        film(study.folder, "24h", {"left": True, "right": True}, place=9)
        faults = study.check().faults
        assert any("m1_24h" in fault and "another video" not in fault for fault in faults)
        extract(study)
        assert pct_pain(study)["m1", "24h"] == 100
        assert unscored(study) == 4

    def test_a_renamed_animal_and_timepoint(self, study: Study) -> None:
        score_all(study)
        new = [[r[0].replace("m1", "m13"), r[1], r[2].replace("24h", "1 d"), *r[3:]] for r in ROWS]
        write_rows(study, new)
        assert len(extract(study).moved) == 3
        assert pct_pain(study)["m2", "1 d"] == 100
        assert unscored(study) == 0

    def test_a_row_that_is_gone_and_comes_back(self, study: Study) -> None:
        before = pct_pain(study)
        write_rows(study, ROWS[:3])
        assert len(extract(study).retired) == 1
        assert ("m2", "24h") not in pct_pain(study)
        write_rows(study, ROWS)
        found = extract(study)
        assert found.moved == [
            "line 5: m2_24h is videos/24h.mp4, zone right; its faces were set aside"
        ]
        assert pct_pain(study) == before

    def test_what_was_never_extracted_stands_in_every_result(self, study: Study) -> None:
        """With the reason, beside an animal whose video cannot be read."""
        pct_pain(study)
        (study.folder / "videos/broken.mp4").write_bytes(b"no video")
        film(study.folder, "late", {"left": True})
        rows = [
            *ROWS,
            ["m3", "sham", "24h", "videos/broken.mp4", ""],
        ]
        write_rows(study, rows)
        extract(study)
        write_rows(study, [*rows, ["m4", "sham", "24h", "videos/late.mp4", "left"]])
        found = reasons(study)
        assert "not a video" in found["m3", "24h"]
        assert found["m4", "24h"] == "not extracted yet"
        assert any("m4_24h" in warning for warning in study.check().warnings)
        listed = (study.faces / "extraction.csv").read_text("utf-8")
        assert "m3_24h" in listed

    def test_a_zone_that_is_misspelt(self, study: Study) -> None:
        """`check` names it, and does not stumble over it."""
        write_rows(study, [[*ROWS[0][:4], "rihgt"], *ROWS[1:]])
        done = amgs("check", study.folder)
        assert done.returncode == 1
        assert "found 'rihgt'" in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr

    def test_a_video_that_is_misspelt(self, study: Study) -> None:
        """It is missing; nothing is said of faces that are there."""
        rows = [[*row[:3], row[3].replace("24h", "nix"), row[4]] for row in ROWS]
        write_rows(study, rows)
        text = "\n".join(study.check().faults)
        assert "nothing at videos/nix.mp4" in text
        assert "correct its name in recordings.csv" in text
        assert not any("its faces are in the study" in w for w in study.check().warnings)

    def test_an_image_that_was_deleted_is_made_again(self, study: Study) -> None:
        """From its video, byte for byte, with its scores."""
        score_all(study)
        face = study.store.faces.all()[2]
        before = (study.folder / face.image).read_bytes()
        (study.folder / face.image).unlink()
        assert any("is missing" in fault for fault in study.check().faults)
        extract(study)
        assert (study.folder / face.image).read_bytes() == before
        assert study.check().faults == ()
        assert unscored(study) == 0

    def test_a_second_model_without_predictions_is_named(self, study: Study) -> None:
        pct_pain(study)
        done = amgs("summarise", study.folder, "--model", "orbital")
        assert done.returncode == 1
        assert "amgs classify orbital" in done.stderr
        assert "take blink with --model" in " ".join(done.stderr.split())


class TestGenerations:
    def test_another_interval_and_back(self, study: Study) -> None:
        """Scores of the same frames carry over; putting the setting back brings the faces back."""
        score_all(study)
        before = {face.image for face in study.store.faces.all()}
        with set_text(study, "interval_s = 10.0", "interval_s = 5.0") as changed:
            with pytest.raises(StudyError, match=r"interval_s 10.0, now 5.0"):
                changed.label()
            extract(changed, new_generation=True)
            assert changed.store.faces.count() == 16
            assert not before & {face.image for face in changed.store.faces.all()}
            n_open = unscored(changed)
            assert 0 < n_open < 16
            room = changed.room()
            rater = changed.store.raters.find("Ada")
            assert rater is not None
            room.plan(rater)
            open_places = room.progress(rater)[1] - room.progress(rater)[0]
            assert open_places <= n_open + 1, "a repeat at most besides"
        with set_text(study, "interval_s = 5.0", "interval_s = 10.0") as back:
            extract(back)
            assert {face.image for face in back.store.faces.all()} == before
            assert unscored(back) == 0

    def test_what_a_model_learned_from_stays_learned_in_another_crop(
        self, study: Study, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The same place of the same frame is no new image, however wide it is cropped."""
        learned = {face.content for face in study.store.faces.all()}
        monkeypatch.setattr(BlinkReader, "learned", learned)
        with set_text(study, "margin = 0.15", "margin = 0.3") as changed:
            extract(changed, new_generation=True)
            assert not learned & {face.content for face in changed.store.faces.all()}
            pct_pain(changed)
            rows = changed.summarise(SummaryChoice("blink")).rows
            assert sum(row["seen_in_training"] for row in rows) == 8

    def test_kept_faces_are_told_with_their_own_settings(self, study: Study) -> None:
        with set_text(study, "interval_s = 10.0", "interval_s = 5.0") as changed:
            extract(changed, only_new=True)
            pct_pain(changed)
            assert "of every 10 s" in changed.report().read_text("utf-8")

    def test_another_margin_keeps_every_score(self, study: Study) -> None:
        """The same frames, cropped wider."""
        score_all(study)
        with set_text(study, "margin = 0.15", "margin = 0.3") as changed:
            extract(changed, new_generation=True)
            assert unscored(changed) == 0
            assert pct_pain(changed)["m2", "24h"] == 100

    def test_another_scale_and_back(self, study: Study) -> None:
        """It stops; gone on with, units that stay the same keep their scores, and back all do."""
        score_all(study)
        (study.folder / "short.toml").write_text(_scale_without_whiskers(), "utf-8")
        with set_text(study, 'scale = "mouse"', 'scale = "short.toml"') as other:
            assert any("--new-scale" in fault for fault in other.check().faults)
            with pytest.raises(StudyError, match="--new-scale"):
                other.label()
            other.accept_scale()
            assert unscored(other) == 0, "the four units that stayed were all scored"
            other.unblind("Owner", "test")
            human = other.summarise(SummaryChoice(human=True)).rows
            assert {r["mean_mgs_sum"] for r in human} == {0, 8}
        with set_text(study, 'scale = "short.toml"', 'scale = "rat"') as rat:
            rat.accept_scale()
            assert unscored(rat) == 8, "a unit of that name looks otherwise in rats"
            score_all(rat, code=_new_code(rat))
            assert unscored(rat) == 0
        with set_text(study, 'scale = "rat"', 'scale = "mouse"') as back:
            assert back.check().faults == ()
            assert unscored(back) == 0
            human = back.summarise(SummaryChoice(human=True)).rows
            assert {r["mean_mgs_sum"] for r in human} == {0, 10}


def _new_code(study: Study) -> str:
    return study.room().entrance.new_code("Ada")


def _scale_without_whiskers() -> str:
    from importlib.resources import files

    text = (files("amgs") / "data" / "scales" / "mouse.toml").read_text(encoding="utf-8")
    head, *units = text.split("[[unit]]")
    kept = [unit for unit in units if "whisker" not in unit.split("\n")[1]]
    assert len(kept) == len(units) - 1
    return "[[unit]]".join([head, *kept])


class TestExclusions:
    def test_an_animal_that_died(self, study: Study) -> None:
        """It stays in every table, with the reason, and counts in none."""
        pct_pain(study)
        done = amgs("exclude", study.folder, "--animal", "m2", "--reason", "died")
        assert done.returncode == 0, done.stderr
        found = reasons(study)
        assert found["m2", "24h"] == "excluded: died"
        assert found["m1", "24h"] == ""
        assert unscored(study) == 4, "those of m1"
        assert amgs("include", study.folder, "--animal", "m2").returncode == 0
        assert pct_pain(study)["m2", "24h"] == 100
        kinds = [event["what"] for event in list_decisions(study.store.events)]
        assert kinds == ["excluded", "included again"]

    def test_all_of_a_recording_by_its_periods(self, study: Study) -> None:
        """The reason stands where its images would."""
        study.exclude([Exclusion("period", "m2_24h", "door opened", "0", "1")])
        pct_pain(study)
        assert reasons(study)["m2", "24h"] == "excluded: door opened"

    def test_a_part_of_a_recording(self, study: Study) -> None:
        study.exclude([Exclusion("period", "m2_24h", "door opened", "0", "0:10")])
        pct_pain(study)
        row = next(
            r
            for r in study.summarise(SummaryChoice("blink")).rows
            if (r["animal"], r["timepoint"]) == ("m2", "24h")
        )
        assert row["images"] == 1
        assert row["minutes"] == pytest.approx(1 / 6)

    def test_a_bad_face_and_a_rater_who_only_tried(self, study: Study) -> None:
        score_all(study, "Rita Test", at_most=1)
        score_all(study, "Ada")
        face = next(f for f in study.store.faces.all() if f.recording == "m1_24h")
        study.exclude(
            [Exclusion("face", face.image, "a tail"), Exclusion("rater", "Rita Test", "a trial")]
        )
        assert study.agreement()["n_raters"] == 1
        assert face.image not in study.label()[0].read_text("utf-8")
        study.classify("blink")
        assert face.image not in {r["image"] for r in _predictions(study)}
        rater = study.store.raters.find("Ada")
        assert rater is not None
        done, total, _ = study.room().progress(rater)
        assert done == total

    def test_faces_that_raters_call_no_face(self, study: Study) -> None:
        """By more than half of those who saw it; the rule is a setting."""
        room = study.room()
        pct_pain(study)
        rater = room.sign_in("Ada").rater
        shown = study.store.scoring.order(rater.id)[0]
        room.answer(shown, "image", None, "no face")
        left = {r["image"] for r in _predictions(study)}
        assert shown.image not in left
        with set_text(study, 'leave_out_faces = "no face"', 'leave_out_faces = "never"') as opened:
            assert shown.image in {r["image"] for r in _predictions(opened)}

    def test_decisions_after_unblinding_are_told_apart(self, study: Study) -> None:
        pct_pain(study)
        score_all(study)
        study.exclude([Exclusion("animal", "m1", "wrong dose")])
        study.unblind("Owner", "done")
        study.exclude([Exclusion("recording", "m2_24h", "looks odd")])
        found = reasons(study)
        assert found["m1", "24h"] == "excluded: wrong dose"
        assert found["m2", "24h"] == "excluded after unblinding: looks odd"

    def test_decisions_after_results_were_seen_are_told_apart(self, study: Study) -> None:
        """Also where nobody unblinded anything: groups were compared."""
        pct_pain(study)
        study.exclude([Exclusion("face", study.store.faces.all()[0].image, "a tail")])
        study.compare()
        study.exclude([Exclusion("period", "m2_24h", "odd", "0", "0:05")])
        late = study.exclusions().late
        assert list(late.values()) == ["after results were seen"]
        text = study.report().read_text("utf-8")
        assert "1 before any result was seen, 1 afterwards" in text
        assert "minute 0 to 0:05 of m2_24h (surgery): odd" in text

    def test_a_line_typed_without_a_date_has_the_day_on_which_it_was_met(
        self, study: Study
    ) -> None:
        (study.folder / "exclusions.csv").write_text("kind,name,reason\nanimal,m1,died\n", "utf-8")
        (row,) = study.exclusions().rows
        assert row.date == datetime.now(UTC).date().isoformat()

    def test_a_period_outside_its_recording(self, study: Study) -> None:
        with pytest.raises(StudyError, match=r"m2_24h is 0.3 minutes long"):
            study.exclude([Exclusion("period", "m2_24h", "odd", "5", "6")])

    def test_mistakes_in_the_table_stop_with_all_of_them(self, study: Study) -> None:
        path = study.folder / "exclusions.csv"
        path.write_text(
            "kind;name;from;to;reason\nanimal;m22;;;died\nanimal;m1;;;\nmouse;m1;;;x\n"
            "period;m1_24h;;;x\nperiod;m1_24h;9;5;x\nrecording;m1_24h;1;2;x\n",
            "utf-8",
        )
        with pytest.raises(StudyError) as caught:
            study.label()
        text = str(caught.value)
        for expected in (
            "line 2: there is no animal 'm22'; is m2 meant?",
            "line 3: no reason",
            "line 4: kind is 'mouse'",
            "line 5: a period needs from or to",
            "line 6: Expected a period that ends after it begins",
            "line 7: from and to are for the kind `period`",
        ):
            assert expected in text
        assert any("m22" in fault for fault in study.check().faults)

    def test_nothing_is_taken_in_that_was_not_left_out(self, study: Study) -> None:
        with pytest.raises(UnknownNameError, match="found animal 'm1'"):
            study.include("animal", "m1")


def _predictions(study: Study) -> list[dict[str, str]]:
    import csv

    with study.predictions("blink").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class TestResults:
    def test_what_is_typed_into_a_result_is_never_undone(self, study: Study) -> None:
        """It stops with the place for decisions; saved by a spreadsheet alone it is the same."""
        pct_pain(study)
        path = study.results / "summary.csv"
        text = path.read_text("utf-8")
        path.write_text("\ufeff" + text.replace(",", ";").replace("0.166667", "0,166667"), "utf-8")
        pct_pain(study)
        assert path.read_text("utf-8") == text
        path.write_text(text.replace("yes,", "no,died"), "utf-8")
        for command in (("summarise", "--model", "blink"), ("report", "--model", "blink")):
            done = amgs(command[0], study.folder, *command[1:])
            assert done.returncode == 1
            assert "amgs exclude" in done.stderr
            assert "summary.csv" in done.stderr
        assert "no,died" in path.read_text("utf-8")
        path.rename(study.results / "my summary.csv")
        pct_pain(study)
        assert path.read_text("utf-8") == text

    def test_results_made_in_another_way_are_set_aside_under_their_name(self, study: Study) -> None:
        """What lies in the folder is of one model, one period and one set of exclusions."""
        pct_pain(study)
        done = amgs("compare", study.folder, "--json")
        assert done.returncode in {0, 1}, done.stderr
        made = json.loads((study.results / "summary.json").read_text("utf-8"))["made"]
        assert (made["model"], made["threshold"], made["exclusions"]) == ("blink", 0.75, [])
        before = sorted(p.name for p in study.results.glob("*pct_pain*"))
        assert before
        pct_pain(study, from_min=0.1)
        assert not list(study.results.glob("*pct_pain*"))
        (aside,) = (study.results / "earlier").iterdir()
        assert aside.name.startswith("blink_")
        assert {p.name for p in aside.iterdir()} >= {*before, "summary.csv", "summary.json"}

    def test_a_report_in_passing_changes_no_later_one(self, study: Study) -> None:
        """Another model is looked at once; comparisons go on as the study was summarised."""
        pct_pain(study, from_min=0.1)
        study.classify("orbital")
        study.report(ComparisonChoice(value="orbital_tightening"), model="orbital")
        assert last_choice(study, human=False) == SummaryChoice("blink", from_min=0.1)

    def test_methods_and_flow_say_what_was_left_out(self, study: Study) -> None:
        pct_pain(study, from_min=0.0, to_min=0.2)
        study.exclude([Exclusion("animal", "m1", "wrong dose", by="Ada")])
        text = study.report().read_text("utf-8")
        assert "Only minute 0 to 0.2 of every recording was analysed." in text
        assert "outside minute 0 to 0.2" in text
        assert "animal m1 (sham): wrong dose" in text
        assert "Left out by decision: animal m1: wrong dose." in text

    def test_a_study_without_a_baseline_compares_its_timepoint(self, study: Study) -> None:
        write_rows(study, [row for row in ROWS if row[2] == "24h"])
        with set_text(study, 'baseline = "baseline"', 'baseline = ""') as opened:
            assert opened.check().faults[0].startswith("m1_baseline: has faces")
            extract(opened)
            pct_pain(opened)
            document = opened.compare().document
            assert document["baseline"] is None
            assert {g["group"]: g["mean"] for g in document["groups"]} == {
                "sham": 0,
                "surgery": 100,
            }

    def test_a_report_covers_all_timepoints(self, study: Study) -> None:
        film(study.folder, "48h", {"left": True, "right": False}, place=8)
        later = [[r[0], r[1], "48h", "videos/48h.mp4", r[4]] for r in ROWS[::2]]
        write_rows(study, ROWS + later)
        extract(study)
        pct_pain(study)
        text = study.report().read_text("utf-8")
        assert "24h minus baseline" in text
        assert "48h minus baseline" in text
        assert (study.results / "comparison_pct_pain_48h.json").exists()


class TestRaters:
    def test_one_person_who_came_twice(self, study: Study) -> None:
        """Answers of both count as of one, and both can be told apart again."""
        score_all(study, "Ada B", at_most=3)
        score_all(study, "Ada")
        study.merge_raters("Ada B", "Ada")
        assert study.agreement()["n_raters"] == 1
        assert study.agreement()["n_images"] == 8
        study.separate_rater("Ada B")
        assert study.agreement()["n_raters"] == 2
        with pytest.raises(UnknownNameError, match="Expected two raters"):
            study.merge_raters("Ada", "Ada")

    def test_a_new_name_is_in_every_result(self, study: Study) -> None:
        score_all(study, "Ada B", at_most=1)
        study.exclude([Exclusion("rater", "Ada B", "a trial")])
        done = amgs("raters", study.folder, "--rename", "Ada B", "Ada Berg")
        assert done.returncode == 0, done.stderr
        assert "Ada Berg" in done.stdout
        assert study.exclusions().raters == {"Ada Berg"}

    def test_every_answer_can_be_got_out(self, study: Study, tmp_path: Path) -> None:
        """With the reason, and whether it counts."""
        import csv

        score_all(study, "Rita", at_most=1)
        room = study.room()
        rater = room.sign_in("Ada").rater
        room.answer(study.store.scoring.order(rater.id)[0], "image", None, "blurred")
        study.exclude([Exclusion("rater", "Rita", "a trial")])
        out = tmp_path / "ratings.csv"
        done = amgs("export", study.folder, "--format", "ratings", "--out", out)
        assert done.returncode == 0, done.stderr
        with out.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert {(r["rater"], r["counts"], r["reason"]) for r in rows} == {
            ("Rita", "no", ""),
            ("Ada", "yes", "blurred"),
        }
        assert len(rows) == 10


class TestRecordingsAsTheyAre:
    def test_one_session_in_two_files(self, study: Study) -> None:
        """Minutes go on where the first file ends; no interval is counted twice."""
        film(study.folder, "a", {"left": False}, seconds=24)
        film(study.folder, "b", {"left": True}, seconds=25, place=3)
        write_rows(study, [*ROWS, ["m3", "sham", "24h", "videos/a.mp4; videos/b.mp4", "left"]])
        assert study.check().faults == ()
        found = extract(study)
        faces = [f for f in study.store.faces.all() if f.recording == "m3_24h"]
        assert len(faces) == 5, "49 s in intervals of 10 s"
        times = [f.time_s or 0.0 for f in faces]
        assert times == sorted(times)
        assert {int(t // 10) for t in times} == {0, 1, 2, 3, 4}
        by_file = {f.detail["file"] for f in faces}
        assert by_file == {1, 2}
        assert pct_pain(study)["m3", "24h"] == pytest.approx(60)
        assert found.summary is not None
        assert any("begin" in text for text in found.summary.warnings)

    def test_a_video_that_cannot_be_searched(self, study: Study) -> None:
        """`check` says so, `amgs convert` mends it, and the table names the new file."""
        scene = video_of(lambda _t: [Mouse(20, 40, shut=True)], 25)
        write_video(study.folder / "videos", KINDS["raw_h264"], 25 * 20, 25, scene, "recoded")
        write_rows(study, [*ROWS, ["m3", "sham", "24h", "videos/recoded.h264", "left"]])
        (fault,) = study.check().faults
        assert "recoded.h264 cannot be searched" in fault
        assert "amgs convert" in fault
        done = amgs("convert", study.folder)
        assert done.returncode == 0, done.stderr
        assert study.design().recordings[-1].video == "videos/recoded_converted.mp4"
        assert study.check().faults == ()
        extract(study)
        assert pct_pain(study)["m3", "24h"] == 100
        (event,) = study.store.events.all("converted")
        assert event["video"] == "videos/recoded.h264"

    def test_a_video_whose_name_ends_like_another(self, study: Study) -> None:
        """Only the name of the one that was converted changes in the table."""
        scene = video_of(lambda _t: [Mouse(20, 40)], 25)
        write_video(study.folder / "videos", KINDS["raw_h264"], 50, 25, scene, "a")
        (study.folder / "old").mkdir()
        shutil.copytree(study.folder / "videos", study.folder / "old/videos")
        (study.folder / "old/videos/a.h264").unlink()
        film(study.folder / "old", "a", {"left": True})
        (study.folder / "old/videos/a.mp4").rename(study.folder / "old/videos/a.h264")
        rows = [
            ["m3", "sham", t, v, ""]
            for t, v in (("24h", "videos/a.h264"), ("48h", "old/videos/a.h264"))
        ]
        write_rows(study, [*ROWS, *rows])
        study.convert()
        videos = [r.video for r in study.design().recordings[-2:]]
        assert videos == ["videos/a_converted.mp4", "old/videos/a.h264"]

    def test_no_video_can_be_used(self, study: Study, tmp_path: Path) -> None:
        """It stops with the reason, also where the one video has two animals."""
        with Study.create(tmp_path / "other") as other:
            (other.folder / "videos/broken.mp4").write_bytes(b"no video")
            write_rows(other, [[*row[:3], "videos/broken.mp4", row[4]] for row in ROWS[::2]])
            with pytest.raises(UnreadableVideoError, match="not a video"):
                extract(other)

    def test_only_a_part_of_a_video(self, study: Study) -> None:
        """Minutes count from its beginning, and nothing outside is seen by anybody."""
        film(study.folder, "long", {"left": lambda t: t >= 20}, seconds=60)
        rows = [[*row, "", ""] for row in ROWS]
        rows.append(["m3", "sham", "24h", "videos/long.mp4", "left", "0:20", "1"])
        write_rows(study, rows, (*COLUMNS, "from", "to"))
        extract(study)
        faces = [f for f in study.store.faces.all() if f.recording == "m3_24h"]
        assert len(faces) == 4
        assert all(0 <= (f.time_s or 0) < 40 for f in faces)
        assert all(float(f.detail["file_time_s"]) >= 20 for f in faces)
        assert pct_pain(study)["m3", "24h"] == 100
        extracted = study.store.faces.count()
        rows[-1][-2:] = ["", "0:20"]
        write_rows(study, rows, (*COLUMNS, "from", "to"))
        assert len(extract(study).changed) == 1
        assert pct_pain(study)["m3", "24h"] == 0
        assert study.store.faces.count() == extracted - 2

    def test_one_video_before_and_after(self, study: Study) -> None:
        """Two periods of one zone are two recordings; overlapping ones are a fault."""
        film(study.folder, "both", {"left": lambda t: t >= 20}, seconds=40)
        columns = (*COLUMNS, "from", "to")
        rows = [[*row, "", ""] for row in ROWS]
        rows.append(["m3", "sham", "baseline", "videos/both.mp4", "left", "", "0:20"])
        rows.append(["m3", "sham", "24h", "videos/both.mp4", "left", "0:20", ""])
        write_rows(study, rows, columns)
        extract(study)
        found = pct_pain(study)
        assert (found["m3", "baseline"], found["m3", "24h"]) == (0, 100)
        rows[-1][-2] = "0:10"
        write_rows(study, rows, columns)
        assert any("zone left of videos/both.mp4 is in line 6" in f for f in study.check().faults)

    def test_whole_photographs(self, study: Study, tmp_path: Path) -> None:
        """Faces are found and cropped; photographs without one are counted."""
        from PIL import Image

        from marked import frame_with

        place = study.folder / "videos/photos"
        place.mkdir()
        for number in range(3):
            mice = [Mouse(30 * number, 20, size=60, shut=True)] if number < 2 else []
            rgb = frame_with(mice)
            rgb[150:, ::7] = 0  # an image that shows nothing would not be read
            Image.fromarray(rgb).save(place / f"secret group {number}.png")
        rows = [[*row, ""] for row in ROWS]
        rows.append(["m3", "sham", "24h", "videos/photos", "", "photographs"])
        write_rows(study, rows, (*COLUMNS, "images"))
        found = extract(study)
        assert found.images == ["m3_24h: a face in 2 of 3 photographs"]
        faces = [f for f in study.store.faces.all() if f.recording == "m3_24h"]
        assert len(faces) == 2
        with Image.open(study.folder / faces[0].image) as image:
            assert max(image.size) < 110
        assert pct_pain(study)["m3", "24h"] == 100
        assert extract(study).images == ["m3_24h: a face in 2 of 3 photographs"]
        assert len(study.store.faces.all(retired=True)) == 10
        before = study.check().warnings
        assert not any("photos" in warning for warning in before)
        rgb = frame_with([Mouse(40, 20, size=60, shut=True)])
        Image.fromarray(rgb).save(place / "secret group 0.png")
        (warning,) = set(study.check().warnings) - set(before)
        assert "videos/photos holds 1 image that the study does not know, and lacks 1" in warning

    def test_a_zone_that_was_forgotten(self, study: Study) -> None:
        """Two faces in most frames of one zone are told."""

        class Both(MarkDetector):
            def detect(self, rgb, min_score):
                half = rgb.shape[1] // 2
                found = super().detect(rgb[:, :half], min_score)
                right = super().detect(rgb[:, half:], min_score)
                return found + [face.moved(1, half, 0) for face in right]

        write_rows(study, [*ROWS[:2], ["m3", "sham", "24h", "videos/late.mp4", ""]])
        film(study.folder, "late", {"left": True, "right": False})
        found = study.extract(detector=Both())
        assert found.summary is not None
        (warning,) = [w for w in found.summary.warnings if "two faces" in w]
        assert warning.startswith("m3_24h: two faces in")
