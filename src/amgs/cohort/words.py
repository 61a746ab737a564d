"""Fixed words and how p values are written, light enough for the command line."""

from __future__ import annotations

from typing import Literal, TypeAlias

_SMALLEST_P = 0.0001


def p_value(p: float) -> str:
    """Write a p value with four decimals, never as zero."""
    return f"< {_SMALLEST_P}" if p < _SMALLEST_P else f"{p:.4f}"


def p_text(p: float) -> str:
    """Write ``p = 0.0123`` or ``p < 0.0001``."""
    return f"p {p_value(p)}" if p < _SMALLEST_P else f"p = {p:.4f}"


OutlierRule: TypeAlias = Literal["report", "remove"]
"""What is done with animals that are outliers at baseline."""
