"""Possible sleep is noticed on synthetic mice, whose sleep is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from amgs.simulate.behaviour import SLEEPY
from amgs.simulate.cubicle import VideoOptions
from amgs.simulate.experiment import Experiment, SimulatedGroup
from synthetic import drawn_study, faces_with_truth, sleep_marks


def test_sleep_is_noticed_of_small_faces_in_dark_fur(tmp_path: Path) -> None:
    """Shut eyes are often not seen there, and boxes jitter."""
    groups = (
        SimulatedGroup("awake", (0.0,), 0.0),
        SimulatedGroup("sleepy", (0.0,), 2 * SLEEPY),
    )
    plan = Experiment(groups, 2, ("baseline",), coats=("black", "agouti"))
    with drawn_study(tmp_path / "night", plan, VideoOptions(640, 360, 5, 120.0), 7) as study:
        asleep, others = sleep_marks(faces_with_truth(study))
    assert len(asleep) > 20
    assert np.mean(asleep) > 0.8
    assert np.mean(others) < 0.05
