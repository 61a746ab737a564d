"""`amgs demo`: the whole way once, on synthetic mice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    number,
    print_json,
    print_table,
    show_progress,
)
from amgs.vocabulary import SYNTHETIC_NOTICE


def demo(
    out: Annotated[Path, typer.Option(help="The folder to make.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same demo.")] = 0,
    small: Annotated[
        bool,
        typer.Option(
            "--small", help="Fewer animals, in under a minute: to see that the installation works."
        ),
    ] = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the whole workflow on synthetic mice: videos, faces, scores, a model, the report.

    Two or three minutes. The mice are drawn, not filmed, and none of them was in pain: the demo
    shows how amgs works and that it works on this computer. It leaves two studies to look into: the
    pilot, whose faces two simulated raters scored and whose model was trained on them, and the
    experiment, whose videos that model then judged.
    """
    from amgs.demo import NEXT_COMMANDS, run_demo

    note(SYNTHETIC_NOTICE, quiet=quiet)
    with show_progress(quiet=quiet or json) as progress:
        result = run_demo(out, seed, small=small, overwrite=overwrite, progress=progress)
    page = result.page.resolve()
    comparison = result.document["comparison"]
    if json:
        print_json({"notice": SYNTHETIC_NOTICE, "page": page.as_posix(), **result.document})
        return
    if comparison is not None:
        _print_comparison(comparison, quiet=quiet)
    truth = result.document["truth"]
    note(
        f"Pearson's r with the true MGS of {truth['n']} faces: the model "
        f"{number(truth['r_model'], 2)}, one rater {number(truth['r_one_rater'], 2)}, both raters "
        f"{number(truth['r_raters'], 2)}. Model and raters: {number(truth['r_model_raters'], 2)}.",
        quiet=quiet,
    )
    note("Next, with your own videos:\n  " + "\n  ".join(NEXT_COMMANDS), quiet=quiet)
    note(f"Open this page in a browser: {page}\n  {page.as_uri()}", quiet=quiet, style="bold")


def _print_comparison(comparison: dict[str, Any], *, quiet: bool) -> None:
    from amgs.cohort.sentences import describe_primary

    primary = comparison["primary"]
    if "means" in primary:
        print_table(
            "% pain at 60min, adjusted for baseline, by the model (synthetic mice it had never "
            "seen)",
            ["group", "animals", "mean", "lower", "upper"],
            [
                [row["group"], row["n"], *(number(row[k], 1) for k in ("mean", "lower", "upper"))]
                for row in primary["means"]
            ],
        )
    for sentence in describe_primary(primary, comparison["baseline"]):
        note(sentence, quiet=quiet)
    note(SYNTHETIC_NOTICE, quiet=quiet)
