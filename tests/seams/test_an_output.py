"""What a model says of a face is declared once; tables, store, summaries, figures take it from there."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amgs.images.reading import RGB
from amgs.prediction import models
from amgs.prediction.readers import Reader
from amgs.study import Study
from amgs.tables import write_table
from amgs.vocabulary import Output, Reading
from program import amgs_output


class Warmth(Reader):
    """Says how much more red than blue an image is, and of what it reminds."""

    name = "warmth"
    sha256 = "7" * 64
    outputs = (
        Output("warmth", "score", "-255 (blue) to 255 (red)", -255, 255),
        Output("is_warm", "flag", "whether there is more red than blue"),
        Output("season", "class", "summer or winter"),
    )

    def __init__(self, _detector: object = None) -> None:
        pass

    def read(self, images: Sequence[RGB]) -> list[Reading]:
        """See `Reader.read`."""
        found = [float(rgb[..., 0].mean() - rgb[..., 2].mean()) for rgb in images]
        return [
            Reading({"warmth": w, "is_warm": w > 0, "season": "summer" if w > 0 else "winter"})
            for w in found
        ]


@pytest.fixture(autouse=True)
def _in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the one line."""
    monkeypatch.setitem(models.BUILT_IN_MODELS, "warmth", f"{Warmth.__module__}:Warmth")


@pytest.fixture
def study(tmp_path: Path):
    """Six animals at two timepoints; those of group b get warmer."""
    rng = np.random.default_rng(5)
    with Study.create(tmp_path / "study") as made:
        rows = []
        for animal in range(6):
            for timepoint in ("baseline", "60min"):
                place = made.folder / "videos" / f"m{animal}_{timepoint}"
                place.mkdir(parents=True)
                warmer = 40 if (animal % 2, timepoint) == (1, "60min") else 0
                for number in range(2):
                    pixels = rng.integers(60, 120, (40, 40, 3))
                    pixels[..., 0] += warmer + animal
                    Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.png")
                rows.append([f"m{animal}", "ab"[animal % 2], timepoint, f"videos/{place.name}"])
        write_table(made.folder / "recordings.csv", ("animal", "group", "timepoint", "video"), rows)
        made.extract()
        yield made


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_a_study_keeps_compares_and_reports_it(study: Study) -> None:
    """From the store to the figure of the groups, with no other line changed."""
    assert study.classify("warmth").outputs["warmth"].n == 24
    assert study.classify("warmth").resumed == 24
    rows = rows_of(study.predictions("warmth"))
    assert {row["season"] for row in rows} <= {"summer", "winter"}
    assert {row["is_warm"] for row in rows} <= {"yes", "no"}
    assert all(row["predicted"] == "" for row in rows)
    folder = study.folder
    summary = json.loads(amgs_output("summarise", folder, "--model", "warmth", "--json"))
    means = {(r["animal"], r["timepoint"]): r["mean_warmth"] for r in summary["animals"]}
    expected = np.mean([float(r["warmth"]) for r in rows if r["animal"] == "m1"][:2])
    assert means["m1", "baseline"] == pytest.approx(expected, abs=1e-6)
    compared = json.loads(amgs_output("compare", folder, "--value", "warmth", "--json"))
    by_group = {group["group"]: group["mean"] for group in compared["groups"]}
    assert by_group["b"] - by_group["a"] == pytest.approx(40, abs=6)
    assert (folder / "results/figures/group_difference.png").exists()
    amgs_output("report", folder, "--value", "warmth", "--quiet")
    page = (folder / "results/report.html").read_text("utf-8")
    assert "warmth" in page


def test_plain_files_carry_it_too(study: Study, tmp_path: Path) -> None:
    """Without a study: classify, summarise, compare; the outputs travel beside the table."""
    table = study.faces / "list.csv"
    planned = {r.name: r for r in study.design().recordings}
    columns = ("image", "animal", "group", "timepoint", "recording")
    rows = [
        [
            Path(face.image).relative_to("faces").as_posix(),
            *(getattr(planned[face.recording], name) for name in columns[1:4]),
            face.recording,
        ]
        for face in study.store.faces.all()
    ]
    write_table(table, columns, rows)
    out, summary = tmp_path / "w.csv", tmp_path / "s.csv"
    amgs_output("classify", "warmth", table, "--out", out, "--quiet")
    amgs_output("summarise", out, "--out", summary, "--quiet")
    assert "mean_warmth" in rows_of(summary)[0]
    compared = json.loads(amgs_output("compare", summary, "--value", "mean_warmth", "--json"))
    assert compared["anova"]["p"] < 0.01
