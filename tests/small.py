"""Settings of small test studies, whose animals have a few images only."""

from __future__ import annotations

ANY_NUMBER: dict[tuple[str, str], str | float] = {("classify", "min_images"): 0}
"""No least number of images; new studies have one."""
