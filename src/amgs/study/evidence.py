"""What `amgs evidence` found and kept in a study."""

from __future__ import annotations

import json
from typing import Any

from amgs.study.folder import StudyFolder

EVIDENCE = "evidence"
"""The folder inside the results."""

SUMMARY_FILE = "evidence.json"


def last_evidence(study: StudyFolder, sha256: str) -> dict[str, Any] | None:
    """Return the summary that was last written, where it is of this model."""
    path = study.results / EVIDENCE / SUMMARY_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        of_this = found["provenance"]["inputs"]["model"] == sha256
        whole = all(isinstance(found[name], list) for name in ("sets", "probes", "notes"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(found) if of_this and whole else None
