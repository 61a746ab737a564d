"""How well a share of few images is known."""

from __future__ import annotations

from math import sqrt


def standard_error_of_share(successes: int, n: int) -> float | None:
    """Return the standard error of a percentage of n images; ``None`` without images.

    With two images of either kind added, so that 0 of 3 is not known exactly (Agresti & Coull
    1998). Images of one animal are taken as independent, so it is the least there can be.
    """
    if n == 0:
        return None
    share = (successes + 2) / (n + 4)
    return 100 * sqrt(share * (1 - share) / (n + 4))
