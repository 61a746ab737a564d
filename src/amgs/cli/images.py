"""`amgs images`: whether sets of images differ as wholes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import (
    FiguresOption,
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    number,
    open_study,
    print_json,
    print_table,
    show_progress,
    warn,
)
from amgs.cli.where import OnOption, run_on
from amgs.cohort.words import p_value
from amgs.errors import count_of, list_faults

if TYPE_CHECKING:
    from amgs.image_check.measures import ImageOfSet

COLUMNS = ("image", "animal", "group", "timepoint", "set")


def images(
    places: Annotated[
        list[Path],
        typer.Argument(
            help="A study; two or more folders, one per set; or one CSV with `image` and the "
            "column of --by, and where known animal, group, timepoint."
        ),
    ],
    by: Annotated[
        str, typer.Option(help="Of a study or CSV: the column that divides the images into sets.")
    ] = "group",
    n: Annotated[
        int, typer.Option(min=3, help="Images of each set for the similarity (paper: 12–16).")
    ] = 16,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same images.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="A CSV to write: brightness, sharpness … of every image.")
    ] = None,
    figures: FiguresOption = None,
    on: OnOption = "",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """See whether images of different groups or timepoints differ as wholes.

    Structural similarity within and between sets, as Tuttle et al. did, with a permutation test;
    and brightness, contrast, sharpness and size by group and timepoint, animal by animal. A camera
    that moved between cohorts may be taken for a change of the face by a model.

    Example: `amgs images laparotomy --by timepoint`
    """
    from amgs.files import refuse_to_replace_file
    from amgs.image_check.measures import MEASURES, compare_measures, measure_images
    from amgs.image_check.sets import compare_similarity, could_test, say_what_differs
    from amgs.tables import write_table

    columns = (*COLUMNS, *MEASURES)
    if out is not None:
        refuse_to_replace_file(out, columns, overwrite=overwrite)
    sets = _find_sets(places, by)
    similarity = compare_similarity(sets, n, seed)
    everything = [image for inside in sets.values() for image in inside]
    with run_on(on, None) as executor, show_progress(quiet=quiet or json) as progress:
        rows, problems = measure_images(everything, executor=executor, progress=progress)
    factors = [c for c in dict.fromkeys((by, "group", "timepoint")) if all(r.get(c) for r in rows)]
    measures = [result for factor in factors for result in compare_measures(rows, factor)]
    notes = say_what_differs(similarity, measures)
    if out is not None:
        write_table(out, columns, [[row.get(c, "") for c in columns] for row in rows])
    written = [] if figures is None else _write_figures(figures, similarity)
    if problems:
        faults = [f"{name}: {problem}" for name, problem in problems]
        warn([f"{count_of(len(faults), 'image')} cannot be read:\n{list_faults(faults)}"])
    if json:
        print_json(
            {
                "by": by,
                "sets": {name: len(inside) for name, inside in sets.items()},
                "similarity": similarity,
                "measures": measures,
                "unreadable": len(problems),
                "notes": notes,
            }
        )
        return
    _print(similarity, measures)
    warn(notes)
    if not could_test(similarity, measures):
        warn(["Nothing could be tested: there are too few animals, or they are not known."])
    elif not notes:
        note("No difference between the sets was found by these measures.", quiet=quiet)
    for path in written:
        note(f"Figure written to {path}", quiet=quiet)


def _find_sets(places: list[Path], by: str) -> dict[str, list[ImageOfSet]]:
    from amgs.image_check.measures import ImageOfSet
    from amgs.images import find_images
    from amgs.study import is_study
    from amgs.tables import portable_path, read_table

    if len(places) > 1:
        return {
            place.as_posix(): [
                ImageOfSet(found.path, found.name, {by: place.as_posix(), "set": place.as_posix()})
                for found in find_images([place])
            ]
            for place in places
        }
    if is_study(places[0]):
        return _sets_of_study(places[0], by)
    table = read_table(places[0], required=("image", by))
    sets: dict[str, list[ImageOfSet]] = {}
    for row in table.astype(str).to_dict("records"):
        known = {str(k): v for k, v in row.items() if k in {*COLUMNS[1:], by}} | {"set": row[by]}
        image = ImageOfSet(places[0].parent / portable_path(row["image"]), row["image"], known)
        sets.setdefault(row[by] or "(empty)", []).append(image)
    return sets


def _sets_of_study(folder: Path, by: str) -> dict[str, list[ImageOfSet]]:
    from dataclasses import replace

    if by not in {"group", "timepoint"}:
        raise typer.BadParameter("In a study, --by is group or timepoint.")
    sets: dict[str, list[ImageOfSet]] = {}
    with open_study(folder) as study:
        for image in study.list_images():
            value = image.known[by]
            marked = replace(image, known={**image.known, "set": value})
            sets.setdefault(value, []).append(marked)
    return sets


def _write_figures(folder: Path, similarity: list[dict[str, Any]]) -> list[Path]:
    from amgs.figures.table import write_figures

    many = len(similarity) > 1
    return [
        path
        for number, result in enumerate(similarity, start=1)
        for path in write_figures(folder, "image sets", result, f"_{number}" if many else "")
    ]


def _print(similarity: list[dict[str, Any]], measures: list[dict[str, Any]]) -> None:
    print_table(
        "Structural similarity",
        ["sets", "images", "within 1st", "within 2nd", "between", "within − between", "p (Holm)"],
        [
            [
                f"{r['a']} – {r['b']}",
                f"{r['n_a']}, {r['n_b']}",
                *(number(r[name]) for name in ("within_a", "within_b", "between", "difference")),
                r["reason"] if r["p"] is None else p_value(r["p_holm"]),
            ]
            for r in similarity
        ],
    )
    print_table(
        "Images by group and timepoint",
        ["measure", "by", "means", "test", "p (Holm)"],
        [
            [
                r["measure"],
                r["by"],
                ", ".join(f"{name} {value:.3g}" for name, value in r["means"].items()),
                r.get("test") or r["reason"],
                p_value(r["p_holm"]) if "p_holm" in r else "–",
            ]
            for r in measures
        ],
    )
