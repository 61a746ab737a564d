"""`amgs extract`: films to face images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import (
    JsonOption,
    QuietOption,
    fail,
    note,
    print_json,
    print_table,
    refuse_beside_study,
    show_progress,
    warn,
)
from amgs.errors import list_faults

if TYPE_CHECKING:
    from amgs.faces.extraction import ExtractionOptions, ExtractionSummary
    from amgs.faces.recordings import FilmToExtract


def extract(
    videos: Annotated[
        list[Path],
        typer.Argument(
            help="A study; or films, folders of films, or one CSV with the column `film` and, "
            "where needed, `zone`, `recording`, `animal`, `group`, `timepoint`."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The folder for images and tables.")] = Path("faces"),
    zone: Annotated[
        list[str] | None,
        typer.Option(
            help="Where an animal is: full, left, right, or x,y,w,h in pixels. Give it once for "
            "every animal in the film. A CSV names its own. Default: full."
        ),
    ] = None,
    interval: Annotated[
        float,
        typer.Option(min=2.0, help="One image per so many seconds of film (10, as in the paper)."),
    ] = 10.0,
    margin: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Added around the face, in lengths of its box."),
    ] = 0.15,
    min_sharpness: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Less sharp faces are rejected (0.35, or less where all faces are soft).",
        ),
    ] = None,
    max_motion: Annotated[
        float | None,
        typer.Option(min=0.0, help="Faces that move more are rejected (docs/methods.md)."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="How many stretches of film at a time; one per core by default."),
    ] = None,
    preview: Annotated[
        bool,
        typer.Option(
            "--preview",
            help="Only draw the zones on one picture of every film, into a folder beside --out.",
        ),
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Throw away what is in the folder and begin again.")
    ] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take the best face image of every 10 s of film, for every animal in it.

    Kept is the sharpest, stillest, most frontal of the pictures looked at that show at least one
    eye and one ear. The table `faces.csv` says for each image which picture of the film it is.
    Stretches in which an animal may have slept are listed in `possible_sleep.csv`. When it is
    interrupted, the same command goes on where it stopped; films are only read.

    Example: `amgs extract films/ --zone left --zone right --out faces`
    """
    from amgs.cli.in_study import extract_in_study
    from amgs.faces.crop import DEFAULT_MARGIN
    from amgs.faces.recordings import list_films
    from amgs.study import is_study
    from amgs.video.sampling import DEFAULT_INTERVAL_S

    if len(videos) == 1 and is_study(videos[0]):
        refuse_beside_study(
            {
                "--out": out != Path("faces"),
                "--zone": zone is not None,
                "--interval": interval != DEFAULT_INTERVAL_S,
                "--margin": margin != DEFAULT_MARGIN,
                "--min-sharpness": min_sharpness is not None,
                "--max-motion": max_motion is not None,
                "--restart": restart,
            }
        )
        extract_in_study(videos[0], jobs, preview=preview, as_json=json, quiet=quiet)
        return
    films = list_films(videos, tuple(zone or ("full",)))
    if preview:
        draw_previews(films, out, as_json=json, quiet=quiet)
        return
    options = _options(interval, margin, min_sharpness, max_motion)
    summary = _extract(films, out, options, jobs, restart=restart, silent=quiet or json)
    warn(summary.warnings)
    if json:
        print_json(describe_extraction(summary, out))
    else:
        print_extraction(summary, out, quiet=quiet)
    tell_problems(summary)


def tell_problems(summary: ExtractionSummary) -> None:
    """List the films that could not be used."""
    if summary.problems:
        faults = [f"{name}: {problem}" for name, problem in summary.problems]
        note(f"{len(faults)} films could not be used:\n{list_faults(faults)}")


def _options(
    interval: float, margin: float, min_sharpness: float | None, max_motion: float | None
) -> ExtractionOptions:
    from amgs.faces.extraction import ExtractionOptions
    from amgs.faces.looking import LookingOptions

    usual = LookingOptions()
    looking = LookingOptions(
        min_sharpness=usual.min_sharpness if min_sharpness is None else min_sharpness,
        max_motion=usual.max_motion if max_motion is None else max_motion,
    )
    return ExtractionOptions(interval_s=interval, margin=margin, looking=looking)


def _extract(
    films: list[FilmToExtract],
    out: Path,
    options: ExtractionOptions,
    jobs: int | None,
    *,
    restart: bool,
    silent: bool,
) -> ExtractionSummary:
    from amgs.faces.extraction import extract_faces
    from amgs.faces.extraction_checks import clear_extraction

    if restart:
        clear_extraction(out)
    try:
        with show_progress(quiet=silent) as progress:
            return extract_faces(films, out, options, jobs=jobs, progress=progress)
    except KeyboardInterrupt:
        fail(f"Stopped. {out} keeps what is done; the same command goes on.", code=130)


def describe_extraction(summary: ExtractionSummary, out: Path) -> dict[str, Any]:
    """Return what `--json` prints of an extraction."""
    return {
        "out": out.as_posix(),
        "films": summary.films,
        "images": summary.images,
        "recordings": summary.recordings,
        "warnings": summary.warnings,
        "problems": [{"film": name, "problem": problem} for name, problem in summary.problems],
    }


def print_extraction(summary: ExtractionSummary, out: Path, *, quiet: bool) -> None:
    """Print what was taken from every recording."""
    print_table(
        "Recordings",
        [
            "recording",
            "minutes",
            "intervals",
            "images",
            "looks",
            "rejected for",
            "maybe asleep",
        ],
        [
            [
                row["recording"],
                f"{row['duration_s'] / 60:.1f}",
                row["intervals"],
                row["kept"],
                row["looks"],
                _reasons(row),
                f"{row['possible_sleep_s'] / 60:.1f} min" if row["possible_sleep_s"] else "–",
            ]
            for row in summary.recordings
        ],
    )
    if summary.resumed_intervals:
        note(f"{summary.resumed_intervals} intervals were done by an earlier run.", quiet=quiet)
    note(
        f"{summary.images} images in {out}; faces.csv says where each comes from. Next: look at "
        f"them, then amgs classify MODEL {out / 'faces.csv'} --out predictions.csv",
        quiet=quiet,
    )


def _reasons(row: dict[str, Any]) -> str:
    reasons = {
        k.removeprefix("rejected_").replace("_", " "): v
        for k, v in row.items()
        if k.startswith("rejected_")
    }
    counted = sorted(((n, reason) for reason, n in reasons.items() if n), reverse=True)
    return ", ".join(f"{reason} ({n})" for n, reason in counted) or "–"


def draw_previews(films: list[FilmToExtract], out: Path, *, as_json: bool, quiet: bool) -> None:
    """Draw the zones on a picture of every film."""
    from amgs.errors import ImpossibleValueError, UnreadableFilmError
    from amgs.faces.preview import write_preview

    folder = out.with_name(f"{out.name}_preview")  # beside it: previews are no face images
    drawn: dict[str, str] = {}
    problems: dict[str, str] = {}
    for film in films:
        try:
            drawn[str(film.path)] = write_preview(film, folder).as_posix()
        except (UnreadableFilmError, ImpossibleValueError) as error:
            problems[str(film.path)] = str(error)
    if as_json:
        listed = [{"film": name, "problem": problem} for name, problem in problems.items()]
        print_json({"previews": list(drawn.values()), "problems": listed})
    elif drawn:
        print_table("Previews", ["film", "picture"], list(drawn.items()))
    warn([f"{name}: {problem}" for name, problem in problems.items()])
    if not drawn:
        fail("Not one film could be drawn.")
    note("Every animal should be inside its own zone. Then run without --preview.", quiet=quiet)
