"""Show the faces on which the detector does worst, as one sheet to look at.

    python -m finder_training.worst --photographs FOLDER --out SHEET.png [--count 50]

Of the photographs held back: first what was found beside the faces, then faces that were missed,
then those whose eyes were read worst. Marks are drawn thin and white, what was found in colours.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from amgs.faces.base import FoundFace
from amgs.faces.centre_net import CentreNet, cut_square
from amgs.faces.detections import Box
from amgs.faces.draw import draw_faces
from amgs.images.reading import RGB
from finder_training.measure import is_counted, match, match_eyes
from finder_training.photographs import MarkedFace, Photograph, load_photographs, split_photographs

TILE_PX, COLUMNS, SURROUND = 260, 10, 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One face, and how badly it was read; 2 and more where it is a false or a missed one."""

    badness: float
    words: str
    rgb: RGB


def judge(detector: CentreNet, photograph: Photograph) -> list[Tile]:
    """Return a tile for every face, marked or found in a photograph, that `measure` counts."""
    width = photograph.rgb.shape[1]
    pairs, false = match(photograph.faces, detector.find(photograph.rgb))
    tiles = [
        Tile(3 + face.score, f"false {face.score:.2f}", draw(photograph.rgb, face.box, None, face))
        for face in false
        if is_counted(face.box, width)
    ]
    for marked, face in pairs:
        if not is_counted(marked.box, width):
            continue
        if face is None:
            share = (marked.box[2] - marked.box[0]) / width
            words, badness = f"missed, {share:.0%} wide, {marked.view}", 2 + share
        else:
            badness, words = worst_eye(marked, face)
        tiles.append(Tile(badness, words, draw(photograph.rgb, marked.box, marked, face)))
    return tiles


def worst_eye(marked: MarkedFace, face: FoundFace) -> tuple[float, str]:
    """Return by how much the worst of the eyes was read wrong, and in words."""
    worst = 0.0, "good"
    for eye, found, _ in match_eyes(marked, face):
        if found is None:
            one = 0.9, "an eye was not found"
        else:
            p = 1 - found.p_open
            wrong = p if eye.state == "open" else 1 - p
            one = wrong, f"{eye.state}, second {eye.second}: p not open {p:.2f}"
        worst = max(worst, one)
    return worst


def draw(rgb: RGB, box: Box, marked: MarkedFace | None, face: FoundFace | None) -> RGB:
    """Cut a face out with what surrounds it, with its marks and what was found."""
    side = SURROUND * max(box[2] - box[0], box[3] - box[1])
    x0, y0 = (box[0] + box[2] - side) / 2, (box[1] + box[3] - side) / 2
    canvas, zoom = cut_square(rgb, x0, y0, side, TILE_PX * 3)
    if face is not None:
        canvas = draw_faces(canvas, [face.moved(zoom, -x0 * zoom, -y0 * zoom)])
    image = Image.fromarray(canvas)
    pen = ImageDraw.Draw(image)
    marks = [] if marked is None else [marked.box, *(eye.box for eye in marked.eyes)]
    for left, top, right, bottom in marks:
        corners = [((x - x0) * zoom, (y - y0) * zoom) for x, y in ((left, top), (right, bottom))]
        pen.rectangle(corners, outline="white", width=2)
    return np.asarray(image.resize((TILE_PX, TILE_PX)), np.uint8)


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--finder", type=Path, help="another network than the one inside amgs")
    options = parser.parse_args()
    detector = CentreNet(options.finder)
    _, held_back = split_photographs(load_photographs(options.photographs))
    tiles = [tile for photograph in held_back for tile in judge(detector, photograph)]
    tiles = sorted(tiles, key=lambda tile: -tile.badness)[: options.count]
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * TILE_PX, rows * (TILE_PX + 18)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, tile in enumerate(tiles):
        x, y = number % COLUMNS * TILE_PX, number // COLUMNS * (TILE_PX + 18)
        sheet.paste(Image.fromarray(tile.rgb), (x, y))
        pen.text((x + 4, y + TILE_PX + 2), tile.words, fill="black")
    sheet.save(options.out)


if __name__ == "__main__":
    main()
