"""The report: one file, nothing fetched, every number from what really happened."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from amgs.cohort.comparison import compare_groups
from amgs.cohort.design import Cell, Cohort
from amgs.figures import rater_matrix, time_course
from amgs.model.evaluate import evaluate_predictions
from amgs.provenance import record_provenance
from amgs.report.arrive import arrive
from amgs.report.build import write_report
from amgs.report.flow import exclusion_flow
from amgs.report.gather import read_summary
from amgs.report.material import ReportMaterial
from amgs.report.words import methods
from amgs.study.evidence import last_evidence

GROUPS = ("sham", "surgery", "surgery + carprofen")


def make_summary() -> list[dict]:
    rng = np.random.default_rng(3)
    rows = []
    for number in range(24):
        group = GROUPS[number % 3]
        for timepoint in ("baseline", "60min"):
            effect = {"sham": 0, "surgery": 30, "surgery + carprofen": 12}[group]
            missing = number == 5 and timepoint == "60min"
            rows.append(
                {
                    "animal": f"m{number}<b>",
                    "group": group,
                    "timepoint": timepoint,
                    "images": 100,
                    "confident_images": None if missing else 70,
                    "pct_pain": None
                    if missing
                    else 20 + effect * (timepoint != "baseline") + float(rng.normal(0, 6)),
                    "mean_signed_score": 0.1,
                    "mean_mgs_sum": None,
                    "included": "no" if missing else "yes",
                    "reason": "fewer than 1 confident images per minute" if missing else "",
                }
            )
    return rows


def make_material(tmp_path: Path, make_image, **more) -> ReportMaterial:
    rows = make_summary()
    cells = tuple(
        Cell(r["animal"], r["group"], r["timepoint"], r["pct_pain"], r["reason"]) for r in rows
    )
    images = []
    for number, row in enumerate(rows[:6]):
        make_image(f"faces/{number}.png")
        images.append(
            {
                "image": f"faces/{number}.png",
                "predicted": "pain",
                "confidence": 0.6 + 0.06 * number,
                "signed_score": 0.2,
                **{name: row[name] for name in ("animal", "group", "timepoint")},
            }
        )
    options = {
        "title": "Study & <script>",
        "summary": rows,
        "comparison": compare_groups(Cohort("pct_pain", cells)).document,
        "settings": {"threshold": 0.75},
        "predictions": pd.DataFrame(images),
        "images_at": tmp_path,
    }
    return ReportMaterial(**(options | more))


def page_of(tmp_path: Path, material: ReportMaterial) -> str:
    write_report(tmp_path / "report.html", material, record_provenance({}, {}))
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_page_fetches_nothing(tmp_path: Path, make_image) -> None:
    """No address but data, anchors and the names of XML."""
    text = page_of(tmp_path, make_material(tmp_path, make_image))
    for address in re.findall(r'(?:src|href)="([^"]*)"', text):
        assert address.startswith(("data:", "#")), address
    assert not re.search(r"@import|url\((?!#)|<script|<link|<iframe", text)


def test_names_are_text_and_never_code(tmp_path: Path, make_image) -> None:
    text = page_of(tmp_path, make_material(tmp_path, make_image))
    assert "Study &amp; &lt;script&gt;" in text
    assert "m5&lt;b&gt;" in text
    assert "m5<b>" not in text


def test_the_numbers_are_those_of_the_comparison(tmp_path: Path, make_image) -> None:
    material = make_material(tmp_path, make_image)
    text = page_of(tmp_path, material)
    assert material.comparison is not None
    anova = material.comparison["anova"]
    assert f"F(2, {anova['df_within']}) = {anova['F']:.3f}" in text
    for row in material.comparison["tukey"]:
        assert f"{row['difference']:.2f}" in text
    assert text.count("<svg") == 4
    assert text.count("<img") == 6
    assert text.count('class="unsure"') == 3


def test_the_notice_stands_on_top(tmp_path: Path, make_image) -> None:
    text = page_of(tmp_path, make_material(tmp_path, make_image, notice="These mice are drawn."))
    assert text.index("These mice are drawn.") < text.index("<h2>")


def test_a_page_with_the_least_is_a_page(tmp_path: Path, make_image) -> None:
    least = ReportMaterial("x", make_summary(), None, {})
    assert "No comparison was made" in page_of(tmp_path, least)


def test_the_flow_counts_what_was_left_out(tmp_path: Path, make_image) -> None:
    extraction = [
        {
            "recording": "a",
            "duration_s": "600",
            "intervals": "60",
            "kept": "50",
            "rejected_blurred": "7",
        },
        {
            "recording": "b",
            "duration_s": "600",
            "intervals": "60",
            "kept": "55",
            "rejected_blurred": "3",
        },
    ]
    steps = exclusion_flow(
        make_material(tmp_path, make_image, recordings=48, extraction=extraction)
    )
    assert [s.title for s in steps] == [
        "Recordings",
        "Face images",
        "Classified images",
        "Animals with an image that counts",
        "Animals compared",
    ]
    assert steps[0].left == "48 recordings of 24 animals"
    assert steps[1].lost == [
        ("intervals without a usable face", 15),
        ("frames examined and not kept: blurred", 10),
    ]
    assert steps[2].left == "3 of 6 images classified with confidence"
    assert steps[3].lost == [("fewer than 1 confident images per minute", 1)]
    assert steps[4].left == "23 animals"


def test_methods_say_only_what_was_done(tmp_path: Path, make_image) -> None:
    few = " ".join(methods(make_material(tmp_path, make_image)))
    assert "confidence 0.75" in few
    assert "raters" not in few
    assert "trained" not in few
    agreement = {
        "n_images": 40,
        "n_raters": 2,
        "mgs_per_unit": {"krippendorff_alpha": 0.62},
        "within_raters": [{"exact_agreement": 0.8}, {"exact_agreement": 0.9}],
    }
    unblindings = [{"at": "2026-04-01T10:00", "progress": {"Ada": [40, 40], "Bo": [3, 40]}}]
    material = make_material(
        tmp_path,
        make_image,
        agreement=agreement,
        unblindings=unblindings,
        blinded=True,
        course={"Ada": 0.84},
    )
    text = " ".join(methods(material))
    assert "40 images were scored by 2 raters" in text
    assert "0.62" in text
    assert "80–90 %" in text
    assert "had passed a training course before (units equal to the reference: Ada 84 %)" in text
    assert "unblinded on 2026-04-01, when Bo had not finished" in text


def test_all_ten_arrive_items_are_there(tmp_path: Path, make_image) -> None:
    animals = {
        "m1": {"sex": "f", "strain": "CD-1", "coat": ""},
        "m2": {"sex": "m", "strain": "CD-1", "coat": ""},
    }
    items = arrive(make_material(tmp_path, make_image, animals=animals))
    assert [item.number for item in items] == list(range(1, 11))
    assert "sham 8, surgery 8, surgery + carprofen 8" in items[1].known
    assert "surgery + carprofen 7" in items[1].known
    assert "fewer than 1 confident images per minute (1)" in items[2].known
    assert "strain: CD-1 2; sex: f 1, m 1" in items[7].known


def test_any_table_of_animals_is_a_summary(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("animal,group,timepoint,weight\nm1,a,x,20.5\nm2,b,x,\n", encoding="utf-8")
    first, second = read_summary(path, "weight")
    assert (first["weight"], first["included"], first["images"]) == (20.5, "yes", None)
    assert second["weight"] is None
    path.write_text("animal,group,timepoint,weight\nm1,a,x,heavy\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 2"):
        read_summary(path, "weight")


def test_the_time_course_draws_every_animal() -> None:
    rows = [{**r, "time": r["timepoint"]} for r in make_summary()]
    drawn = time_course.figure(time_course.TimeCourse(rows, "pct_pain", ["baseline", "60min"]))
    assert len(drawn.rows) == 47
    shown = {(row[1], row[2]): row[3] for row in drawn.rows}
    assert shown["m0<b>", "baseline"] == rows[0]["pct_pain"]
    (axes,) = drawn.drawing.axes
    means = [c for c in axes.containers if hasattr(c, "lines")]
    assert len(means) == 3
    expected = np.mean(
        [r["pct_pain"] for r in rows if r["group"] == "sham" and r["time"] == "60min"]
    )
    assert means[0].lines[0].get_ydata()[1] == pytest.approx(expected)


def test_the_rater_matrix_is_symmetric_and_leaves_gaps() -> None:
    document = {
        "raters": [{"rater": "A"}, {"rater": "B"}, {"rater": "C"}],
        "rater_pairs": [{"a": "A", "b": "B", "kappa": 0.7, "n": 10}],
    }
    drawn = rater_matrix.figure(document)
    assert drawn.rows == [["A", "B", 0.7, 10]]
    image = drawn.drawing.axes[0].images[0].get_array()
    assert image[0, 1] == image[1, 0] == 0.7
    assert image.mask.sum() == 7


CARD = {
    "data": {"images": 50, "animals": 8},
    "backbone": {"title": "a network"},
    "recipe": {"name": "paper"},
    "provenance": {"amgs": "0"},
    "metrics": {"test": {"all": {"accuracy": 0.8, "n": 10}, "auc": 0.9}},
    "split": {"kept_whole": "given", "parts": {"test": {"units": 2}}},
}


def test_a_split_that_was_given_is_not_invented(tmp_path: Path, make_image) -> None:
    """It is said who divided the images, and of what there are so few."""
    text = " ".join(methods(make_material(tmp_path, make_image, card=CARD)))
    assert "divided by its owner" in text
    assert "2 animals kept apart" in text
    assert "So few animals" in text
    assert not re.search(r"\bgivens?\b", text)


def test_people_are_not_called_a_model(tmp_path: Path, make_image) -> None:
    """A report of human scores alone says nothing of a model, not even in the ARRIVE items."""
    scored = [{**row, "pct_pain": None, "mean_mgs_sum": 3.0} for row in make_summary()]
    cells = tuple(
        Cell(r["animal"], r["group"], r["timepoint"], k % 7 + 0.1 * k) for k, r in enumerate(scored)
    )
    comparison = compare_groups(Cohort("mean_mgs_sum", cells)).document
    material = make_material(
        tmp_path, make_image, summary=scored, comparison=comparison, predictions=None, settings={}
    )
    said = " ".join(item.known for item in arrive(material)) + " ".join(methods(material))
    assert "classified by a model" not in said


def test_a_mixed_model_without_contrasts_was_not_used(tmp_path: Path, make_image) -> None:
    comparison = make_material(tmp_path, make_image).comparison
    assert comparison is not None
    empty = {**comparison, "mixed_model": {**comparison["mixed_model"], "contrasts": []}}
    text = " ".join(methods(make_material(tmp_path, make_image, comparison=empty)))
    assert "mixed model" not in text


@pytest.mark.parametrize("passed", [{"Ada": 0.84}, {"Ada": 0.84, "Bo": 0.9}])
def test_only_who_took_the_course_has_passed_it(
    passed: dict[str, float], tmp_path: Path, make_image
) -> None:
    agreement = {
        "n_images": 40,
        "n_raters": 2,
        "mgs_per_unit": {"krippendorff_alpha": 0.62},
    }
    material = make_material(tmp_path, make_image, agreement=agreement, course=passed)
    text = " ".join(methods(material))
    assert f"{'All' if len(passed) == 2 else '1 of 2'} had passed a training course" in text


def test_human_and_model_are_compared_as_in_evaluate(tmp_path: Path, make_image) -> None:
    """Means of two raters keep their halves: one r for the same data, wherever it stands."""
    from amgs.report.drawings import show_figures

    rng = np.random.default_rng(4)
    score = rng.uniform(-1, 1, 60)
    mgs = np.clip(np.round(2 * (4 + 3 * score + rng.normal(0, 1, 60))) / 2, 0, 10)
    table = pd.DataFrame(
        {
            "image": [f"{k}.jpg" for k in range(60)],
            "predicted": np.where(score >= 0, "pain", "no pain"),
            "confidence": 0.5 + np.abs(score) / 2,
            "p_pain": (score + 1) / 2,
            "signed_score": score,
            "mgs": mgs,
            "label": np.where(mgs >= 3, "pain", "no pain"),
        }
    )
    material = make_material(tmp_path, make_image, predictions=table)
    captions = [shown.caption for shown in show_figures(material)["human"]]
    expected = evaluate_predictions(table).mgs
    assert expected is not None
    assert expected.pearson_r is not None
    assert any(f"r = {expected.pearson_r:.2f}." in caption for caption in captions)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {},
            "with the background as filmed; what remained visible of a recording were its background",
        ),
        (
            {"background": "grey", "brightness": "equal"},
            "with the mean brightness and contrast of the face made equal; what remained visible of a recording were the coat and sharpness.",
        ),
        ({"mode": "unit by unit"}, "One unit was scored in all faces before the next one."),
    ],
)
def test_methods_say_what_raters_could_still_see(
    settings: dict[str, str], expected: str, tmp_path: Path, make_image
) -> None:
    agreement = {
        "n_images": 3,
        "n_raters": 2,
        "mgs_per_unit": {"krippendorff_alpha": 0.8},
    }
    more = {"agreement": agreement, "blinded": True, "settings": {"threshold": 0.75, **settings}}
    assert expected in " ".join(methods(make_material(tmp_path, make_image, **more)))


def test_what_the_calls_rest_on_is_told(tmp_path: Path, make_image) -> None:
    """As `amgs evidence` found it, with its warnings; a file of another model is not taken."""
    one = {"set": "called <pain>", "images": 7, "animals": 3, "share_outside": 0.123}
    evidence = {
        "sets": [one | {"effects": {"eyes": 1.5, "outside the face": None}}],
        "probes": [{"name": "background", "auc": 0.914, "alarming": True}],
        "notes": ["The background alone tells pain."],
        "provenance": {"inputs": {"model": "abc"}},
    }
    card = {"title": "a network", "sha256_of_this_card": "f00", "card": "text", "warnings": []}
    more = {"adapted_from": "", "adapting": {"way": "as it is"}}
    material = make_material(tmp_path, make_image, card=card | more, evidence=evidence)
    text = page_of(tmp_path, material)
    assert "called &lt;pain&gt;" in text
    assert "12.3 %" in text
    assert "background 0.91." in text
    assert "The background alone tells pain." in text
    assert "called pain − called no pain" not in text  # evidence that an earlier amgs kept
    both = {"effects": {"eyes": 2.25, "outside the face": None}, "share_outside": 0.0}
    material = replace(material, evidence=evidence | {"difference": both})
    assert "called pain − called no pain" in page_of(tmp_path, material)
    study: Any = SimpleNamespace(results=tmp_path)
    assert last_evidence(study, "abc") is None
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "evidence.json").write_text(json.dumps(evidence), encoding="utf-8")
    assert last_evidence(study, "abc") == evidence
    assert last_evidence(study, "def") is None
    (tmp_path / "evidence" / "evidence.json").write_text("[1, 2", encoding="utf-8")
    assert last_evidence(study, "abc") is None
