"""study.toml: one table of settings makes it, reads it and checks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from amgs.errors import StudyError
from amgs.study.settings import STUDY_SETTINGS
from amgs.study.settings_file import change_settings, read_settings, write_settings


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    write_settings(path, {("study", "name"): 'A "quoted" näme \\ one', ("scoring", "seed"): 7})
    settings = read_settings(path)
    assert settings.study.name == 'A "quoted" näme \\ one'
    assert settings.scoring.seed == 7
    for setting in STUDY_SETTINGS:
        if (setting.section, setting.name) not in {("study", "name"), ("scoring", "seed")}:
            section = getattr(settings, setting.section)
            assert getattr(section, setting.name) == setting.default


def test_every_setting_is_explained_in_the_file_and_the_docs(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    write_settings(path, {})
    text = path.read_text(encoding="utf-8")
    docs = (Path(__file__).parents[3] / "docs" / "data-model.md").read_text(encoding="utf-8")
    for setting in STUDY_SETTINGS:
        assert f"\n{setting.name} = " in text
        assert f"`{setting.name}`" in docs, setting.name


def test_settings_that_are_not_there_have_their_defaults(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("", encoding="utf-8")
    assert read_settings(tmp_path / "study.toml").classify.threshold == 0.75


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[scoring]\nsede = 1", r"\[scoring\] sede: there is no such setting"),
        ("name = 'x'", "name: there is no such setting"),
        ("[scoring]\nseed = 1.5", "seed: 1.5 is not a whole number"),
        ("[scoring]\nseed = true", "seed: True is not a whole number"),
        ("[scoring]\nscale = 3", "scale: 3 is not text"),
        ("[classify]\nthreshold = 1.5", "threshold: 1.5, expected 0.5 to 1"),
        ("[scoring]\nimages_per_recording = -1", "expected at least 0"),
        ("[labels]\npain_from = 1.0", "no_pain_to must be less than pain_from"),
        ("[labels", "Expected TOML"),
    ],
)
def test_faults_are_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=message):
        read_settings(tmp_path / "study.toml")


def test_a_folder_without_settings_is_no_study(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="amgs new STUDY"):
        read_settings(tmp_path / "study.toml")


def test_a_changed_setting_leaves_comments_as_they_are(tmp_path: Path) -> None:
    """One value is another; every other byte of the file stays."""
    path = tmp_path / "study.toml"
    write_settings(path, {("study", "name"): "one"})
    before = path.read_text(encoding="utf-8") + "# My own remark.\n"
    path.write_text(before, encoding="utf-8")
    change_settings(path, {("classify", "threshold"): 0.8, ("plan", "timepoint"): "60 min"})
    after = path.read_text(encoding="utf-8")
    assert after == before.replace("threshold = 0.75", "threshold = 0.8").replace(
        'timepoint = ""', 'timepoint = "60 min"'
    )


def test_a_setting_out_of_range_changes_nothing(tmp_path: Path) -> None:
    """The file is as before, and the message names the setting."""
    path = tmp_path / "study.toml"
    write_settings(path, {})
    before = path.read_bytes()
    with pytest.raises(StudyError, match="threshold"):
        change_settings(path, {("classify", "threshold"): 0.2})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["study.toml"]


def test_a_setting_that_an_old_file_lacks_is_added(tmp_path: Path) -> None:
    """Files of earlier versions have neither the name nor the section."""
    path = tmp_path / "study.toml"
    path.write_text('[study]\nname = "old"\n', encoding="utf-8")
    change_settings(path, {("study", "curation"): "open", ("plan", "control"): "sham"})
    settings = read_settings(path)
    assert (settings.study.name, settings.study.curation) == ("old", "open")
    assert settings.plan.control == "sham"
