"""`amgs classify`: a model looks at images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    fail,
    note,
    percent,
    print_facts,
    print_json,
    print_table,
    show_progress,
)
from amgs.errors import list_faults

if TYPE_CHECKING:
    from amgs.model.bundle import Model
    from amgs.prediction.classify import ClassifySummary, ImageListing

_ROWS_SHOWN = 20


def classify(
    model: Annotated[Path, typer.Argument(help="A model folder, made by `amgs train`.")],
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Images, folders (searched to any depth), or one CSV with an `image` column; what "
            "it has of animal, group, timepoint, recording, time_s, label, mgs is kept."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The CSV to write. Without it, the first rows are only shown."),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Throw away what an interrupted run has done.")
    ] = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say pain or no pain, with a confidence from 0.5 to 1, for every face image.

    Works on a few images or on 100,000. When it is interrupted, the same command goes on where it
    stopped. Files that cannot be read stay in the table, with the reason in the column `problem`.
    Images are only read, never changed.

    Example: `amgs classify models/first faces/ --out predictions.csv`
    """
    from amgs.model.bundle import load_model
    from amgs.prediction import classify_images, list_images
    from amgs.prediction.writing import CsvSink, ListSink

    loaded = load_model(model)
    listing = list_images(images)
    if out is None:
        shown = ListSink(listing.known)
        with show_progress(quiet=quiet or json) as progress:
            summary = classify_images(loaded, listing, listing.total, shown, progress)
        rows = shown.rows
    else:
        rows = []
        sink = CsvSink(
            out,
            listing.known,
            loaded.sha256,
            listing.fingerprint,
            overwrite=overwrite,
            restart=restart,
        )
        if sink.done:
            note(f"Going on after {len(sink.done)} images of an interrupted run.", quiet=quiet)
        try:
            with show_progress(quiet=quiet or json) as progress:
                summary = classify_images(loaded, listing, listing.total, sink, progress)
            sink.finish(_provenance(model, loaded, listing))
        except KeyboardInterrupt:
            fail(f"Stopped. {out}.part keeps what is done; the same command goes on.", code=130)
        finally:
            sink.close()
    if json:
        print_json(_document(model, loaded, summary, rows, out))
    else:
        _print_rows(rows)
        _print_summary(summary, out, quiet=quiet)
    if summary.unreadable == summary.images:
        fail(f"Not one of {summary.images} files could be read as an image.")


def _provenance(folder: Path, model: Model, listing: ImageListing) -> dict[str, Any]:
    from amgs.provenance import record_provenance

    record = record_provenance(
        options={"model": folder.name, "images": listing.total},
        inputs={"model": model.sha256},
    )
    return record.as_dict()


def _document(
    folder: Path,
    model: Model,
    summary: ClassifySummary,
    rows: list[dict[str, Any]],
    out: Path | None,
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "model": folder.as_posix(),
        "model_sha256": model.sha256,
        "images": summary.images,
        "pain": summary.pain,
        "no_pain": summary.no_pain,
        "confident": summary.confident,
        "unreadable": summary.unreadable,
        "trained_on": summary.trained_on,
        "problems": [{"image": name, "problem": problem} for name, problem in summary.problems],
    }
    if out is None:
        document["predictions"] = [_typed(row) for row in rows]
    else:
        document["out"] = out.as_posix()
    return document


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    numbers = ("confidence", "p_pain", "signed_score")
    return {
        name: (float(cell) if name in numbers and cell != "" else cell if cell != "" else None)
        for name, cell in row.items()
    }


def _print_rows(rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    shown = ("image", "predicted", "confidence", "p_pain", "signed_score", "problem")
    print_table("Predictions", shown, [[row[name] for name in shown] for row in rows[:_ROWS_SHOWN]])
    if len(rows) > _ROWS_SHOWN:
        note(f"… and {len(rows) - _ROWS_SHOWN} more. Write all of them with --out FILE.csv")


def _print_summary(summary: ClassifySummary, out: Path | None, *, quiet: bool) -> None:
    readable = summary.images - summary.unreadable
    share = summary.confident / readable if readable else None
    print_facts(
        "Summary",
        [
            ("images", summary.images),
            ("pain", summary.pain),
            ("no pain", summary.no_pain),
            ("confidence ≥ 0.75", f"{summary.confident} ({percent(share)})"),
            ("of these, pain", summary.confident_pain),
            ("could not be read", summary.unreadable),
            ("trained or chosen with", summary.trained_on),
        ],
    )
    if summary.unreadable:
        faults = [f"{name}: {problem}" for name, problem in summary.problems]
        more = summary.unreadable - len(faults)
        note(
            f"{summary.unreadable} files could not be read and have no prediction"
            f"{' (all are in the table)' if more or out else ''}:\n{list_faults(faults)}"
        )
    if out is not None:
        note(
            f"Predictions written to {out}. Next: amgs evaluate {out}, if the truth is known.",
            quiet=quiet,
        )
