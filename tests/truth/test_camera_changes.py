"""A camera that changed between timepoints is noticed, and one that did not is left in peace."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from amgs.simulate.cubicle import VideoOptions
from amgs.simulate.experiment import DESIGN_COLUMNS, Experiment, SimulatedGroup, write_videos
from amgs.simulate.studies import create_synthetic_study
from amgs.tables import write_table
from program import amgs
from synthetic import SETTINGS


@pytest.mark.parametrize(("later", "noticed"), [(0.7, True), (1.0, False)])
def test_a_camera_that_changed_is_noticed(later: float, noticed: bool, tmp_path: Path) -> None:
    """The light was turned down after the baseline, or not: `amgs images` tells."""
    with create_synthetic_study(tmp_path / "dim", "dim", 0, SETTINGS) as study:
        rows: list[tuple[str, ...]] = []
        with ProcessPoolExecutor(2) as pool:
            for brightness, timepoint in ((1.0, "baseline"), (later, "60min")):
                plan = Experiment((SimulatedGroup("all", (0.0,)),), 8, (timepoint,))
                options = VideoOptions(480, 270, 6, 6.0, brightness=brightness)
                rows += write_videos(study.folder, plan, options, 3, pool)
        write_table(study.folder / "recordings.csv", DESIGN_COLUMNS, rows)
        study.extract()
    done = amgs("images", tmp_path / "dim", "--by", "timepoint", "--json")
    assert done.returncode == 0, done.stderr
    measures = [m for m in json.loads(done.stdout)["measures"] if m["by"] == "timepoint"]
    p = {m["measure"]: m["p_holm"] for m in measures}
    assert (p["brightness"] < 0.05) == noticed
    assert p["width"] > 0.05
