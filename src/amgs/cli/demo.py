"""`amgs demo`: the whole way once, on drawn mice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    number,
    percent,
    print_json,
    print_table,
    show_progress,
)


def demo(
    out: Annotated[Path, typer.Option(help="The folder to make.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same demo.")] = 0,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Draw mice, train on them, classify others, and leave a page to look at. About a minute.

    The mice are drawn, not filmed, and none of them was in pain: the demo shows how amgs works and
    that it works on this computer.
    """
    from amgs.demo import NEXT_COMMANDS, NOTICE, run_demo

    note(NOTICE, quiet=quiet)
    with show_progress(quiet=quiet or json) as progress:
        result = run_demo(out, seed, overwrite=overwrite, progress=progress)
    document = result.evaluation.as_dict()
    page = result.page.resolve()
    if json:
        print_json({"notice": NOTICE, "page": page.as_posix(), "evaluation": document})
        return
    print_table(
        "Drawn mice the model had never seen",
        ["confidence ≥", "images", "kept", "accuracy"],
        [
            [f"{p['threshold']:.2f}", p["n"], percent(p["coverage"]), percent(p["accuracy"])]
            for p in document["curve"]
            if p["threshold"] in (0.5, 0.65, 0.75) and p["n"]
        ],
    )
    note(f"AUC {number(document['auc'])}. {NOTICE}", quiet=quiet)
    note("Next, with your own images:\n  " + "\n  ".join(NEXT_COMMANDS), quiet=quiet)
    note(f"Open this page in a browser: {page}\n  {page.as_uri()}", quiet=quiet, style="bold")
