"""`amgs find`: faces, eyes, ears and noses in images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from amgs.cli.console import (
    DetectorOption,
    JsonOption,
    OverwriteOption,
    QuietOption,
    fail,
    note,
    print_json,
    print_table,
    show_progress,
    warn,
)
from amgs.errors import count_of, list_faults

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
    "p_eyes_not_open",
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
    detector: DetectorOption = None,
    no_refine: Annotated[
        bool,
        typer.Option(
            "--no-refine", "--no-second-look", help="Do not examine small faces again, enlarged."
        ),
    ] = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the faces of mice and rats in images, with eyes, ears and nose.

    Every eye is open, narrowed or closed, with a probability. All coordinates are pixels of the
    upright image; a box is left, top, right, bottom.

    Example: `amgs find photographs/ --draw overlays`
    """
    from amgs.faces.detectors import DEFAULT_DETECTOR, open_detector
    from amgs.faces.find import find_faces
    from amgs.files import refuse_to_replace_file
    from amgs.images import count_images, list_unread_formats
    from amgs.tables import write_table

    if out is not None:
        refuse_to_replace_file(out, COLUMNS, overwrite=overwrite)
    total = count_images(images)
    unread = list_unread_formats(images)
    warn([unread] if unread else [])
    documents = []
    with show_progress(quiet=quiet or json) as progress:
        found = find_faces(
            images,
            detector=open_detector(detector or DEFAULT_DETECTOR),
            min_score=min_score,
            refine=not no_refine,
            draw=draw,
        )
        for done, document in enumerate(found, start=1):
            documents.append(document)
            progress("detecting faces", done, total)
    rows = [row for document in documents for row in _rows(document)]
    if out is not None:
        write_table(out, COLUMNS, rows)
    if json:
        print_json(documents)
    else:
        _print(documents, rows, out, draw, quiet=quiet)
    problems = [f"{d['image']}: {d['problem']}" for d in documents if "problem" in d]
    if problems:
        note(f"{count_of(len(problems), 'file')} could not be read:\n{list_faults(problems)}")
    if len(problems) == len(documents):
        fail(f"None of {count_of(len(documents), 'file')} could be read as an image.")


def _rows(document: dict[str, Any]) -> Iterator[list[object]]:
    for number, face in enumerate(document["faces"], start=1):
        nose = face["nose"] or (None, None)
        yield [
            document["image"],
            number,
            face["score"],
            *face["box"],
            face["view"],
            len(face["eyes"]),
            len(face["ears"]),
            *nose,
            face["p_eyes_not_open"],
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
    shown = ("image", "face", "score", "view", "eyes", "ears", "p_eyes_not_open", "sharpness")
    picked = [[row[COLUMNS.index(c)] for c in shown] for row in rows[:_ROWS_SHOWN]]
    print_table("Faces", shown, picked)
    if len(rows) > _ROWS_SHOWN:
        note(f"… and {len(rows) - _ROWS_SHOWN} more. Write all of them with --out FILE.csv")
    without = sum(not d["faces"] and "problem" not in d for d in documents)
    note(
        f"{count_of(len(rows), 'face')} in {count_of(len(documents), 'image')}; {without} "
        f"without a face.",
        quiet=quiet,
    )
    if out is not None:
        note(f"Written to {out}.", quiet=quiet)
    if draw is not None:
        note(f"Drawings are in {draw}.", quiet=quiet)
    else:
        note("See them: add --draw FOLDER.", quiet=quiet)
