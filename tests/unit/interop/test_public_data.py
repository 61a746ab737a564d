"""Public data as published: every trap of it, and no file name that joins what is not the same."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from amgs.errors import TableError
from amgs.interop.authors_folders import AuthorsFolders
from amgs.interop.base import seen_from
from amgs.interop.black_mice import BlackMice
from amgs.interop.face_finder import FaceFinderImages
from amgs.interop.formats import recognise
from amgs.interop.tu_berlin_faces import MAIN, RATINGS, read_tu_berlin_faces
from amgs.interop.unit_scores import PainFaceScores, TalbotScores, VidalFaces, rename_columns
from program import amgs


def image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)
    return path


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


class TestTuBerlinFaces:
    """Two tables and NNNNNN.jpg; the other tables are numbered otherwise."""

    HEADER = "index," + ",".join(f"{u}{r}" for r in (1, 2) for u in ("ot", "nb", "cb", "ep", "wc"))

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        table(tmp_path / MAIN, "index,id,subset\n0,7,KH\n1,7,KH\n2,7,MR\n3,8,KH\n4,9,KH\n")
        table(
            tmp_path / RATINGS,
            f"{self.HEADER},subset\n"
            "0,2,2,2,1,1,1,1,9,2,2,KH\n"
            "1,0,0,0,0,0,,,,,,KH\n"
            "2,1,0,0,0,1,-,-,-,-,-,MR\n"
            "3,3,9,9,9,1,,,,,,KH\n",
        )
        for number in range(4):
            image(tmp_path / "images" / f"{number:06d}.jpg")
        return tmp_path

    def test_labels_animals_and_laboratories(self, folder: Path) -> None:
        """9 is not scorable, - and empty are not rated, the stray 3 is told and no score."""
        found = read_tu_berlin_faces(folder)
        rows = found.table.to_dict("records")
        assert [row["animal"] for row in rows] == ["KH-7", "KH-7", "MR-7", "KH-8"]
        assert [row["laboratory"] for row in rows] == ["KH", "KH", "MR", "KH"]
        # Rater 1: 8 of five units; rater 2: four units, mean 1.5, times five.
        assert rows[0]["mgs"] == pytest.approx((8 + 7.5) / 2)
        assert (rows[0]["label"], rows[1]["label"]) == ("pain", "no pain")
        assert rows[2]["n_raters"] == 1
        assert rows[2]["mgs"] == 2
        assert rows[3]["mgs"] != rows[3]["mgs"]
        assert rows[0]["image"] == "images/000000.jpg"
        assert any("'3' are not on the scale" in note for note in found.notes)
        assert any("treatment and time are not in these tables" in note for note in found.notes)
        assert found.facts["images in the main table"] == 5
        assert read_tu_berlin_faces(folder, ["MR"]).table["animal"].tolist() == ["MR-7"]

    def test_it_is_recognised_and_trained_with(self, folder: Path, tmp_path: Path) -> None:
        """Paths start at the table that was written, wherever that is."""
        out = tmp_path / "elsewhere" / "b.csv"
        done = amgs("import", folder, "--out", out, "--json")
        assert json.loads(done.stdout)["format"] == "tu-berlin-faces"
        with out.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert all((out.parent / row["image"]).is_file() for row in rows)

    def conditions(self, folder: Path, scores: str) -> None:
        """Write the other tables: other names, another order."""
        table(folder / "mgs_by_rater.csv", f"{self.HEADER}\n{scores}")
        table(
            folder / "images.csv",
            "index,id,time,experiment,control\n"
            "b.JPG,7,b,K,0.0\na.JPG,7,a,K,0.0\nmr_1.JPG,7.0,a,,\nc.JPG,8,a,K,0.0\n",
        )
        table(
            folder / "times.csv",
            "time_code,time_text,pain,dataset\na,baseline,0,khcas\nb,30 min,1,khcas\n"
            "a,before,0,mriec\n",
        )

    def test_treatment_and_time_are_carried_over_by_animal_and_ratings(self, folder: Path) -> None:
        self.conditions(
            folder,
            "b.JPG,2,2,2,1,1,1,1,9,2,2\nmr_1.JPG,1,0,0,0,1,-,-,-,-,-\n"
            "a.JPG,0,0,0,0,0,,,,,\nc.JPG,0,9,9,9,1,,,,,\n",
        )
        found = read_tu_berlin_faces(folder)
        times = found.table["timepoint"]
        assert times.tolist()[:3] == ["30 min", "baseline", "before"]
        assert times.isna().tolist()[3], "its ratings differ: it is not carried over"
        assert found.table["group"].tolist()[0] == "castration"
        assert any("3 of 4 images" in note and "the other 1" in note for note in found.notes)

    def test_ratings_that_two_images_share_carry_nothing(self, folder: Path) -> None:
        """Two images of an animal with the same ratings may each be the one."""
        self.conditions(
            folder, "b.JPG,0,0,0,0,0,,,,,\na.JPG,0,0,0,0,0,,,,,\nmr_1.JPG,1,0,0,0,1,,,,,\n"
        )
        found = read_tu_berlin_faces(folder).table["timepoint"]
        assert found.isna().tolist() == [True, True, False, True]

    @pytest.mark.parametrize(
        ("main", "message"),
        [
            ("index,id,subset\n0,7,KH\n1,7,KH\n2,7,MR\n", "3 is scored but not in"),
            ("index,id,subset\n0,7,AW\n1,7,KH\n2,7,MR\n3,8,KH\n", "is of AW in"),
        ],
    )
    def test_tables_that_contradict_each_other_stop(
        self, folder: Path, main: str, message: str
    ) -> None:
        table(folder / MAIN, main)
        with pytest.raises(TableError, match=message):
            read_tu_berlin_faces(folder)

    def test_an_image_that_is_missing_stops(self, folder: Path) -> None:
        (folder / "images/000002.jpg").unlink()
        with pytest.raises(TableError, match=r"000002\.jpg is scored but is not there"):
            read_tu_berlin_faces(folder)
        with pytest.raises(TableError, match="subsets among KH, MR, found XX"):
            read_tu_berlin_faces(folder, ["XX"])


class TestAuthorsFolders:
    def test_scores_recordings_and_copies(self, tmp_path: Path) -> None:
        """Altered copies are left out; what names say is taken, what they do not say is not."""
        for name in (
            "no pain/00-100_CTC03 HR1 15-18 _0.jpg",
            "no pain/1-00-100_CTC03 HR1 15-18 _0.jpg",
            "pain/face_clean_MVI_0170_17m07s06f.jpg",
            "pain/04-3_CTC03 HR1 15-18 _2.jpg",
            "pain/other.jpg",
        ):
            image(tmp_path / name)
        assert isinstance(recognise(tmp_path), AuthorsFolders)
        found = AuthorsFolders().read(tmp_path)
        rows = {Path(row["image"]).name: row for row in found.table.to_dict("records")}
        assert len(rows) == 4
        first = rows["00-100_CTC03 HR1 15-18 _0.jpg"]
        assert (first["mgs"], first["label"]) == (0.0, "no pain")
        assert first["recording"] == rows["04-3_CTC03 HR1 15-18 _2.jpg"]["recording"]
        seen = rows["face_clean_MVI_0170_17m07s06f.jpg"]
        assert (seen["recording"], seen["time_s"]) == ("MVI_0170", 1027.0)
        assert rows["other.jpg"]["recording"] == "other"
        assert any("1 altered copies" in note for note in found.notes)
        assert any("animals are not named" in note for note in found.notes)

    def test_plain_folders_are_not_taken_for_them(self, tmp_path: Path) -> None:
        image(tmp_path / "pain/a.jpg")
        image(tmp_path / "no pain/b.jpg")
        assert recognise(tmp_path) is None


class TestFaceFinder:
    def test_recording_and_time(self, tmp_path: Path) -> None:
        image(tmp_path / "face_clean_ms1_2-bl_27m27s02f.jpg")
        image(tmp_path / "face_clean_ms1_2-bl_103m01s25f.jpg")
        assert isinstance(recognise(tmp_path), FaceFinderImages)
        rows = FaceFinderImages().read(tmp_path).table.to_dict("records")
        assert [row["time_s"] for row in rows] == [6181.0, 1647.0]
        assert {row["recording"] for row in rows} == {"ms1_2-bl"}


class TestTalbot:
    HEADER = "\t".join(
        [
            "",
            "filename",
            "orbital.tightening",
            "nose.bulge",
            "cheek.bulge",
            "ear.position",
            "whisker.change",
            "average.picture",
            "rejected",
        ]
    )

    def test_rejected_rows_and_minus_one_are_missing(self, tmp_path: Path) -> None:
        """Most rejected rows hold zeros, which are no scores."""
        path = table(
            tmp_path / "raw.txt",
            f"{self.HEADER}\n"
            "1\tMVI_0386_LE025_w0_t1_vb_01_min_42_sec_16.png\t3\t-1\t9\t0\t3\t2.4\t0\n"
            "2\tMVI_0422_LE033_w1_t1_nb_10_min_06_sec_12.png\t0\t0\t0\t0\t0\t0\t1\n",
        )
        assert isinstance(recognise(path), TalbotScores)
        found = TalbotScores().read(path)
        first, second = found.table.astype(object).to_dict("records")
        assert (first["orbital_tightening"], first["cheek_bulge"], first["ear_position"]) == (
            3,
            9,
            0,
        )
        assert found.table["nose_bulge"].isna().all()
        assert (first["animal"], first["timepoint"], first["time_s"]) == (
            "LE025",
            "w0 t1 vb",
            102.0,
        )
        units = ("orbital_tightening", "nose_bulge", "cheek_bulge", "ear_position")
        assert found.table[list(units)].iloc[1].isna().all()
        assert second["animal"] == "LE033"
        assert any("0 to 9" in note for note in found.notes)

    def test_a_score_off_the_scale_stops(self, tmp_path: Path) -> None:
        path = table(tmp_path / "r.txt", f"{self.HEADER}\n1\tx.png\t12\t1\t1\t1\t1\t1\t0\n")
        with pytest.raises(TableError, match="from 0 to 9 or -1"):
            TalbotScores().read(path)


class TestVidal:
    @staticmethod
    def entry(**changes: Any) -> list[Mapping[str, Any]]:
        box = {"x": "233", "y": "370", "w": "502", "h": "476"}
        return [{"AnimalNumber": "1", "Boundingbox": box, **changes}]

    def test_boxes_are_corners_and_numbers_are_text(self, tmp_path: Path) -> None:
        eyes = {"animalImage_1.png": self.entry(GrimaceScale="2")}
        faces = {"animalImage_1.png": self.entry(), "animalImage_2.png": self.entry()}
        table(tmp_path / "eyes.json", json.dumps(eyes))
        table(tmp_path / "faces.json", json.dumps(faces))
        table(tmp_path / "else.json", "{}")
        assert isinstance(recognise(tmp_path), VidalFaces)
        first, second = VidalFaces().read(tmp_path).table.to_dict("records")
        assert (first["eye_x2"], first["eye_y2"], first["face_x2"]) == (502.0, 476.0, 502.0)
        assert first["orbital_tightening"] == 2
        assert second["orbital_tightening"] != 0
        assert (first["animal"], first["laboratory"]) == ("Vidal-1", "Vidal")

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"GrimaceScale": "5"}, "GrimaceScale is '5'"),
            ({"Boundingbox": {"x": "9", "y": "9", "w": "2", "h": "2"}}, "is none"),
            ({"Boundingbox": {"x": "a"}}, "not one entry"),
        ],
    )
    def test_faults_are_listed(self, tmp_path: Path, changes: Any, message: str) -> None:
        path = table(tmp_path / "e.json", json.dumps({"a.png": self.entry(**changes)}))
        with pytest.raises(TableError, match=message):
            VidalFaces().read(path)


class TestBlackMice:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name in ("b.jpg", "a.jpg", "c.jpg"):
            image(tmp_path / "images" / name)
        return tmp_path

    def test_rows_stand_in_the_order_of_names(self, folder: Path) -> None:
        """And it is told, as nothing in the table proves it."""
        table(
            folder / "labels.csv",
            "id,treatment,time,pain\n7,KXN,baseline,0\n7,KXN,30 min,1\n8,IN,x,1\n",
        )
        assert isinstance(recognise(folder), BlackMice)
        found = BlackMice().read(folder)
        rows = found.table.to_dict("records")
        assert [row["image"] for row in rows] == ["images/a.jpg", "images/b.jpg", "images/c.jpg"]
        assert [row["label"] for row in rows] == ["no pain", "pain", "pain"]
        assert (rows[0]["animal"], rows[1]["group"], rows[1]["timepoint"]) == (
            "BM-7",
            "KXN",
            "30 min",
        )
        assert any("in the order of the names" in note for note in found.notes)
        assert any("not from faces that people scored" in note for note in found.notes)
        assert BlackMice().read(folder, ["IN"]).table["animal"].tolist() == ["BM-8"]

    def test_a_column_of_files_is_taken_at_its_word(self, folder: Path) -> None:
        table(folder / "labels.csv", "file,id,pain\nc.jpg,1,1\na.jpg,2,0\n")
        found = BlackMice().read(folder)
        assert found.table["image"].tolist() == ["images/c.jpg", "images/a.jpg"]
        assert not any("order of the names" in note for note in found.notes)
        table(folder / "labels.csv", "file,id,pain\nx.jpg,1,1\n")
        with pytest.raises(TableError, match=r"found none for:\n.*x\.jpg"):
            BlackMice().read(folder)

    def test_rows_that_cannot_be_paired_or_read(self, folder: Path) -> None:
        table(folder / "labels.csv", "id,pain\n1,1\n")
        with pytest.raises(TableError, match="found 3 and 1"):
            BlackMice().read(folder)
        table(folder / "labels.csv", "id,pain\n1,1\n1,2\n1,0\n")
        with pytest.raises(TableError, match="1 or 0 as `pain`"):
            BlackMice().read(folder)


class TestPainFace:
    def test_minus_one_is_missing_never_zero(self, tmp_path: Path) -> None:
        path = table(
            tmp_path / "mouse1.csv",
            "Frame Index,Timestamp(x),Orbital,Nose,Ears,Whiskers\n0,0:00:01,2,-1,0,1\n30,0:00:02,-1,-1,-1,-1\n",
        )
        assert isinstance(recognise(path), PainFaceScores)
        found = PainFaceScores().read(path)
        rows = found.table.to_dict("records")
        assert rows[0]["mgs_per_unit"] == pytest.approx(1.0)
        assert rows[1]["mgs_per_unit"] != rows[1]["mgs_per_unit"]
        assert rows[0]["image"] == "mouse1 frame 0"
        assert found.table["nose_bulge"].isna().all()
        assert any("5 units that were not found" in note for note in found.notes)

    def test_a_sheet_with_raters_was_made_by_people(self, tmp_path: Path) -> None:
        """Its columns of images and raters would be lost."""
        text = "Image,Rater,Orbital,Nose,Cheek,Ears,Whiskers\na.jpg,Ada,1,0,2,1,0\n"
        importer = recognise(table(tmp_path / "sheet.csv", text))
        assert not isinstance(importer, PainFaceScores)
        found = importer.read(tmp_path / "sheet.csv").table
        assert set(found["image"]) == {"a.jpg"}

    def test_another_number_stops(self, tmp_path: Path) -> None:
        path = table(tmp_path / "m.csv", "Orbital,Nose,Ears,Whiskers\n0.5,1,1,1\n")
        with pytest.raises(TableError, match="from 0 to 2 or -1 in `Orbital`"):
            PainFaceScores().read(path)


def test_any_other_table_by_its_columns(tmp_path: Path) -> None:
    """`--columns` says which is which; the paths are seen from the new table."""
    image(tmp_path / "in/a.png")
    path = table(tmp_path / "in/t.csv", "file,mouse,hours\na.png,m1,24\n")
    found = rename_columns(path, {"image": "file", "animal": "mouse", "timepoint": "hours"})
    assert list(found.table.columns) == ["image", "animal", "timepoint"]
    out = tmp_path / "out.csv"
    done = amgs("import", path, "--columns", "image=file,animal=mouse", "--out", out)
    assert done.returncode == 0, done.stderr
    assert out.read_text(encoding="utf-8").splitlines() == ["image,animal", "in/a.png,m1"]
    wrong = amgs("import", path, "--columns", "animal=mouse", "--out", out)
    assert wrong.returncode == 2
    missing = amgs("import", path, "--columns", "image=picture", "--out", tmp_path / "o.csv")
    assert missing.returncode == 1
    assert "picture" in missing.stderr


def test_paths_from_one_folder_seen_from_another(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    assert seen_from(["x.png"], tmp_path / "a/b", tmp_path / "a") == ["b/x.png"]
    assert seen_from(["x.png"], tmp_path, tmp_path / "a/b") == ["../../x.png"]


@pytest.mark.reference
class TestRealTables:
    """The tables that are at hand, without their images."""

    @pytest.fixture
    def scores(self) -> Path:
        folder = Path(__file__).parents[4] / "shared/data/scores"
        if not folder.exists():
            pytest.skip("the reference data are not here")
        return folder

    def test_talbot_and_vidal(self, scores: Path) -> None:
        talbot = TalbotScores().read(scores / "talbot_MGS_raw.txt").table
        assert len(talbot) == 4944
        assert int(talbot["orbital_tightening"].isna().sum()) >= 749
        assert talbot["animal"].nunique() == 24
        vidal = VidalFaces().read(scores / "vidal_eyes.json").table
        assert vidal["orbital_tightening"].value_counts().to_dict() == {0: 552, 1: 342, 2: 193}
        assert vidal["animal"].nunique() == 8

    def test_the_published_numbering_is_joined_by_ratings_alone(
        self, scores: Path, tmp_path: Path
    ) -> None:
        """The real ratings, renumbered as the published files are: every match is the right one."""
        import pandas as pd

        from amgs.interop.tu_berlin_cohort import read_tu_berlin_cohort

        rows = pd.read_csv(scores / "mgs_by_rater.csv", dtype=str, keep_default_na=False)
        cohort = read_tu_berlin_cohort(scores).table.set_index("image")
        rows = rows[rows["index"].isin(cohort.index)].sample(frac=1, random_state=1)
        names = {"awolt": "AW", "jwilz": "JW", "lwitt": "LW", "mriec": "MR"}
        subset = rows["index"].map(cohort["subset"]).map(lambda name: names.get(name, "KH"))
        animal = rows["index"].map(cohort["animal"]).str.rsplit("-", n=1).str[1]
        truth = rows["index"].map(cohort["timepoint"]).tolist()
        rows["index"] = [str(number) for number in range(len(rows))]
        main = pd.DataFrame({"index": rows["index"], "id": animal, "subset": subset})
        main.to_csv(tmp_path / MAIN, index=False)
        rows.assign(subset=subset).to_csv(tmp_path / RATINGS, index=False)
        for name in ("mgs_by_rater.csv", "images.csv", "times.csv"):
            (tmp_path / name).write_bytes((scores / name).read_bytes())
        for number in range(len(rows)):
            (tmp_path / f"{number:06d}.jpg").touch()
        found = read_tu_berlin_faces(tmp_path).table
        numbers = found["image"].str.removesuffix(".jpg").astype(int)
        carried = found["timepoint"].notna()
        assert 2_700 < carried.sum() < 3_000
        right = [
            truth[n] == t
            for n, t in zip(numbers[carried], found["timepoint"][carried], strict=True)
        ]
        assert all(right)
