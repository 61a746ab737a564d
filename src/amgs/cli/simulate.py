"""`amgs simulate`: synthetic mice with known truth."""

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
    open_study,
    print_json,
    require_faces,
    show_progress,
)
from amgs.demo import EFFECTS
from amgs.errors import OutputExistsError
from amgs.vocabulary import BASELINE, NOTICE_FILE, SYNTHETIC_NOTICE

if TYPE_CHECKING:
    from amgs.simulate.anatomy import CoatName
    from amgs.simulate.behaviour import FilmedAnimal
    from amgs.simulate.cubicle import VideoOptions
    from amgs.simulate.experiment import SimulatedGroup

SMALLEST_WIDTH, SMALLEST_HEIGHT = 320, 240
MOST_UNITS = 2.0


class Coat(StrEnum):
    """Coats of synthetic mice."""

    WHITE = "white"
    BLACK = "black"
    AGOUTI = "agouti"
    MIXED = "mixed"


SeedOption = Annotated[int, typer.Option(min=0, help="The same seed draws the same.")]
CoatOption = Annotated[Coat, typer.Option(help="Coat of the animals; mixed: all three in turn.")]
SizeOption = Annotated[str, typer.Option(help="Width x height of the image.")]
RateOption = Annotated[int, typer.Option(min=2, max=60, help="Frames per second.")]
InfraredOption = Annotated[bool, typer.Option("--infrared", help="Without colour.")]


def sheet(
    out: Annotated[Path, typer.Argument(help="An image to make, such as sheet.png.")],
    coat: CoatOption = Coat.WHITE,
    seed: SeedOption = 0,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Draw every action unit at 0, 1 and 2 side by side, as an image.

    Example: `amgs simulate sheet sheet.png --coat agouti`
    """
    from amgs.simulate.sheet import is_sheet, write_sheet

    if out.suffix.lower() != ".png":
        raise typer.BadParameter("A sheet is written as .png.")
    _begin(out, overwrite=overwrite, ours=is_sheet(out), quiet=quiet)
    write_sheet(out, _coats(coat)[0], seed)
    _end([out], json=json, quiet=quiet)


def faces(
    out: Annotated[Path, typer.Argument(help="A folder to make.")],
    animals: Annotated[int, typer.Option(min=1, help="How many animals.")] = 10,
    per_animal: Annotated[int, typer.Option(min=1, help="How many faces of each.")] = 20,
    seed: SeedOption = 0,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Draw labelled faces of animals with white, black and agouti coats, for `amgs train`.

    The labels are those of one simulated rater, by the rule of Tuttle et al. 2018.

    Example: `amgs simulate faces drawn --animals 30`, then `amgs train drawn/labels.csv --out m1`
    """
    from amgs.files import atomic_folder
    from amgs.simulate import write_synthetic_faces
    from amgs.simulate.cohort import FACES_MARKER

    note(SYNTHETIC_NOTICE, quiet=quiet)
    with (
        atomic_folder(out, FACES_MARKER, overwrite=overwrite) as work,
        show_progress(quiet=quiet or json) as progress,
    ):
        written = write_synthetic_faces(work, animals, per_animal, seed, progress)
    _end([out / written.name], json=json, quiet=quiet)


def video(
    out: Annotated[Path, typer.Argument(help="A video to make, such as drawn.mp4.")],
    pain: Annotated[
        str,
        typer.Option(help="Mean of the five action units, 0–2, of the one or two animals."),
    ] = "0.1,1.3",
    minutes: Annotated[float, typer.Option(min=0.02, help="How long.")] = 1.0,
    sleepiness: Annotated[
        float,
        typer.Option(min=0, max=1, help="Probability that a one-second pose begins sleep."),
    ] = 0.0,
    coat: CoatOption = Coat.WHITE,
    size: SizeOption = "1920x1080",
    rate: RateOption = 25,
    infrared: InfraredOption = False,
    seed: SeedOption = 0,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Draw a video of one or two mice, with the truth of every frame beside it.

    `NAME_truth.csv` says for every frame and animal where its face is, what it does, and the five
    action units. A video of two animals has the zones left and right, as `amgs extract` calls them.

    Example: `amgs simulate video drawn.mp4 --minutes 2 --pain 0.2,1.4`
    """
    from amgs.simulate.video import truth_beside, write_video

    cast = _cast(pain, _coats(coat), sleepiness, seed)
    options = _video_options(size, rate, minutes, infrared=infrared)
    if out.suffix.lower() != ".mp4":
        raise typer.BadParameter("A video is written as .mp4.")
    _begin(out, overwrite=overwrite, ours=truth_beside(out).is_file(), quiet=quiet)
    with show_progress(quiet=quiet or json) as progress:
        truth = write_video(out, cast, options, seed, progress)
    _end([out, truth], json=json, quiet=quiet)


def cohort(
    out: Annotated[Path, typer.Argument(help="The study to make; a new folder.")],
    group: Annotated[
        list[str] | None,
        typer.Option(
            help="A group and what it does to action units (0–2) at each timepoint after the "
            "first, such as surgery=1.2 or surgery=1.2,0.6. May be repeated.  "
            f"[default: {', '.join(f'{name}={effect}' for name, effect in EFFECTS.items())}]"
        ),
    ] = None,
    animals: Annotated[int, typer.Option(min=1, help="Animals per group.")] = 5,
    timepoints: Annotated[
        str, typer.Option(help="The first is the baseline.")
    ] = f"{BASELINE},60min",
    resting: Annotated[
        float, typer.Option(min=0, max=MOST_UNITS, help="Mean action units without pain.")
    ] = 0.12,
    spread: Annotated[
        float, typer.Option(min=0, help="SD of that between animals (from 0 to 0.5 at most).")
    ] = 0.12,
    answers: Annotated[
        float, typer.Option(min=0, help="SD of an effect between animals, as a fraction of it.")
    ] = 0.25,
    drift: Annotated[
        float, typer.Option(help="Rise of all animals from one timepoint to the next.")
    ] = 0.0,
    sleepy: Annotated[
        list[str] | None,
        typer.Option(help="A group whose animals fall asleep, as shams do. May be repeated."),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long every video is.")] = 2.0,
    coat: CoatOption = Coat.WHITE,
    size: SizeOption = "1280x720",
    rate: RateOption = 25,
    infrared: InfraredOption = False,
    seed: SeedOption = 0,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Draw a whole experiment as a study: videos of two animals each, their truth, the design.

    The truth about every animal is known, so that you can see what your own plan would find: how
    many animals it needs, how sleeping shams or a drift affect it. Then continue as with a real
    study; instead of people, `amgs simulate scores` can do the scoring.

    Example: `amgs simulate cohort planned --group sham=0 --group surgery=0.8 --animals 8`
    """
    from concurrent.futures import ProcessPoolExecutor

    from amgs.config import thread_count
    from amgs.files import atomic_folder
    from amgs.simulate.experiment import Experiment
    from amgs.simulate.studies import create_synthetic_study, draw_study

    names = tuple(part.strip() for part in timepoints.split(","))
    if not all(names) or len(set(names)) < len(names):
        raise typer.BadParameter("--timepoints are different names with commas between them.")
    groups = _groups(group or [], sleepy or [])
    plan = Experiment(groups, animals, names, resting, spread, answers, drift, _coats(coat))
    options = _video_options(size, rate, minutes, infrared=infrared)
    if out.exists():
        msg = f"Expected a new folder, found {out}, which exists already. Choose another name."
        raise OutputExistsError(msg)
    note(SYNTHETIC_NOTICE, quiet=quiet)
    baseline = {("study", "baseline"): names[0]}
    with (
        show_progress(quiet=quiet or json) as progress,
        atomic_folder(out, NOTICE_FILE) as work,
        create_synthetic_study(work, f"{out.name} (synthetic mice)", seed, baseline) as study,
        ProcessPoolExecutor(thread_count()) as pool,
    ):
        draw_study(study, plan, options, seed, pool, progress=progress)
    _end([out], json=json, quiet=quiet)
    note(f"Next: amgs check {out}, then amgs extract {out}", quiet=quiet)


def scores(
    study: Annotated[Path, typer.Argument(help="A study made by `amgs simulate cohort`.")],
    raters: Annotated[int, typer.Option(min=1, max=20, help="How many raters to add.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same raters.")] = 0,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Let simulated raters score the extracted faces of synthetic videos, blinded as people are.

    They err unit by unit so that they agree with each other about as real raters do. Videos of real
    mice are refused: only people can score those.

    Example: `amgs simulate scores planned --raters 3`
    """
    from amgs.simulate.studies import new_rater_names, read_true_units, score_by_simulated_raters

    with open_study(study) as opened, show_progress(quiet=quiet or json) as progress:
        require_faces(opened, study, "score")
        truth = read_true_units(opened)
        names = new_rater_names(opened, raters)
        score_by_simulated_raters(opened, truth, names, seed, progress)
    if json:
        print_json({"notice": SYNTHETIC_NOTICE, "raters": names, "faces": len(truth)})
        return
    note(f"{', '.join(names)}: {len(truth)} faces each. Next: amgs agreement {study}", quiet=quiet)


def _begin(out: Path, *, overwrite: bool, ours: bool = False, quiet: bool) -> None:
    """Stop where something would be replaced: without leave, or not made by this command."""
    if out.exists() and not ours:
        msg = f"{out} exists and was not made by this command: it is not replaced. Move it."
        raise OutputExistsError(msg)
    if out.exists() and not overwrite:
        msg = f"{out} exists already. Choose another name, or allow it with --overwrite."
        raise OutputExistsError(msg)
    note(SYNTHETIC_NOTICE, quiet=quiet)


def _end(written: list[Path], *, json: bool, quiet: bool) -> None:
    if json:
        print_json({"notice": SYNTHETIC_NOTICE, "written": [path.as_posix() for path in written]})
        return
    for path in written:
        note(f"Written: {path}", quiet=quiet)


def _coats(coat: Coat) -> tuple[CoatName, ...]:
    from amgs.simulate.anatomy import COATS

    return tuple(name for name in COATS if coat in {Coat.MIXED, name})


def _cast(
    pain: str, coats: tuple[CoatName, ...], sleepiness: float, seed: int
) -> list[FilmedAnimal]:
    from amgs.simulate.anatomy import FaceParameters
    from amgs.simulate.behaviour import FilmedAnimal

    means = _numbers(pain)
    if len(means) not in {1, 2} or any(not 0 <= mean <= MOST_UNITS for mean in means):
        raise typer.BadParameter("--pain is a number from 0 to 2 for the one or two animals.")
    return [
        FilmedAnimal(
            f"drawn{n + 1}",
            FaceParameters(animal_seed=1000 * seed + n, coat=coats[n % len(coats)]),
            (mean, mean, mean, mean, mean),
            sleepiness,
        )
        for n, mean in enumerate(means)
    ]


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return []


def _video_options(size: str, rate: int, minutes: float, *, infrared: bool) -> VideoOptions:
    from amgs.simulate.cubicle import VideoOptions

    width, _, height = size.partition("x")
    if not (
        width.isdecimal()
        and height.isdecimal()
        and int(width) >= SMALLEST_WIDTH
        and int(height) >= SMALLEST_HEIGHT
    ):
        raise typer.BadParameter("--size is WIDTHxHEIGHT in pixels, such as 1920x1080.")
    # Videos store colour for two by two pixels, and two zones must each be even.
    even = (int(width) // 4 * 4, int(height) // 2 * 2)
    return VideoOptions(*even, rate, minutes * 60, infrared=infrared)


def _groups(written: list[str], sleepy: list[str]) -> tuple[SimulatedGroup, ...]:
    from amgs.simulate.behaviour import SLEEPY, WAKEFUL
    from amgs.simulate.experiment import SimulatedGroup

    effects: dict[str, tuple[float, ...]] = {
        name: (effect,) for name, effect in EFFECTS.items() if not written
    }
    for text in written:
        name, _, numbers = (part.strip() for part in text.rpartition("="))
        found = tuple(_numbers(numbers))
        if not name or not found or name in effects or any(abs(e) > MOST_UNITS for e in found):
            msg = f"--group is NAME=EFFECT with an effect from -2 to 2, once each; found {text!r}."
            raise typer.BadParameter(msg)
        effects[name] = found
    unknown = sorted(set(sleepy) - set(effects))
    if unknown:
        raise typer.BadParameter(f"--sleepy names no group: {', '.join(unknown)}.")
    return tuple(
        SimulatedGroup(name, effect, SLEEPY if name in sleepy else WAKEFUL)
        for name, effect in effects.items()
    )
