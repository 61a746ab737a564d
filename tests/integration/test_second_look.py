"""Doubtful labels shown to their raters once more, blind, mixed with as many others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from amgs.errors import NoImagesError
from amgs.images import read_image
from amgs.model.training.held_out import DOUBTFUL, write_doubtful_labels
from amgs.study import Study
from amgs.tables import read_table
from cubicles import film, is_in_pain, write_rows
from marked import MarkDetector
from program import amgs

SLIPS = 3


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    """A study whose rater called three faces in pain painless, and had no hidden repeats."""
    with Study.create(tmp_path / "study") as opened:
        rows = []
        for animal, shut in (("m1", True), ("m2", False)):
            film(opened.folder, animal, {"left": shut}, seconds=150)
            rows.append([animal, "ab"[shut], "baseline", f"videos/{animal}.mp4", ""])
        write_rows(opened, rows)
    path = tmp_path / "study" / "study.toml"
    path.write_text(path.read_text("utf-8").replace("repeat_percent = 5.0", "repeat_percent = 0.0"))
    with Study.open(tmp_path / "study") as opened:
        opened.extract(detector=MarkDetector())
        slips = [f.image for f in opened.store.faces.all() if in_pain(opened, f.image)][:SLIPS]
        score(opened, slips)
        opened.label()
        rows = [
            {"image": f"../{name}", "animal": "", "label": "no pain", "mgs": 0, "p_pain": 0.99}
            for name in slips
        ]
        write_doubtful_labels(opened.results / DOUBTFUL, rows)
        yield opened


def in_pain(study: Study, image: str) -> bool:
    """The truth of a face."""
    return is_in_pain(read_image(study.folder / image))


def score(study: Study, slips: list[str], code: str = "") -> str:
    """Let Ada score what is open: truly, but for slips."""
    room = study.room()
    entered = room.sign_in("Ada", code)
    finished = set(study.store.scoring.finished(entered.rater.id, study.scale.unit_names))
    for shown in study.store.scoring.order(entered.rater.id):
        if shown.position not in finished:
            value = 2 if in_pain(study, shown.image) and shown.image not in slips else 0
            for unit in study.scale.unit_names:
                room.answer(shown, unit, value)
    code = entered.code or code
    (study.folder / "code.txt").write_text(code, "utf-8")
    return code


def code_of(study: Study) -> str:
    """The rater's code."""
    return (study.folder / "code.txt").read_text("utf-8")


def order_of(study: Study) -> list[tuple[str, bool]]:
    """The images of the rater's order, and which are second showings."""
    rater = study.store.raters.all()[0]
    return [(shown.image, shown.repeat) for shown in study.store.scoring.order(rater.id)]


def test_doubtful_faces_come_again_among_others(study: Study) -> None:
    """As many of the same label, behind what was scored, as second showings."""
    before = order_of(study)
    assert study.ask_second_look() == (SLIPS, SLIPS)
    study.room().sign_in("Ada", code_of(study))
    after = order_of(study)
    assert after[: len(before)] == before
    again = after[len(before) :]
    assert len(again) == 2 * SLIPS
    assert all(repeat for _, repeat in again)
    rows = read_table(study.results / DOUBTFUL, required=("image",))
    assert {f"../{image}" for image, _ in again} > set(rows["image"])
    study.room().sign_in("Ada", code_of(study))
    assert order_of(study) == after  # whoever comes back finds the same order


def test_what_came_out_is_told_and_labels_stay(study: Study) -> None:
    """Doubtful ones change, the others do not; neither the labels nor the agreement with oneself."""
    labels = (study.results / "labels.csv").read_bytes()
    study.ask_second_look()
    score(study, [], code_of(study))
    found = study.second_look()
    assert found is not None
    assert found.changed(doubtful=True) == (SLIPS, SLIPS)
    assert found.changed(doubtful=False) == (0, SLIPS)
    study.label()
    assert (study.results / "labels.csv").read_bytes() == labels
    (mine,) = study.agreement()["within_raters"]
    assert (mine["n_images"], mine["exact_agreement"]) == (SLIPS, 1.0)
    said = amgs("label", study.folder).stderr
    assert "3 of 3 doubtful labels came out otherwise, and 0 of 3 of the others" in said


def test_a_face_comes_a_second_time_only_once(study: Study) -> None:
    """Asked again, what was seen twice is not shown a third time."""
    study.ask_second_look()
    score(study, [], code_of(study))
    done = order_of(study)
    study.ask_second_look()
    study.room().sign_in("Ada", code_of(study))
    extra = order_of(study)[len(done) :]
    assert not {image for image, _ in extra} & {image for image, repeat in done if repeat}


def test_who_has_not_scored_sees_them_once(study: Study) -> None:
    """A new rater has a first look at everything, and no second one yet."""
    study.ask_second_look()
    study.room().sign_in("Bea")
    rater = study.store.raters.find("Bea")
    assert rater is not None
    assert not any(shown.repeat for shown in study.store.scoring.order(rater.id))


def test_without_a_list_it_says_what_to_do(study: Study) -> None:
    """Train first."""
    (study.results / DOUBTFUL).unlink()
    with pytest.raises(NoImagesError, match="amgs train"):
        study.ask_second_look()
    write_doubtful_labels(
        study.results / DOUBTFUL,
        [{"image": "../faces/x.jpg", "animal": "", "label": "pain", "mgs": 9, "p_pain": 0.01}],
    )
    with pytest.raises(NoImagesError, match="Train again"):
        study.ask_second_look()
