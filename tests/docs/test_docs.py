"""The pages say what the program does, and nothing of machines."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

from amgs import errors
from amgs.cli.main import COMMANDS
from amgs.config import SETTINGS
from amgs.extraction.tables import EXTRACTION_COLUMNS, FACES_COLUMNS
from amgs.faces.centre_net import centre_net_path
from amgs.faces.detectors import DETECTORS
from amgs.interop.ratings_csv import COLUMNS as RATINGS_COLUMNS
from amgs.model.backbones.table import BACKBONES
from amgs.prediction.face_state import FaceStateReader
from amgs.prediction.summary_columns import SUMMARY_COLUMNS
from amgs.provenance import hash_file
from amgs.scoring.labels import LABEL_COLUMNS
from amgs.simulate.experiment import DESIGN_COLUMNS
from amgs.simulate.video import TRUTH_COLUMNS
from amgs.study.design import OPTIONAL, REQUIRED
from amgs.study.unblinding import HUMAN_COLUMNS
from amgs.vocabulary import (
    CONTENT_COLUMN,
    KNOWN_ABOUT_AN_IMAGE,
    PART_COLUMN,
    PREDICTION_COLUMNS,
    PROBLEM_COLUMN,
    LabelledImage,
)
from program import amgs

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")]


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    """And on its own page, which is made from the program."""
    assert f"`amgs {command}`" in text("README.md")
    assert f"## amgs {command}\n" in text("docs/cli.md")


def test_the_page_of_commands_is_up_to_date() -> None:
    """`make docs` would change nothing."""
    script = ROOT / "scripts/make_cli_page.py"
    subprocess.run([sys.executable, str(script), "--check"], check=True)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_setting_is_explained(setting) -> None:  # type: ignore[no-untyped-def]
    """Where a newcomer looks."""
    assert f"`{setting.variable}`" in text("docs/start.md")


def every_column() -> set[str]:
    """Every column that amgs writes or reads, from the places that define them."""
    columns = {
        *PREDICTION_COLUMNS,
        *KNOWN_ABOUT_AN_IMAGE,
        *(f.name for f in dataclasses.fields(LabelledImage)),
        *FACES_COLUMNS,
        *EXTRACTION_COLUMNS,
        *SUMMARY_COLUMNS,
        *HUMAN_COLUMNS,
        *LABEL_COLUMNS,
        *DESIGN_COLUMNS,
        *REQUIRED,
        *OPTIONAL,
        *TRUTH_COLUMNS,
        *RATINGS_COLUMNS,
        *(output.name for output in FaceStateReader.outputs),
        CONTENT_COLUMN,
        PART_COLUMN,
        PROBLEM_COLUMN,
    }
    return columns - {"path", "name"}


def test_every_column_is_in_the_data_model() -> None:
    """Input and output, as a word of its own within code."""
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", text("docs/data-model.md")))))
    assert every_column() <= named, sorted(every_column() - named)


def glossary() -> list[tuple[str, str, list[str]]]:
    """The terms, their meanings, and what they are not called."""
    rows = re.findall(r"^\| (.+?) \| (.*?) \| (.*?) ?\|$", text("docs/glossary.md"), re.MULTILINE)
    return [
        (term, meaning, [word for word in avoided.split(", ") if word])
        for term, meaning, avoided in rows
        if not term.startswith(("**", "term", "---"))
    ]


def test_the_glossary_has_every_term_once() -> None:
    """With a meaning; and no term is what another one is not called."""
    terms = [name for term, _, _ in glossary() for name in term.lower().split(", ")]
    assert len(terms) == len(set(terms)) > 60
    assert all(len(meaning) > 15 for _, meaning, _ in glossary())
    assert not {word for _, _, avoided in glossary() for word in avoided} & set(terms)


def spoken() -> dict[str, str]:
    """Everything a user reads: pages, help of all commands, cards, scales, pages of the room."""
    kinds = ("docs/*.md", "README.md", "src/amgs/data/**/*.md", "src/amgs/data/**/*.toml")
    kinds = (*kinds, "src/amgs/**/templates/*.html")
    found = {p.relative_to(ROOT).as_posix(): p for kind in kinds for p in ROOT.glob(kind)}
    del found["docs/glossary.md"]
    said = {name: path.read_text(encoding="utf-8") for name, path in found.items()}
    # What is in code names files and columns, some of them of 0.1.0.
    page, earlier = said["docs/data-model.md"].split("## Names of version 0.1.0")
    assert "film" in earlier
    return said | {"docs/data-model.md": page, "columns": " ".join(every_column())}


@pytest.mark.parametrize("word", sorted({w for _, _, words in glossary() for w in words}))
def test_one_thing_has_one_name(word: str) -> None:
    """Pages, `--help`, columns, cards and templates use the term of the glossary."""
    pattern = re.compile(rf"(?<![\w/.-]){re.escape(word)}s?(?![\w/]|\.onnx)", re.IGNORECASE)
    for name, said in spoken().items():
        plain = re.sub(r"\]\([^)]*\)", "]", said)  # addresses are none of the words
        hits = [line for line in plain.splitlines() if pattern.search(line)]
        assert not hits, f"{name}: {hits[:3]}"


@pytest.mark.slow
def test_the_page_for_python_runs(tmp_path: Path) -> None:
    """From videos to a comparison, on synthetic mice, as it is written there."""
    code = re.findall(r"```python\n(.*?)```", text("docs/python.md"), re.DOTALL)
    assert len(code) >= 6
    (command,) = re.findall(r"```console\namgs (.*?)\n```", text("docs/python.md"))
    few = ["--minutes", "0.15", "--rate", "4", "--size", "480x270", "--quiet"]
    done = amgs(*shlex.split(command), *few, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    script = tmp_path / "page.py"
    # Processes import the script again, which must then do nothing.
    body = textwrap.indent("\n".join(code), "    ")
    script.write_text(f'if __name__ == "__main__":\n{body}\n', encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert "face images; centre_net" in lines[0]
    assert "True" in lines
    assert "'group': 'sham'" in lines[-1]
    assert (tmp_path / "figures/group_difference.png").exists()


def test_the_map_is_whole() -> None:
    """Every public name is listed once, loads, and stands for type checkers too."""
    import amgs as package

    names = [name for name in package.__all__ if name != "__version__"]
    assert names == list(package._HOMES)
    for name in names:
        assert getattr(package, name).__module__ == package._HOMES[name], name
    source = text("src/amgs/__init__.py")
    typed = re.findall(r"^    from ([\w.]+) import (.+)$", source, re.MULTILINE)
    told = {name: home for home, listed in typed for name in listed.split(", ")}
    assert told == package._HOMES
    assert set(dir(package)) == set(package.__all__)


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_has_its_row(name: str) -> None:
    """With the number of its features."""
    assert f"`{name}`" in text("docs/models.md")
    assert f"{BACKBONES[name].n_features:,}" in text("docs/models.md")


def test_the_card_of_the_backbone_tells_the_right_hash() -> None:
    """The one of the table."""
    assert str(BACKBONES["efficientnet_lite0"].sha256) in text(
        "src/amgs/data/efficientnet_lite0/card.md"
    )


def test_the_face_finder_is_the_one_its_card_tells_of() -> None:
    """File, constant and card have one hash."""
    sha256 = DETECTORS["centre_net"].sha256
    assert hash_file(centre_net_path()) == sha256
    assert sha256 in text("src/amgs/data/face_finder/card.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the repository."""
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_every_error_is_explained_and_an_amgs_error() -> None:
    """One base, a docstring each, and the nearest built-in beside it."""
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and kind.__module__ == errors.__name__:
            assert issubclass(kind, errors.AmgsError), name
            assert kind.__doc__
            if kind is not errors.AmgsError:
                assert len(kind.__mro__) > len(errors.AmgsError.__mro__) + 1, name


def test_constraints_name_versions_only() -> None:
    """No address, no path."""
    for line in text("constraints.txt").splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9a-z.]+", line), line


def test_example_of_the_docstring() -> None:
    """Examples in docstrings run."""
    import doctest

    from amgs.interop import authors_log

    assert doctest.testmod(authors_log).failed == 0


def test_models_json_is_json(tmp_path: Path) -> None:
    """The table of backbones as one document."""
    code = "import sys; sys.argv = ['amgs', 'models', '--json']; from amgs.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) == set(BACKBONES)


def test_every_command_is_in_one_group_of_the_help() -> None:
    """And every group names commands that there are."""
    from amgs.cli.main import COMMANDS, PANELS

    grouped = [name for names in PANELS.values() for name in names]
    assert sorted(grouped) == sorted({name.partition(" ")[0] for name in COMMANDS})


def test_the_lowest_versions_that_are_tested_are_those_that_are_allowed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    allowed = dict(line.lower().split(">=") for line in listed["dependencies"])
    lines = (ROOT / "constraints-lowest.txt").read_text(encoding="utf-8").lower().splitlines()
    tested = dict(line.split("==") for line in lines if "==" in line)
    for name, version in allowed.items():
        found, wanted = ([int(n) for n in v.split(".")] for v in (tested[name], version))
        assert found[: len(wanted)] == wanted, name
        assert not any(found[len(wanted) :]), name
