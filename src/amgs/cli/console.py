"""What all commands share: results on stdout, progress and notes on stderr."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from amgs.jobs import ProgressCallback, no_progress

if TYPE_CHECKING:
    from rich.console import Console

    from amgs.study import Study

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Show no progress and no notes, only warnings.")
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace an earlier result of that name.")
]
TimepointOption = Annotated[
    str | None,
    typer.Option(help="Which timepoint is compared with it; needed when there are several."),
]

DetectorOption = Annotated[
    str | None,
    typer.Option("--detector", help="Which face detector to use; `amgs doctor` lists them."),
]

FiguresOption = Annotated[
    Path | None,
    typer.Option(help="Write figures (PNG, SVG, PDF) and their data (CSV) into this folder."),
]

_WIDTH_WITHOUT_TERMINAL = 100
_WIDEST_WORD = 16
_SECONDS_BETWEEN_LINES = 30
_LEAST_FOR_A_GUESS = 3


def stderr() -> Console:
    """Return the console for progress and notes."""
    return _console(to_stderr=True)


def stdout() -> Console:
    """Return the console for results."""
    return _console(to_stderr=False)


def _console(*, to_stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if to_stderr else sys.stdout
    width = None if stream.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(stderr=to_stderr, highlight=False, width=width, soft_wrap=not stream.isatty())


def fail(message: str, code: int = 1) -> NoReturn:
    """Print an explained error on stderr and leave."""
    from rich.text import Text

    stderr().print(Text("Error: ", style="bold red") + Text(message))
    sys.exit(code)


def note(message: str, *, quiet: bool = False, style: str = "") -> None:
    """Print a note on stderr."""
    if not quiet:
        from rich.text import Text

        stderr().print(Text(message, style=style))


def say(title: str, sentences: Sequence[str]) -> None:
    """Print a result in sentences on stdout, below a title."""
    from rich.text import Text

    console = stdout()
    console.print(Text(title, style="bold"))
    for sentence in sentences:
        console.print(Text(f"  {sentence}"))


@contextmanager
def open_study(folder: Path) -> Iterator[Study]:
    """Open a study, and say what its ``notice.txt`` says, such as that its mice are drawn."""
    from amgs.study import Study

    with Study.open(folder) as study:
        if study.notice:
            note(study.notice, style="yellow")
        yield study


def require_faces(study: Study, folder: Path, what: str) -> None:
    """End with code 1 when a study has no faces yet to do something with."""
    from amgs.errors import quoted

    if study.store.faces.count() == 0:
        fail(f"There are no faces to {what} in {folder} yet. First: amgs extract {quoted(folder)}")


def warn(messages: Sequence[str]) -> None:
    """Print warnings on stderr, each marked as one; --quiet does not silence them."""
    from rich.text import Text

    for message in messages:
        stderr().print(Text("Warning: ", style="bold yellow") + Text(message))


def refuse_beside_study(given: Mapping[str, object], settings: Mapping[str, str] = {}) -> None:
    """Stop when options were given that a study decides by itself.

    Parameters
    ----------
    given
        Option → its value; ``None``, false and empty mean that it was not given.
    settings
        Option → the setting in ``study.toml`` that takes its place, such as ``[extract] margin``.
    """
    faults = []
    for option, value in given.items():
        if value is None or value is False or value in ("", [], ()):
            continue
        setting = settings.get(option)
        what = f"set {setting} in study.toml" if setting else "not used with a study; leave it out"
        faults.append(f"{option}: {what}")
    if faults:
        raise typer.BadParameter(f"For a study, {'; '.join(faults)}.")


def print_json(document: Any) -> None:
    """Print one JSON document on stdout; NaN is refused rather than printed."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on stdout; cells that are numbers should come as text."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        # A word is broken only where it is longer than a column should ever be.
        words = f"{column} {' '.join(str(row[number] or '') for row in rows)}".split()
        longest = max(map(len, words), default=1)
        table.add_column(
            column,
            justify="left" if number == 0 else "right",
            overflow="fold",
            min_width=min(longest, _WIDEST_WORD),
        )
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    stdout().print(table)


def print_facts(title: str, facts: Sequence[tuple[str, object]]) -> None:
    """Print names and what there is to say of each, on stdout."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE, show_header=False
    )
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts:
        table.add_row(Text(name), Text("" if fact is None else str(fact)))
    stdout().print(table)


def percent(share: float | None) -> str:
    """Write a share as a percentage with one decimal, and a missing one as a dash."""
    return "–" if share is None else f"{100 * share:.1f} %"


def percent_with_interval(share: float | None, interval: Sequence[float] | None) -> str:
    """Write a share with its interval, such as ``93.2 % (92.4–93.9)``."""
    if share is None or interval is None:
        return percent(share)
    return f"{percent(share)} ({100 * interval[0]:.1f}–{100 * interval[1]:.1f})"


def number(value: float | None, decimals: int = 3) -> str:
    """Write a number, and a missing one as a dash."""
    return "–" if value is None else f"{value:.{decimals}f}"


@contextmanager
def show_progress(*, quiet: bool) -> Iterator[ProgressCallback]:
    """Show a bar per step with the time that remains; in a log file, a line now and then."""
    console = stderr()
    if quiet:
        yield no_progress
        return
    if not console.is_terminal:
        with _told_at_once(console):
            yield _lines_now_and_then()
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    tasks: dict[str, TaskID] = {}
    seen: dict[str, int] = {}
    with (
        _told_at_once(console),
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        ) as bars,
    ):

        def report(step: str, done: int, total: int | None) -> None:
            # A step that begins again gets a bar of its own, with a clock of its own.
            if step not in tasks or done < seen[step]:
                tasks[step] = bars.add_task(step, total=total)
            seen[step] = done
            bars.update(tasks[step], completed=done, total=total)

        yield report


@contextmanager
def _told_at_once(console: Console) -> Iterator[None]:
    """Show what a long step has to say before it ends, above its bar."""

    class ToConsole(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            console.print(record.getMessage(), markup=False, highlight=False)

    handler = ToConsole(logging.WARNING)
    log = logging.getLogger("amgs.extraction")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def _lines_now_and_then() -> ProgressCallback:
    """Write a line at most every half minute: enough for the log of a cluster job."""
    import time

    last = time.monotonic()
    begun: dict[str, tuple[float, int]] = {}

    def report(step: str, done: int, total: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        since, first = begun.setdefault(step, (now, done))
        if now - last >= _SECONDS_BETWEEN_LINES:
            last = now
            left = ""
            if total and done - first >= _LEAST_FOR_A_GUESS:
                minutes = (now - since) / (done - first) * (total - done) / 60
                left = f", about {minutes:.0f} min left"
            sys.stderr.write(f"{step}: {done}{f' of {total}' if total else ''}{left}\n")
            sys.stderr.flush()

    return report
