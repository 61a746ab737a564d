"""A model of another laboratory in a study: checked, adapted, and what the report says of it."""

from __future__ import annotations

import csv
import json
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amgs.errors import NoImagesError, StudyError, UnknownNameError
from amgs.model.bundle import load_model
from amgs.provenance import hash_file
from amgs.simulate.cohort import draw_labelled_faces
from amgs.study import Study
from amgs.study.adapting import adapt_to_study, ask_for_scores, scores_so_far
from amgs.study.orders import asked_faces
from amgs.study.proving import check_model, last_check
from amgs.tables import write_table
from program import amgs

N_ANIMALS = 8
EACH = 10


@pytest.fixture(scope="module")
def unscored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """Eight drawn mice of two laboratories at two timepoints; and the true MGS of every image."""
    folder = tmp_path_factory.mktemp("elsewhere") / "study"
    with Study.create(folder, "Another laboratory", seed=5) as study:
        rows, truth = [], {}
        for number, drawn in enumerate(draw_labelled_faces(N_ANIMALS, EACH, seed=11)):
            timepoint = "baseline" if drawn.number % 2 else "60min"
            place = folder / "videos" / f"{drawn.animal}_{timepoint}"
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(drawn.rgb).save(place / f"{number}.png")
            laboratory = "AB"[int(drawn.animal[-1]) % 2]
            row = [drawn.animal, "treated", timepoint, f"videos/{place.name}", laboratory]
            rows += [row] if row not in rows else []
            truth[hash_file(place / f"{number}.png")] = drawn.mgs
        columns = ("animal", "group", "timepoint", "video", "laboratory")
        write_table(folder / "recordings.csv", columns, rows)
        study.extract()
        by_image = {face.image: truth[face.content] for face in study.store.faces.all()}
    return folder, by_image


@pytest.fixture
def study(unscored: tuple[Path, dict[str, float]], tmp_path: Path) -> Iterator[Study]:
    shutil.copytree(unscored[0], tmp_path / "study")
    with Study.open(tmp_path / "study") as opened:
        yield opened


def score(study: Study, truth: dict[str, float], name: str, most: int = 10_000) -> list[str]:
    """Let a rater score the first faces of the own order; return their images.

    The error of a score hangs on the image: every rater has an order of their own, drawn anew.
    """
    room = study.room()
    rater = room.sign_in(name).rater
    seen = []
    for shown in study.store.scoring.order(rater.id)[:most]:
        rng = np.random.default_rng(zlib.crc32(shown.image.encode()))
        for unit in study.scale.unit_names:
            value = float(np.clip(truth[shown.image] / 5 + rng.normal(0, 0.25), 0, 2))
            room.answer(shown, unit, round(value))
        seen.append(shown.image)
    return seen


def test_a_study_without_scores_proves_nothing(study: Study, model_folder: Path) -> None:
    with pytest.raises(NoImagesError, match="Expected faces with human scores, found none"):
        check_model(study, study.reader(model_folder))
    with pytest.raises(UnknownNameError, match="a model that calls pain, found orbital"):
        check_model(study, study.reader("orbital"))


def test_how_a_model_did_on_these_animals(
    study: Study, unscored: tuple[Path, dict[str, float]], model_folder: Path
) -> None:
    """Figures with intervals over animals, by laboratory; timepoints only once unblinded."""
    score(study, unscored[1], "Ada")
    document = check_model(study, study.reader(model_folder))
    everything = document["all"]
    assert (everything["images"], everything["animals"]) == (N_ANIMALS * EACH, N_ANIMALS)
    low, high = everything["pearson_r_interval"]
    assert low < everything["pearson_r"] < high
    assert low > 0.2
    assert document["withheld"] == ["timepoint"]
    assert set(document["parts"]) == {"laboratory"}
    assert sum(of["images"] for of in document["parts"]["laboratory"].values()) == 80
    assert any("80 images are scored; 100 say much more" in text for text in document["advice"])
    study.unblind("Somebody", "all is scored")
    again = check_model(study, study.reader(model_folder))
    assert set(again["parts"]) == {"laboratory", "timepoint"}
    assert again["withheld"] == []
    assert again["all"] == everything
    kept = last_check(study, document["sha256"])
    assert kept is not None
    assert kept["all"]["pearson_r"] == everything["pearson_r"]
    path = study.results / f"model_check_{document['model']}.json"
    assert json.loads(path.read_text(encoding="utf-8"))["all"] == json.loads(json.dumps(everything))


def test_images_that_it_was_trained_with_do_not_count(
    study: Study, unscored: tuple[Path, dict[str, float]]
) -> None:
    """A model of this very study has nothing to prove itself by."""
    from amgs.model.training.options import TrainingOptions

    score(study, unscored[1], "Ada")
    card = study.train("own", TrainingOptions(recipe="paper", predict="pain"))
    known = card["data"]["images"]
    document = check_model(study, study.reader("own"))
    assert document["seen_in_training"] == known
    assert document["all"]["images"] == 80 - known
    assert document["all"]["pain"] == document["all"]["no_pain"] == 0


def test_faces_that_were_asked_for_come_first(
    study: Study, unscored: tuple[Path, dict[str, float]], model_folder: Path
) -> None:
    """To raters who come, to those who are at work, and never again what was seen."""
    room = study.room()
    early = room.sign_in("Early").rater
    before = [p.face_id for p in study.store.scoring.order(early.id)]
    asked = ask_for_scores(study, model_folder, 24)
    assert (asked.faces, asked.animals, asked.done) == (24, N_ANIMALS, 0)
    wanted = asked_faces(study)
    animals = [
        study.design().recordings[0].animal and face.recording.split("_")[0]
        for face in study.store.faces.all()
        if face.id in wanted
    ]
    assert all(animals.count(name) == 3 for name in set(animals))
    late = study.room().sign_in("Late").rater
    order = [p for p in study.store.scoring.order(late.id) if not p.repeat]
    assert {p.face_id for p in order[:24]} == wanted
    assert len({p.face_id for p in order}) == 80
    study.room().planner.plan(early)
    after = [p for p in study.store.scoring.order(early.id) if not p.repeat]
    # The face that was due when others were asked for stays where it was.
    assert after[0].face_id == before[0]
    assert wanted - {before[0]} == {p.face_id for p in after[1 : 1 + len(wanted - {before[0]})]}
    planned = [(p.face_id, p.repeat) for p in study.store.scoring.order(early.id)]
    study.room().planner.plan(early)
    assert [(p.face_id, p.repeat) for p in study.store.scoring.order(early.id)] == planned


def test_faces_beyond_the_sample_are_scored_when_asked_for(
    study: Study, unscored: tuple[Path, dict[str, float]], model_folder: Path
) -> None:
    """A sample of one image per recording lacks most of what a model wants to learn from."""
    settings = study.folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^images_per_recording = \d+", "images_per_recording = 1", text)
    settings.write_text(text, encoding="utf-8")
    with Study.open(study.folder) as opened:
        ask_for_scores(opened, model_folder, 24)
        rater = opened.room().sign_in("Ada").rater
        order = {p.face_id for p in opened.store.scoring.order(rater.id)}
        assert asked_faces(opened) <= order
        assert len(order) >= 24
        assert len(order) < 80


def test_adapted_and_told(
    study: Study, unscored: tuple[Path, dict[str, float]], model_folder: Path
) -> None:
    """Asked for, scored, adapted: the old model stays, the new one knows what it has seen."""
    ask_for_scores(study, model_folder, 40)
    score(study, unscored[1], "Ada", most=40)
    state = scores_so_far(study, model_folder)
    assert state.is_enough
    card = adapt_to_study(study, model_folder, "here")
    figures = card["adapting"]
    assert figures["after"]["images"] == state.usable
    assert figures["after"]["animals"] == N_ANIMALS
    assert figures["before"]["pearson_r"] is not None
    old, new = load_model(model_folder), load_model(study.model_folder("here"))
    assert card["adapted_from"]["sha256"] == old.sha256 != new.sha256
    assert set(old.parts) < set(new.parts)
    scored = {face.image: face for face in study.store.faces.all()}
    summary = study.classify("here")
    assert summary.resumed == 0
    seen = [r for r in study.store.predictions.all(new.sha256) if r.part]
    assert len(seen) == state.usable
    assert {scored[r.image].content for r in seen} <= set(new.parts)
    # The cautious figure beside it: images that were not scored for it.
    assert any("adapted" in row for row in card["card"].splitlines())
    names = {r.animal for r in study.design().recordings}
    assert not any(name in json.dumps(card) for name in names), "animals stand there as codes"


def test_the_report_says_whether_it_was_checked(
    study: Study, unscored: tuple[Path, dict[str, float]], model_folder: Path
) -> None:
    score(study, unscored[1], "Ada")
    study.unblind("Somebody", "all is scored")
    here = study.adopt_model(model_folder)
    study.classify(here)
    page = study.report(model=here.name).read_text(encoding="utf-8")
    assert "animals of this study was not checked" in page
    check_model(study, study.reader(here.name))
    page = study.report(model=here.name).read_text(encoding="utf-8")
    assert "How this model did on your animals (80 images of 8 animals" in page
    assert "was not checked" not in page
    assert "Not enough yet: 80 images are scored" in page
    adapt_to_study(study, here, "fitted")
    study.classify("fitted")
    page = study.report(model="fitted").read_text(encoding="utf-8")
    assert "trained elsewhere and adapted (" in page
    assert "each judged by a model that was adapted without its animal" in page


def test_no_model_takes_the_name_of_one_that_comes_with_amgs(
    study: Study, model_folder: Path, tmp_path: Path
) -> None:
    """That one would read the faces, and its numbers stand under the other's card."""
    from amgs.model.training.options import TrainingOptions

    with pytest.raises(StudyError, match="a name of its own"):
        study.train("orbital", TrainingOptions())
    with pytest.raises(StudyError, match="a name of its own"):
        adapt_to_study(study, model_folder, "face")
    shutil.copytree(model_folder, tmp_path / "lab" / "orbital")
    assert study.adopt_model(tmp_path / "lab" / "orbital").name == "lab_orbital"
    assert study.reader("lab_orbital").folder is not None
    assert study.reader("orbital").folder is None


def test_adapted_in_another_study_is_not_adapted_here(
    study: Study, unscored: tuple[Path, dict[str, float]], model_folder: Path, tmp_path: Path
) -> None:
    """What it gained there says nothing of the animals here."""
    score(study, unscored[1], "Ada")
    adapt_to_study(study, model_folder, "fitted")
    shutil.copytree(unscored[0], tmp_path / "other")
    with Study.open(tmp_path / "other") as other:
        score(other, unscored[1], "Bo", most=30)
        other.unblind("Somebody", "enough")
        here = other.adopt_model(study.model_folder("fitted"))
        other.classify(here)
        page = other.report(model=here.name).read_text(encoding="utf-8")
    assert "animals of this study was not checked" in page
    assert "each judged by a model that was adapted without its animal" not in page


def test_the_commands(
    study: Study, unscored: tuple[Path, dict[str, float]], model_folder: Path
) -> None:
    """As a person would type them, in their order."""
    folder = study.folder
    first = amgs("adapt", model_folder, folder, "--faces", "32", "--json")
    assert json.loads(first.stdout) == {"asked": 32, "animals": N_ANIMALS, "scored": 0}
    waiting = amgs("adapt", model_folder, folder)
    assert "0 of 32 faces (of 8 animals) are scored" in waiting.stdout
    assert "amgs score" in waiting.stderr
    early = amgs("adapt", model_folder, folder, "--now")
    assert early.returncode == 1
    assert "Expected scored faces, found none" in early.stderr
    score(study, unscored[1], "Ada", most=32)
    checked = amgs("models", "check", model_folder, folder)
    assert checked.returncode == 0, checked.stderr
    assert "Not enough yet" in checked.stdout
    done = amgs("adapt", model_folder, folder, "--name", "fitted")
    assert done.returncode == 0, done.stderr
    assert "On animals left out" in done.stdout
    shown = amgs("models", folder / "models/fitted")
    assert "Ways that were tried" in shown.stdout
    again = amgs("adapt", model_folder, folder, "--name", "fitted")
    assert again.returncode == 1
    assert "exists already" in again.stderr
    out = folder / "p.csv"
    read = amgs("classify", folder / "models/fitted", folder / "faces", "--out", out)
    assert read.returncode == 0, read.stderr
    with out.open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 80


def test_an_imported_network_in_a_study(
    study: Study, unscored: tuple[Path, dict[str, float]], tmp_path: Path
) -> None:
    """One that TensorFlow wrote: classified with, summarised, reported, packed, like any other."""
    pytest.importorskip("onnx", reason="onnx comes with the extra `inception`")
    from published.inception_2015 import GraphWriter, write_inception

    (tmp_path / "g.pb").write_bytes(write_inception(GraphWriter(), thin=16).bytes())
    (tmp_path / "l.txt").write_text("no pain\npain\n", encoding="utf-8")
    model = tmp_path / "elsewhere"
    done = amgs(
        *("models", "import", tmp_path / "g.pb"), *("--labels", tmp_path / "l.txt", "--out", model)
    )
    assert done.returncode == 0, done.stderr
    packed = amgs("models", "pack", model, "--out", tmp_path / "e.zip")
    assert packed.returncode == 0, packed.stderr
    added = amgs("models", "add", tmp_path / "e.zip", "--out", tmp_path / "added")
    assert "trained elsewhere" in added.stderr
    score(study, unscored[1], "Ada")
    study.unblind("Somebody", "all is scored")
    here = study.adopt_model(tmp_path / "added")
    study.classify(here)
    page = study.report(model=here.name).read_text(encoding="utf-8")
    assert "was trained elsewhere" in page
    assert "animals of this study was not checked" in page
    assert "CD-1 albino mice" in page
    out = tmp_path / "p.csv"
    assert amgs("classify", model, study.folder / "videos", "--out", out).returncode == 0
