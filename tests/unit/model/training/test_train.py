"""Training sets are read and checked; training is repeatable and keeps its parts apart."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amgs.errors import (
    ConflictingLabelsError,
    ImpossibleValueError,
    LeakedAnimalError,
    NoImagesError,
    OneClassError,
    OutputExistsError,
    TableError,
)
from amgs.model.bundle import load_model
from amgs.model.training.options import TrainingOptions
from amgs.model.training.sets import load_training_set
from amgs.model.training.train import train_model
from amgs.tables import read_table, write_table


def write_csv(folder: Path, *lines: str) -> Path:
    path = folder / "labels.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class TestTrainingSet:
    def test_folders(self, make_image, tmp_path: Path) -> None:
        """Classes by folder, animals by sub-folder if asked."""
        make_image("set/pain/m1/a.png")
        make_image("set/no pain/m1/b.png")
        make_image("set/no pain/c.png")
        found = load_training_set(tmp_path / "set", animal_from_folder=True)
        assert [(i.name, i.label, i.animal) for i in found] == [
            ("no pain/c.png", "no pain", None),
            ("no pain/m1/b.png", "no pain", "m1"),
            ("pain/m1/a.png", "pain", "m1"),
        ]
        assert {i.animal for i in load_training_set(tmp_path / "set")} == {None}

    def test_csv(self, make_image, tmp_path: Path) -> None:
        """Paths are relative to the CSV; everything known is kept."""
        make_image("x/a.png")
        make_image("x/b.png")
        header = "image,label,animal,recording,mgs"
        path = write_csv(tmp_path, header, "x/a.png,Pain,m1,r1,7", "x/b.png,no_pain,m2,,")
        first, second = load_training_set(path)
        assert (first.label, first.animal, first.recording, first.mgs) == ("pain", "m1", "r1", 7.0)
        assert (second.label, second.recording, second.mgs) == ("no pain", None, None)

    def test_every_fault_of_a_csv_at_once(self, make_image, tmp_path: Path) -> None:
        """Five lines, five faults, in order."""
        make_image("a.png")
        path = write_csv(
            tmp_path, "image,label,mgs,part", "a.png,sore,,", "b.png,pain,,", ",pain,,",
            "a.png,pain,12,", "a.png,pain,,dev",
        )  # fmt: skip
        with pytest.raises(TableError) as caught:
            load_training_set(path)
        lines = str(caught.value).splitlines()[1:-1]
        assert [line.split(":")[0].strip(" -") for line in lines] == [
            "line 2", "line 3", "line 4", "line 5", "line 6", "line 6",
        ]  # fmt: skip
        for text in (
            "'sore'", "no image at b.png", "an empty path", "'12'", "'dev'", "duplicate of line 5",
        ):  # fmt: skip
            assert text in str(caught.value)

    def test_wrong_column(self, tmp_path: Path) -> None:
        """The message shows what is there."""
        path = write_csv(tmp_path, "photo,label", "a.png,pain")
        with pytest.raises(TableError, match="found photo, label: image is missing"):
            load_training_set(path)

    def test_empty_folder(self, tmp_path: Path) -> None:
        """Nothing in it at all."""
        with pytest.raises(
            NoImagesError, match=r"Expected the folders `pain` and `no pain`.*no folder"
        ):
            load_training_set(tmp_path)

    def test_empty_class_folders(self, tmp_path: Path) -> None:
        """Both folders, no image."""
        (tmp_path / "pain").mkdir()
        (tmp_path / "no pain").mkdir()
        with pytest.raises(NoImagesError, match="Expected images in the folders"):
            load_training_set(tmp_path)

    def test_strange_folders(self, make_image, tmp_path: Path) -> None:
        """A third folder may hold a class that was forgotten."""
        make_image("set/pain/a.png")
        make_image("set/no pain/b.png")
        make_image("set/unsure/c.png")
        with pytest.raises(NoImagesError, match="and no others, found: .*unsure/"):
            load_training_set(tmp_path / "set")

    def test_missing_place(self, tmp_path: Path) -> None:
        """A misspelt path."""
        with pytest.raises(NoImagesError, match="found nothing at"):
            load_training_set(tmp_path / "none")

    def test_one_class_only(self, make_image, tmp_path: Path) -> None:
        """A classifier needs both."""
        make_image("set/pain/a.png")
        (tmp_path / "set/no pain").mkdir()
        with pytest.raises(
            OneClassError, match="found 1 pain and 0 no pain. Add images of `no pain`"
        ):
            load_training_set(tmp_path / "set")

    def test_two_labels_for_one_file(self, make_image, tmp_path: Path) -> None:
        """Listed twice with different classes."""
        make_image("a.png")
        make_image("b.png")
        path = write_csv(tmp_path, "image,label", "a.png,pain", "a.png,no pain", "b.png,pain")
        with pytest.raises(
            ConflictingLabelsError, match=r"both `pain` and `no pain` for:\n  - a\.png"
        ):
            load_training_set(path)


@pytest.mark.slow
class TestTraining:
    def test_seeds_give_the_same_model_twice(self, cohort: Path, tmp_path: Path) -> None:
        """Weights bit by bit, for both recipes; another seed gives another."""
        images = load_training_set(cohort)
        for recipe in ("paper", "best"):
            folders = [tmp_path / f"{recipe}{k}" for k in range(3)]
            for folder, seed in zip(folders, (3, 3, 4), strict=True):
                train_model(images, folder, TrainingOptions(recipe=recipe, seed=seed))
            first, again, other = (load_model(folder) for folder in folders)
            assert first.sha256 == again.sha256
            assert first.sha256 != other.sha256

    def test_it_learns(self, cohort: Path, tmp_path: Path) -> None:
        """Synthetic mice that were held back are told apart better than by guessing; ten mice are few."""
        card = train_model(load_training_set(cohort), tmp_path / "m").card
        assert card["metrics"]["test"]["auc"] > 0.65
        assert card["recipe"]["name"] == "best"
        assert len(card["recipe"]["candidates"]) == 14
        assert all("test part holds images of" in warning for warning in card["warnings"])

    def test_parts_share_no_animal(self, model_folder: Path) -> None:
        """Ten animals in all, most of them trained on, each counted once."""
        parts = load_model(model_folder).card["split"]["parts"]
        units = [parts[p]["units"] for p in ("train", "validation", "test")]
        assert sum(units) == 10
        assert units[0] >= 6
        assert min(units) >= 1

    def test_only_the_training_part_is_balanced(self, model_folder: Path) -> None:
        """Copies fill up the smaller class there and appear nowhere else."""
        card = load_model(model_folder).card
        balanced = card["recipe"]["images_after_balancing"]
        train = card["split"]["parts"]["train"]
        assert balanced["pain"] == balanced["no pain"] == max(train["pain"], train["no pain"])
        assert card["recipe"]["altered_copies"] == abs(train["pain"] - train["no pain"])
        n_parts = sum(p["images"] for p in card["split"]["parts"].values())
        assert n_parts == card["data"]["images"]

    def test_a_second_training_is_served_from_the_cache(self, cohort: Path, tmp_path: Path) -> None:
        """Nothing is computed again; the progress says 0 of 0."""
        images = load_training_set(cohort)
        options = TrainingOptions(recipe="paper", seed=9)
        train_model(images, tmp_path / "a", options)
        seen = []
        train_model(images, tmp_path / "b", options, progress=lambda *what: seen.append(what[0]))
        assert "reading files" in seen
        assert "computing features" not in seen

    def test_equal_files_with_different_labels(self, make_image, tmp_path: Path) -> None:
        """The same image under two names, in two folders."""
        make_image("set/pain/a.png")
        (tmp_path / "set/no pain").mkdir()
        shutil.copyfile(tmp_path / "set/pain/a.png", tmp_path / "set/no pain/b.png")
        images = load_training_set(tmp_path / "set")
        with pytest.raises(ConflictingLabelsError, match="equal files with different labels"):
            train_model(images, tmp_path / "m")

    def test_an_animal_in_two_parts(self, cohort: Path, tmp_path: Path) -> None:
        """Parts given by the user are checked before anything is trained."""
        table = read_table(cohort, ("image",))
        rows = []
        for number, row in enumerate(table.to_dict("records")):
            part = ("train", "validation", "test")[number % 3]
            rows.append([str(cohort.parent / row["image"]), row["label"], row["animal"], part])
        write_table(tmp_path / "l.csv", ("image", "label", "animal", "part"), rows)
        with pytest.raises(LeakedAnimalError, match="animal mouse01 is in train and validation"):
            train_model(load_training_set(tmp_path / "l.csv"), tmp_path / "m")
        assert not (tmp_path / "m").exists()

    def test_broken_files_are_left_out_and_listed(self, cohort: Path, tmp_path: Path) -> None:
        """In the card, and as a warning."""
        shutil.copytree(cohort.parent, tmp_path / "set")
        table = read_table(cohort, ("image",))
        victim = tmp_path / "set" / table["image"].iloc[0]
        victim.write_bytes(victim.read_bytes()[:500])
        options = TrainingOptions(recipe="paper")
        images = load_training_set(tmp_path / "set/labels.csv")
        card = train_model(images, tmp_path / "m", options).card
        assert [item["image"] for item in card["data"]["unreadable"]] == [table["image"].iloc[0]]
        assert "Left out: 1 file that could not be read." in card["warnings"]

    def test_near_duplicates_across_parts_are_reported(self, cohort: Path, tmp_path: Path) -> None:
        """A copy of a training animal's face under a test animal's name."""
        images = load_training_set(cohort)
        options = TrainingOptions(recipe="paper")
        first = train_model(images, tmp_path / "a", options).card
        assert first["split"]["near_duplicates_across_parts"]["count"] == 0
        from dataclasses import replace

        from PIL import Image

        source = images[0]
        with Image.open(source.path) as picture:
            picture.save(tmp_path / "copy.jpg", quality=70)
        twins = [
            replace(source, path=tmp_path / "copy.jpg", name=f"copy for {animal}", animal=animal)
            for animal in sorted({i.animal for i in images if i.animal} - {source.animal})
        ]
        card = train_model([*images, *twins], tmp_path / "b", options).card
        leaks = card["split"]["near_duplicates_across_parts"]
        assert leaks["count"] > 0
        assert any("near-duplicate images lie in different parts" in w for w in card["warnings"])

    def test_unknown_animals_warn(self, cohort: Path, tmp_path: Path) -> None:
        """The card carries the warning with the numbers."""
        from dataclasses import replace

        images = [replace(image, animal=None) for image in load_training_set(cohort)]
        card = train_model(images, tmp_path / "m", TrainingOptions(recipe="paper")).card
        assert card["data"]["animals"] is None
        assert card["warnings"][0].startswith("The animals are unknown.")

    def test_nothing_is_overwritten_unasked(self, cohort: Path, tmp_path: Path) -> None:
        """Checked before the work, not after it."""
        (tmp_path / "m").mkdir()
        (tmp_path / "m/card.json").write_text("{}")
        with pytest.raises(OutputExistsError, match="would be replaced"):
            train_model(load_training_set(cohort), tmp_path / "m", progress=pytest.fail)

    def test_the_model_is_what_was_measured(self, cohort: Path, model_folder: Path) -> None:
        """Features and head of the saved model give the card's test accuracy again."""
        from amgs.images import read_image

        model = load_model(model_folder)
        network = model.open_network()
        images = load_training_set(cohort)
        batch = np.stack([model.preprocessing.apply(read_image(i.path)) for i in images])
        called = model.head.p_pain(network.features(batch)) >= 0.5
        truth = np.array([i.label == "pain" for i in images])
        metrics = model.card["metrics"]
        right = sum(metrics[p]["all"]["tp"] + metrics[p]["all"]["tn"] for p in metrics)
        assert int((called == truth).sum()) == right


def test_a_trained_copy_makes_an_image_trained() -> None:
    """Of two copies in two parts the one that the model learned from decides."""
    from amgs.model.training.sets import parts_by_content

    contents, parts = ["a", "a", "b", "b", "c"], ["train", "test", "test", "validation", "test"]
    expected = {"a": "train", "b": "validation", "c": "test"}
    assert parts_by_content(contents, parts) == expected
    assert parts_by_content(contents[::-1], parts[::-1]) == expected


def test_paths_of_windows_are_found(make_image, tmp_path: Path) -> None:
    """A table that was made there names its images with backslashes."""
    make_image("faces/a.png")
    make_image("faces/b.png")
    path = write_csv(tmp_path, "image,label", "faces\\a.png,pain", "faces\\b.png,no pain")
    assert [image.name for image in load_training_set(path)] == ["faces/a.png", "faces/b.png"]


@pytest.mark.parametrize(
    "wrong", [{"recipe": "nope"}, {"split": "animals"}, {"predict": "nope"}, {"seed": -1}]
)
def test_a_choice_that_there_is_not_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ImpossibleValueError, match="Expected"):
        TrainingOptions(**wrong)
