"""`amgs models import`, `get`, `verify`: networks that others trained, brought in and checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    fail,
    print_facts,
    print_json,
    show_progress,
    stdout,
    warn,
)


def import_model(
    graph: Annotated[
        Path,
        typer.Argument(help="A frozen graph of TensorFlow 1, such as the authors' model-v3.pb."),
    ],
    labels: Annotated[
        Path,
        typer.Option(help="The text file with its classes, one per line, in the order of outputs."),
    ],
    out: Annotated[Path, typer.Option(help="The model folder to write.")],
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Bring in the network of the paper, or one retrained by its authors' program.

    The graph is read without TensorFlow and without running anything in it, and converted operation
    by operation; what is not known is refused. The result is a model like any other. Needs the
    package onnx: `pip install "amgs[inception]"`.

    Example: `amgs models import model-v3.pb --labels labels-v3.txt --out models/authors`
    """
    with _needs_onnx():
        from amgs.model.importing import import_model as run

    _say_imported(run(graph, labels, out, overwrite=overwrite), out, as_json=json)


def get(
    name: Annotated[
        str, typer.Argument(help="A published model: `authors`, the network of the paper (90 MB).")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The model folder to write. Default: models/NAME.")
    ] = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fetch a model that others published, check that it is the right file, and bring it in.

    A broken connection costs nothing: the next try goes on from there. Without internet the message
    says which files to bring and what to type then. Needs the package onnx:
    `pip install "amgs[inception]"`.

    Example: `amgs models get authors`
    """
    with _needs_onnx():
        from amgs.model.published import get_model

    out = out or Path("models") / name
    with show_progress(quiet=quiet or json) as progress:
        card = get_model(name, out, overwrite=overwrite, progress=progress)
    _say_imported(card, out, as_json=json)


def verify(
    model: Annotated[Path, typer.Argument(help="A model folder made by `amgs models import`.")],
    inception: Annotated[
        Path | None,
        typer.Option(
            help="TensorFlow's inception-2015-12-05.tgz, or classify_image_graph_def.pb with "
            "cropped_panda.jpg beside it: the network must be the same, and the panda a panda."
        ),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="The log of the authors' program, for the same images.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="The folder with the images that the log names.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare an imported network with the answers that are known of it.

    Exit code 1 if anything differs.

    Example: `amgs models verify models/authors --inception inception-2015-12-05.tgz`
    """
    with _needs_onnx():
        from amgs.model.verifying import verify_model

    if (log is None) != (images is None):
        raise typer.BadParameter("--log and --images belong together: name both, or neither.")
    logged: list[tuple[Path, float]] = []
    if log is not None and images is not None:
        from amgs.interop.authors_log import find_logged_images, read_authors_log

        logged = find_logged_images(read_authors_log(log), images)
    checks = verify_model(model, inception, logged)
    if json:
        print_json([asdict(check) for check in checks])
    else:
        rows = [(c.what, f"{'yes' if c.passed else 'NO'}: {c.found}") for c in checks]
        print_facts(f"{model}: is it what its publishers' network is?", rows)
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


@contextmanager
def _needs_onnx() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        fail(f'{error.name} is needed and not installed: pip install "amgs[inception]"')


def _say_imported(card: dict[str, Any], out: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"model": out.as_posix(), "card": card})
        return
    warn([card["notice"]])
    stdout().print(f"{card['title']}: in {out}. `amgs models {out}` shows its card.")
