"""The page that `amgs demo` leaves: faces, calls, figures and the model's card at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amgs.files import whole_file


@dataclass(frozen=True, slots=True)
class GalleryItem:
    """One face of the gallery: the picture and what was said and scored."""

    picture: str
    predicted: str
    confidence: float
    label: str
    mgs: float
    animal: str
    ambiguous: bool

    @property
    def right(self) -> bool:
        """Whether the call agrees with the label."""
        return self.predicted == self.label


@dataclass(frozen=True, slots=True)
class DemoContext:
    """All that the page may show."""

    model: str
    card: dict[str, Any]
    evaluation: dict[str, Any]
    figures: Sequence[tuple[str, str]]
    gallery: Sequence[GalleryItem]
    n_animals_held_back: int
    next_commands: Sequence[str]


def write_demo_page(path: Path, context: DemoContext) -> None:
    """Write the page, whole or not at all."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("amgs", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("demo.html").render(page=context)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
