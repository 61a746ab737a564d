"""A summary as a grouped table: timepoints as rows, groups with their animals side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amgs.files import atomic_file
from amgs.interop.base import Exporter
from amgs.interop.prism import included_animals, say_left_out
from amgs.timepoints import order_timepoints

if TYPE_CHECKING:
    import pandas as pd


class PrismGrouped(Exporter):
    """Tab-separated text that is pasted into a grouped table with replicates side by side."""

    name = "prism-grouped"
    title = "a grouped table for GraphPad Prism: timepoints by groups, animals side by side (text)"
    kind = "summary"
    suffix = ".txt"

    def write(self, table: pd.DataFrame, out: Path, value: str = "") -> tuple[str, ...]:
        """See `Exporter.write`; an animal keeps its place, and is empty where it has no value.

        Raises
        ------
        TableError
            If there is no such column, or no animal has a value.
        """
        value, kept, members = included_animals(table, value)
        most = max(map(len, members.values()))
        cells = {
            (str(a), str(t)): str(v)
            for a, t, v in zip(kept["animal"], kept["timepoint"], kept[value], strict=True)
        }
        head = [""]
        for group, animals in members.items():
            head += [group if place == 0 else "" for place in range(len(animals))]
            head += [""] * (most - len(animals))
        lines = ["\t".join(head)]
        for timepoint in order_timepoints(kept["timepoint"].astype(str)):
            row = [timepoint]
            for animals in members.values():
                row += [cells.get((animal, timepoint), "") for animal in animals]
                row += [""] * (most - len(animals))
            lines.append("\t".join(row))
        with atomic_file(out) as temporary:
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        return (
            f"choose {most} replicate values in side-by-side subcolumns, and paste",
            *say_left_out(len(table) - len(kept)),
        )
