"""A summary as a file of GraphPad Prism (PZFX, its XML form), one table per timepoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from amgs.files import atomic_file
from amgs.interop.base import Exporter
from amgs.interop.prism import included_animals, say_left_out
from amgs.timepoints import order_timepoints

if TYPE_CHECKING:
    import pandas as pd

_NAMESPACE = "http://graphpad.com/prism/Prism.htm"


class PrismFile(Exporter):
    """Column tables, one per timepoint: a column per group, with the same row for an animal in all.

    Where an animal has no value at a timepoint its cell is empty, so that values of two tables can
    be paired.
    """

    name = "pzfx"
    title = "a file of GraphPad Prism (PZFX): one column table per timepoint"
    kind = "summary"
    suffix = ".pzfx"

    def write(self, table: pd.DataFrame, out: Path, value: str = "") -> tuple[str, ...]:
        """See `Exporter.write`; animals that are not included have no cell.

        Raises
        ------
        TableError
            If there is no such column, or no animal has a value.
        """
        value, kept, members = included_animals(table, value)
        file = ET.Element("GraphPadPrismFile", xmlns=_NAMESPACE, PrismXMLVersion="5.00")
        sequence = ET.SubElement(file, "TableSequence")
        for number, timepoint in enumerate(order_timepoints(kept["timepoint"].astype(str))):
            name = f"Table{number}"
            ET.SubElement(sequence, "Ref", ID=name, Selected="1" if number == 0 else "0")
            part = kept[kept["timepoint"].astype(str) == timepoint]
            file.append(_one_table(name, f"{value}, {timepoint}", part, value, members))
        text = ET.tostring(file, encoding="unicode")
        with atomic_file(out) as temporary:
            head = '<?xml version="1.0" encoding="UTF-8"?>\n'
            temporary.write_text(head + text + "\n", encoding="utf-8", newline="\n")
        return say_left_out(len(table) - len(kept))


def _one_table(
    name: str, title: str, part: pd.DataFrame, value: str, members: Mapping[str, Sequence[str]]
) -> ET.Element:
    page = ET.Element(
        "Table", ID=name, XFormat="none", TableType="OneWay", EVFormat="AsteriskAfterNumber"
    )
    ET.SubElement(page, "Title").text = title
    values = dict(zip(part["animal"].astype(str), part[value].astype(str), strict=True))
    filmed = set(part["group"].astype(str))
    for group, animals in members.items():
        if group not in filmed:
            continue
        column = ET.SubElement(page, "YColumn", Width="90", Decimals="2", Subcolumns="1")
        ET.SubElement(column, "Title").text = group
        cells = ET.SubElement(column, "Subcolumn")
        for animal in animals:
            ET.SubElement(cells, "d").text = values.get(animal)
    return page
