"""Fixed sets of words, light enough for the command line."""

from __future__ import annotations

from typing import Literal, TypeAlias

OutlierRule: TypeAlias = Literal["report", "remove"]
"""What is done with animals that are outliers at baseline."""
