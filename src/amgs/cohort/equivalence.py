"""Whether a difference is too small to matter: two one-sided tests."""

from __future__ import annotations

from collections.abc import Sequence

from amgs.cohort.group_model import GroupModel
from amgs.cohort.oneway import Result
from amgs.cohort.words import ALPHA


def equivalence_tests(
    model: GroupModel, compared: Sequence[tuple[str, str]], margin: float
) -> list[Result]:
    """Test whether the means of two groups differ by less than a margin (Schuirmann 1987).

    Parameters
    ----------
    model
        The groups' means.
    compared
        Pairs of groups.
    margin
        The largest difference that does not matter, given before the data were seen.

    Returns
    -------
    list of dict
        ``difference`` with its 90 % limits ``lower`` and ``upper``, which lie within ±margin
        exactly when ``p`` is below 0.05; ``p`` the larger one of the two one-sided tests;
        ``p_not_higher``, of the test that the mean of ``a`` is not above that of ``b`` by the
        margin or more, and ``p_not_lower``, that it is not below it by as much (one of them is
        non-inferiority, depending on which of the two is the new treatment). Not adjusted for
        several pairs.
    """
    from scipy.stats import t as student

    rows = []
    for a, b in compared:
        found = model.compare(a, b)
        difference, error, df = found["difference"], found["se"], found["df"]
        half = float(student.isf(ALPHA, df)) * error
        above = float(student.sf((difference + margin) / error, df))
        below = float(student.cdf((difference - margin) / error, df))
        rows.append(
            {
                "a": a,
                "b": b,
                "difference": difference,
                "lower": difference - half,
                "upper": difference + half,
                "margin": margin,
                "p": max(above, below),
                "p_not_higher": below,
                "p_not_lower": above,
                "equivalent": max(above, below) < ALPHA,
                "not_higher": below < ALPHA,
                "not_lower": above < ALPHA,
            }
        )
    return rows
