"""What carried a call, and whether pain can be told without a face."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations
from math import factorial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from amgs.cli.main import app
from amgs.errors import ImpossibleValueError, NoImagesError
from amgs.faces.base import FoundEar, FoundEye, FoundFace
from amgs.faces.detectors import open_detector
from amgs.prediction.evidence import (
    GRID,
    OUTSIDE,
    REGIONS,
    explain_images,
    region_masks,
    shapley_values,
    share_outside,
)
from amgs.prediction.evidence_sets import EvidenceSet, collect_evidence, compare_calls, say_evidence
from amgs.prediction.explaining import ExplainedImage, explain
from amgs.prediction.orbital import OrbitalReader
from amgs.prediction.pain import PainReader
from amgs.prediction.readers import ImageToClassify
from amgs.prediction.shortcuts import BACKGROUND, FACE, probe_shortcuts, say_alarms
from amgs.simulate.cohort import random_face
from amgs.simulate.face import draw_face
from amgs.tables import read_table


@pytest.fixture(scope="module")
def reader(model_folder: Path) -> PainReader:
    return PainReader(model_folder)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[ImageToClassify]:
    """Faces of eight drawn mice, six of each; the second half of each shows closed eyes."""
    folder = tmp_path_factory.mktemp("evidence")
    rng = np.random.default_rng(4)
    found = []
    for animal in range(8):
        base = replace(random_face(rng), coat="white", yaw_deg=0.0, blink=0.0)
        for number in range(6):
            face = replace(base, orbital_tightening=2.0 * (number >= 3))
            path = folder / f"m{animal}_{number}.png"
            Image.fromarray(draw_face(face, rng)).save(path)
            found.append(ImageToClassify(path, path.name))
    return found


def test_shapley_values_are_the_mean_over_all_orders() -> None:
    """Against the definition, over every order; together they make the whole."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=2**4)
    expected = np.zeros(4)
    for order in permutations(range(4)):
        before = 0
        for part in order:
            expected[part] += values[before | 1 << part] - values[before]
            before |= 1 << part
    assert shapley_values(values) == pytest.approx(expected / factorial(4))
    assert sum(shapley_values(values)) == pytest.approx(values[-1] - values[0])


def face() -> FoundFace:
    eyes = tuple(FoundEye((x, 40.0, x + 14, 50.0), 0.9, 1, 0, 0) for x in (30.0, 66.0))
    ears = (FoundEar((12.0, 2.0, 40.0, 32.0), 0.9), FoundEar((70.0, 2.0, 98.0, 32.0), 0.9))
    return FoundFace((20.0, 20.0, 90.0, 90.0), 0.9, eyes, ears, (55.0, 78.0), (1, 0, 0, 0))


def test_regions_cover_the_image_once() -> None:
    """But for soft edges: every pixel belongs to one region."""
    masks = region_masks((110, 110), face())
    assert tuple(masks) == REGIONS
    whole = np.sum([mask for mask in masks.values() if mask is not None], axis=0)
    assert whole.min() > 0.9
    assert whole.max() < 1.1
    eyes = masks["eyes"]
    assert eyes is not None
    assert eyes[45, 37] == pytest.approx(1, abs=0.05)
    without = region_masks((110, 110), replace(face(), eyes=(), nose=None))
    assert without["eyes"] is None
    assert without["muzzle"] is None


def test_what_carried_a_call_adds_up(reader: PainReader, images: list[ImageToClassify]) -> None:
    """To the difference from the blurred image; the call is the one that `classify` gives."""
    found = list(explain_images(reader, open_detector(), images[:4]))
    for one in found:
        said = reader.answer([one.image])[0].reading.number("p_pain")
        assert one.p_pain == pytest.approx(said, abs=1e-6)
        assert one.effects is not None
        assert set(one.effects) == set(REGIONS)
        assert one.by_place is not None
        assert one.by_place.shape == (GRID, GRID)
        assert one.share_outside is not None
        assert 0 < one.share_outside < 1
    again = list(explain_images(reader, open_detector(), images[:4]))
    assert [one.effects for one in again] == [one.effects for one in found]


def test_share_outside() -> None:
    assert share_outside({"eyes": -3.0, OUTSIDE: 1.0, "ears": None}) == 0.25
    assert share_outside(None) is None
    assert share_outside({"eyes": 0.0}) is None


def test_sets_weigh_animals_the_same(reader: PainReader, images: list[ImageToClassify]) -> None:
    """One image of one animal counts like five of another."""
    found = list(explain_images(reader, open_detector(), images[:6]))
    animals = ["a", "a", "a", "a", "a", "b"]
    (all_of_them,) = [one for one in collect_evidence(found, animals, ["x"] * 6) if one.name == "x"]
    effects = [one.effects["eyes"] for one in found if one.effects]
    expected = (np.mean(effects[:5]) + effects[5]) / 2
    assert all_of_them.animals == 2
    assert all_of_them.effects["eyes"] == pytest.approx(expected)
    outside = replace(all_of_them, share_outside=0.7)
    assert "70 %" in say_evidence([outside])[0]
    assert say_evidence([all_of_them]) == []


def test_what_blurring_does_to_all_faces_falls_out_of_the_difference() -> None:
    """Only by how much a region speaks more for pain where pain was called is judged."""
    nothing = np.zeros((8, 8))

    def called(what: str, effects: dict[str, float | None]) -> EvidenceSet:
        return EvidenceSet(f"called {what}", 9, 3, effects, {}, 0.9, nothing, nothing)

    parts = ("eyes", "ears", "muzzle", "rest of the face")
    pain = called("pain", dict.fromkeys(parts, 1.0) | {OUTSIDE: 3.0})
    no_pain = called("no pain", dict.fromkeys(parts, -1.0) | {OUTSIDE: 2.0})
    found = compare_calls([pain, no_pain])
    assert found is not None
    assert found["share_outside"] == pytest.approx(1 / 9)
    assert say_evidence([pain, no_pain]) == []
    other = called("no pain", dict.fromkeys(parts, 0.9) | {OUTSIDE: -3.0})
    (text,) = say_evidence([pain, other])
    assert text.startswith("94 % of what parts calls of pain from calls of no pain")
    assert compare_calls([pain]) is None


def lighter_background(images: list[ImageToClassify], folder: Path) -> list[ImageToClassify]:
    """Copy images; those of closed eyes were filmed before a brighter wall."""
    copies = []
    for image in images:
        rgb = np.asarray(Image.open(image.path)).astype(np.int16).copy()
        if int(image.path.stem[-1]) >= 3:
            rgb[:14], rgb[-14:], rgb[:, :14], rgb[:, -14:] = (
                part + 60 for part in (rgb[:14], rgb[-14:], rgb[:, :14], rgb[:, -14:])
            )
        path = folder / image.path.name
        Image.fromarray(rgb.clip(0, 255).astype(np.uint8)).save(path)
        copies.append(ImageToClassify(path, image.name))
    return copies


def test_a_background_that_tells_the_label_is_told(
    reader: PainReader, images: list[ImageToClassify], tmp_path: Path
) -> None:
    """And the zone too; filmed alike, neither is."""
    is_pain = np.array([int(image.path.stem[-1]) >= 3 for image in images])
    animals = np.array([image.path.stem[:2] for image in images])
    zones = ["left" if pain else "right" for pain in is_pain]
    alike = probe_shortcuts(reader, open_detector(), images, is_pain, animals, {})
    assert [probe.name for probe in alike] == [FACE, BACKGROUND]
    assert alike[0].auc > 0.9
    assert say_alarms(alike) == []
    copies = lighter_background(images, tmp_path)
    found = probe_shortcuts(reader, open_detector(), copies, is_pain, animals, {"zone": zones})
    by_name = {probe.name: probe for probe in found}
    assert by_name[BACKGROUND].alarming
    assert by_name["zone"].alarming
    assert by_name["zone"].auc == 1.0
    assert len(say_alarms(found)) == 2
    assert (
        probe_shortcuts(reader, open_detector(), images[:12], is_pain[:12], animals[:12], {}) == []
    )


def test_what_cannot_be_explained_stops(
    reader: PainReader, images: list[ImageToClassify], make_image, tmp_path: Path
) -> None:
    make_image("grey.png")
    grey = ImageToClassify(tmp_path / "grey.png", "grey.png")
    with pytest.raises(ImpossibleValueError, match="Expected a model that calls pain"):
        explain(OrbitalReader(), open_detector(), [ExplainedImage(images[0])])
    with pytest.raises(NoImagesError, match="no face"):
        explain(reader, open_detector(), [ExplainedImage(grey)])
    with pytest.raises(NoImagesError, match="found none"):
        explain(reader, open_detector(), [])


def test_the_command_writes_table_summary_and_figures(
    model_folder: Path, images: list[ImageToClassify], tmp_path: Path
) -> None:
    out = tmp_path / "evidence"
    folder = images[0].path.parent
    asked = [
        "evidence",
        str(model_folder),
        str(folder),
        "--out",
        str(out),
        "--faces",
        "5",
        "--json",
    ]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["images"] == 5
    assert len(read_table(out / "evidence.csv", required=("image", "effect_eyes"))) == 5
    for name in ("evidence_by_region", "evidence_by_place", "evidence_faces"):
        assert (out / f"{name}.png").stat().st_size > 5_000
    assert CliRunner().invoke(app, asked).exit_code == 1  # never over an earlier result
    assert CliRunner().invoke(app, [*asked, "--overwrite"]).exit_code == 0
