"""`amgs simulate`: drawn mice with known truth."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    print_json,
    show_progress,
)
from amgs.errors import OutputExistsError

if TYPE_CHECKING:
    from amgs.jobs import ProgressCallback
    from amgs.simulate.behaviour import FilmedAnimal

NOTICE = "These mice are drawn; none was in pain. Numbers made of them say nothing of real mice."


class Drawn(StrEnum):
    """What can be drawn."""

    SHEET = "sheet"
    FACES = "faces"
    FILM = "film"


def simulate(
    what: Annotated[
        Drawn,
        typer.Argument(
            help="sheet: every action unit at 0, 1, 2 (a .png); faces: labelled faces of several "
            "animals (a folder); film: a film (.mp4) with the truth of every frame beside it."
        ),
    ],
    out: Annotated[Path, typer.Argument(help="The file or folder to make.")],
    animals: Annotated[
        int, typer.Option(min=1, help="faces: how many animals; film: one or two.")
    ] = 2,
    per_animal: Annotated[int, typer.Option(min=1, help="faces: how many of each animal.")] = 20,
    pain: Annotated[
        str,
        typer.Option(help="film: mean of the five units, 0–2, one per animal, such as 0.1,1.3."),
    ] = "0.1,1.3",
    minutes: Annotated[float, typer.Option(min=0.02, help="film: how long.")] = 1.0,
    size: Annotated[str, typer.Option(help="film: width x height.")] = "1920x1080",
    rate: Annotated[int, typer.Option(min=2, max=60, help="film: frames per second.")] = 25,
    infrared: Annotated[bool, typer.Option("--infrared", help="film: without colour.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same.")] = 0,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Draw mice whose action units are known: for trying amgs, and for checking it.

    A drawn mouse is no mouse: what a model does on drawn ones says nothing of real ones.

    Example: `amgs simulate film drawn.mp4 --minutes 2 --pain 0.2,1.4`
    """
    if out.exists() and not overwrite:
        msg = f"{out} exists already. Choose another name, or allow it with --overwrite."
        raise OutputExistsError(msg)
    note(NOTICE, quiet=quiet)
    with show_progress(quiet=quiet or json) as progress:
        if what == Drawn.SHEET:
            written = _sheet(out, seed)
        elif what == Drawn.FACES:
            written = _faces(out, animals, per_animal, seed, progress)
        else:
            cast = _cast(pain, animals, seed)
            written = _film(out, cast, (minutes, size, rate, infrared), seed, progress)
    if json:
        print_json({"notice": NOTICE, "written": [path.as_posix() for path in written]})
        return
    for path in written:
        note(f"Written: {path}", quiet=quiet)


def _sheet(out: Path, seed: int) -> list[Path]:
    from amgs.simulate.sheet import draw_sheet

    draw_sheet(seed=seed).save(out)
    return [out]


def _faces(
    out: Path, animals: int, per_animal: int, seed: int, progress: ProgressCallback
) -> list[Path]:
    from amgs.simulate import write_cohort

    out.mkdir(parents=True, exist_ok=True)
    return [write_cohort(out, animals, per_animal, seed, progress)]


def _cast(pain: str, animals: int, seed: int) -> list[FilmedAnimal]:
    from amgs.simulate.anatomy import MOST, FaceParameters
    from amgs.simulate.behaviour import FilmedAnimal

    try:
        means = [float(part) for part in pain.split(",")]
    except ValueError:
        means = []
    if not 1 <= animals <= 2 or len(means) < animals or any(not 0 <= m <= MOST for m in means):  # noqa: PLR2004
        raise typer.BadParameter("A film has one or two animals, and --pain a number 0–2 of each.")
    return [
        FilmedAnimal(f"drawn{n + 1}", FaceParameters(animal_seed=1000 * seed + n), (m, m, m, m, m))
        for n, m in enumerate(means[:animals])
    ]


def _film(
    out: Path,
    cast: list[FilmedAnimal],
    how: tuple[float, str, int, bool],
    seed: int,
    progress: ProgressCallback,
) -> list[Path]:
    from amgs.simulate.cubicle import FilmOptions
    from amgs.simulate.film import write_film

    minutes, size, rate, infrared = how
    width, _, height = size.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) >= 320 and int(height) >= 240):  # noqa: PLR2004
        raise typer.BadParameter("--size is WIDTHxHEIGHT in pixels, such as 1920x1080.")
    if out.suffix.lower() != ".mp4":
        raise typer.BadParameter("A film is written as .mp4.")
    even = (int(width) // 2 * 2, int(height) // 2 * 2)
    options = FilmOptions(*even, rate, minutes * 60, infrared=infrared)
    return [out, write_film(out, cast, options, seed, progress)]
