"""`amgs lab`: the whole way in the browser."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.console import JsonOption, QuietOption, note, print_facts, print_json
from amgs.cli.where import OnOption
from amgs.errors import StudyError


def lab(
    study: Annotated[
        Path | None, typer.Argument(help="The folder of a study, to open it at once.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Default: the first free one from 8500.")
    ] = None,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.")
    ] = True,
    shortcut: Annotated[
        bool,
        typer.Option("--shortcut", help="Only make an icon for the desktop and the start menu."),
    ] = False,
    on: OnOption = "",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Open the laboratory in the browser: from videos to the report without a terminal.

    A new study or the demo, the table of recordings, zones, faces, the scoring room, models, the
    answer and the report, each on a page. It runs on this computer alone, until Ctrl-C; long work
    ends with it in order, and goes on where it stopped. The commands do the same, on the same
    studies.

    From another machine: `ssh -L 8500:127.0.0.1:8500 THIS-MACHINE`, with --no-open --port 8500.

    Example: `amgs lab`
    """
    from amgs.web.lab.serving import serve_lab

    if study is not None:
        _require_study(study)
    if on:
        os.environ["AMGS_ON"] = on  # the processes of long work ask there
    if shortcut:
        _make_shortcut(quiet=quiet)
        return

    def announce(address: str) -> None:
        if json:
            print_json({"url": address})
        else:
            print_facts("amgs lab", [("open", address)])
            note("Stop with Ctrl-C.", quiet=quiet)
        if open_browser:
            import webbrowser

            webbrowser.open(address)

    with suppress(KeyboardInterrupt):
        serve_lab(announce, port, study)
    note("Stopped. Work that was not finished goes on where it stopped.", quiet=quiet)


def _require_study(folder: Path) -> None:
    from amgs.study import is_study

    if not is_study(folder):
        what = "a folder without study.toml" if folder.is_dir() else "nothing of the kind"
        msg = (
            f"Expected the folder of a study at {folder}, found {what}. Leave it out to begin on "
            "the first page, where a study is made or opened."
        )
        raise StudyError(msg)


def _make_shortcut(*, quiet: bool) -> None:
    from pyshortcuts import make_shortcut

    # "_" is this Python, also where its path has blanks.
    make_shortcut("_ -m amgs lab", name="amgs lab", description="The Mouse Grimace Scale")
    note("An icon called “amgs lab” is on the desktop and in the start menu.", quiet=quiet)
