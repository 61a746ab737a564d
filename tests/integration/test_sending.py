"""The plan that comes first, and the files that other programs read."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from amgs.cohort.comparison import ComparisonChoice
from amgs.errors import DesignError, OutputExistsError, StudyError, TableError, UnknownNameError
from amgs.files import safe_file_name, tell_apart
from amgs.model.training.options import TrainingOptions
from amgs.provenance import hash_file
from amgs.simulate.cohort import draw_labelled_faces
from amgs.study import Study
from amgs.study.curation import FaceNames, candidates_near, curate, set_aside, take_back
from amgs.study.exploring import Otherwise, explore
from amgs.study.exporting import Sending, as_sheet
from amgs.study.settings_file import change_settings
from amgs.study.summarising import SummaryChoice
from amgs.study.training import find_model
from amgs.tables import read_table, write_table
from amgs.workbooks import Sheet, read_workbook, write_workbook
from program import amgs
from small import ANY_NUMBER

COLUMNS = ("animal", "group", "timepoint", "video", "cage", "sex", "date")
SURE = {("classify", "threshold"): 0.5, **ANY_NUMBER}
"""All images count, however little a model of so few of them is sure."""

GROUPS = ("saline", "carprofen")
TEXT = (".csv", ".txt", ".json")


@pytest.fixture(scope="module")
def classified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight synthetic mice of two groups, scored by two raters, with a model that has looked."""
    folder = tmp_path_factory.mktemp("sending") / "study"
    with Study.create(folder, "Sent", seed=5, settings=SURE) as study:
        rows, truth = [], {}
        for number, drawn in enumerate(draw_labelled_faces(8, 10, seed=4)):
            timepoint = "baseline" if drawn.number < 5 else "1h"
            place = folder / "videos" / f"{drawn.animal}_{timepoint}"
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(drawn.rgb).save(place / f"{number}.png")
            truth[hash_file(place / f"{number}.png")] = drawn.mgs
            which = int(drawn.animal[-1])
            row = [drawn.animal, GROUPS[which % 2], timepoint, f"videos/{place.name}"]
            row += [f"cage {which // 2}", "fm"[which % 2], "2026-03-01"]
            if row not in rows:
                rows.append(row)
        write_table(folder / "recordings.csv", COLUMNS, rows)
        study.extract()
        mgs = {face.image: truth[face.content] for face in study.store.faces.all()}
        room = study.room()
        for name in ("Ada", "Bo"):
            rater = room.sign_in(name).rater
            for shown in study.store.scoring.order(rater.id):
                for unit in study.scale.unit_names:
                    room.answer(shown, unit, round(min(2.0, mgs[shown.image] / 5)))
        study.train("first", TrainingOptions(recipe="best", use_cache=False))
        study.classify(study.model_folder())
    return folder


@pytest.fixture
def study(classified: Path, tmp_path: Path):
    shutil.copytree(classified, tmp_path / "study")
    with Study.open(tmp_path / "study") as opened:
        yield opened


def set_plan(study: Study, **chosen: str) -> Study:
    """Change settings of the plan as a person would, and open the study again."""
    path = study.folder / "study.toml"
    before, head, text = path.read_text(encoding="utf-8").partition("[plan]")
    for name, value in chosen.items():
        text, n = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
        assert n == 1, name
    path.write_text(before + head + text, encoding="utf-8")
    return Study.open(study.folder)


class TestPlan:
    def test_a_plan_that_comes_first(self, study: Study) -> None:
        """It is sealed once, leads the report, and what is changed afterwards is listed."""
        assert study.plan_state().sealed is None
        first = study.seal_plan("Ada")
        assert study.seal_plan("Bo") == first, "as it is, it is sealed already"
        study.compare()
        state = study.plan_state()
        assert state.sealed is not None
        assert (state.late, state.changes) == ("", ())
        with set_plan(study, margin="12.0") as changed:
            page = changed.report().read_text(encoding="utf-8")
            assert changed.plan_state().changes == ("[plan] margin: 0.0 → 12.0",)
        assert "before amgs compared groups or unblinded the study" in page
        assert "[plan] margin: 0.0 → 12.0" in page
        assert page.index("Primary analysis") < page.index("Sensitivity: the same question")

    def test_a_plan_may_be_sealed_as_it_was_before(self, study: Study) -> None:
        """The last seal counts, also when an earlier one said the same."""
        first = study.seal_plan("Ada")
        with set_plan(study, margin="12.0") as changed:
            changed.seal_plan("Ada")
        with set_plan(study, margin="0.0") as again:
            assert again.seal_plan("Ada")["sha256"] == first["sha256"]
            assert again.plan_state().changes == ()

    def test_images_left_out_after_the_seal_are_told(self, study: Study) -> None:
        """What counts of the images decides the result as much as the margin does."""
        study.seal_plan("Ada")
        study.summarise(SummaryChoice(unseen_only=True))
        assert study.plan_state().changes == ("[summary] unseen_only: False → True",)
        page = study.report().read_text(encoding="utf-8")
        assert "[summary] unseen_only: False → True" in page

    def test_a_plan_that_comes_late_says_so(self, study: Study) -> None:
        study.compare()
        study.seal_plan("Ada")
        assert study.plan_state().late.startswith("groups had been compared on ")
        page = study.report().read_text(encoding="utf-8")
        assert "before that groups had been compared on" in page

    def test_unblinding_without_a_plan_warns(self, study: Study) -> None:
        done = amgs("unblind", study.folder, "--by", "Ada", "--reason", "all done")
        assert "No plan is sealed" in done.stderr
        page = study.report().read_text(encoding="utf-8")
        assert "No plan was sealed before the result was known" in page

    @pytest.mark.parametrize(
        ("chosen", "says"),
        [
            (
                {"control": '"vehicle"'},
                "control\\) to be one of the groups carprofen, saline",
            ),
            ({"timepoint": '"24h"'}, "timepoint to be one of 1h"),
            ({"covariates": '"weight"'}, "covariates of the plan as columns of the animals"),
            ({"contrasts": '"a - b"'}, "GROUP - GROUP"),
            ({"control": '"saline"', "contrasts": '"carprofen - saline"'}, "either"),
        ],
    )
    def test_a_plan_must_fit_the_table(
        self, study: Study, chosen: dict[str, str], says: str
    ) -> None:
        with set_plan(study, **chosen) as changed, pytest.raises(DesignError, match=says):
            changed.seal_plan("Ada")

    def test_the_plan_is_what_is_compared(self, study: Study) -> None:
        """Control, margin, factors and outcome come from study.toml; another value is exploratory."""
        chosen = {
            "outcome": '"mean_signed_score"',
            "control": '"saline"',
            "margin": "0.2",
            "factors": '"group:sex"',
        }
        with set_plan(study, **chosen) as changed:
            found = changed.compare().document
            assert found["is_primary"] is True
            assert found["primary"]["comparisons"].startswith("against saline")
            assert found["primary"]["equivalence"][0]["margin"] == 0.2
            assert "no animal with" in found["primary"]["factors"]["reason"]
            other = changed.compare(ComparisonChoice(value="pct_pain")).document
            assert other["is_primary"] is False
        done = amgs("compare", study.folder, "--control", "saline")
        assert done.returncode == 2
        assert "[plan] control" in done.stderr

    def test_the_commands(self, study: Study) -> None:
        shown = amgs("plan", study.folder)
        assert "analysis of covariance" in shown.stdout
        assert "not sealed" in shown.stderr
        assert amgs("plan", study.folder, "--seal").returncode == 2
        sealed = amgs("plan", study.folder, "--seal", "--by", "Ada", "--json")
        assert json.loads(sealed.stdout)["state"]["sealed"]["who"] == "Ada"
        planned = amgs(
            *("power", study.folder, "--difference", "0.6", "--value", "mean_signed_score"),
            *("--images", "5,20", "--json"),
        )
        document = json.loads(planned.stdout)
        assert [row["images"] for row in document["plan"]] == [5, 20]
        few, many = (row["animals"] or 999 for row in document["plan"])
        assert many <= few
        assert amgs("power", study.folder, "--difference", "0").returncode == 1


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


class TestSending:
    def test_a_workbook_keeps_a_blind_study_blind(self, study: Study, tmp_path: Path) -> None:
        from openpyxl import load_workbook

        notes = study.export("workbook", tmp_path / "blind.xlsx")
        assert any("left out: the study is blind" in note for note in notes)
        book = load_workbook(tmp_path / "blind.xlsx")
        assert "ratings" not in book.sheetnames
        header = [cell.value for cell in book["images"][1]]
        assert all(
            row[header.index("mgs")] is None for row in book["images"].values if row[0] != "image"
        )
        # Nor does the nearest training image, often of the same animal, tell a score.
        assert "nearest_training" not in header
        study.unblind("Ada", "all done")
        study.export("workbook", tmp_path / "open.xlsx")
        book = load_workbook(tmp_path / "open.xlsx")
        assert book.sheetnames[:4] == ["contents", "animals", "images", "ratings"]
        assert {"comparison", "agreement", "exclusions", "key", "dictionary"} <= set(
            book.sheetnames
        )
        values = list(book["animals"].values)
        place = values[0].index("pct_pain")
        numbers = [row[place] for row in values[1:] if row[place] is not None]
        assert all(isinstance(n, int | float) for n in numbers)
        with pytest.raises(StudyError, match="its tables name them"):
            study.export("workbook", tmp_path / "short.xlsx", sending=Sending(key=False))

    def test_an_archive_is_a_study_again(self, study: Study, tmp_path: Path) -> None:
        """Without videos, with all scores and readings; every file with its hash."""
        before = study.summarise().rows
        study.export("archive", tmp_path / "all.zip")
        study.export("archive", tmp_path / "thin.zip", sending=Sending(faces=False))
        with ZipFile(tmp_path / "all.zip") as archive:
            names = archive.namelist()
            archive.extractall(tmp_path / "opened")
            listed = json.loads(archive.read("manifest.json"))["files"]
        assert not any(name.startswith("videos/") for name in names)
        assert {row["file"] for row in listed} == set(names) - {"manifest.json"}
        with Study.open(tmp_path / "opened") as again:
            assert again.summarise().rows == before
            assert again.agreement() == study.agreement()
        with ZipFile(tmp_path / "thin.zip") as archive:
            assert not any(name.startswith("faces/") for name in archive.namelist())

    def test_a_blinded_copy_says_nothing(self, study: Study, tmp_path: Path) -> None:
        """No animal, group, cage, sex or file name in any byte; the key leads back."""
        study.unblind("Ada", "all done")
        study.export("archive", tmp_path / "copy.zip", sending=Sending(key=False))
        secret = {*GROUPS, "cage 1", "Ada"} | {f.image for f in study.store.faces.all()}
        secret |= {row["animal"] for row in study.summarise().rows}
        key = rows_of((tmp_path / "copy_key.csv").read_text(encoding="utf-8"))
        back = {(row["kind"], row["code"]): row["name"] for row in key}
        with ZipFile(tmp_path / "copy.zip") as archive:
            texts = {n: archive.read(n).decode() for n in archive.namelist() if n.endswith(TEXT)}
            for name, text in texts.items():
                found = [word for word in secret if word in text]
                assert not found, (name, found)
            animals = rows_of(texts["animals.csv"])
            images = rows_of(texts["images.csv"])
            assert not {"mgs", "nearest_training"} & set(images[0])
            assert not {"sex", "cage", "recording"} & set(images[0])
            assert [r["image"] for r in images] == sorted(r["image"] for r in images)
            first = images[0]["image"]
            original = Image.open(study.folder / back["image", first]).convert("RGB")
            copied = Image.open(io.BytesIO(archive.read(f"images/{first}")))
            assert np.array_equal(np.asarray(original), np.asarray(copied))
            assert not copied.info
            # Nor does the order of files, or when they were written.
            names = [name for name in archive.namelist() if name.startswith("images/")]
            assert names == sorted(names)
            assert {info.date_time[0] for info in archive.infolist()} == {1980}
            assert back["copy", texts["README.txt"].split()[2].strip(",")] == "copy.zip"
        pct = {(back["animal", r["animal"]], r["timepoint"]): r["pct_pain"] for r in animals}
        for row in study.summarise().rows:
            expected = "" if row["pct_pain"] is None else row["pct_pain"]
            assert pct[row["animal"], row["timepoint"]] == str(expected)[:9] or float(
                pct[row["animal"], row["timepoint"]]
            ) == pytest.approx(expected, abs=1e-5)
        other = tmp_path / "second.zip"
        study.export("archive", other, sending=Sending(key=False))
        again = (tmp_path / "second_key.csv").read_text(encoding="utf-8")
        assert again != (tmp_path / "copy_key.csv").read_text(encoding="utf-8")
        other.unlink()
        with pytest.raises(OutputExistsError, match="never be decoded"):
            study.export("archive", other, sending=Sending(key=False))
        assert (tmp_path / "second_key.csv").read_text(encoding="utf-8") == again

    def test_figures_with_their_data(self, study: Study, tmp_path: Path) -> None:
        with set_plan(study, outcome='"mean_signed_score"') as changed:
            changed.export("figures", tmp_path / "figures.zip")
        with ZipFile(tmp_path / "figures.zip") as archive:
            names = {Path(name).name for name in archive.namelist()}
        assert {"primary.svg", "primary.csv", "group_difference.pdf"} <= names

    def test_sessions(self, study: Study, tmp_path: Path) -> None:
        """BIDS: onset first, every column explained; an old folder is never mixed with."""
        study.export("bids", tmp_path / "bids")
        tables = sorted((tmp_path / "bids").rglob("*_beh.tsv"))
        assert len(tables) == 16
        header = tables[0].read_text(encoding="utf-8").split("\n")[0].split("\t")
        assert header[0] == "onset"
        sidecar = json.loads(tables[0].with_suffix(".json").read_text(encoding="utf-8"))
        assert set(header) == set(sidecar) - {"TaskName", "Recording"}
        people = (tmp_path / "bids/participants.tsv").read_text(encoding="utf-8").splitlines()
        assert people[0].split("\t")[:4] == ["participant_id", "species", "animal", "group"]
        assert {row.split("\t")[1] for row in people[1:]} == {"mus musculus"}
        with pytest.raises(OutputExistsError, match="new or empty folder"):
            study.export("bids", tmp_path / "bids")

    def test_boris_needs_the_videos(self, study: Study, tmp_path: Path) -> None:
        """Folders of images are no videos: each is named, and the project is empty."""
        notes = study.export("boris", tmp_path / "study.boris")
        assert len(notes) == 16
        assert "left out, there is no video" in notes[0]
        document = json.loads((tmp_path / "study.boris").read_text(encoding="utf-8"))
        assert document["observations"] == {}

    def test_readings_as_parquet(self, study: Study, tmp_path: Path) -> None:
        parquet = pytest.importorskip("pyarrow.parquet")
        study.export("parquet", tmp_path / "images.parquet")
        table = parquet.read_table(tmp_path / "images.parquet")
        assert table.num_rows == 80
        assert str(table.schema.field("confidence").type) == "double"

    def test_nwb_needs_a_day(self, study: Study, tmp_path: Path) -> None:
        table = read_table(study.folder / "recordings.csv", required=COLUMNS)
        table["date"] = ""
        write_table(study.folder / "recordings.csv", COLUMNS, table.to_numpy().tolist())
        with pytest.raises(StudyError, match="no date"):
            study.export("nwb", tmp_path / "nwb")


def test_an_nwb_file(tmp_path: Path) -> None:
    """Read back by pynwb: readings at their times, sleep as intervals, the animal as subject."""
    pynwb = pytest.importorskip("pynwb")
    from amgs.interop.nwb import RecordingReadings, write_nwb

    found = RecordingReadings(
        "m1_1h", "m1", "sham", "1h", date(2026, 3, 1), [1.0, 11.0, 21.5],
        {"p_pain": ("probability of pain", [0.1, 0.9, float("nan")])},
        [(5.0, 15.0)], {"sex": "female", "strain": "CD-1", "born": "2026-01-01"},
    )  # fmt: skip
    write_nwb(tmp_path / "m1_1h.nwb", found)
    with pynwb.NWBHDF5IO(str(tmp_path / "m1_1h.nwb"), "r") as stream:
        file = stream.read()
        assert (file.subject.subject_id, file.subject.sex) == ("m1", "F")
        assert file.subject.age == "P59D"
        series = file.processing["behavior"]["p_pain"]
        assert list(series.timestamps[:]) == [1.0, 11.0, 21.5]
        assert series.data[1] == 0.9
        assert list(file.intervals["possible_sleep"]["stop_time"][:]) == [15.0]
        assert not pynwb.validate(io=stream)
    assert [path.name for path in tmp_path.iterdir()] == ["m1_1h.nwb"]


SUMMARY = [
    ["m1", "sham", "baseline", "12.5", "yes"],
    ["m1", "sham", "24h", "20", "yes"],
    ["m2", "sham", "baseline", "10", "yes"],
    ["m3", "drug <b>", "baseline", "5", "yes"],
    ["m3", "drug <b>", "2h", "", "no"],
    ["m3", "drug <b>", "24h", "55", "yes"],
]


def test_no_file_of_an_export_replaces_another() -> None:
    """Names that differ in what no file system takes, or in capitals alone, are two recordings."""
    names = tell_apart(["m/1", "m_1", "M_1", "b"], safe_file_name, "_")
    assert names == {"m/1": "m_1", "m_1": "m_1_2", "M_1": "M_1_3", "b": "b"}


def test_names_stay_names_in_a_workbook() -> None:
    """Two chips that differ in their last digit are two animals."""
    chips = ["900123456789012345", "900123456789012346", "1.10", "1e3"]
    table = pd.DataFrame({"animal": chips, "pct_pain": ["1", "2.5", "", "1e1"]})
    sheet = as_sheet(table, "")
    assert [row[0] for row in sheet.rows] == chips
    assert [row[1] for row in sheet.rows] == [1, 2.5, None, 10]


class TestTables:
    @pytest.fixture
    def summary(self, tmp_path: Path) -> Path:
        path = tmp_path / "summary.csv"
        write_table(path, ("animal", "group", "timepoint", "pct_pain", "included"), SUMMARY)
        return path

    def test_a_grouped_table_for_prism(self, summary: Path, tmp_path: Path) -> None:
        out = tmp_path / "grouped.txt"
        assert amgs("export", summary, "--format", "prism-grouped", "--out", out).returncode == 0
        assert out.read_text(encoding="utf-8").split("\n") == [
            "\tsham\t\tdrug <b>\t",
            "baseline\t12.5\t10\t5\t",
            "24h\t20\t\t55\t",
            "",
        ]

    def test_a_prism_file(self, summary: Path, tmp_path: Path) -> None:
        from xml.etree import ElementTree as ET

        out = tmp_path / "pain.pzfx"
        assert amgs("export", summary, "--format", "pzfx", "--out", out).returncode == 0
        space = "{http://graphpad.com/prism/Prism.htm}"
        tables = ET.parse(out).getroot().findall(f"{space}Table")  # noqa: S314 - our own file
        assert [t.findtext(f"{space}Title") for t in tables] == [
            "pct_pain, baseline",
            "pct_pain, 24h",
        ]
        columns = tables[0].findall(f"{space}YColumn")
        assert [c.findtext(f"{space}Title") for c in columns] == ["sham", "drug <b>"]
        assert [d.text for d in columns[0].iter(f"{space}d")] == ["12.5", "10"]
        # The second animal has no value here, and keeps its row.
        later = tables[1].find(f"{space}YColumn")
        assert later is not None
        assert [d.text for d in later.iter(f"{space}d")] == ["20", None]

    def test_a_long_table_with_its_dictionary(self, summary: Path, tmp_path: Path) -> None:
        out = tmp_path / "long.csv"
        assert amgs("export", summary, "--format", "long", "--out", out).returncode == 0
        rows = rows_of(out.read_text(encoding="utf-8"))
        assert len(rows) == 5
        assert rows[0]["variable"] == "pct_pain"
        words = rows_of((tmp_path / "long_dictionary.csv").read_text(encoding="utf-8"))
        assert next(w for w in words if w["variable"] == "pct_pain")["high"] == "100"

    def test_what_is_refused(self, summary: Path, tmp_path: Path) -> None:
        assert amgs("export", summary, "--format", "workbook", "--out", "x.xlsx").returncode == 2
        assert (
            amgs("export", summary, "--format", "long", "--out", tmp_path / "x.txt").returncode == 2
        )
        assert "pzfx" in amgs("export", summary, "--format", "nothing", "--out", "x.csv").stderr
        from amgs.study.exporting import suffix_of

        with pytest.raises(UnknownNameError):
            suffix_of("nothing")


class TestWorkbooks:
    def test_text_never_runs_as_a_formula(self, tmp_path: Path) -> None:
        from openpyxl import load_workbook

        rows = [["=1+1", 2.5], ["+cmd|' /C calc'!A0", None], ["a\x07b", float("nan")]]
        write_workbook(tmp_path / "x.xlsx", {"s": Sheet(("name", "n"), rows)})
        sheet = load_workbook(tmp_path / "x.xlsx")["s"]
        assert [sheet.cell(row, 1).data_type for row in (2, 3)] == ["s", "s"]
        assert sheet["A2"].value == "=1+1"
        assert sheet["A4"].value == "ab"
        assert sheet["B4"].value is None

    def test_a_table_of_recordings(self, tmp_path: Path) -> None:
        """Dates and whole numbers as in a CSV; the command fills the study's table."""
        from openpyxl import Workbook

        book = Workbook()
        book.active.append(["animal", "group", "timepoint", "video", "date", None])
        book.active.append([1, "sham", "baseline", "videos/a.mp4", date(2026, 3, 1)])
        book.active.append([2.0, "sham", "baseline", "videos/b.mp4", None])
        book.save(tmp_path / "plan.xlsx")
        assert read_workbook(tmp_path / "plan.xlsx")[1] == [
            *("1", "sham", "baseline", "videos/a.mp4", "2026-03-01")
        ]
        Study.create(tmp_path / "study").store.close()
        out = tmp_path / "study" / "recordings.csv"
        done = amgs("import", tmp_path / "plan.xlsx", "--out", out, "--overwrite")
        assert done.returncode == 0, done.stderr
        assert [r["animal"] for r in rows_of(out.read_text(encoding="utf-8"))] == ["1", "2"]

    def test_what_is_no_workbook(self, tmp_path: Path) -> None:
        (tmp_path / "x.xlsx").write_text("animal,group\n")
        with pytest.raises(TableError, match="Expected a workbook"):
            read_table(tmp_path / "x.xlsx", required=("animal",))


class TestLooking:
    def test_exploring_with_nothing_otherwise_is_the_comparison(self, study: Study) -> None:
        """The same document as `compare`, number for number."""
        told = study.compare().document
        found = explore(study, ComparisonChoice(), Otherwise())
        assert found.document == told

    def test_exploring_changes_no_result(self, study: Study) -> None:
        """Another threshold gives what the study gives when its setting is changed, and keeps nothing."""
        study.compare()

        def kept() -> dict[str, bytes]:
            files = (p for p in study.results.iterdir() if p.is_file())
            return {p.name: p.read_bytes() for p in files if "provenance" not in p.name}

        before = kept()
        found = explore(study, ComparisonChoice(), Otherwise(threshold=0.8, min_images=1))
        assert found.document["is_primary"] is False
        assert found.document["made"]["threshold"] == 0.8
        assert kept() == before
        folder = study.folder
        change_settings(
            folder / "study.toml", {("classify", "threshold"): 0.8, ("classify", "min_images"): 1}
        )
        with Study.open(folder) as again:
            document = again.compare().document
        for key in ("primary", "groups", "animals", "excluded", "anova"):
            assert document[key] == found.document[key], key

    def test_faces_are_set_aside_and_taken_back(self, study: Study) -> None:
        """Numbers of recordings tell nothing and stay; decisions are seen, and stay in the events."""
        first = curate(study)
        assert [r.number for r in first.recordings] == list(range(1, 17))
        assert [r.code for r in curate(study).recordings] == [r.code for r in first.recordings]
        assert [r.recording for r in first.recordings] != sorted(
            r.recording for r in first.recordings
        )
        code = first.recordings[0].code
        names = FaceNames(study)
        face = names.find(names.of(first.faces[code][0].face))
        assert face == first.faces[code][0].face
        assert candidates_near(study, face) == []  # images of a folder have no time
        set_aside(study, face, " paw  before the eye ")
        row = curate(study).find(code)
        assert (row.faces, row.set_aside) == (first.find(code).faces, 1)
        assert curate(study).faces[code][0].reason == "paw before the eye"
        take_back(study, face)
        assert curate(study).find(code).set_aside == 0
        with pytest.raises(UnknownNameError, match="face of this study"):
            names.find("1")
        with pytest.raises(UnknownNameError, match="recording of this study"):
            curate(study).find("nothing")
        with pytest.raises(StudyError, match="no reason"):
            set_aside(study, face, " ")


def test_the_model_that_is_meant_is_the_one_used_last(study: Study) -> None:
    """Another one may have been added since; whose readings are summarised is no accident."""
    ((name, folder, _), *_) = study.store.predictions.models()
    study.store.predictions.add_model("other", "models/other", "f" * 64, {"step": "test"})
    assert find_model(study, "") == study.folder / folder
    assert study.summarise().model == name
    study.store.events.log("model used", "Ada", {"model": "f" * 64})
    assert find_model(study, "").name == "other"
    study.classify(name)
    assert find_model(study, "") == study.folder / folder
    before = len(study.store.events.all("model used"))
    study.classify(name)
    assert len(study.store.events.all("model used")) == before
