"""A study that 0.1.0 wrote opens, goes on, and gives the numbers it gave then."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest

from amgs.model.backbones.table import find_backbone, locate_backbone
from amgs.model.bundle import load_model
from amgs.prediction.human import read_predictions_or_scores
from amgs.prediction.summarise import summarise_animals
from amgs.prediction.summary_options import SummaryOptions
from amgs.study import Study
from amgs.study.summarising import SummaryChoice
from amgs.tables import read_table
from program import amgs

KEPT = Path(__file__).parent / "data" / "study_0_1_0"
ALPHA_THEN = 0.8389989879625468


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def by_image(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table in one order: today they stand in that of the design."""
    return sorted(rows_of(path), key=lambda row: row["image"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, with the network that shipped inside 0.1.0 put back into its model."""
    place = tmp_path_factory.mktemp("old") / "kept from 0.1.0"
    shutil.copytree(KEPT, place)
    (place / "models/drawn/backbone.onnx").write_bytes(network_of_0_1_0())
    return place


def network_of_0_1_0() -> bytes:
    """Return today's network without the means of its inner layers: the file of 0.1.0 again."""
    network = onnx.load(locate_backbone(find_backbone("efficientnet_lite0")))
    nodes = network.graph.node
    pooled = next(node.output[0] for node in nodes if node.name == "pooled")
    last = next(node for node in nodes if node.op_type == "Flatten")
    for node in [n for n in nodes if n.op_type == "Concat" or n.name.endswith(".pooled")]:
        nodes.remove(node)
    last.input[0] = pooled
    network.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 1280
    return network.SerializeToString(deterministic=True)


@pytest.fixture
def study(folder: Path) -> Iterator[Study]:
    with Study.open(folder) as opened:
        yield opened


def test_it_is_in_order_but_for_its_archived_videos(study: Study) -> None:
    """`film` is read as `video`; five of six videos lie elsewhere by now, which is only odd."""
    report = study.check()
    assert report.faults == ()
    assert len(report.design.recordings) == 12
    assert sum("its faces are in the study" in text for text in report.warnings) == 10


def test_the_same_raters_agree_as_well(study: Study) -> None:
    document = study.agreement()
    assert document["mgs_per_unit"]["krippendorff_alpha"] == pytest.approx(ALPHA_THEN, rel=1e-12)


def test_the_same_model_has_said_it_all(study: Study) -> None:
    """Its hash is what it was: nothing is classified again, and what it said is unchanged."""
    assert study.store.predictions.models()[0][2] == load_model(study.model_folder()).sha256
    summary = study.classify("drawn")
    assert summary.images == summary.resumed
    now = by_image(study.predictions("drawn"))
    then = by_image(KEPT / "results/predictions_drawn.csv")
    assert [row["image"] for row in now] == [row["image"] for row in then]
    for new, old in zip(now, then, strict=True):
        assert new["content"] == old["content"]
        assert new["p_pain"] == old["p_pain"]


def test_orbital_reads_anew_with_another_detector(study: Study) -> None:
    """It is another model since its face detector was trained again; the earlier one stays."""
    before = study.store.predictions.models()
    summary = study.classify("orbital")
    assert summary.resumed == 0
    assert summary.images > 0
    after = study.store.predictions.models()
    assert set(before) < set(after)
    assert sum(name == "orbital" for name, _, _ in after) == 2


def test_labels_and_human_scores_are_the_same(study: Study) -> None:
    """With the new name of the mean per unit."""
    for path, kept in (
        (study.label()[0], "labels.csv"),
        (study.human_scores(), "human_scores.csv"),
    ):
        now, then = by_image(path), by_image(KEPT / "results" / kept)
        assert [row["mgs_per_unit"] for row in now] == [row["mgs_mean"] for row in then]
        assert [row["mgs"] for row in now] == [row["mgs"] for row in then]


def test_the_report_gives_the_same_numbers(folder: Path) -> None:
    """The comparison and the summary behind it, to the last digit."""
    then = json.loads((KEPT / "results/comparison_pct_pain.json").read_text("utf-8"))
    done = amgs("report", folder, "--model", "drawn")
    assert done.returncode == 0, done.stderr
    now = json.loads((folder / "results/comparison_pct_pain.json").read_text("utf-8"))
    for key in ("groups", "anova", "tukey", "levene", "animals", "excluded", "outliers"):
        assert now[key] == then[key], key
    new, old = (
        sorted(rows_of(place / "results/summary.csv"), key=lambda r: (r["animal"], r["timepoint"]))
        for place in (folder, KEPT)
    )
    renamed = [{("mean_mgs_sum" if k == "mean_mgs" else k): v for k, v in r.items()} for r in old]
    assert [{k: row[k] for k in renamed[0]} for row in new] == renamed
    page = (folder / "results/report.html").read_text("utf-8")
    assert (KEPT / "notice.txt").read_text("utf-8").split(";")[0] in page


def test_what_it_extracted_is_not_extracted_again(folder: Path) -> None:
    """A video that is still there is not examined again, and its faces are the same images."""
    before = {p.name: p.read_bytes() for p in (folder / "faces").rglob("*.jpg")}
    with Study.open(folder) as study:
        n = study.store.faces.count()
        found = study.extract()
        assert study.store.faces.count() == n
    assert len(found.archived) > 0
    assert found.summary is not None
    assert found.summary.images == n
    assert (found.moved, found.changed, found.retired) == ([], [], [])
    assert {p.name: p.read_bytes() for p in (folder / "faces").rglob("*.jpg")} == before
    (row, *_) = rows_of(folder / "faces/extraction.csv")
    assert {"video", "candidates", "sharpness_p75"} <= set(row)


def test_its_slips_are_mended_as_in_a_study_of_today(folder: Path, tmp_path: Path) -> None:
    """Cubicles of an archived video swapped, an animal renamed and one excluded."""
    place = tmp_path / "slips"
    shutil.copytree(folder, place)
    with Study.open(place) as study:
        before = {f.image: f.recording for f in study.store.faces.all()}
        said = {row["image"]: row["p_pain"] for row in rows_of(study.predictions("drawn"))}
        path = place / "recordings.csv"
        text = path.read_text("utf-8")
        pair = [line for line in text.splitlines() if "60min_01" in line]
        assert len(pair) == 2
        other = {"left": "right", "right": "left"}
        for line in pair:
            zone = "left" if "left" in line else "right"
            text = text.replace(line, line.replace(zone, other[zone]))
        path.write_text(text.replace("m03,", "m33,"), "utf-8")
        assert sum("its faces are filed as" in fault for fault in study.check().faults) == 4
        found = study.extract()
        assert (len(found.moved), found.changed, found.retired) == (4, [], [])
        after = {f.image: f.recording for f in study.store.faces.all()}
        assert after.keys() == before.keys()
        swapped = {name for name in before.values() if name.endswith("60min")} & {
            before[image] for image in before if before[image] != after[image]
        }
        assert len(swapped) == 3, "two of one video, and the animal that was renamed"
        now = {row["image"]: row["p_pain"] for row in rows_of(study.predictions("drawn"))}
        assert now == said
        assert study.check().faults == ()
        assert amgs("exclude", place, "--animal", "m33", "--reason", "died").returncode == 0
        rows = study.summarise(SummaryChoice("drawn")).rows
        reasons = {row["reason"] for row in rows if row["animal"] == "m33"}
        assert reasons == {"excluded after unblinding: died"}


def test_its_tables_are_read_as_they_are() -> None:
    """Old names of columns in files that were taken out of the study."""
    faces = read_table(KEPT / "faces/faces.csv", required=("image",))
    assert "p_eyes_not_open" in faces.columns
    table, outputs = read_predictions_or_scores(KEPT / "results/predictions_orbital.csv")
    rows = summarise_animals(table, SummaryOptions(), None, outputs)
    assert all(row["mean_orbital_tightening"] is not None for row in rows)
    done = amgs("compare", KEPT / "results/summary.csv", "--value", "mean_mgs", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["value"] == "mean_mgs_sum"
