"""A study from its videos to predictions: every step once, and again without doing anything twice."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amgs.cohort.comparison import ComparisonChoice
from amgs.errors import NoImagesError, OutputExistsError, StillBlindError, StudyError, TableError
from amgs.model.bundle import load_model
from amgs.model.training.options import TrainingOptions
from amgs.prediction import read_predictions
from amgs.prediction.summarise import summarise_animals
from amgs.prediction.summary_options import SummaryOptions
from amgs.simulate.cohort import draw_labelled_faces
from amgs.study import Study
from amgs.study.exclusions import Exclusion
from amgs.study.labelling import score_faces
from amgs.study.present import present, recording_times
from amgs.study.summarising import SummaryChoice, summarise_study
from amgs.study.unblinding import human_scores
from amgs.tables import write_table
from marked import MarkDetector, Mouse, video_of
from program import amgs
from small import ANY_NUMBER
from videos import KINDS, write_video


def write_recordings(folder: Path, rows: list[list[str]]) -> None:
    write_table(folder / "recordings.csv", ("animal", "group", "timepoint", "video", "zone"), rows)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """Ten synthetic mice at two timepoints, scored by two raters; and the true MGS of every image."""
    folder = tmp_path_factory.mktemp("scored") / "study"
    study = Study.create(folder, "Drawn", seed=5, settings=ANY_NUMBER)
    rows, truth = [], {}
    for number, drawn in enumerate(draw_labelled_faces(10, 12, seed=4)):
        timepoint = "baseline" if drawn.number < 6 else "60min"
        place = folder / "videos" / f"{drawn.animal}_{timepoint}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn.rgb).save(place / f"{number}.png")
        row = [drawn.animal, "ab"[int(drawn.animal[-1]) % 2], timepoint, f"videos/{place.name}", ""]
        if row not in rows:
            rows.append(row)
        truth[f"{place.name}/{number}.png"] = drawn.mgs
    write_recordings(folder, rows)
    study.extract()
    # Which copy in the study is which image: by its content.
    from amgs.provenance import hash_file

    by_content = {hash_file(folder / "videos" / name): mgs for name, mgs in truth.items()}
    by_image = {f.image: by_content[f.content] for f in study.store.faces.all()}
    rng = np.random.default_rng(1)
    room = study.room()
    for name in ("Ada", "Bo"):
        rater = room.sign_in(name).rater
        for shown in study.store.scoring.order(rater.id):
            for unit in study.scale.unit_names:
                score = float(np.clip(by_image[shown.image] / 5 + rng.normal(0, 0.3), 0, 2))
                room.answer(shown, unit, round(score))
    study.store.close()
    return folder, by_image


@pytest.fixture
def study(scored: tuple[Path, dict[str, float]], tmp_path: Path):
    shutil.copytree(scored[0], tmp_path / "moved here")
    with Study.open(tmp_path / "moved here") as opened:
        yield opened


def test_images_come_under_neutral_names_once(study: Study) -> None:
    faces = study.store.faces.all()
    assert len(faces) == 120
    assert all("mouse" not in face.image and "base" not in face.image for face in faces)
    assert all((study.folder / face.image).is_file() for face in faces)
    study.extract()
    assert study.store.faces.count() == 120


def test_agreement_of_a_study(study: Study) -> None:
    document = study.agreement()
    assert document["n_images"] == 120
    assert list(document["units"]) == list(study.scale.unit_names)
    assert document["mgs_per_unit"]["krippendorff_alpha"] > 0.8
    assert {row["rater"] for row in document["within_raters"]} == {"Ada", "Bo"}
    assert all(row["n_images"] == 6 for row in document["within_raters"])
    assert {row["timepoint"] for row in document["by_timepoint"]} == {"60min", "baseline"}
    assert len(document["drift"]) == 2


def test_labels_follow_the_rule_and_are_counted(study: Study, scored) -> None:
    path, counts = study.label()
    rows = rows_of(path)
    assert sum(counts.values()) == len(rows) == 120
    for row in rows:
        label = "pain" if float(row["mgs"]) >= 3 else "no pain" if float(row["mgs"]) <= 1 else ""
        assert row["label"] == label
        assert (path.parent / row["image"]).is_file()
    truth = scored[1]
    found = [float(row["mgs"]) for row in rows]
    true = [truth[row["image"].removeprefix("../")] for row in rows]
    assert np.corrcoef(found, true)[0, 1] > 0.95


def test_train_classify_summarise(study: Study) -> None:
    """And a second time, nothing is done again."""
    card = study.train("first", TrainingOptions(use_cache=False))
    assert card["split"]["kept_whole"] == "animal"
    model = study.model_folder()
    assert model == study.folder / "models" / "first"
    assert study.classify(model).resumed == 0
    again = study.classify(model)
    assert (again.images, again.resumed) == (120, 120)
    table = read_predictions(study.predictions(model))
    assert len(table) == 120
    assert set(table["timepoint"]) == {"baseline", "60min"}
    assert table["mgs"].isna().all(), "human scores stand beside groups before unblinding"
    assert (table["part"] != "").any()
    rows = summarise_animals(table, SummaryOptions(), None)
    assert len(rows) == 20
    study.unblind("Owner", "test")
    assert read_predictions(study.predictions(model))["mgs"].notna().sum() == 120


def test_every_unit_is_graded(study: Study) -> None:
    """Learned from the raters' scores, judged by animals left out, in every table that follows."""
    card = study.train("units", TrainingOptions(recipe="paper"))
    units = card["units"]
    assert units["names"] == list(study.scale.unit_names)
    # Images between pain and no pain carry no label, and count here all the same.
    assert units["left_out"]["mgs_per_unit"]["images"] > card["data"]["images"]
    assert units["left_out"]["mgs_per_unit"]["pearson_r"] > 0.3
    among = units["among_raters"]["orbital_tightening"]
    assert 0 < among["model_against_one_rater"] < 1
    assert among["krippendorff_alpha"] > 0.5
    study.classify("units")
    rows = rows_of(study.predictions("units"))
    first = rows[0]
    total = sum(float(first[name]) for name in study.scale.unit_names)
    assert float(first["predicted_mgs"]) == pytest.approx(total, abs=1e-4)
    assert float(first["predicted_mgs_low"]) <= float(first["predicted_mgs"])
    levels = [float(first[f"ear_position_p{level}"]) for level in range(3)]
    assert sum(levels) == pytest.approx(1, abs=1e-4)
    assert first["unlike_training"] in {"yes", "no"}
    summary = study.summarise(SummaryChoice("units"))
    assert all(row["mean_predicted_mgs"] is not None for row in summary.rows)
    assert "mean_ear_position_p0" not in summary.rows[0]
    compared = study.compare(ComparisonChoice(value="predicted_mgs"), "units")
    assert compared.document["value"] == "mean_predicted_mgs"
    page = study.report(model="units").read_text(encoding="utf-8")
    assert "Action units at 60min, change from baseline" in page
    assert "each graded by a layer trained without its animal" in page


def test_pain_alone_where_that_is_asked_for(study: Study) -> None:
    card = study.train("pain", TrainingOptions(recipe="paper", predict="pain"))
    assert "units" not in card
    assert "predicted_mgs" not in {o.name for o in study.reader("pain").outputs}


def test_a_model_of_another_study_is_taken_in_and_used(
    study: Study, model_folder: Path, tmp_path: Path
) -> None:
    """Also when the study has a model of that name already: neither is lost, the last is meant."""
    study.train("first", TrainingOptions(use_cache=False))
    own = load_model(study.model_folder()).sha256
    study.classify(study.model_folder())
    before = study.predictions(study.model_folder()).read_bytes()
    pilot = tmp_path / "pilot/models/first"
    shutil.copytree(model_folder, pilot)
    for _ in range(2):  # the second time it is known
        done = amgs("classify", pilot, study.folder)
        assert done.returncode == 0, done.stderr
    assert study.model_folder() == study.folder / "models/pilot_first"
    assert load_model(study.folder / "models/first").sha256 == own
    assert (study.folder / "results/predictions_first.csv").read_bytes() == before
    assert [name for name, _, _ in study.store.predictions.models()] == ["first", "pilot_first"]
    summary = summarise_study(study, SummaryChoice()).table
    said = {
        p.image: p.reading.number("p_pain")
        for p in study.store.predictions.all(load_model(pilot).sha256)
    }
    found = dict(zip(summary["image"], summary["p_pain"].astype(float), strict=True))
    assert sorted(found.values()) == pytest.approx(sorted(said.values()))


def test_labels_are_blind_until_unblinded(study: Study) -> None:
    """Scores stand beside codes of animals: the same animal, the same code, and no name."""
    path, _ = study.label()
    rows = rows_of(path)
    assert len({row["animal"] for row in rows}) == 10
    assert all(row["animal"].startswith("code-") for row in rows)
    assert not any("mouse" in cell or "baseline" in cell for row in rows for cell in row.values())
    study.unblind("Owner", "test")
    assert {row["animal"] for row in rows_of(study.label()[0])} == {
        f"mouse{n:02d}" for n in range(1, 11)
    }


def test_training_divides_animals_alike_before_and_after_unblinding(study: Study) -> None:
    """The same seed and scores give the same model, whoever made the study's folder."""
    options = TrainingOptions(recipe="paper", use_cache=False)
    before = study.train("blind", options)
    study.unblind("Owner", "test")
    after = study.train("open", options)
    assert before["split"]["parts"] == after["split"]["parts"]
    heads = [(study.folder / "models" / n / "head.npz").read_bytes() for n in ("blind", "open")]
    assert heads[0] == heads[1]


def test_unfinished_images_do_not_count(study: Study) -> None:
    """Four of five units answered is not four scorable ones and one that is not."""
    rater = study.room().sign_in("Late").rater
    shown = study.store.scoring.order(rater.id)[0]
    for unit in study.scale.unit_names[:4]:
        study.room().answer(shown, unit, 2)
    score = next(s for s in score_faces(study, present(study)) if s.image == shown.image)
    assert score.n_raters == 2
    study.room().answer(shown, study.scale.unit_names[4], 2)
    assert (
        next(s for s in score_faces(study, present(study)) if s.image == shown.image).n_raters == 3
    )


def test_a_rater_who_has_only_begun_does_not_wipe_out_the_icc(study: Study) -> None:
    before = study.agreement()["mgs_per_unit"]["icc"]
    rater = study.room().sign_in("Late").rater
    shown = study.store.scoring.order(rater.id)[0]
    for unit in study.scale.unit_names:
        study.room().answer(shown, unit, 1)
    document = study.agreement()
    assert document["mgs_per_unit"]["icc"]["value"] == before["value"]
    assert document["mgs_per_unit"]["cronbach_alpha_raters"] == ["Ada", "Bo"]
    assert document["images_by_rater"] == {"Ada": 120, "Bo": 120, "Late": 1}
    assert document["mgs_per_unit"]["n_with_two"] == 120


def test_settings_that_scoring_began_with_are_kept(study: Study) -> None:
    """Another scale, seed or sample after scoring began stops with both."""
    text = (study.folder / "study.toml").read_text(encoding="utf-8")
    for old, new, found in (
        ('scale = "mouse"', 'scale = "rat"', "units"),
        ("seed = 5", "seed = 6", "seed: 5 when scoring began, 6 now"),
    ):
        (study.folder / "study.toml").write_text(text.replace(old, new), encoding="utf-8")
        with Study.open(study.folder) as changed, pytest.raises(StudyError, match=found):
            score_faces(changed, present(changed))
        done = amgs("check", study.folder)
        assert done.returncode == 1
        assert "when scoring began" in " ".join(done.stderr.split())
        assert amgs("score", study.folder).returncode == 1


def test_a_renamed_animal_keeps_its_faces_and_scores(study: Study) -> None:
    """Results stop and name the command that mends it; then faces follow the table."""
    path = study.folder / "recordings.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("mouse03,", "mouse3,"), encoding="utf-8"
    )
    faults = study.check().faults
    assert any("its faces are filed as mouse03_baseline" in fault for fault in faults)
    with pytest.raises(StudyError, match=r"(?s)filed as mouse03_60min.*amgs extract"):
        study.unblind("Owner", "test")
    assert study.unblindings == []
    before = len(study.store.scoring.all())
    found = study.extract()
    assert len(found.moved) == 2
    assert study.check().faults == ()
    study.unblind("Owner", "test")
    assert len(study.store.scoring.all()) == before
    animals = set(human_scores(study)["animal"])
    assert "mouse3" in animals
    assert "mouse03" not in animals


def test_a_corrected_group_is_corrected_everywhere(study: Study) -> None:
    """recordings.csv is the one place: an old summary is never compared."""
    study.unblind("Owner", "test")
    words = ("compare", study.folder, "--value", "mean_mgs_sum", "--json")
    before = json.loads(amgs(*words).stdout)
    path = study.folder / "recordings.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    moved = [line.replace(",a,", ",b,") if line.startswith("mouse02,") else line for line in lines]
    path.write_text("\n".join(moved) + "\n", encoding="utf-8")
    after = json.loads(amgs(*words).stdout)
    assert [g["n"] for g in before["groups"]] == [5, 5]
    assert sorted(g["n"] for g in after["groups"]) == [4, 6]


def test_a_summary_says_what_the_model_was_trained_with(study: Study) -> None:
    study.train("first", TrainingOptions(recipe="paper", use_cache=False))
    study.classify(study.model_folder())
    done = amgs("summarise", study.folder)
    assert "images were used for training or model selection" in done.stderr
    unseen = json.loads(amgs("summarise", study.folder, "--unseen-only", "--json").stdout)
    assert sum(row["seen_in_training"] for row in unseen["animals"]) == 0
    report = amgs("report", study.folder)
    assert report.returncode == 0, report.stderr
    text = (study.folder / "results/report.html").read_text(encoding="utf-8")
    assert "to train or to select this model" not in text, "the report is made as the summary was"
    amgs("summarise", study.folder)
    amgs("report", study.folder)
    text = (study.folder / "results/report.html").read_text(encoding="utf-8")
    assert "to train or to select this model" in text


def test_the_same_model_twice_is_told(study: Study) -> None:
    """Both names work, and the first is named."""
    study.train("first", TrainingOptions(recipe="paper", use_cache=False))
    done = amgs("train", study.folder, "--out", "second", "--recipe", "paper", "--no-cache")
    assert done.returncode == 0, done.stderr
    assert "gave the model 'first' again" in done.stderr
    assert study.model_folder("second").name == "second"


def test_a_model_of_other_labels_is_told(study: Study) -> None:
    """What its card says of training and test is of what the study held then."""
    study.train("first", TrainingOptions(recipe="paper", use_cache=False))
    study.classify("first")
    study.summarise()
    told = "Labels, animals or exclusions are others than when the model was trained"
    assert told not in study.report().read_text(encoding="utf-8")
    animal = study.design().recordings[0].animal
    study.exclude([Exclusion("animal", animal, "died")])
    assert told in study.report().read_text(encoding="utf-8")


def test_a_model_of_white_mice_warns_on_black_ones(study: Study) -> None:
    path = study.folder / "recordings.csv"
    lines = path.read_text(encoding="utf-8").splitlines()

    def with_coat(coat: str) -> str:
        return "\n".join([f"{lines[0]},coat", *(f"{line},{coat}" for line in lines[1:])]) + "\n"

    path.write_text(with_coat("white"), encoding="utf-8")
    study.train("first", TrainingOptions(recipe="paper", use_cache=False))
    assert "of which it knows nothing" not in amgs("classify", "first", study.folder).stderr
    path.write_text(with_coat("black"), encoding="utf-8")
    done = amgs("classify", "first", study.folder)
    assert "trained on white animals; the study has black ones" in " ".join(done.stderr.split())


def test_faces_without_a_prediction_stop_the_summary(study: Study, make_image) -> None:
    study.train("first", TrainingOptions(recipe="paper", use_cache=False))
    study.classify(study.model_folder())
    make_image(str(study.folder / "videos/mouse01_baseline/extra.png"))
    study.extract()
    done = amgs("summarise", study.folder)
    assert done.returncode == 1
    assert "found 1 without one" in done.stderr


def test_an_image_replaced_in_its_folder_is_set_aside(study: Study, make_image) -> None:
    """The new one counts, the old one is kept with its scores and counts no more."""
    source = next((study.folder / "videos/mouse01_baseline").iterdir())
    shutil.copy(make_image("other.png"), source)
    found = study.extract()
    assert found.images == ["Set aside: 1 image of the study, no longer in a folder of the table"]
    assert study.store.faces.count() == 120
    assert len(study.store.faces.all(retired=True)) == 121


def test_a_file_that_is_no_image_is_left_out_and_told(study: Study) -> None:
    (study.folder / "videos/mouse02_baseline/junk.png").write_bytes(b"none")
    unreadable = study.extract().unreadable
    assert len(unreadable) == 1
    assert "junk.png" in unreadable[0]
    assert study.store.faces.count() == 120


def test_a_study_is_unblinded_once(study: Study) -> None:
    study.unblind("Owner", "all done")
    again = amgs("unblind", study.folder, "--by", "Mallory", "--reason", "x")
    assert "unblinded before" in again.stderr
    assert "Owner" in again.stderr
    assert [event["who"] for event in study.unblindings] == ["Owner"]


def test_answers_after_unblinding_are_told_in_the_report(study: Study) -> None:
    study.unblind("Owner", "all done")
    rater = study.room().sign_in("Late").rater
    shown = study.store.scoring.order(rater.id)[0]
    for unit in study.scale.unit_names:
        study.room().answer(shown, unit, 1)
    assert amgs("report", study.folder).returncode == 0
    text = (study.folder / "results/report.html").read_text(encoding="utf-8")
    assert "were not blind: Late 5" in text


def test_a_scale_of_ones_own_moves_with_the_study(tmp_path: Path) -> None:
    """Six units: sums up to 12 are summarised too."""
    units = "".join(
        f'[[unit]]\nname = "u{n}"\nabsent = "no"\nmoderate = "some"\nmarked = "yes"\n'
        for n in range(6)
    )
    (tmp_path / "own.toml").write_text(units, encoding="utf-8")
    done = amgs("new", "study", "--scale", "own.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "own.toml").unlink()
    with Study.open(tmp_path / "study") as study:
        assert study.scale.highest_sum == 12
        assert study.label_rule.pain_from == pytest.approx(3.6)


def test_human_scores_stay_blind_until_unblinded(study: Study) -> None:
    with pytest.raises(StillBlindError, match="amgs unblind"):
        human_scores(study)
    study.unblind("Owner", "all raters have finished")
    table = human_scores(study)
    assert len(table) == 120
    assert set(table["group"]) == {"a", "b"}
    assert study.unblindings[0]["progress"] == {"Ada": [126, 126], "Bo": [126, 126]}


def test_a_changed_image_is_noticed(study: Study, make_image) -> None:
    """An image that was changed after it was scored has no prediction, but a reason."""
    study.train("first", TrainingOptions(recipe="paper", use_cache=False))
    face = present(study).faces[3]
    shutil.copy(make_image("other.png"), study.folder / face.image)
    study.classify(study.model_folder())
    with pytest.raises(StudyError, match="another one than was registered"):
        study.train("second", TrainingOptions(recipe="paper", use_cache=False))
    rows = rows_of(study.predictions(study.model_folder()))
    problems = [row["image"] for row in rows if row["problem"]]
    assert problems == [face.image]
    assert "another one" in rows[3]["problem"]


def test_videos_of_a_study(tmp_path: Path) -> None:
    """Two animals in a video are two recordings; again, nothing is added."""

    def two(_t: float) -> list[Mouse]:
        return [Mouse(30, 50), Mouse(200, 50, shut=True)]

    folder = tmp_path / "study"
    study = Study.create(folder, settings=ANY_NUMBER)
    write_video(folder / "videos", KINDS["mp4_gop15"], 25 * 24, 25, video_of(two, 25), "a")
    rows = [
        ["m1", "a", "baseline", "videos/a.mp4", "left"],
        ["m2", "b", "baseline", "videos/a.mp4", "right"],
    ]
    write_recordings(folder, rows)
    extraction = study.extract(detector=MarkDetector())
    summary = extraction.summary
    assert extraction.unreadable == []
    assert summary is not None
    faces = study.store.faces.all()
    assert {face.recording for face in faces} == {"m1_baseline", "m2_baseline"}
    assert summary.images == len(faces) > 2
    assert all(face.time_s is not None and (folder / face.image).is_file() for face in faces)
    study.extract(detector=MarkDetector())
    assert study.store.faces.count() == len(faces)
    times = recording_times(present(study))
    assert times is not None
    assert times["m1_baseline"].unit == ("m1", "a", "baseline")
    study.store.close()


def test_the_same_image_in_two_recordings_stops(tmp_path: Path, make_image) -> None:
    folder = tmp_path / "study"
    with Study.create(folder, settings=ANY_NUMBER) as study:
        picture = make_image("one.png")
        for name in ("a", "b"):
            (folder / "videos" / name).mkdir()
            shutil.copy(picture, folder / "videos" / name / "x.png")
        write_recordings(
            folder,
            [["m1", "a", "baseline", "videos/a", ""], ["m2", "b", "baseline", "videos/b", ""]],
        )
        with pytest.raises(TableError, match="x.png of m2_baseline is also in m1_baseline"):
            study.extract()
        assert study.store.faces.count() == 0


def test_nothing_is_done_with_a_study_without_faces(tmp_path: Path) -> None:
    """Each says that faces are missing and how to get them."""
    Study.create(tmp_path / "new").store.close()
    for words in (("classify", "orbital"), ("score",), ("simulate", "scores")):
        done = amgs(*words, tmp_path / "new")
        assert done.returncode == 1, words
        assert "First: amgs extract" in " ".join(done.stderr.split()), done.stderr


def test_a_mistyped_path_of_a_model_names_those_beside_it(study: Study) -> None:
    study.train("first", TrainingOptions(recipe="best", use_cache=False))
    done = amgs("classify", study.folder / "models/frist", study.folder)
    assert done.returncode == 1
    assert "models: first." in " ".join(done.stderr.split())


def test_training_without_scores_says_what_to_do(tmp_path: Path, make_image) -> None:
    folder = tmp_path / "study"
    with Study.create(folder, settings=ANY_NUMBER) as study:
        make_image("study/videos/a/x.png")
        write_recordings(folder, [["m1", "a", "baseline", "videos/a", ""]])
        study.extract()
        with pytest.raises(NoImagesError, match="amgs score"):
            study.train("first", TrainingOptions())
        with pytest.raises(NoImagesError, match="amgs score"):
            study.agreement()


def test_a_folder_with_things_is_never_made_a_study(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputExistsError, match="Nothing was changed"):
        Study.create(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_the_commands_on_a_study(study: Study) -> None:
    """Every command takes the folder, prints one JSON document, and names the next step."""
    folder = study.folder
    checked = json.loads(amgs("check", folder, "--json").stdout)
    assert checked["faults"] == []
    assert checked["faces"] == 120
    assert sum(entry["animals"] for entry in checked["groups"]) == 10
    assert json.loads(amgs("extract", folder, "--json").stdout)["faces"] == 120
    assert json.loads(amgs("agreement", folder, "--json").stdout)["n_raters"] == 2
    counts = json.loads(amgs("label", folder, "--json").stdout)["counts"]
    assert sum(counts.values()) == 120
    trained = amgs("train", folder, "--no-cache", "--recipe", "paper", "--json")
    assert json.loads(trained.stdout)["card"]["recipe"]["name"] == "paper", trained.stderr
    for words in ((folder,), ("first", folder), (folder / "models/first", folder)):
        done = amgs("classify", *words, "--json")
        assert json.loads(done.stdout)["predictions"].endswith("predictions_first.csv"), done.stderr
    assert amgs("classify", "second", folder).returncode == 1
    assert amgs("classify", "first", folder, "--out", "x.csv").returncode == 2
    assert amgs("extract", folder, "--zone", "left").returncode == 2
    assert amgs("train", folder / "results").returncode == 2
    assert amgs("unblind", folder, "--by", " ", "--reason", "x").returncode == 2
    blind = amgs("summarise", folder, "--human")
    assert blind.returncode == 1
    assert "amgs unblind" in blind.stderr
    done = json.loads(amgs("unblind", folder, "--by", "Ö", "--reason", "done", "--json").stdout)
    assert done["unblindings"][0]["who"] == "Ö"
    summary = json.loads(amgs("summarise", folder, "--human", "--json").stdout)
    assert len(summary["animals"]) == 20
    assert amgs("summarise", folder, "--threshold", "0.9").returncode == 2
    compared = json.loads(amgs("compare", folder, "--value", "mean_mgs_sum", "--json").stdout)
    assert sum(row["n"] for row in compared["groups"]) == 10
    assert (folder / "results/figures/group_difference.png").exists()
    sets = json.loads(amgs("images", folder, "--by", "timepoint", "--json").stdout)
    assert sets["sets"] == {"baseline": 60, "60min": 60}
    page = Path(json.loads(amgs("report", folder, "--json").stdout)["report"])
    text = page.read_text(encoding="utf-8")
    for part in ("Human scores", "Raters", "The model", "ARRIVE", "unblinded", "mouse10"):
        assert part in text
    assert amgs("report", folder, "--out", "x.html").returncode == 2


def test_a_report_without_a_model_is_of_human_scores(study: Study) -> None:
    """A laboratory that only scores gets its report too, once unblinded."""
    assert amgs("report", study.folder).returncode == 1
    study.unblind("Owner", "test")
    done = amgs("report", study.folder)
    assert done.returncode == 0, done.stderr
    text = (study.folder / "results/report.html").read_text(encoding="utf-8")
    assert "Primary analysis: the mean human MGS (sum of the units) at 60min" in text
    assert "MGS " in text


def test_a_report_says_why_nothing_could_be_compared(study: Study) -> None:
    """With a model that is never sure the report comes all the same; people's scores still count."""
    study.train("first", TrainingOptions(recipe="best", use_cache=False))
    study.classify(study.model_folder())
    settings = study.folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(re.sub(r"\nthreshold = .*", "\nthreshold = 1.0", text), encoding="utf-8")
    page = study.folder / "results/report.html"
    done = amgs("report", study.folder)
    assert done.returncode == 0, done.stderr
    said = page.read_text(encoding="utf-8")
    assert "Groups were not compared at 60min: Expected animals with pct_pain" in said
    assert amgs("report", study.folder, "--value", "mean_mgs_sum").returncode == 1, "it is blind"
    study.unblind("Owner", "test")
    assert amgs("report", study.folder, "--value", "mean_mgs_sum").returncode == 0
    assert (
        "Not the planned analysis: the mean human MGS (sum of the units) at 60min"
        in page.read_text(encoding="utf-8")
    )


def test_a_report_of_nothing_says_what_comes_first(tmp_path: Path, make_image) -> None:
    Study.create(tmp_path / "new").store.close()
    make_image("new/images/a.png")
    rows = [["m1", "a", "baseline", "images"]]
    write_recordings(tmp_path / "new", rows)
    done = amgs("report", tmp_path / "new")
    assert done.returncode == 1
    assert "First: amgs classify MODEL" in " ".join(done.stderr.split())


def test_new_and_check_by_command(tmp_path: Path) -> None:
    done = amgs("new", "laparotomy", "--scale", "rat", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "amgs check laparotomy" in done.stderr
    assert amgs("new", "laparotomy", cwd=tmp_path).returncode == 1
    assert amgs("new", "other", "--scale", "cat", cwd=tmp_path).returncode == 1
    assert not (tmp_path / "other").exists()
    empty = amgs("check", "laparotomy", cwd=tmp_path)
    assert empty.returncode == 1
    assert "one line per animal and timepoint" in empty.stderr
    write_recordings(tmp_path / "laparotomy", [["r1", "a", "after", "videos/none.mp4", ""]])
    faulty = amgs("check", "laparotomy", cwd=tmp_path)
    assert faulty.returncode == 1
    for part in ("nothing at videos/none.mp4", "no recording at the baseline", "2 faults"):
        assert part in faulty.stderr
    assert "after" in faulty.stdout
    nothing = amgs("score", "laparotomy", cwd=tmp_path)
    assert nothing.returncode == 1
    assert "amgs extract laparotomy" in nothing.stderr
    assert amgs("check", tmp_path).returncode == 1
