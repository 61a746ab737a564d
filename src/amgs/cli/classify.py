"""`amgs classify`: a model looks at images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.classify_output import describe_run, print_model_notice, print_rows, print_summary
from amgs.cli.console import (
    DetectorOption,
    JsonOption,
    OverwriteOption,
    QuietOption,
    fail,
    note,
    open_study,
    print_json,
    refuse_beside_study,
    require_faces,
    show_progress,
    warn,
)
from amgs.cli.where import OnOption, run_on
from amgs.errors import count_of, quoted

if TYPE_CHECKING:
    from amgs.prediction.classify import ClassifySummary, ImageListing
    from amgs.prediction.readers import Reader
    from amgs.study import Study


def classify(
    model: Annotated[
        Path,
        typer.Argument(
            help="A model folder, made by `amgs train`; or one that is built in and needs no "
            "training: `orbital` says how far the eyes are open, `face` also how wide the ears "
            "look. With a study, the name of one of its models, or the study alone for the one "
            "that was trained or used last."
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
    detector: DetectorOption = None,
    on: OnOption = "",
    restart: Annotated[
        bool, typer.Option("--restart", help="Discard what an interrupted run has done.")
    ] = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Predict pain or no pain, with a confidence from 0.5 to 1, for every face image.

    Works on a few images or on 100,000. If interrupted, the same command continues where it
    stopped. Files that cannot be read stay in the table, with the reason in the column `problem`.
    Images are only read, never changed.

    A model that says something else, such as `orbital`, fills columns of its own: for `orbital`
    `orbital_tightening` (0–2), `p_narrowed` and `scorable`. Those of a pain call stay empty.

    Example: `amgs classify models/first faces/ --out predictions.csv`
    """
    from amgs.images import list_unread_formats
    from amgs.prediction import list_images, open_reader

    study = study_among(model, images)
    if study is not None:
        refuse_beside_study(
            {"--out": out, "--restart": restart, "--detector": detector},
            {"--detector": "[extract] detector"},
        )
        _classify_study(study, model, on, as_json=json, quiet=quiet)
        return
    if not images:
        raise typer.BadParameter("Name images, folders, a CSV or a study after the model.")
    reader = open_reader(model, None if detector is None else _open_detector(detector))
    if reader.folder is not None:
        print_model_notice(reader)
    listing = list_images(images)
    unread = list_unread_formats(images)
    warn([unread] if unread else [])
    if out is None:
        summary, rows = _show(reader, listing, on, silent=quiet or json)
    else:
        rows = []
        summary = _write(
            reader, listing, out, on, overwrite=overwrite, restart=restart, silent=quiet or json
        )
    if json:
        print_json(describe_run(model, reader, summary, rows, out))
    else:
        print_rows(rows, reader)
        print_summary(summary, reader, out, quiet=quiet)
    if summary.unreadable == summary.images:
        fail(f"None of {count_of(summary.images, 'file')} could be read as an image.")


def _open_detector(name: str) -> Any:
    from amgs.faces import open_detector

    return open_detector(name)


def study_among(model: Path, images: list[Path] | None) -> Path | None:
    """Return the study that is meant, if one is: in place of the images, or alone."""
    from amgs.study import is_study

    if not images:
        return model if is_study(model) else None
    return images[0] if len(images) == 1 and is_study(images[0]) else None


def _show(
    reader: Reader, listing: ImageListing, on: str, *, silent: bool
) -> tuple[ClassifySummary, list[dict[str, Any]]]:
    from amgs.prediction import classify_images
    from amgs.prediction.sinks import ListSink

    sink = ListSink(listing.known, reader.outputs)
    with run_on(on, None) as executor, show_progress(quiet=silent) as progress:
        summary = classify_images(
            reader, listing, listing.total, sink, executor=executor, progress=progress
        )
    return summary, sink.rows


def _write(
    reader: Reader,
    listing: ImageListing,
    out: Path,
    on: str,
    *,
    overwrite: bool,
    restart: bool,
    silent: bool,
) -> ClassifySummary:
    from amgs.prediction import classify_images
    from amgs.prediction.sinks import CsvSink
    from amgs.provenance import record_provenance

    sink = CsvSink(
        out,
        listing.known,
        reader.outputs,
        reader.sha256,
        listing.fingerprint,
        overwrite=overwrite,
        restart=restart,
    )
    if sink.done:
        note(
            f"Continuing after {count_of(len(sink.done), 'image')} of an interrupted run.",
            quiet=silent,
        )
    try:
        with run_on(on, out.parent) as executor, show_progress(quiet=silent) as progress:
            summary = classify_images(
                reader, listing, listing.total, sink, executor=executor, progress=progress
            )
        options = {"model": reader.name, "images": listing.total}
        sink.finish(record_provenance(options, {"model": reader.sha256}).as_dict())
    except KeyboardInterrupt:
        fail(f"Stopped. {out}.part keeps finished work; the same command continues.", code=130)
    finally:
        sink.close()
    return summary


def _classify_study(folder: Path, model: Path, on: str, *, as_json: bool, quiet: bool) -> None:
    """Let a model look at the faces of a study that are new to it, and write its predictions."""
    with open_study(folder) as study:
        require_faces(study, folder, "classify")
        reader = choose_reader(study, folder, model, quiet=quiet)
        if reader.folder is not None and not study.notice:
            print_model_notice(reader)
        if reader.folder is not None:
            from amgs.study.training import warn_of_other_coats

            warn(warn_of_other_coats(study, reader.card()))
        with (
            run_on(on, study.folder) as executor,
            show_progress(quiet=quiet or as_json) as progress,
        ):
            summary = study.classify(reader, executor=executor, progress=progress)
        path = study.predictions(reader)
    if as_json:
        print_json(
            {
                "model": reader.name if reader.folder is None else reader.folder.as_posix(),
                "predictions": path.as_posix(),
                "images": summary.images,
                "unreadable": summary.unreadable,
            }
        )
        return
    print_summary(summary, reader, None, quiet=quiet)
    if summary.resumed:
        new = summary.images - summary.resumed
        note(f"{new} faces were new to it, {summary.resumed} were done before.", quiet=quiet)
    which = "" if reader.folder is not None else f" --model {reader.name}"
    note(
        f"Predictions for all faces are in {path}. Next: amgs summarise {quoted(folder)}{which}",
        quiet=quiet,
    )


def choose_reader(study: Study, folder: Path, model: Path, *, quiet: bool) -> Reader:
    """Open the model that is meant: the newest, a folder (copied in), or a name."""
    from amgs.model.bundle import CARD

    if model == folder:
        return study.reader()
    if (model / CARD).is_file():
        chosen = study.adopt_model(model)
        if chosen.resolve() != model.resolve():
            note(f"The model was copied into the study, to {chosen}.", quiet=quiet)
        return study.reader(chosen)
    _refuse_mistyped(model)
    return study.reader(model.as_posix())


def _refuse_mistyped(model: Path) -> None:
    """Stop when a path of several parts leads to no model, and say which are beside it."""
    from amgs.errors import UnknownNameError
    from amgs.model.bundle import CARD

    if len(model.parts) == 1:
        return  # the name of a model of the study
    beside = sorted(card.parent.name for card in model.parent.glob(f"*/{CARD}"))
    listed = ", ".join(beside) if beside else "none"
    msg = f"Expected a model at {model}, found none there. Models in {model.parent}: {listed}."
    raise UnknownNameError(msg)
