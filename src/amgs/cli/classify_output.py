"""What `amgs classify` shows of a run: notices, rows, counts, and the document of `--json`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs.cli.console import note, number, percent, print_facts, print_table, warn
from amgs.errors import list_faults
from amgs.vocabulary import DEFAULT_THRESHOLD, PREDICTION_COLUMNS

if TYPE_CHECKING:
    from amgs.prediction.classify import ClassifySummary, OutputTally
    from amgs.prediction.readers import Reader

_ROWS_SHOWN = 20
_COLUMNS_SHOWN = 6


def print_model_notice(reader: Reader) -> None:
    """Say what must be known of a model before its answers are trusted."""
    if reader.notice:
        note(f"The model: {reader.notice}", style="yellow")


def describe_run(
    model: Path,
    reader: Reader,
    summary: ClassifySummary,
    rows: list[dict[str, Any]],
    out: Path | None,
) -> dict[str, Any]:
    """Return what `--json` prints: counts, means, problems, and the rows that are not in a file."""
    found: dict[str, Any] = {}
    if summary.calls_pain:
        found = {
            "pain": summary.pain,
            "no_pain": summary.no_pain,
            "confident": summary.confident,
        }
    document: dict[str, Any] = {
        "model": model.as_posix(),
        "model_sha256": reader.sha256,
        "images": summary.images,
        **found,
        "outputs": {
            name: {"n": tally.n, "mean": tally.mean}
            for name, tally in summary.outputs.items()
            if tally.output.kind not in {"class", "text"}
        },
        "unreadable": summary.unreadable,
        "trained_on": summary.trained_on,
        "problems": [{"image": name, "problem": problem} for name, problem in summary.problems],
    }
    if out is None:
        document["predictions"] = [_typed(row, reader) for row in rows]
    else:
        document["out"] = out.as_posix()
    return document


def _typed(row: dict[str, Any], reader: Reader) -> dict[str, Any]:
    numbers = {output.name for output in reader.outputs if output.is_number}
    return {
        name: (float(cell) if name in numbers and cell != "" else cell if cell != "" else None)
        for name, cell in row.items()
    }


def print_rows(rows: list[dict[str, Any]], reader: Reader) -> None:
    """Print the first rows as a table."""
    if not rows:
        return
    # Where there is more to say than fits on a screen, the call comes first.
    said = [output.name for output in reader.outputs if not output.detail]
    shown = ("image", *said[:_COLUMNS_SHOWN], "problem")
    print_table("Predictions", shown, [[row[name] for name in shown] for row in rows[:_ROWS_SHOWN]])
    if len(rows) > _ROWS_SHOWN:
        note(f"… and {len(rows) - _ROWS_SHOWN} more. Write all of them with --out FILE.csv")


def print_summary(
    summary: ClassifySummary, reader: Reader, out: Path | None, *, quiet: bool
) -> None:
    """Print what came out, counted."""
    print_facts(
        "Summary",
        [
            ("images", summary.images),
            *(_calls(summary) if summary.calls_pain else _outputs(summary.outputs)),
            ("could not be read", summary.unreadable),
        ],
    )
    if summary.unreadable:
        faults = [f"{name}: {problem}" for name, problem in summary.problems]
        more = summary.unreadable - len(faults)
        note(
            f"{summary.unreadable} files could not be read and have no prediction"
            f"{' (all are in the table)' if more or out else ''}:\n{list_faults(faults)}"
        )
    warn(_unlike(summary))
    if out is not None:
        after = f" Next: amgs evaluate {out}, if the truth is known." if summary.calls_pain else ""
        note(f"Written to {out}.{after}", quiet=quiet)
    if reader.folder is None and reader.notice:
        note(reader.notice, quiet=quiet)


def _unlike(summary: ClassifySummary) -> list[str]:
    from amgs.model.likeness import DISTANCE, UNLIKE
    from amgs.prediction.unlike import warn_of_unlike_images

    if DISTANCE not in summary.outputs:
        return []
    distance, unlike = summary.outputs[DISTANCE], summary.outputs[UNLIKE]
    return warn_of_unlike_images(distance.n, distance.mean, round(unlike.total))


def _calls(summary: ClassifySummary) -> list[tuple[str, object]]:
    readable = summary.images - summary.unreadable
    share = summary.confident / readable if readable else None
    return [
        ("pain", summary.pain),
        ("no pain", summary.no_pain),
        (f"confidence ≥ {DEFAULT_THRESHOLD}", f"{summary.confident} ({percent(share)})"),
        ("of these, pain", summary.confident_pain),
        ("used for training or model selection", summary.trained_on),
        *_outputs({k: v for k, v in summary.outputs.items() if k not in PREDICTION_COLUMNS}),
    ]


def _outputs(outputs: Mapping[str, OutputTally]) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = []
    for name, tally in outputs.items():
        label = name.replace("_", " ")
        if tally.output.detail:
            continue
        if tally.output.kind == "flag":
            facts.append((label, f"{tally.total:.0f} of {tally.n}"))
        elif tally.output.is_number:
            facts.append((f"mean {label}", f"{number(tally.mean)} ({tally.n} images)"))
    return facts
