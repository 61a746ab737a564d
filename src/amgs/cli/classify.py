"""`amgs classify`: a model looks at images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
    refuse_beside_study,
    show_progress,
)
from amgs.errors import list_faults
from amgs.vocabulary import ORBITAL_COLUMNS, ORBITAL_MODEL, PREDICTION_COLUMNS

if TYPE_CHECKING:
    from amgs.model.bundle import Model
    from amgs.prediction.classify import ClassifySummary, ImageListing

_ROWS_SHOWN = 20

ORBITAL_NOTICE = (
    "orbital says how far the eyes are open, nothing else: it is no pain score. Sleeping animals "
    "shut their eyes too. See `amgs models orbital`."
)


def classify(
    model: Annotated[
        Path,
        typer.Argument(
            help="A model folder, made by `amgs train`; or `orbital`, which is built in and needs "
            "no training: it only says how far the eyes are open. With a study, the name of one of "
            "its models, or the study alone for its newest."
        ),
    ],
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            help="A study; or images, folders (searched to any depth), or one CSV with an `image` "
            "column; its animal, group, timepoint, recording, time_s, label, mgs are kept."
        ),
    ] = None,
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

    With `orbital` in place of a model folder, the columns `orbital_tightening` (0–2), `p_narrowed`
    and `scorable` are filled and those of a pain call stay empty.

    Example: `amgs classify models/first faces/ --out predictions.csv`
    """
    from amgs.cli.in_study import classify_in_study
    from amgs.prediction import list_images
    from amgs.prediction.writing import CsvSink, ListSink

    study = _study_among(model, images)
    if study is not None:
        refuse_beside_study({"--out": out is not None, "--restart": restart})
        classify_in_study(study, model, as_json=json, quiet=quiet)
        return
    if not images:
        raise typer.BadParameter("Name images, folders, a CSV or a study after the model.")
    reader = _open_orbital() if model.as_posix() == ORBITAL_MODEL else _open_model(model)
    listing = list_images(images)
    if out is None:
        shown = ListSink(listing.known, orbital=reader.orbital)
        with show_progress(quiet=quiet or json) as progress:
            summary = reader.run(listing, listing.total, shown, progress)
        rows = shown.rows
    else:
        rows = []
        sink = CsvSink(
            out,
            listing.known,
            reader.sha256,
            listing.fingerprint,
            orbital=reader.orbital,
            overwrite=overwrite,
            restart=restart,
        )
        if sink.done:
            note(f"Going on after {len(sink.done)} images of an interrupted run.", quiet=quiet)
        try:
            with show_progress(quiet=quiet or json) as progress:
                summary = reader.run(listing, listing.total, sink, progress)
            sink.finish(_provenance(model, reader, listing))
        except KeyboardInterrupt:
            fail(f"Stopped. {out}.part keeps what is done; the same command goes on.", code=130)
        finally:
            sink.close()
    if json:
        print_json(_document(model, reader, summary, rows, out))
    else:
        _print_rows(rows, orbital=reader.orbital)
        print_summary(summary, out, orbital=reader.orbital, quiet=quiet)
    if summary.unreadable == summary.images:
        fail(f"Not one of {summary.images} files could be read as an image.")


def _study_among(model: Path, images: list[Path] | None) -> Path | None:
    """Return the study that is meant, if one is: in place of the images, or alone."""
    from amgs.study import is_study

    if not images:
        return model if is_study(model) else None
    return images[0] if len(images) == 1 and is_study(images[0]) else None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Something that looks at images: a trained model, or the built-in `orbital`."""

    run: Callable[..., ClassifySummary]
    sha256: str
    orbital: bool


def _open_model(folder: Path) -> _Reader:
    from amgs.model.bundle import load_model
    from amgs.prediction import classify_images

    loaded = load_model(folder)
    say_what_model_is(loaded)
    return _Reader(partial(classify_images, loaded), loaded.sha256, orbital=False)


def say_what_model_is(model: Model) -> None:
    """Say what must be known of a model before its answers are believed."""
    if model.notice:
        note(f"The model: {model.notice}", style="yellow")


def _open_orbital() -> _Reader:
    from amgs.prediction.orbital import orbital_sha256, read_orbital_images

    return _Reader(read_orbital_images, orbital_sha256(), orbital=True)


def _provenance(folder: Path, reader: _Reader, listing: ImageListing) -> dict[str, Any]:
    from amgs.provenance import record_provenance

    record = record_provenance(
        options={"model": folder.name, "images": listing.total},
        inputs={"model": reader.sha256},
    )
    return record.as_dict()


def _document(
    folder: Path,
    reader: _Reader,
    summary: ClassifySummary,
    rows: list[dict[str, Any]],
    out: Path | None,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "pain": summary.pain,
        "no_pain": summary.no_pain,
        "confident": summary.confident,
    }
    if reader.orbital:
        found = {"narrowed": summary.narrowed, "not_scorable": summary.not_scorable}
    document: dict[str, Any] = {
        "model": folder.as_posix(),
        "model_sha256": reader.sha256,
        "images": summary.images,
        **found,
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
    numbers = ("confidence", "p_pain", "signed_score", *ORBITAL_COLUMNS[:2])
    return {
        name: (float(cell) if name in numbers and cell != "" else cell if cell != "" else None)
        for name, cell in row.items()
    }


def _print_rows(rows: list[dict[str, Any]], *, orbital: bool) -> None:
    if not rows:
        return
    columns = ORBITAL_COLUMNS if orbital else PREDICTION_COLUMNS[1:]
    shown = ("image", *columns, "problem")
    print_table("Predictions", shown, [[row[name] for name in shown] for row in rows[:_ROWS_SHOWN]])
    if len(rows) > _ROWS_SHOWN:
        note(f"… and {len(rows) - _ROWS_SHOWN} more. Write all of them with --out FILE.csv")


def print_summary(
    summary: ClassifySummary, out: Path | None, *, orbital: bool, quiet: bool
) -> None:
    """Print what came out, counted."""
    readable = summary.images - summary.unreadable
    if orbital:
        facts: list[tuple[str, object]] = [
            ("eyes narrowed or closed", summary.narrowed),
            ("not scorable (no eye seen)", summary.not_scorable),
        ]
    else:
        share = summary.confident / readable if readable else None
        facts = [
            ("pain", summary.pain),
            ("no pain", summary.no_pain),
            ("confidence ≥ 0.75", f"{summary.confident} ({percent(share)})"),
            ("of these, pain", summary.confident_pain),
            ("trained or chosen with", summary.trained_on),
        ]
    print_facts(
        "Summary",
        [("images", summary.images), *facts, ("could not be read", summary.unreadable)],
    )
    if summary.unreadable:
        faults = [f"{name}: {problem}" for name, problem in summary.problems]
        more = summary.unreadable - len(faults)
        note(
            f"{summary.unreadable} files could not be read and have no prediction"
            f"{' (all are in the table)' if more or out else ''}:\n{list_faults(faults)}"
        )
    if out is not None:
        after = "" if orbital else f" Next: amgs evaluate {out}, if the truth is known."
        note(f"Written to {out}.{after}", quiet=quiet)
    if orbital:
        note(ORBITAL_NOTICE, quiet=quiet)
