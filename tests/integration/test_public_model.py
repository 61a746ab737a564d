"""`amgs models build berlin`, on files of the published form with drawn faces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from berlin import SUBSETS, make_berlin
from program import amgs


@pytest.mark.slow
def test_from_the_downloaded_files_to_a_model(tmp_path: Path) -> None:
    """One command; its card says by animal, by laboratory left out, and how far people agree."""
    folder = make_berlin(tmp_path / "MouseGrimaceFaces", 0.02, px=96)
    out = tmp_path / "berlin"
    done = amgs("models", "build", "berlin", folder, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)["card"]
    assert set(card["laboratories"]) == set(SUBSETS)
    assert all(found["animals"] == 6 for found in card["laboratories"].values())
    assert card["split"]["kept_whole"] == "animal"
    alpha = card["people"]["krippendorff_alpha"]
    assert alpha["orbital_tightening"] > alpha["nose_bulge"]
    assert card["people"]["one_rater_against_the_others"]["pearson_r"] > 0.5
    assert any("carried over for" in note for note in card["data_notes"])
    shown = amgs("models", "build", "berlin", folder, "--out", out, "--overwrite")
    assert "Every laboratory, by a model that was trained without it" in shown.stdout
    other = amgs("models", "build", "paris", folder, "--out", out)
    assert other.returncode == 1
    assert "Expected one of berlin" in other.stderr
