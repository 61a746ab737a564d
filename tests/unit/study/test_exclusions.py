"""Decisions of several people at once are all kept."""

from __future__ import annotations

import threading
from pathlib import Path

from amgs.study import Study
from amgs.study.exclusions import EXCLUSIONS_FILE, Exclusion, exclude, list_rows
from amgs.tables import write_table


def test_decisions_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    """Each reads the table, adds a line and writes it: one after the other."""
    names = [f"m{k}" for k in range(16)]
    with Study.create(tmp_path / "study") as study:
        rows = [(name, "sham", "baseline", f"{name}.mp4") for name in names]
        write_table(
            study.folder / "recordings.csv", ("animal", "group", "timepoint", "video"), rows
        )

    def leave_out(mine: list[str]) -> None:
        with Study.open(tmp_path / "study") as opened:
            for name in mine:
                exclude(opened, [Exclusion("animal", name, "escaped")])

    threads = [threading.Thread(target=leave_out, args=(names[k::4],)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [row.name for _, row in list_rows(tmp_path / "study" / EXCLUSIONS_FILE)]
    assert sorted(kept) == sorted(names)
