"""`amgs find`: faces, eyes, ears and noses in pictures."""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import (
    JsonOption,
    OverwriteOption,
    QuietOption,
    fail,
    note,
    print_json,
    print_table,
    show_progress,
)
from amgs.errors import list_faults

if TYPE_CHECKING:
    from amgs.faces import FaceFinder
    from amgs.images.listing import FoundImage

COLUMNS = (
    "image",
    "face",
    "score",
    "box_x1",
    "box_y1",
    "box_x2",
    "box_y2",
    "view",
    "eyes",
    "ears",
    "nose_x",
    "nose_y",
    "p_shut",
    "sharpness",
)
_ROWS_SHOWN = 30


def find(
    images: Annotated[
        list[Path], typer.Argument(help="Images, or folders of images (searched to any depth).")
    ],
    out: Annotated[
        Path | None, typer.Option(help="A CSV to write, with one line per face.")
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option(help="A folder for copies of the images with what was found drawn on them."),
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Faces with a lower score are left out (default: see docs/models.md).",
        ),
    ] = None,
    no_second_look: Annotated[
        bool,
        typer.Option("--no-second-look", help="Do not look again from nearby at small faces."),
    ] = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the faces of mice and rats in pictures, with eyes, ears and nose.

    Every eye is open, narrowed or closed, with a probability. All coordinates are pixels of the
    upright picture; a box is left, top, right, bottom.

    Example: `amgs find photographs/ --draw overlays`
    """
    from amgs.faces import FaceFinder
    from amgs.faces.finder import DEFAULT_MIN_SCORE
    from amgs.files import refuse_to_replace_file
    from amgs.images import count_images, find_images
    from amgs.tables import write_table

    if out is not None:
        refuse_to_replace_file(out, COLUMNS, overwrite=overwrite)
    total = count_images(images)
    score = DEFAULT_MIN_SCORE if min_score is None else min_score
    documents = []
    with show_progress(quiet=quiet or json) as progress:
        target = None if draw is None else (draw, _common_folder(images))
        found = _look(FaceFinder(), find_images(images), score, target, second=not no_second_look)
        for done, document in enumerate(found, start=1):
            documents.append(document)
            progress("looking for faces", done, total)
    rows = [row for document in documents for row in _rows(document)]
    if out is not None:
        write_table(out, COLUMNS, rows)
    if json:
        print_json(documents)
    else:
        _print(documents, rows, out, draw, quiet=quiet)
    problems = [f"{d['image']}: {d['problem']}" for d in documents if "problem" in d]
    if problems:
        note(f"{len(problems)} files could not be read:\n{list_faults(problems)}")
    if len(problems) == len(documents):
        fail(f"Not one of {len(documents)} files could be read as an image.")


def _look(
    finder: FaceFinder,
    images: Iterator[FoundImage],
    min_score: float,
    draw: tuple[Path, Path | None] | None,
    *,
    second: bool,
) -> Iterator[dict[str, Any]]:
    """Yield one document per image, in order; several are looked at side by side."""
    from concurrent.futures import ThreadPoolExecutor

    from amgs.config import thread_count
    from amgs.errors import UnreadableImageError
    from amgs.faces.description import describe_faces
    from amgs.images import read_image
    from amgs.jobs import map_ahead

    def look(image: FoundImage) -> dict[str, Any]:
        try:
            rgb = read_image(image.path)
        except UnreadableImageError as error:
            empty: dict[str, Any] = {
                "image": image.name,
                "width": None,
                "height": None,
                "faces": [],
            }
            return {**empty, "problem": str(error)}
        faces = finder.find(rgb, min_score, second_look=second)
        if draw is not None:
            _draw(*draw, image, rgb, faces)
        return describe_faces(image.name, rgb, faces)

    with ThreadPoolExecutor(thread_count()) as executor:
        yield from map_ahead(executor, look, images, 2 * thread_count())


def _common_folder(places: list[Path]) -> Path | None:
    """Return the folder that holds everything named, so that drawings keep its order."""
    folders = [place if place.is_dir() else place.parent for place in places]
    try:
        return Path(os.path.commonpath([_plain(folder) for folder in folders]))
    except ValueError:  # several drives
        return None


def _plain(path: Path) -> Path:
    """Return the absolute path without `..`; links are not followed, as they may lead elsewhere."""
    return Path(os.path.normpath(path.absolute()))


def _draw(folder: Path, base: Path | None, image: FoundImage, rgb: Any, faces: Any) -> None:
    from PIL import Image

    from amgs.faces.draw import draw_faces
    from amgs.files import whole_file

    absolute = _plain(image.path)
    relative = Path(absolute.name) if base is None else absolute.relative_to(base)
    target = folder / relative.with_name(f"{relative.stem}_faces.jpg")
    with whole_file(target) as temporary:
        Image.fromarray(draw_faces(rgb, faces)).save(temporary, "JPEG", quality=92)


def _rows(document: dict[str, Any]) -> Iterator[list[object]]:
    for number, face in enumerate(document["faces"], start=1):
        nose = face["nose"] or (None, None)
        eyes = [1 - eye["p_open"] for eye in face["eyes"]]
        shut = round(sum(eyes) / len(eyes), 4) if eyes else None
        yield [
            document["image"],
            number,
            face["score"],
            *face["box"],
            face["view"],
            len(face["eyes"]),
            len(face["ears"]),
            *nose,
            shut,
            face["sharpness"],
        ]


def _print(
    documents: list[dict[str, Any]],
    rows: list[list[object]],
    out: Path | None,
    draw: Path | None,
    *,
    quiet: bool,
) -> None:
    shown = ("image", "face", "score", "view", "eyes", "ears", "p_shut", "sharpness")
    picked = [[row[COLUMNS.index(c)] for c in shown] for row in rows[:_ROWS_SHOWN]]
    print_table("Faces", shown, picked)
    if len(rows) > _ROWS_SHOWN:
        note(f"… and {len(rows) - _ROWS_SHOWN} more. Write all of them with --out FILE.csv")
    without = sum(not d["faces"] and "problem" not in d for d in documents)
    note(f"{len(rows)} faces in {len(documents)} images; {without} images without.", quiet=quiet)
    if out is not None:
        note(f"Written to {out}.", quiet=quiet)
    if draw is not None:
        note(f"Drawings are in {draw}.", quiet=quiet)
    else:
        note("See them: add --draw FOLDER.", quiet=quiet)
