"""A simulated experiment is what its plan says: groups, effects, spread, drift."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from amgs.simulate.experiment import Experiment, SimulatedGroup

GROUPS = (SimulatedGroup("sham", (0.0,)), SimulatedGroup("surgery", (1.0, 0.4)))
TIMES = ("baseline", "1h", "24h", "48h")


def change(plan: Experiment, group: str, timepoint: str, seed: int = 3) -> np.ndarray:
    cast = [a for a in plan.cast(seed) if a.group == group]
    return np.array([a.units[timepoint] - a.units["baseline"] for a in cast])


def test_groups_are_equally_large_and_no_coat_stands_for_one() -> None:
    plan = Experiment(GROUPS, 6, coats=("white", "black", "agouti"))
    cast = plan.cast(0)
    assert Counter(a.group for a in cast) == {"sham": 6, "surgery": 6}
    coats = defaultdict(Counter)
    for animal in cast:
        coats[animal.group][animal.coat] += 1
    assert coats["sham"] == coats["surgery"] == {"white": 2, "black": 2, "agouti": 2}
    assert len({a.seed for a in cast}) == len(cast)


def test_effects_follow_the_timepoints_and_the_last_one_holds() -> None:
    plan = Experiment(GROUPS, 5, TIMES)
    assert change(plan, "sham", "1h") == pytest.approx(np.zeros(5))
    assert change(plan, "surgery", "1h") == pytest.approx(np.full(5, 1.0))
    for later in ("24h", "48h"):
        assert change(plan, "surgery", later) == pytest.approx(np.full(5, 0.4))


def test_drift_moves_everybody_and_answers_differ() -> None:
    plan = Experiment(GROUPS, 40, TIMES, answers=0.3, drift=0.1)
    assert change(plan, "sham", "24h") == pytest.approx(np.full(40, 0.2))
    raised = change(plan, "surgery", "1h") - 0.1
    assert raised.mean() == pytest.approx(1.0, abs=0.15)
    assert raised.std() == pytest.approx(0.3, abs=0.1)


def test_units_stay_on_their_scale_and_seeds_decide() -> None:
    plan = Experiment((SimulatedGroup("a", (3.0,)), SimulatedGroup("b", (-1.0,))), 8)
    units = [u for a in plan.cast(1) for u in a.units.values()]
    assert 0 <= min(units) <= max(units) <= 2
    assert plan.cast(1) == plan.cast(1)
    assert plan.cast(1) != plan.cast(2)
    resting = [a.units["baseline"] for a in Experiment(GROUPS, 200, spread=0.12).cast(0)]
    assert np.std(resting) == pytest.approx(0.12, abs=0.03)
