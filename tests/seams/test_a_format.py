"""Adding a foreign format is one file and one line: recognised by content, imported, exported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from amgs.files import atomic_file
from amgs.interop import formats
from amgs.interop.base import Exporter, Imported, Importer
from program import amgs_output


class Notebook(Importer):
    """Ratings as lines ``rater: image = scores``."""

    name = "notebook"
    title = "a notebook of scores"
    kind = "ratings"

    def recognises(self, place: Path) -> bool:
        """See `Importer.recognises`."""
        return place.is_file() and place.read_bytes().startswith(b"# notebook")

    def read(self, place: Path, only: Sequence[str] = ()) -> Imported:
        """See `Importer.read`."""
        rows = []
        for line in place.read_text("utf-8").splitlines()[1:]:
            rater, rest = line.split(": ")
            image, scores = rest.split(" = ")
            units = zip(("orbital_tightening", "ear_position"), scores.split(), strict=True)
            rows += [(image, rater, unit, float(score)) for unit, score in units]
        return Imported(pd.DataFrame(rows, columns=["image", "rater", "unit", "score"]))


class Lines(Exporter):
    """Ratings as one line each."""

    name = "lines"
    title = "one line per rating"
    kind = "ratings"
    suffix = ".txt"

    def write(self, table: pd.DataFrame, out: Path, value: str = "") -> tuple[str, ...]:
        """See `Exporter.write`."""
        lines = [" ".join(map(str, row)) for row in table[["rater", "unit", "score"]].values]
        with atomic_file(out) as temporary:
            temporary.write_text("\n".join(lines) + "\n", "utf-8")
        return ()


@pytest.fixture(autouse=True)
def _in_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the two lines."""
    monkeypatch.setitem(formats.IMPORTERS, "notebook", f"{Notebook.__module__}:Notebook")
    monkeypatch.setitem(formats.EXPORTERS, "lines", f"{Lines.__module__}:Lines")


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "scores.txt"
    images = [f"{rater}: {n}.jpg = {n % 3} {(n + k) % 3}" for n in range(9) for k, rater in
              enumerate(("Ada", "Bo"))]  # fmt: skip
    path.write_text("\n".join(["# notebook", *images]) + "\n", "utf-8")
    return path


def test_commands_read_it_as_it_is(notebook: Path) -> None:
    """`amgs agreement` knows it by its content."""
    document = json.loads(amgs_output("agreement", notebook, "--json"))
    assert (document["n_images"], document["n_raters"]) == (9, 2)
    assert document["units"]["orbital_tightening"]["exact_agreement"] == 1


def test_it_is_imported_and_exported(notebook: Path, tmp_path: Path) -> None:
    """To the table of amgs, and from it to another one."""
    table, lines = tmp_path / "ratings.csv", tmp_path / "ratings.txt"
    amgs_output("import", notebook, "--out", table, "--quiet")
    assert table.read_text("utf-8").splitlines()[0] == "image,rater,unit,score"
    amgs_output("export", table, "--format", "lines", "--out", lines, "--quiet")
    assert len(lines.read_text("utf-8").splitlines()) == 36
