"""Whether the films of a design are there and can be used."""

from __future__ import annotations

from pathlib import Path

from amgs.study.design import Design


def check_films(design: Design, folder: Path) -> tuple[list[str], list[str]]:
    """Look for films and folders of images; return what is wrong and what is odd."""
    from amgs.errors import ImpossibleValueError
    from amgs.images import find_images
    from amgs.video.reader import read_header

    faults, warnings = [], []
    seen: set[str] = set()
    for r in design.recordings:
        path = folder / r.film
        if not r.film:
            continue
        if not path.exists():
            faults.append(f"line {r.line}: nothing at {r.film}")
            continue
        if path.is_dir():
            if next(find_images([path]), None) is None:
                faults.append(f"line {r.line}: no image in the folder {r.film}")
            elif r.zone.name != "full":
                faults.append(f"line {r.line}: {r.film} holds images, which have no zones")
            continue
        header = read_header(path)
        if header is None:
            faults.append(f"line {r.line}: {r.film} cannot be opened as a film")
            continue
        try:
            r.zone.box(header.width, header.height)
        except ImpossibleValueError as error:
            faults.append(f"line {r.line}: {error}")
        if not path.resolve().is_relative_to(folder.resolve()) and r.film not in seen:
            warnings.append(f"{r.film} lies outside the study and does not move with it")
        seen.add(r.film)
    return faults, warnings
