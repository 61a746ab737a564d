"""What every grimace scale shares: a unit is scored 0 (absent), 1 (moderate) or 2 (marked)."""

from __future__ import annotations

LOWEST, HIGHEST = 0, 2
