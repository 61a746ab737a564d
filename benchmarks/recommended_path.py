"""How often the recommended analysis is wrong, and how often it finds an effect, in simulation.

Experiments with what real ones have: % pain near 0 at baseline, treatment given by cage, animals
that are lost because they are in pain. In each, the primary analysis (ANCOVA of animals, or of cage
means where every cage holds one group) stands beside the paper's ANOVA of changes, a permutation
test, Kruskal–Wallis, the mixed model, and beside taking the smallest p of them all.

    python benchmarks/recommended_path.py --experiments 1000
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from amgs.cohort.clusters import cage_means, nested_in_cages
from amgs.cohort.design import Cell, Cohort
from amgs.cohort.differences import Change, Exclusion, changes_from_baseline
from amgs.cohort.group_model import fit_groups
from amgs.cohort.loss import loss_by_group
from amgs.cohort.mixed import mixed_model
from amgs.cohort.oneway import one_way_anova
from amgs.cohort.permutation import permutation_test
from amgs.cohort.robust import kruskal_wallis_test

GROUPS = ("sham", "surgery", "analgesic")
ALPHA = 0.05


@dataclass(frozen=True)
class Setting:
    """One kind of experiment; percentages are of pain."""

    name: str
    per_group: int = 12
    images: int = 30
    baseline: float = 20.0
    after: tuple[float, float, float] = (20.0, 20.0, 20.0)
    sd_animal: float = 0.8
    sd_session: float = 0.5
    sd_cage: float = 0.0
    per_cage: int = 1
    lost_from: float | None = None


def logit(percent: float) -> float:
    """Return the logit of a percentage."""
    share = percent / 100
    return float(np.log(share / (1 - share)))


def simulate(setting: Setting, rng: np.random.Generator) -> Cohort:
    """Return one experiment: shares of pain of images, binomial on a logit scale."""
    cells, cages = [], {}
    for place, group in enumerate(GROUPS):
        own = rng.normal(0, setting.sd_animal, setting.per_group)
        shared = rng.normal(0, setting.sd_cage, setting.per_group)
        for k in range(setting.per_group):
            animal = f"{group}{k}"
            cage = k // setting.per_cage
            cages[animal] = f"{group}, {cage}"
            for name, percent, of_cage in (
                ("baseline", setting.baseline, 0.0),
                ("1h", setting.after[place], float(shared[cage])),
            ):
                level = logit(percent) + own[k] + of_cage + rng.normal(0, setting.sd_session)
                p = 1 / (1 + np.exp(-level))
                value: float | None = 100 * rng.binomial(setting.images, p) / setting.images
                if setting.lost_from is not None and name == "1h" and group != "sham":
                    # Animals of the operated groups hide the more, the more they are in pain.
                    hidden = rng.random() < 1 / (1 + np.exp(-(100 * p - setting.lost_from) / 8))
                    value = None if hidden else value
                cells.append(Cell(animal, group, name, value))
    facts = {"cage": cages} if setting.per_cage > 1 else {}
    return Cohort("pct_pain", tuple(cells), facts)


def p_values(setting: Setting, seed: int) -> dict[str, float]:
    """Return the p values of one experiment; 1 where a test could not be made."""
    rng = np.random.default_rng([seed, abs(hash_of(setting.name))])
    cohort = simulate(setting, rng)
    changes, lost = changes_from_baseline(cohort, "baseline", "1h")
    nested = nested_in_cages(changes, cohort.clusters)
    units = cage_means(changes, cohort.clusters) if nested else changes
    samples = {g: np.array([c.difference for c in changes if c.group == g]) for g in GROUPS}
    tests: dict[str, Callable[[], float]] = {
        "primary (ANCOVA)": lambda: float(fit_groups(units, "ancova").omnibus()["p"]),
        "ANCOVA of animals": lambda: float(fit_groups(changes, "ancova").omnibus()["p"]),
        "ANOVA of changes": lambda: float(one_way_anova(samples)["p"]),
        "permutation": lambda: float(permutation_test(units, "ancova")["p"]),
        "Kruskal–Wallis": lambda: float(kruskal_wallis_test(samples)["p"]),
        "mixed, group × time": lambda: float(mixed_model(cohort, "baseline")["interaction"]["p"]),
    }
    found = {name: _or_one(test) for name, test in tests.items()}
    found["smallest of all"] = min(found.values())
    found["unequal loss is said"] = _loss(changes, lost)
    return found


def hash_of(text: str) -> int:
    """Return a number of a text that is the same in every run."""
    return sum((k + 1) * ord(letter) for k, letter in enumerate(text))


def _or_one(test: Callable[[], float]) -> float:
    try:
        return test()
    except (ArithmeticError, KeyError, ValueError):
        return 1.0


def _loss(changes: list[Change], lost: list[Exclusion]) -> float:
    return float(loss_by_group(changes, lost).get("p", 1.0))


NOTHING = Setting("no effect")
SETTINGS = (
    NOTHING,
    replace(NOTHING, name="no effect, baseline near 0 %", baseline=4.0, after=(4.0, 4.0, 4.0)),
    replace(NOTHING, name="no effect, 6 animals", per_group=6),
    replace(NOTHING, name="no effect, treatment by cage", per_cage=3, sd_cage=0.8),
    replace(
        NOTHING,
        name="surgery hurts all alike, those in pain hide",
        after=(60.0, 60.0, 60.0),
        lost_from=75.0,
    ),
    replace(NOTHING, name="effect of 25 points", after=(20.0, 45.0, 20.0)),
    replace(NOTHING, name="effect, baseline near 0 %", baseline=4.0, after=(4.0, 10.0, 4.0)),
    replace(
        NOTHING, name="effect, treatment by cage", after=(20.0, 50.0, 20.0), per_cage=3, sd_cage=0.5
    ),
)


def rates(setting: Setting, seeds: Iterable[int]) -> dict[str, float]:
    """Return the share of experiments with p below 0.05, by test."""
    rows = [p_values(setting, seed) for seed in seeds]
    return {name: float(np.mean([row[name] < ALPHA for row in rows])) for name in rows[0]}


def main() -> None:
    """Print a table: settings by tests, the share of experiments with p < 0.05."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    parts = [range(k, chosen.experiments, chosen.jobs) for k in range(chosen.jobs)]
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for setting in SETTINGS:
            found = list(pool.map(rates, [setting] * chosen.jobs, parts))
            weights = [len(part) for part in parts]
            line = {
                name: np.average([f[name] for f in found], weights=weights) for name in found[0]
            }
            if setting is SETTINGS[0]:
                print("| experiment | " + " | ".join(line) + " |")
                print("|---" * (len(line) + 1) + "|")
            cells = " | ".join(f"{value:.3f}" for value in line.values())
            print(f"| {setting.name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
