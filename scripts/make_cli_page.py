"""Write docs/cli.md from the help of every command; --check only compares.

Run by `make docs`; `make check` fails when the page is out of date.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from amgs.cli.main import COMMANDS

PAGE = Path(__file__).parents[1] / "docs/cli.md"
HEADER = """# Commands

Made by `scripts/make_cli_page.py` from the program itself; do not edit.

Every command prints a readable table, writes CSV with `--out`, prints one JSON document and nothing
else on stdout with `--json` (progress and notes go to stderr), and exits with 0 on success, 1 on an
error it explains, 2 on wrong usage, 130 when it was stopped. After an error stdout is empty.
"""


def main() -> None:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    page = HEADER + "".join(describe(name) for name in COMMANDS)
    if not parser.parse_args().check:
        PAGE.write_text(page, encoding="utf-8", newline="\n")
    elif PAGE.read_text(encoding="utf-8") != page:
        sys.exit("docs/cli.md is out of date: run `make docs`")


def describe(name: str) -> str:
    """Return the section of one command."""
    function = COMMANDS[name]
    text = inspect.cleandoc(function.__doc__ or "")
    hints = get_type_hints(function, include_extras=True)
    rows = [
        describe_parameter(parameter, hints[parameter.name])
        for parameter in inspect.signature(function).parameters.values()
    ]
    table = "| | meaning | default |\n|---|---|---|\n" + "\n".join(rows)
    return f"\n## amgs {name}\n\n{text}\n\n{table}\n"


def describe_parameter(parameter: inspect.Parameter, hint: object) -> str:
    """Return the table row of one argument or option."""
    assert get_origin(hint) is Annotated
    _, info = get_args(hint)[:2]
    if isinstance(info, ArgumentInfo):
        shown = parameter.name.upper()
    else:
        assert isinstance(info, OptionInfo)
        names = [str(n) for n in (info.default, *(info.param_decls or ())) if _is_flag(n)]
        shown = ", ".join(sorted(set(names), key=len, reverse=True)) or _flag(parameter.name)
    default = parameter.default
    plain = default is inspect.Parameter.empty or default is None or default is False
    written = "" if plain else f"`{default}`"
    meaning = re.sub(r"\s+", " ", info.help or "").replace("|", "\\|")
    return f"| `{shown}` | {meaning} | {written} |"


def _is_flag(name: object) -> bool:
    return isinstance(name, str) and name.startswith("-")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


if __name__ == "__main__":
    main()
