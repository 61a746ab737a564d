"""A bad month in one study: every slip mended as its message says, ending as if none had happened.

``docs/corrections.md`` tells the same slips to users; each has a row there.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amgs.study import Study
from cubicles import COLUMNS, add_blink, film, score_all, write_rows
from marked import MarkDetector
from program import amgs
from small import ANY_NUMBER

PAGE = Path(__file__).parents[2] / "docs" / "corrections.md"
GROUPS = {"m1": "sham", "m2": "sham", "m3": "surgery", "m4": "surgery", "m5": "drug", "m6": "drug"}
SEVENTH = {"m7": "drug"}
PAIN = {"m3", "m4", "m6", "m7"}
TIMEPOINTS = ("baseline", "24h")
PAIRS = (("m1", "m2"), ("m3", "m4"), ("m5", "m6"))
WIDE = (*COLUMNS, "recording", "from", "to")

pytestmark = pytest.mark.slow


def shoot(folder: Path, pair: tuple[str, ...], timepoint: str, name: str = "", **more: int) -> None:
    """Film a pair of animals in two cubicles."""
    zones = dict(zip(("left", "right"), pair, strict=False))
    shut = {zone: timepoint == "24h" and animal in PAIN for zone, animal in zones.items()}
    place = 3 * list(GROUPS | SEVENTH).index(pair[0]) + 1 * (timepoint == "24h")
    film(folder, name or f"{'_'.join(pair)}_{timepoint}", shut, place=place, **more)


def right_rows(pairs: tuple[tuple[str, ...], ...] = (*PAIRS, ("m7",))) -> list[list[str]]:
    groups = GROUPS | SEVENTH
    return [
        [animal, groups[animal], t, f"videos/{'_'.join(pair)}_{t}.mp4", zone, "", "", ""]
        for pair in pairs
        for t in TIMEPOINTS
        for animal, zone in zip(pair, ("left", "right"), strict=False)
    ]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same experiment without a slip, and its films."""
    folder = tmp_path_factory.mktemp("month") / "clean"
    with Study.create(folder, settings=ANY_NUMBER) as study:
        for pair in (*PAIRS, ("m7",)):
            for timepoint in TIMEPOINTS:
                shoot(folder, pair, timepoint)
        write_rows(study, right_rows(), WIDE)
        study.extract(detector=MarkDetector())
    return folder


@pytest.fixture(autouse=True)
def _model(monkeypatch: pytest.MonkeyPatch) -> None:
    add_blink(monkeypatch)


@pytest.fixture
def month(clean: Path, tmp_path: Path) -> Iterator[Month]:
    opened = Month(clean, tmp_path / "study")
    yield opened
    opened.study.store.close()


class Month:
    """The study of the bad month, its table, and what is done to it."""

    def __init__(self, clean: Path, folder: Path) -> None:
        self.clean = clean
        self.study = Study.create(folder, settings=ANY_NUMBER)
        shutil.copytree(clean / "videos", folder / "videos", dirs_exist_ok=True)
        self.rows = right_rows(PAIRS)
        self.write()
        self.codes: dict[str, str] = {}

    @property
    def folder(self) -> Path:
        return self.study.folder

    def write(self) -> None:
        write_rows(self.study, self.rows, WIDE)

    def change(self, change: Callable[[list[str]], list[str]]) -> None:
        self.rows = [change(list(row)) for row in self.rows]
        self.write()

    def extract(self, **options: bool) -> None:
        self.study.extract(detector=MarkDetector(), **options)

    def reopen(self) -> None:
        place = self.folder
        self.study.store.close()
        self.study = Study.open(place)

    def set(self, name: str, old: object, new: object) -> None:
        path = self.folder / "study.toml"
        text = path.read_text("utf-8")
        assert f"{name} = {old}" in text
        path.write_text(text.replace(f"{name} = {old}", f"{name} = {new}"), "utf-8")
        self.reopen()

    def score(self, name: str, at_most: int | None = None) -> None:
        self.codes[name] = score_all(self.study, name, at_most, self.codes.get(name, ""))

    def faults(self) -> str:
        return "\n".join(self.study.check().faults)

    def run(self, *words: object, expect: int = 0) -> str:
        """Run a command on the study; return all that it said, on one line."""
        done = amgs(words[0], self.folder, *words[1:])
        assert done.returncode == expect, done.stderr
        return " ".join((done.stdout + done.stderr).split())


def results(study: Study) -> dict[str, object]:
    """Return the numbers of a study: of its model, its raters and its groups."""
    study.classify("blink")
    summary = amgs("summarise", study.folder, "--model", "blink", "--json")
    assert summary.returncode == 0, summary.stderr
    compared = amgs("compare", study.folder, "--json")
    assert compared.returncode == 0, compared.stderr
    document = json.loads(compared.stdout)
    human = {
        (row["animal"], row["timepoint"]): row["mean_mgs_sum"]
        for row in json.loads(amgs("summarise", study.folder, "--human", "--json").stdout)[
            "animals"
        ]
    }
    return {
        "animals": json.loads(summary.stdout)["animals"],
        "groups": document["groups"],
        "anova": document["anova"],
        "tukey": document["tukey"],
        "human": human,
        "labels": study.label()[1],
        "raters": study.agreement()["n_raters"],
    }


def test_a_bad_month_ends_as_a_good_one(month: Month) -> None:
    """The slips of a month, one after the other, in the study that holds them all."""
    for slip in SLIPS:
        slip(month)
    month.study.unblind("Owner", "all have scored")
    got = results(month.study)
    with Study.open(month.clean) as clean:
        if not clean.store.raters.all():
            for name in ("Ada", "Bo"):
                score_all(clean, name)
            clean.exclude([_the_dead(), _the_face(clean)])
            clean.unblind("Owner", "all have scored")
        expected = results(clean)
    assert got == expected
    reasons = {event["reason"] for event in month.study.store.events.all("excluded")}
    assert reasons == {"died 12 h after surgery", "shows a tail", "only tried"}
    assert month.study.check().faults == ()
    text = month.study.report().read_text("utf-8")
    for told in ("died 12 h after surgery", "shows a tail", "only tried"):
        assert told in text


def test_the_page_tells_of_every_slip() -> None:
    """Each by its name, as it stands in the docstring of its function here."""
    page = " ".join(PAGE.read_text("utf-8").split())
    told = [str(slip.__doc__).rstrip(".") for slip in SLIPS]
    assert [slip for slip in told if slip not in page] == []


def wrong_name(month: Month) -> None:
    """A wrong animal name, seen after extraction."""
    month.change(lambda r: [r[0].replace("m3", "m33"), *r[1:]])
    month.extract()
    month.change(lambda r: [r[0].replace("m33", "m3"), *r[1:]])
    assert "filed as m33_24h" in month.faults()
    month.extract()


def swapped_cubicles(month: Month) -> None:
    """Left and right mixed up."""
    other = {"left": "right", "right": "left"}
    month.change(lambda r: [*r[:4], other[r[4]] if "m3_m4" in r[3] else r[4], *r[5:]])
    month.extract()
    month.change(lambda r: [*r[:4], other[r[4]] if "m3_m4" in r[3] else r[4], *r[5:]])
    assert "its faces are filed as" in month.faults()
    month.extract()


def wrong_group(month: Month) -> None:
    """An animal in the wrong group."""
    month.change(lambda r: [r[0], "drug" if r[0] == "m2" else r[1], *r[2:]])
    month.change(lambda r: [r[0], "sham" if r[0] == "m2" else r[1], *r[2:]])
    assert month.faults() == ""


def two_spellings(month: Month) -> None:
    """One timepoint written in two ways."""
    month.change(
        lambda r: [*r[:2], "Baseline" if r[0] == "m5" and "base" in r[2] else r[2], *r[3:]]
    )
    assert "differ in capitals" in month.faults()
    month.change(lambda r: [*r[:2], r[2].lower(), *r[3:]])


def renamed_files(month: Month) -> None:
    """Videos renamed after extraction."""
    old, new = "m1_m2_24h", "cohort 1, day 2"
    (month.folder / f"videos/{old}.mp4").rename(month.folder / f"videos/{new}.mp4")
    month.change(lambda r: [*r[:3], r[3].replace(old, new), *r[4:]])
    assert month.faults() == ""


def copied_video(month: Month) -> None:
    """A video copied for another animal."""
    shutil.copy(month.folder / "videos/m5_m6_24h.mp4", month.folder / "videos/copy.mp4")
    kept = month.rows
    month.rows = [*kept, ["m9", "drug", "24h", "videos/copy.mp4", "left", "", "", ""]]
    month.write()
    assert "is a copy of" in month.run("extract", expect=1)
    month.rows = kept
    month.write()


def added_later(month: Month) -> None:
    """Animals added a month later."""
    month.rows = [*month.rows, *right_rows((("m7",),))]
    month.write()
    assert "2 recordings are not extracted yet" in "\n".join(month.study.check().warnings)
    month.extract()


def changed_interval(month: Month) -> None:
    """Another interval, chosen after extraction."""
    month.set("interval_s", 10.0, 5.0)
    assert "--new-generation" in month.run("extract", expect=1)
    month.extract(new_generation=True)
    month.set("interval_s", 5.0, 10.0)
    month.extract()


def sample_changed(month: Month) -> None:
    """The number of images per recording changed after scoring began."""
    month.score("Ada", 3)
    month.set("images_per_recording", 0, 1)
    assert "images_per_recording: 0 when scoring began, 1 now" in month.run("label", expect=1)
    month.set("images_per_recording", 1, 0)


def second_rater(month: Month) -> None:
    """A second rater, later."""
    month.score("Ada")
    month.score("Bo")


def rater_who_tried(month: Month) -> None:
    """Somebody who only tried the scoring room."""
    month.score("Rita Test", 2)
    month.run("exclude", "--rater", "Rita Test", "--reason", "only tried")


def one_person_twice(month: Month) -> None:
    """One person who signed in under two names."""
    month.score("Bo K", 2)
    month.run("raters", "--merge", "Bo K", "Bo")


def lost_code(month: Month) -> None:
    """A rater's code that was lost."""
    room = month.study.room()
    month.codes["Ada"] = room.entrance.new_code("Ada")
    month.score("Ada")


def bad_face(month: Month) -> None:
    """A face that shows a tail."""
    month.study.exclude([_the_face(month.study)])


def other_zone(month: Month) -> None:
    """A zone that was drawn too narrow."""
    month.change(
        lambda r: [
            *r[:4],
            "20,0,120,192" if "m1_m2_base" in r[3] and r[4] == "left" else r[4],
            *r[5:],
        ]
    )
    month.extract()
    month.change(lambda r: [*r[:4], "left" if r[4].startswith("20") else r[4], *r[5:]])
    assert "zone left; its faces were set aside" in month.faults()
    month.extract()


def better_video(month: Month) -> None:
    """A video replaced by a better file of the same name."""
    path = month.folder / "videos/m5_m6_baseline.mp4"
    right = path.read_bytes()
    film(month.folder, "m5_m6_baseline", {"left": True, "right": True}, place=30)
    month.extract()
    path.write_bytes(right)
    assert month.faults() != ""
    month.extract()


def dead_animal(month: Month) -> None:
    """An animal that died."""
    month.run("exclude", "--animal", "m5", "--reason", "died 12 h after surgery")


def typed_into_results(month: Month) -> None:
    """A decision typed into a table of results."""
    month.study.classify("blink")
    month.run("summarise", "--model", "blink")
    path = month.study.results / "summary.csv"
    path.write_text(path.read_text("utf-8").replace(",yes,", ",no,"), "utf-8")
    assert "amgs exclude" in month.run("summarise", "--model", "blink", expect=1)
    path.unlink()


def part_of_a_video(month: Month) -> None:
    """A camera that was started too early."""
    name = "m7_24h"
    film(month.folder, f"{name}_early", {"left": lambda t: t >= 30}, seconds=50, place=19)
    month.change(
        lambda r: (
            [*r[:3], r[3].replace(name, f"{name}_early"), *r[4:6], "0:30", r[7]]
            if r[3].endswith(f"{name}.mp4")
            else r
        )
    )
    month.extract()
    month.change(lambda r: [*r[:3], r[3].replace("_early", ""), *r[4:6], "", r[7]])
    month.extract()


def two_files(month: Month) -> None:
    """A session in two files."""
    film(month.folder, "a", {"left": False}, seconds=12, place=18)
    film(month.folder, "b", {"left": False}, seconds=12, place=20)
    kept = month.rows
    month.rows = [
        [*r[:3], "videos/a.mp4; videos/b.mp4", *r[4:]] if r[3].endswith("m7_baseline.mp4") else r
        for r in kept
    ]
    month.write()
    assert "m7_baseline is videos/a.mp4; videos/b.mp4" in month.faults()
    month.extract()
    times = [f.time_s for f in month.study.store.faces.all() if f.recording == "m7_baseline"]
    assert max(t or 0.0 for t in times) > 12, "minutes go on where the first file ends"
    month.rows = kept
    month.write()
    month.extract()


def moved_folder(month: Month) -> None:
    """The study moved to another computer."""
    month.study.store.close()
    new = month.folder.with_name("another computer")
    shutil.move(month.folder, new)
    month.study = Study.open(new)
    assert month.faults() == ""


def spreadsheet(month: Month) -> None:
    """A table saved by a spreadsheet."""
    path = month.folder / "recordings.csv"
    text = path.read_text("utf-8")
    path.write_text(
        "\ufeff"
        + re.sub(r'"[^"]*"', lambda m: m[0].replace(",", "\0"), text)
        .replace(",", ";")
        .replace("\0", ","),
        "utf-8",
    )
    assert month.faults() == ""
    month.write()


def _the_dead():
    from amgs.study.exclusions import Exclusion

    return Exclusion("animal", "m5", "died 12 h after surgery")


def _the_face(study: Study):
    from amgs.study.exclusions import Exclusion

    face = min(f.image for f in study.store.faces.all() if f.recording == "m2_24h")
    return Exclusion("face", face, "shows a tail")


SLIPS = (
    wrong_name,
    swapped_cubicles,
    wrong_group,
    two_spellings,
    renamed_files,
    copied_video,
    added_later,
    changed_interval,
    sample_changed,
    second_rater,
    rater_who_tried,
    one_person_twice,
    lost_code,
    bad_face,
    other_zone,
    better_video,
    dead_animal,
    typed_into_results,
    part_of_a_video,
    two_files,
    moved_folder,
    spreadsheet,
)
