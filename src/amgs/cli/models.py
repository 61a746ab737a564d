"""`amgs models show`: what a model is and what it was trained on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from amgs.cli.cards import print_card_numbers
from amgs.cli.console import (
    JsonOption,
    print_facts,
    print_json,
    stdout,
    warn,
)


class ShowByDefault(TyperGroup):
    """`amgs models FOLDER` shows it, as if `show` stood between."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `show` before what is no command of the group."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)


def show(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Model folders, or `orbital`, `face`. Default: list backbones and built-in models."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what a model is, what it was trained on and how well it performs; or list them.

    Example: `amgs models models/first`
    """
    if not folders:
        _list_backbones(as_json=json)
        return
    from amgs.prediction import open_reader

    cards = {folder.as_posix(): open_reader(folder).card() for folder in folders}
    if json:
        print_json(cards)
        return
    for name, card in cards.items():
        if "metrics" in card:
            _print_card(name, card)
        else:
            _print_text(card["card"])


def _print_text(text: str) -> None:
    # As it is written: set as tables, it would be cut where a terminal is narrow.
    stdout().print(text, markup=False, highlight=False, soft_wrap=True)


def _list_backbones(*, as_json: bool) -> None:
    from amgs.model.backbones.table import BACKBONES, is_at_hand
    from amgs.prediction.models import BUILT_IN_MODELS

    if as_json:
        print_json({name: asdict(b) for name, b in BACKBONES.items()})
        return
    stdout().print("Backbones: the frozen networks on which `amgs train` trains its last layer.")
    for name in BUILT_IN_MODELS:
        stdout().print(f"`amgs models {name}` shows the card of the built-in model {name}.")
    for b in BACKBONES.values():
        print_facts(
            b.name,
            [
                ("what it is", f"{b.title}, trained on {b.trained_on}"),
                ("takes", f"{b.preprocessing.input_px} × {b.preprocessing.input_px} pixels"),
                ("gives", f"{b.n_features} features"),
                ("licence", b.licence),
                ("here", is_at_hand(b)),
                ("source", b.source),
                ("SHA-256", b.sha256 or "that of the weight file is in every model card"),
            ],
        )


def _print_card(folder: str, card: dict[str, Any]) -> None:
    data, backbone = card["data"], card["backbone"]
    animals = data["animals"] if data["animals"] is not None else "unknown"
    print_facts(
        f"{folder}: {card['title']}",
        [
            ("backbone", f"{backbone['title']} ({backbone['trained_on']}, {backbone['licence']})"),
            ("recipe", card["recipe"]["name"]),
            ("calibration", card["recipe"]["calibration"]),
            ("images", f"{data['images']}: {_per_class(data)}"),
            ("animals", animals),
            ("kept whole between parts", card["split"]["kept_whole"]),
            ("made by", f"amgs {card['provenance']['amgs']}, {card['provenance']['created']}"),
        ],
    )
    print_card_numbers(card)
    warn([*([card["notice"]] if "notice" in card else []), *card["warnings"]])
    stdout().print("The whole card is card.json in the model folder.")


def _per_class(data: dict[str, Any]) -> str:
    return ", ".join(f"{count} {label}" for label, count in data["per_class"].items())
