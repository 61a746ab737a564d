"""What is asked about doubtful labels, in the process that computes for the lab."""

from __future__ import annotations

from pathlib import Path


def doubtful_labels(folder: str) -> tuple[int, str]:
    """Return how many labels the last training doubts, and how the last second look came out."""
    from amgs.study import Study
    from amgs.study.second_look import list_doubtful

    with Study.open(Path(folder)) as study:
        found = study.second_look()
        return len(list_doubtful(study)), found.says if found is not None and found.rows else ""


def ask_second_look(folder: str) -> tuple[int, int]:
    """Have doubtful labels looked at again; see `amgs.study.Study.ask_second_look`."""
    from amgs.study import Study

    with Study.open(Path(folder)) as study:
        return study.ask_second_look()
