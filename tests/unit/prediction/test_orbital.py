"""The built-in model `orbital`: follows the eyes, says when it cannot, and never calls it pain."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import spearmanr

from amgs.errors import ResumeError, TableError
from amgs.faces.base import FoundEye, FoundFace
from amgs.prediction import classify_images, list_images, read_predictions
from amgs.prediction.classify import ImageListing
from amgs.prediction.orbital import OrbitalReader, score_orbital
from amgs.prediction.sinks import CsvSink, ListSink
from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face
from amgs.vocabulary import PAIN_OUTPUTS, PREDICTION_COLUMNS


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[float]]:
    """Thirty synthetic faces with eyes from open to shut, and one image without a face."""
    folder = tmp_path_factory.mktemp("drawn")
    rng = np.random.default_rng(77)
    truth = []
    for k in range(30):
        face = replace(random_face(rng), orbital_tightening=2 * k / 29)
        Image.fromarray(draw_face(face, rng)).save(folder / f"{k:02d}.png")
        truth.append(face.orbital_tightening)
    noise = rng.integers(90, 140, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "99_nothing.png")
    return folder, truth


ORBITAL = OrbitalReader()


def sink_for(reader: OrbitalReader, out: Path, listing: ImageListing) -> CsvSink:
    return CsvSink(out, listing.known, reader.outputs, reader.sha256, listing.fingerprint)


def read(folder: Path, out: Path) -> list[dict[str, str]]:
    listing = list_images([folder])
    sink = sink_for(ORBITAL, out, listing)
    classify_images(ORBITAL, listing, listing.total, sink)
    sink.finish({})
    with out.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_score_follows_the_eyes(drawn, tmp_path: Path) -> None:
    """On synthetic faces it never trained on; without a face it says so."""
    folder, truth = drawn
    rows = read(folder, tmp_path / "o.csv")
    assert list(rows[0])[:8] == [
        *PREDICTION_COLUMNS,
        "orbital_tightening",
        "p_narrowed",
        "scorable",
    ]
    faces, nothing = rows[:-1], rows[-1]
    assert all(row["scorable"] == "yes" for row in faces)
    scores = [float(row["orbital_tightening"]) for row in faces]
    assert all(0 <= score <= 2 for score in scores)
    assert spearmanr(truth, scores)[0] > 0.85
    assert (nothing["scorable"], nothing["orbital_tightening"], nothing["p_narrowed"]) == (
        "no",
        "",
        "",
    )
    assert all(row["predicted"] == row["p_pain"] == row["confidence"] == "" for row in rows)


def test_it_is_no_pain_call(drawn, tmp_path: Path) -> None:
    """A table of readings is refused where calls are expected."""
    read(drawn[0], tmp_path / "o.csv")
    with pytest.raises(TableError, match="a model that only says orbital_tightening"):
        read_predictions(tmp_path / "o.csv")


def test_an_interrupted_run_goes_on(drawn, tmp_path: Path) -> None:
    """Rows that are there are read back, not made again."""
    folder, _ = drawn
    listing = list_images([folder])
    whole = read(folder, tmp_path / "whole.csv")
    sink = sink_for(ORBITAL, tmp_path / "o.csv", listing)
    classify_images(ORBITAL, list(listing)[:11], 11, sink)
    sink.close()
    sink = sink_for(ORBITAL, tmp_path / "o.csv", listing)
    summary = classify_images(ORBITAL, listing, listing.total, sink)
    sink.finish({})
    assert summary.resumed == 11
    scorable = summary.outputs["scorable"]
    assert (scorable.n, scorable.total) == (31, 30)
    with (tmp_path / "o.csv").open(encoding="utf-8") as stream:
        assert list(csv.DictReader(stream)) == whole


def test_a_run_of_another_kind_is_not_continued(drawn, tmp_path: Path) -> None:
    """Predictions and readings do not mix."""
    listing = list_images([drawn[0]])
    sink_for(ORBITAL, tmp_path / "o.csv", listing).close()
    with pytest.raises(ResumeError):
        CsvSink(tmp_path / "o.csv", (), PAIN_OUTPUTS, "another model", listing.fingerprint)


def test_broken_files_stay_in_the_table(tmp_path: Path) -> None:
    """With the reason."""
    (tmp_path / "x.jpg").write_text("nothing")
    listing = list_images([tmp_path])
    sink = ListSink((), ORBITAL.outputs)
    summary = classify_images(ORBITAL, listing, 1, sink)
    assert summary.unreadable == 1
    assert sink.rows[0]["problem"] == "not a JPEG, PNG, TIFF or BMP image"


def test_the_formula() -> None:
    """p(narrowed) + 2 p(closed), a mean over clear eyes weighted by their widths."""
    eyes = (
        FoundEye((0, 0, 0.9, 1), 0.5, 0.5, 0.3, 0.2),
        FoundEye((2, 0, 2.3, 1), 0.8, 0.0, 0.0, 1.0, 0.49),
        FoundEye((4, 0, 5, 1), 0.9, 1.0, 0.0, 0.0, 0.5),
    )
    reading = score_orbital(FoundFace((0, 0, 9, 9), 1.0, eyes, (), None, (1, 0, 0, 0)))
    assert reading.number("orbital_tightening") == pytest.approx((0.9 * 0.7 + 0.3 * 2) / 1.2)
    assert reading.number("p_narrowed") == pytest.approx((0.9 * 0.5 + 0.3 * 1) / 1.2)
    unclear = score_orbital(FoundFace((0, 0, 9, 9), 1.0, eyes[2:], (), None, (1, 0, 0, 0)))
    assert unclear.values["scorable"] is False
    no_eyes = score_orbital(FoundFace((0, 0, 9, 9), 1.0, (), (), None, (1, 0, 0, 0)))
    assert no_eyes.values == {"orbital_tightening": None, "p_narrowed": None, "scorable": False}


def test_its_card_says_what_it_is_not() -> None:
    """In plain words."""
    text = " ".join(ORBITAL.card()["card"].split())
    assert "It is not a measure of pain" in text
    assert "Sleeping animals close their eyes" in text
    assert "0.71" in text
