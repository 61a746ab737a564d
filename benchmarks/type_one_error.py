"""How often an effect is found that is not there: animals as the unit, and images as the unit.

    python benchmarks/type_one_error.py [--cohorts 2000]

Every cohort has three groups of 12 animals without any difference between groups. Each animal has a
pain level of its own (logit of its share of pain images, sd 0.8 between animals) and 60 images at
baseline and 60 after. Tested at 0.05: the change of % pain per animal by one-way ANOVA, as amgs
does; and the images after the procedure by a chi-squared test, as if they were independent.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.stats import chi2_contingency

from amgs.cohort.oneway import one_way_anova
from amgs.model.metrics import wilson_interval

GROUPS, ANIMALS, IMAGES = 3, 12, 60
BETWEEN_ANIMALS_SD, BASE_LOGIT = 0.8, -1.0
ALPHA = 0.05


def main() -> None:
    """Print both rates with their intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=2_000)
    cohorts = parser.parse_args().cohorts
    rng = np.random.default_rng(1)
    by_animal = by_image = 0
    for _ in range(cohorts):
        logits = BASE_LOGIT + rng.normal(0, BETWEEN_ANIMALS_SD, (GROUPS, ANIMALS))
        shares = 1 / (1 + np.exp(-logits))
        before, after = (rng.binomial(IMAGES, shares) for _ in range(2))
        change = 100 * (after - before) / IMAGES
        anova = one_way_anova({str(g): change[g].astype(float) for g in range(GROUPS)})
        by_animal += bool(anova["p"] < ALPHA)
        pain = after.sum(axis=1)
        table = np.stack([pain, ANIMALS * IMAGES - pain])
        by_image += bool(chi2_contingency(table).pvalue < ALPHA)
    for name, count in (("animals", by_animal), ("images", by_image)):
        low, high = wilson_interval(count, cohorts) or (0.0, 1.0)
        print(f"{name} as unit: {count / cohorts:.1%} of {cohorts} ({low:.1%}–{high:.1%})")


if __name__ == "__main__":
    main()
