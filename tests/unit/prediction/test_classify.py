"""Classifying: nothing is dropped, nothing is done twice, nothing is lost."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from amgs.errors import NoImagesError, OutputExistsError, ResumeError, TableError
from amgs.prediction import classify_images, list_images, read_predictions
from amgs.prediction.pain import PainReader
from amgs.prediction.readers import Answer, ImageToClassify
from amgs.prediction.sinks import CsvSink, ListSink
from amgs.tables import read_table
from amgs.vocabulary import PAIN_OUTPUTS, PREDICTION_COLUMNS, Reading


@pytest.fixture(scope="module")
def model(model_folder: Path) -> PainReader:
    return PainReader(model_folder)


@pytest.fixture
def faces(make_image, tmp_path: Path) -> Path:
    """Twenty images in nested folders, one of them broken."""
    for k in range(19):
        make_image(f"faces/{k % 3}/{k:02d}.png")
    (tmp_path / "faces/1/broken.jpg").write_text("not an image")
    return tmp_path / "faces"


def run(model: PainReader, places: list[Path], out: Path, **options: bool) -> CsvSink:
    listing = list_images(places)
    sink = CsvSink(out, listing.known, model.outputs, model.sha256, listing.fingerprint, **options)
    classify_images(model, listing, listing.total, sink)
    sink.finish({"made": "by a test"})
    return sink


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_file_has_a_row_in_order(model: PainReader, faces: Path, tmp_path: Path) -> None:
    """Broken files too, with the reason; the others with all numbers."""
    run(model, [faces], tmp_path / "p.csv")
    rows = rows_of(tmp_path / "p.csv")
    assert [r["image"] for r in rows] == [i.name for i in list_images([faces])]
    assert tuple(rows[0])[:5] == PREDICTION_COLUMNS
    broken = [r for r in rows if r["problem"]]
    assert [Path(r["image"]).name for r in broken] == ["broken.jpg"]
    assert broken[0]["problem"] == "not a JPEG, PNG, TIFF or BMP image"
    assert broken[0]["confidence"] == ""
    table = read_predictions(tmp_path / "p.csv")
    assert len(table) == 19
    assert table.attrs["problems"] == 1


def test_one_by_one_or_together_is_the_same(model: PainReader, faces: Path) -> None:
    """Predictions do not depend on what else is classified."""
    together = ListSink((), PAIN_OUTPUTS)
    classify_images(model, list_images([faces]), None, together)
    for row in together.rows[:3]:
        alone = ListSink((), PAIN_OUTPUTS)
        classify_images(model, list_images([Path(row["image"])]), None, alone)
        assert alone.rows[0]["p_pain"] == row["p_pain"]


def test_what_a_csv_knows_is_kept(model: PainReader, faces: Path, tmp_path: Path) -> None:
    """Animal, group, timepoint and truth go with the image; other columns do not."""
    (tmp_path / "images.csv").write_text(
        "image,animal,group,timepoint,label,colour\n"
        "faces/0/00.png,m1,sham,baseline,no pain,white\n"
        "faces/1/broken.jpg,m2,surgery,60min,pain,white\n",
        encoding="utf-8",
    )
    run(model, [tmp_path / "images.csv"], tmp_path / "p.csv")
    first, second = rows_of(tmp_path / "p.csv")
    assert list(first) == [
        *PREDICTION_COLUMNS,
        "distance_from_training",
        "unlike_training",
        "nearest_training",
        "label",
        "animal",
        "group",
        "timepoint",
        "content",
        "part",
        "problem",
    ]
    assert (first["animal"], first["group"], first["label"]) == ("m1", "sham", "no pain")
    assert second["animal"] == "m2"
    assert second["problem"]


def test_an_interrupted_run_goes_on(model: PainReader, faces: Path, tmp_path: Path) -> None:
    """Rows that were done are not done again, a half row is, and the result is the same."""
    run(model, [faces], tmp_path / "whole.csv")
    out = tmp_path / "p.csv"
    listing = list_images([faces])
    sink = CsvSink(out, (), model.outputs, model.sha256, list_images([faces]).fingerprint)

    class Interrupted(Exception):
        pass

    def stop(step: str, done: int, total: int | None) -> None:
        if done >= 8:
            raise Interrupted

    with pytest.raises(Interrupted):
        classify_images(model, listing, listing.total, sink, progress=stop)
    sink.close()
    part = tmp_path / "p.csv.part"
    assert not out.exists()
    part.write_bytes(part.read_bytes()[:-7])  # the plug was pulled in the middle of a row
    resumed = CsvSink(out, (), model.outputs, model.sha256, list_images([faces]).fingerprint)
    assert len(resumed.done) == 7
    summary = classify_images(model, listing, listing.total, resumed)
    resumed.finish({})
    assert summary.resumed == 7
    assert summary.images == 20
    assert out.read_text(encoding="utf-8") == (tmp_path / "whole.csv").read_text(encoding="utf-8")
    assert not part.exists()
    assert not (tmp_path / "p.csv.part.json").exists()


@pytest.mark.parametrize("cut", [0, 10, 60, 200, 500, 900])
def test_it_goes_on_wherever_it_was_cut(
    cut: int, model: PainReader, faces: Path, tmp_path: Path
) -> None:
    """Even in the header."""
    run(model, [faces], tmp_path / "whole.csv")
    out = tmp_path / "p.csv"
    CsvSink(out, (), model.outputs, model.sha256, list_images([faces]).fingerprint).close()
    (tmp_path / "p.csv.part").write_bytes((tmp_path / "whole.csv").read_bytes()[:cut])
    run(model, [faces], out)
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_another_model_does_not_go_on(model: PainReader, faces: Path, tmp_path: Path) -> None:
    """Rows of two models never mix; --restart begins again."""
    CsvSink(tmp_path / "p.csv", (), model.outputs, "f" * 64, "x").close()
    with pytest.raises(ResumeError, match="begun with another model.*--restart"):
        CsvSink(tmp_path / "p.csv", (), model.outputs, model.sha256, "x")
    run(model, [faces], tmp_path / "p.csv", restart=True)
    assert len(rows_of(tmp_path / "p.csv")) == 20


def test_a_finished_table_is_not_replaced_unasked(
    model: PainReader, faces: Path, tmp_path: Path
) -> None:
    """It may hold a paper's numbers."""
    run(model, [faces], tmp_path / "p.csv")
    with pytest.raises(OutputExistsError):
        run(model, [faces], tmp_path / "p.csv")
    run(model, [faces], tmp_path / "p.csv", overwrite=True)
    provenance = json.loads((tmp_path / "p.csv.provenance.json").read_text(encoding="utf-8"))
    assert provenance["made"] == "by a test"
    assert [output["name"] for output in provenance["outputs"]] == [o.name for o in model.outputs]


def test_places_that_overlap_are_refused(faces: Path) -> None:
    """Images would count twice."""
    with pytest.raises(TableError, match=r"do not overlap, but .*0 lies in .*faces"):
        list_images([faces, faces / "0"])
    with pytest.raises(TableError, match="do not overlap"):
        list_images([faces, faces])


def test_a_csv_with_faults_is_refused(tmp_path: Path) -> None:
    """An image listed twice, and one not named."""
    path = tmp_path / "i.csv"
    path.write_text("image,animal\na.png,1\n,2\na.png,3\n")
    with pytest.raises(
        TableError, match=r"2 faults:\n  - line 3: no image.*\n  - line 4: a\.png is"
    ):
        list_images([path])
    with pytest.raises(TableError, match="Expected either one CSV or images"):
        list_images([path, tmp_path])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """Zero images are not a result."""
    with pytest.raises(NoImagesError, match="found none in"):
        list_images([tmp_path])


def test_the_images_are_not_touched(model: PainReader, faces: Path) -> None:
    """Neither content nor time nor neighbours."""
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in faces.rglob("*")}
    classify_images(model, list_images([faces]), None, ListSink((), PAIN_OUTPUTS))
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in faces.rglob("*")} == before


def test_changed_images_do_not_go_on(
    model: PainReader, faces: Path, tmp_path: Path, make_image
) -> None:
    """Rows of an image that was replaced meanwhile must not stay."""
    out = tmp_path / "p.csv"
    before = list_images([faces]).fingerprint
    CsvSink(out, (), model.outputs, model.sha256, before).close()
    make_image("faces/0/00.png", size=(60, 50))
    with pytest.raises(ResumeError, match="images or their table have changed since"):
        run(model, [faces], out)


def test_only_a_table_of_predictions_is_replaced(
    model: PainReader, faces: Path, tmp_path: Path
) -> None:
    """Neither an image nor a table of human labels, even when overwriting is allowed."""
    labels = tmp_path / "labels.csv"
    labels.write_text("image,label\na.png,pain\n")
    with pytest.raises(OutputExistsError, match="was not written by this command"):
        run(model, [faces], labels, overwrite=True)
    with pytest.raises(OutputExistsError, match=r"Expected the name of a \.csv file"):
        run(model, [faces], faces / "0/00.png", overwrite=True)
    assert labels.read_text() == "image,label\na.png,pain\n"


def test_a_line_separator_in_a_name_is_no_end_of_a_line(
    model: PainReader, make_image, tmp_path: Path
) -> None:
    """U+2028 divides lines for `str.splitlines`, but not in a CSV."""
    for name in ("a\u2028b.png", "c.png"):
        make_image(f"odd/{name}")
    listing = list_images([tmp_path / "odd"])
    sink = CsvSink(tmp_path / "p.csv", (), model.outputs, model.sha256, listing.fingerprint)
    classify_images(model, list(listing)[:1], 1, sink)
    sink.close()
    run(model, [tmp_path / "odd"], tmp_path / "p.csv")
    names = [row["image"] for row in rows_of(tmp_path / "p.csv")]
    assert names == [image.name for image in listing]


def test_paths_of_windows_are_found(model: PainReader, make_image, tmp_path: Path) -> None:
    """A table that was made there names its images with backslashes."""
    make_image("faces/one/a.png")
    table = tmp_path / "i.csv"
    table.write_text("image,animal\nfaces\\one\\a.png,m1\n", encoding="utf-8")
    (row,) = rows_of(run(model, [table], tmp_path / "p.csv")._out)
    assert (row["image"], row["problem"]) == ("faces/one/a.png", "")


@pytest.mark.parametrize("how", ["semicolons and a mark", "quotes"])
def test_a_table_saved_by_a_spreadsheet_is_still_ours(
    how: str, model: PainReader, faces: Path, tmp_path: Path
) -> None:
    """It may be replaced by a newer one."""
    out = tmp_path / "p.csv"
    run(model, [faces], out)
    text = out.read_text(encoding="utf-8")
    if how == "quotes":
        lines = text.splitlines()
        lines[0] = ",".join(f'"{name}"' for name in lines[0].split(","))
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        out.write_text("\ufeff" + text.replace(",", ";"), encoding="utf-8")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        run(model, [faces], out)
    run(model, [faces], out, overwrite=True)
    assert out.read_text(encoding="utf-8") == text


def test_names_that_look_like_formulas_are_resumed_once(tmp_path: Path) -> None:
    """A table gives them an apostrophe for the spreadsheet, which is no part of the name."""
    outputs = PAIN_OUTPUTS
    names = ["-10min/a.png", " @home/b.png", "c.png"]

    def answer(name: str) -> Answer:
        return Answer(
            ImageToClassify(Path(name), name),
            Reading({"predicted": "pain", "confidence": 0.9, "p_pain": 0.9, "signed_score": 0.8}),
            "",
            name,
            "",
        )

    first = CsvSink(tmp_path / "p.csv", (), outputs, "m", "i")
    for name in names[:2]:
        first.write(answer(name))
    first.flush()
    first.close()
    second = CsvSink(tmp_path / "p.csv", (), outputs, "m", "i")
    assert second.done == set(names[:2])
    for name in names:
        if name not in second.done:
            second.write(answer(name))
    second.finish({})
    assert read_table(tmp_path / "p.csv", required=("image",))["image"].tolist() == names
