"""`amgs models pack`, `add`, `list`: models as files that travel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    print_json,
    print_table,
    show_progress,
    stdout,
    warn,
)


def pack(
    model: Annotated[Path, typer.Argument(help="The model folder.")],
    out: Annotated[
        Path | None, typer.Option(help="The file to write. Default: the model's name and .zip.")
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(help="A list of models (JSON) beside the file, in which to put it."),
    ] = None,
    licence: Annotated[
        str, typer.Option(help="Under which others may use it, for the list, such as CC-BY-4.0.")
    ] = "not stated",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make one file of a model, to send or to deposit.

    It holds the network, the trained layer, the card and the hashes of the training images, but no
    image and no code. The card names the animals as the training data did. Nothing is sent. With
    --index the file is also put into a list that you can lay on any web server beside it.

    Example: `amgs models pack models/first --out first.zip --index models.json`
    """
    from amgs.model.index import list_in_index
    from amgs.model.packing import pack_model
    from amgs.provenance import hash_file

    out = out or Path(f"{model.resolve().name}.zip")
    packed = pack_model(model, out, overwrite=overwrite)
    if index is not None:
        list_in_index(index, out.stem, out, packed, licence)
    sha256 = hash_file(out)
    if json:
        print_json({"file": out.as_posix(), "sha256": sha256, "bytes": out.stat().st_size})
        return
    stdout().print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, SHA-256 {sha256}")
    where = f" It is listed in {index} as {out.stem}." if index else ""
    note(f"Others take it in with: amgs models add {out.name}.{where}", quiet=quiet)


def add(
    model: Annotated[
        str,
        typer.Argument(help="A packed model: its path, its https address, or its name in --index."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The model folder to write. Default: models/NAME.")
    ] = None,
    index: Annotated[
        str, typer.Option(help="The list in which MODEL is a name: a path or an https address.")
    ] = "",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take in a packed model, after checking all of it.

    Nothing is written unless it is whole: the files of a model and no others, each as the card
    says, and a network that runs. Reading it runs no code of it.

    Example: `amgs models add first.zip`
    """
    from amgs.model.index import fetch_listed, fetch_packed, is_address
    from amgs.model.packing import add_model

    with show_progress(quiet=quiet or json) as progress:
        if index:
            file = fetch_listed(index, model, progress)
        elif is_address(model):
            file = fetch_packed(model, progress=progress)
        else:
            file = Path(model)
    out = out or Path("models") / (model if index else file.stem)
    added = add_model(file, out, overwrite=overwrite)
    if json:
        print_json({"model": out.as_posix(), "sha256": added.sha256, "card": added.card})
        return
    warn([added.notice] if added.notice else [])
    stdout().print(f"{added.card.get('title', 'A model')}: in {out}.")
    note(
        f"`amgs models {out}` shows its card. How well it does on your animals is not known yet: "
        f"amgs models check {out} STUDY",
        quiet=quiet,
    )


def list_models(
    index: Annotated[
        str, typer.Option(help="The list: a path or an https address.", show_default=False)
    ],
    json: JsonOption = False,
) -> None:
    """Show the models that a list offers; nothing is fetched but the list.

    Example: `amgs models list --index models.json`
    """
    from amgs.model.index import read_index

    listed = read_index(index)
    if json:
        print_json([asdict(model) for model in listed])
        return
    rows = [
        [m.name, m.title, _say_animals(m.animals, m.coats), f"{m.size / 1e6:.0f} MB", m.licence]
        for m in listed
    ]
    print_table(index, ["name", "what it is", "animals", "size", "licence"], rows)
    stdout().print(f"To take one in: amgs models add NAME --index {index}")


def _say_animals(animals: int | None, coats: Sequence[str]) -> str:
    count = "not known" if animals is None else str(animals)
    return f"{count} ({', '.join(coats)})" if coats else count
