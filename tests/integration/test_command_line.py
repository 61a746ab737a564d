"""The program as its users meet it: commands, exit codes, one JSON document, explained errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amgs.cli.main import COMMANDS
from amgs.vocabulary import SYNTHETIC_NOTICE
from program import amgs, amgs_process


@pytest.fixture(scope="module")
def predictions(cohort: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("predictions") / "predictions.csv"
    done = amgs("classify", model_folder, cohort, "--out", out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """--help works and names every option's meaning."""
    done = amgs(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage: " in done.stdout


def test_version_and_wrong_usage() -> None:
    """0 on success, 2 on wrong usage."""
    assert amgs("--version").stdout.startswith("amgs 0.")
    assert amgs("trian").returncode == 2
    assert amgs("train").returncode == 2
    assert amgs("evaluate", "x.csv", "--threshold", "high").returncode == 2


def test_train_classify_evaluate(cohort: Path, tmp_path: Path) -> None:
    """The three commands of the README, one after another, in a folder of their own."""
    done = amgs(
        "train", cohort, "--out", "models/first", "--recipe", "paper", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)["card"]
    assert card["split"]["kept_whole"] == "animal"
    done = amgs("classify", "models/first", cohort, "--out", "predictions.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Written to predictions.csv" in done.stderr
    done = amgs("evaluate", "predictions.csv", "--figures", "figures", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["n_total"] == card["data"]["images"]
    parts = card["split"]["parts"]
    assert found["n_trained_on"] == parts["train"]["images"] + parts["validation"]["images"]
    assert "images were used to train or choose the model" in done.stderr
    unseen = json.loads(
        amgs("evaluate", "predictions.csv", "--unseen-only", "--json", cwd=tmp_path).stdout
    )
    test = card["metrics"]["test"]["all"]
    assert unseen["n_total"] == test["n"]
    assert unseen["curve"][0]["tp"] == test["tp"]
    assert found["mgs"]["pearson_r"] > 0.5
    names = {p.name for p in (tmp_path / "figures").iterdir()}
    assert {"accuracy_coverage.pdf", "mgs_signed_score.svg", "reliability.csv"} <= names


def test_classify_without_out_shows_rows(cohort: Path, model_folder: Path) -> None:
    """A quick look at a few images."""
    face = next((cohort.parent / "mouse01").glob("*.jpg"))
    done = amgs("classify", model_folder, face)
    assert done.returncode == 0, done.stderr
    assert face.name in done.stdout.replace("\n", "").replace(" ", "")
    document = json.loads(amgs("classify", model_folder, face, "--json").stdout)
    (row,) = document["predictions"]
    assert 0.5 <= row["confidence"] <= 1
    assert row["signed_score"] == pytest.approx(2 * row["p_pain"] - 1)


def test_evaluate_prints_a_table(predictions: Path, tmp_path: Path) -> None:
    """And writes the curve if asked."""
    done = amgs("evaluate", predictions, "--out", tmp_path / "curve.csv")
    assert done.returncode == 0, done.stderr
    for text in ("truly pain", "Accuracy and coverage", "Calibration", "Pearson r"):
        assert text in done.stdout
    assert (tmp_path / "curve.csv").read_text().startswith("threshold,n,coverage,accuracy")


def test_evaluate_with_truth_elsewhere(cohort: Path, predictions: Path, tmp_path: Path) -> None:
    """Predictions without a label column and the labelled CSV beside them."""
    import csv

    with predictions.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    bare = tmp_path / "bare.csv"
    with bare.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["image", "predicted", "confidence"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    with_column = json.loads(amgs("evaluate", predictions, "--json").stdout)
    done = amgs("evaluate", bare, "--truth", cohort, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [found[k] for k in ("tp", "fn", "fp", "tn")] == [
        with_column[k] for k in ("tp", "fn", "fp", "tn")
    ]


def test_models_and_doctor(model_folder: Path, cache: Path) -> None:
    """What there is, what a model was trained on, and what a bug report needs."""
    done = amgs("models")
    assert "efficientnet_lite0" in done.stdout
    assert "inside amgs" in done.stdout
    done = amgs("models", model_folder)
    assert "10" in done.stdout
    assert "Wilson" in done.stdout
    found = json.loads(amgs("doctor", "--json").stdout)
    assert found["engine"]["works"] is True
    assert found["cache"]["folder"] == str(cache)


ERRORS = {
    "no such place": (("train", "nowhere", "--out", "m"), "found nothing at nowhere"),
    "empty folder": (("train", ".", "--out", "m"), "Expected the folders `pain` and `no pain`"),
    "no model": (("classify", "nowhere", "."), "Expected a model folder, found no folder there"),
    "no predictions": (("evaluate", "nowhere.csv"), "Expected a CSV at nowhere.csv"),
    "unknown backbone": (("train", "{cohort}", "--out", "m", "--backbone", "b7"), "found 'b7'"),
    "no network": (
        ("train", "{cohort}", "--out", "m", "--backbone", "inception_v3"),
        "--weights and the path of that file",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_explained(name: str, cohort: Path, tmp_path: Path) -> None:
    """One message on stderr, exit code 1, nothing on stdout, no traceback, nothing half-written."""
    words, message = ERRORS[name]
    closed = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    done = amgs(*(w.format(cohort=cohort) for w in words), "--json", cwd=tmp_path, **closed)
    assert done.returncode == 1
    assert done.stdout == ""
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_demo(tmp_path: Path) -> None:
    """A small synthetic laboratory goes the whole way; every page says that the mice are synthetic."""
    import amgs.demo as demo_module
    from amgs.errors import OutputExistsError
    from amgs.study import Study
    from amgs.study.consistency import planned_recordings

    result = demo_module.run_demo(tmp_path / "demo", small=True)
    text = result.page.read_text(encoding="utf-8")
    assert SYNTHETIC_NOTICE in text
    for part in ("surgery + analgesic", "Raters", "ARRIVE", "data:image/jpeg"):
        assert part in text
    # A model of so few faces may be sure of no image of a group; it is then not compared.
    compared = {g["group"] for g in result.document["comparison"]["groups"]}
    assert {"sham", "surgery"} <= compared <= set(demo_module.EFFECTS)
    with Study.open(tmp_path / "demo" / "experiment") as study:
        assert study.check().faults == ()
        assert len(planned_recordings(study)) == 12
        assert set(study.design().groups) == set(demo_module.EFFECTS)
        assert study.unblindings
        agreement = study.agreement()
    assert agreement["n_raters"] == 2
    with pytest.raises(OutputExistsError):
        demo_module.run_demo(tmp_path / "demo")


def test_the_program_as_a_process(tmp_path: Path) -> None:
    """Results go to stdout, all else to stderr, in UTF-8 whatever the console; codes as agreed."""
    version = amgs_process("--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert version.stdout.startswith("amgs ")
    wrong = amgs_process("summarise", "fehlt-ä.csv", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert wrong.returncode == 1
    assert wrong.stdout == ""
    assert "fehlt-ä.csv" in wrong.stderr
    assert amgs_process("summarise", "--nonsense", cwd=tmp_path).returncode == 2
