"""The pages say what the program does, and nothing of machines."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from amgs import errors
from amgs.cli.main import COMMANDS
from amgs.config import SETTINGS
from amgs.faces.centre_net import centre_net_path
from amgs.faces.detectors import DETECTORS
from amgs.model.backbones.table import BACKBONES
from amgs.provenance import hash_file
from amgs.vocabulary import KNOWN_ABOUT_AN_IMAGE, PREDICTION_COLUMNS, LabelledImage

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


def test_every_column_is_in_the_data_model() -> None:
    """Input and output."""
    page = text("docs/data-model.md")
    inputs = {f.name for f in dataclasses.fields(LabelledImage)} - {"path", "name"}
    for column in (*PREDICTION_COLUMNS, *KNOWN_ABOUT_AN_IMAGE, *inputs, "problem"):
        assert f"`{column}`" in page, column


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
