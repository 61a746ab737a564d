"""What happens to real studies: videos are archived, settings change, tables go through spreadsheets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from amgs.errors import ResumeError, StoreError
from amgs.study import Study
from amgs.study.summarising import SummaryChoice
from amgs.tables import write_table
from marked import MarkDetector, Mouse, video_of
from program import amgs
from videos import KINDS, write_video

COLUMNS = ("animal", "group", "timepoint", "video")


def film(folder: Path, name: str, x: int) -> None:
    """Write 21 s of a mouse at its own place."""
    scene = video_of(lambda t: [Mouse(x + int(t) % 3, 50)], 25)
    write_video(folder / "videos", KINDS["mp4_gop15"], 25 * 21, 25, scene, name)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two animals before and after, extracted."""
    folder = tmp_path_factory.mktemp("ways") / "study"
    with Study.create(folder) as study:
        rows = []
        for number, animal in enumerate(("m1", "m2")):
            for k, timepoint in enumerate(("baseline", "60min")):
                film(folder, f"{animal}_{timepoint}", 20 + 60 * number + 20 * k)
                video = f"videos/{animal}_{timepoint}.mp4"
                rows.append([animal, "ab"[number], timepoint, video])
        write_table(folder / "recordings.csv", COLUMNS, rows)
        study.extract(detector=MarkDetector())
    return folder


@pytest.fixture
def study(extracted: Path, tmp_path: Path) -> Iterator[Study]:
    shutil.copytree(extracted, tmp_path / "study")
    with Study.open(tmp_path / "study") as opened:
        yield opened


def set_interval(study: Study, seconds: float) -> Study:
    path = study.folder / "study.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("interval_s = 10.0", f"interval_s = {seconds}"), "utf-8")
    return Study.open(study.folder)


def score_one(study: Study) -> None:
    room = study.room()
    rater = room.sign_in("Ada").rater
    shown = study.store.scoring.order(rater.id)[0]
    room.answer(shown, study.scale.unit_names[0], 1)


def test_videos_may_be_archived_and_new_ones_added(study: Study) -> None:
    """The faces of those that are elsewhere stay, in the store and in the tables."""
    before = {face.image: face.content for face in study.store.faces.all()}
    archive = study.folder.parent / "archive"
    archive.mkdir()
    shutil.move(study.folder / "videos/m1_baseline.mp4", archive)
    film(study.folder, "m3_baseline", 180)
    path = study.folder / "recordings.csv"
    path.write_text(path.read_text("utf-8") + "m3,a,baseline,videos/m3_baseline.mp4\n", "utf-8")
    assert study.check().faults == ()
    found = study.extract(detector=MarkDetector())
    assert found.archived == ["m1_baseline"]
    after = {face.image: face.content for face in study.store.faces.all()}
    assert before.items() <= after.items()
    assert {face.recording for face in study.store.faces.all()} >= {"m1_baseline", "m3_baseline"}
    listed = (study.faces / "extraction.csv").read_text("utf-8")
    assert "m1_baseline" in listed
    assert "m3_baseline" in listed
    assert amgs("summarise", study.folder, "--model", "orbital").returncode == 1  # nothing read yet
    study.classify("orbital")
    assert amgs("summarise", study.folder, "--model", "orbital").returncode == 0


def test_a_changed_setting_says_which_ways_there_are(study: Study) -> None:
    """And none of them is one that a study refuses."""
    with set_interval(study, 5.0) as changed:
        with pytest.raises(ResumeError) as caught:
            changed.extract(detector=MarkDetector())
        text = str(caught.value)
        assert "interval_s: 10.0, now 5.0" in text
        assert "--only-new" in text
        assert "--restart" in text
        assert "--out" not in text
        n = changed.store.faces.count()
        kept = changed.extract(detector=MarkDetector(), only_new=True)
        assert kept.summary is not None
        assert len(kept.summary.earlier) == 4
        assert changed.store.faces.count() == n
        again = changed.extract(detector=MarkDetector(), restart=True)
        assert again.summary is not None
        assert again.summary.images == changed.store.faces.count() > n


def test_nothing_that_was_scored_is_extracted_again(study: Study) -> None:
    """A fresh start would leave scores without faces."""
    score_one(study)
    with set_interval(study, 5.0) as changed:
        n = changed.store.faces.count()
        with pytest.raises(StoreError, match="nobody has scored"):
            changed.extract(detector=MarkDetector(), restart=True)
        assert changed.store.faces.count() == n
        film(changed.folder, "m3_baseline", 180)
        path = changed.folder / "recordings.csv"
        path.write_text(path.read_text("utf-8") + "m3,a,baseline,videos/m3_baseline.mp4\n", "utf-8")
        changed.extract(detector=MarkDetector(), only_new=True)
        new = [f for f in changed.store.faces.all() if f.recording == "m3_baseline"]
        assert len(new) == 4, "one per 5 s"
        assert changed.store.faces.count() == n + 4
        written = json.loads((changed.faces / "extraction.json").read_text("utf-8"))
        earlier = written["options"]["made_earlier"]["m1_baseline"]["options"]["interval_s"]
        assert (earlier, written["options"]["interval_s"]) == (10.0, 5.0)


def test_another_detector_is_one_more_changed_setting(study: Study) -> None:
    """As after a release that ships a newer one."""

    class Newer(MarkDetector):
        version = "2"

    before = {face.image for face in study.store.faces.all()}
    study.extract(detector=Newer())  # nothing is new, so nothing would be extracted otherwise
    film(study.folder, "m3_baseline", 180)
    path = study.folder / "recordings.csv"
    path.write_text(path.read_text("utf-8") + "m3,a,baseline,videos/m3_baseline.mp4\n", "utf-8")
    with pytest.raises(ResumeError, match=r"(?s)detector: marks 1 .*, now marks 2 .*--only-new"):
        study.extract(detector=Newer())
    found = study.extract(detector=Newer(), only_new=True)
    assert found.summary is not None
    assert len(found.summary.earlier) == 4
    assert before < {face.image for face in study.store.faces.all()}


def test_a_result_that_a_spreadsheet_saved_is_written_anew(study: Study) -> None:
    """With a mark at the start, semicolons, or quotes around names."""
    study.classify("orbital")
    for path in (study.predictions("orbital"), study.summarise(SummaryChoice("orbital")).path):
        text = path.read_text("utf-8")
        path.write_text("\ufeff" + text.replace(",", ";"), encoding="utf-8")
    assert amgs("summarise", study.folder, "--model", "orbital").returncode == 0
    done = amgs("compare", study.folder, "--value", "orbital_tightening")
    assert done.returncode in {0, 1}
    assert "another kind of table" not in done.stderr
    assert "," in study.predictions("orbital").read_text("utf-8").splitlines()[0]


@pytest.mark.parametrize(
    ("words", "setting"),
    [
        (("summarise", "--threshold", "0.75"), "[classify] threshold"),
        (("summarise", "--min-per-minute", "1"), "[classify] min_per_minute"),
        (("extract", "--interval", "10"), "[extract] interval_s"),
        (("extract", "--margin", "0.15"), "[extract] margin"),
        (("extract", "--detector", "centre_net"), "[extract] detector"),
    ],
)
def test_an_option_beside_a_study_is_never_dropped(
    study: Study, words: tuple[str, ...], setting: str
) -> None:
    """Not even one that is what it would be without; the message names the setting."""
    done = amgs(words[0], study.folder, *words[1:])
    assert done.returncode == 2
    assert setting in " ".join(done.stderr.replace("│", " ").split())


def test_a_report_comes_also_where_faces_cannot_be_read(study: Study) -> None:
    """Without images, and it says so."""
    study.classify("orbital")
    (study.folder / "faces/faces").rename(study.folder / "faces/moved")
    done = amgs("report", study.folder, "--value", "orbital_tightening", "--model", "orbital")
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert (study.folder / "results/report.html").stat().st_size > 5_000


def test_a_full_disk_stops_signing_in_at_once(study: Study, monkeypatch) -> None:
    """One try and its error; not a thousand tries and another error."""
    room = study.room()
    tries = []

    def full(*_: object) -> None:
        tries.append(1)
        raise StoreError("the disk is full")

    monkeypatch.setattr(type(study.store.raters), "add", full)
    with pytest.raises(StoreError, match="the disk is full"):
        room.sign_in("Ada")
    assert len(tries) == 1


def test_a_page_never_replaces_a_table(study: Study, tmp_path: Path) -> None:
    """Even where overwriting is allowed."""
    study.classify("orbital")
    summary = tmp_path / "summary.csv"
    amgs("summarise", study.predictions("orbital"), "--out", summary)
    before = summary.read_bytes()
    done = amgs(
        "report", summary, "--value", "mean_orbital_tightening", "--out", summary, "--overwrite"
    )
    assert done.returncode != 0
    assert summary.read_bytes() == before
