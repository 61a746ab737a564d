"""`amgs extract`: videos to face images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amgs.cli.console import (
    DetectorOption,
    JsonOption,
    QuietOption,
    fail,
    note,
    open_study,
    print_json,
    refuse_beside_study,
    show_progress,
    warn,
)
from amgs.cli.extract_output import (
    CHANGES,
    describe_extraction,
    print_extraction,
    tell_changes,
    tell_previews,
    tell_problems,
)
from amgs.cli.where import OnOption, run_on
from amgs.errors import count_of, quoted

if TYPE_CHECKING:
    from amgs.extraction.opened import ExtractionOptions
    from amgs.extraction.recordings import VideoToExtract
    from amgs.extraction.run import ExtractionSummary


def extract(
    videos: Annotated[
        list[Path],
        typer.Argument(
            help="A study; or videos, folders of videos, or one CSV with the column `video` and, "
            "where needed, `zone`, `recording`, `animal`, `group`, `timepoint`."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The folder for images and tables. Default: faces.")
    ] = None,
    zone: Annotated[
        list[str] | None,
        typer.Option(
            help="Where an animal is: full, left, right, top-left and the like, or x,y,w,h in "
            "pixels or per cent. Give it once for every animal in the video. A CSV names its own. "
            "Default: full."
        ),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(
            min=2.0,
            help="Seconds of video for which one image is kept. Default: 10, as in the paper.",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, help="Margin around the face, as a share of its box. Default: 0.15."
        ),
    ] = None,
    min_face: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Faces of fewer pixels in width are rejected. Default: 80; 0 keeps them all.",
        ),
    ] = None,
    min_sharpness: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Less sharp faces are rejected. Default: 0.35, or less where all faces are soft.",
        ),
    ] = None,
    max_motion: Annotated[
        float | None,
        typer.Option(min=0.0, help="Faces that move more are rejected (docs/methods.md)."),
    ] = None,
    detector: DetectorOption = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="How many intervals at a time. Default: one per core."),
    ] = None,
    on: OnOption = "",
    preview: Annotated[
        bool,
        typer.Option(
            "--preview",
            help="Only draw the zones on one frame of every video, into a folder beside --out.",
        ),
    ] = False,
    only_new: Annotated[
        bool,
        typer.Option(
            "--only-new",
            help="Keep recordings that were extracted with other settings as they are, and extract "
            "only the others.",
        ),
    ] = False,
    new_generation: Annotated[
        bool,
        typer.Option(
            "--new-generation",
            help="For a study: extract all recordings with the settings of study.toml, beside the "
            "faces that are there; scores of frames that are chosen again carry over.",
        ),
    ] = False,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart",
            help="Discard what was extracted and begin again; in a study only as long as no face "
            "was scored or classified.",
        ),
    ] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Extract the best face image of every 10 s of video, for every animal in it.

    The sharpest, stillest and most frontal frame that shows at least one eye and one ear is kept.
    The table `faces.csv` names the frame each image comes from. Stretches in which an animal may
    have slept are listed in `possible_sleep.csv`. If interrupted, the same command
    continues where it stopped; videos are only read.

    Example: `amgs extract videos/ --zone left --zone right --out faces`
    """
    from amgs.extraction.recordings import list_videos
    from amgs.study import is_study

    if len(videos) == 1 and is_study(videos[0]):
        refuse_beside_study(
            {
                "--out": out,
                "--zone": zone,
                "--interval": interval,
                "--margin": margin,
                "--min-face": min_face,
                "--min-sharpness": min_sharpness,
                "--max-motion": max_motion,
                "--detector": detector,
            },
            {
                "--interval": "[extract] interval_s",
                "--margin": "[extract] margin",
                "--min-face": "[extract] min_face_px",
                "--detector": "[extract] detector",
                "--zone": "the column `zone` of recordings.csv, which is",
            },
        )
        _extract_study(
            videos[0],
            jobs,
            on,
            preview=preview,
            only_new=only_new,
            new_generation=new_generation,
            restart=restart,
            as_json=json,
            quiet=quiet,
        )
        return
    out = out or Path("faces")
    listed = list_videos(videos, tuple(zone or ("full",)))
    if preview:
        _preview_videos(listed, out, detector, as_json=json, quiet=quiet)
        return
    options = _options(interval, margin, min_face, min_sharpness, max_motion)
    summary = _extract(
        listed,
        out,
        options,
        jobs,
        on,
        detector,
        restart=restart,
        keep_earlier=only_new,
        silent=quiet or json,
    )
    warn(summary.warnings)
    if json:
        print_json(describe_extraction(summary, out))
    else:
        print_extraction(summary, out, quiet=quiet)
    tell_problems(summary)


def _extract_study(
    folder: Path,
    jobs: int | None,
    on: str,
    *,
    preview: bool,
    only_new: bool,
    new_generation: bool,
    restart: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Extract faces from the videos of a study into its store."""
    with open_study(folder) as study:
        if preview:
            tell_previews(study.preview(), as_json=as_json, quiet=quiet)
            return
        try:
            with (
                run_on(on, study.faces) as executor,
                show_progress(quiet=quiet or as_json) as progress,
            ):
                found = study.extract(
                    executor=executor,
                    jobs=jobs,
                    only_new=only_new,
                    new_generation=new_generation,
                    restart=restart,
                    progress=progress,
                )
        except KeyboardInterrupt:
            fail(f"Stopped. {folder} keeps finished work; the same command continues.", code=130)
        n_faces = study.store.faces.count()
        faces = study.faces
    summary = found.summary
    if summary is not None:
        warn(summary.warnings)
    warn([f"{name}. It was left out." for name in found.unreadable])
    if as_json:
        extracted = {} if summary is None else describe_extraction(summary, faces)
        changes = {name: getattr(found, name) for name in CHANGES}
        print_json(
            {
                "study": folder.as_posix(),
                "faces": n_faces,
                "archived": found.archived,
                **changes,
                "images_found": found.images,
                **extracted,
            }
        )
    elif summary is not None:
        print_extraction(summary, faces, quiet=True)
    if summary is not None:
        tell_problems(summary)
    tell_changes(found, quiet=quiet)
    if found.archived:
        named = f"{count_of(len(found.archived), 'recording')}"
        note(f"The videos of {named} are no longer here; their faces are kept.", quiet=quiet)
    note(f"{n_faces} faces in the study. Next: amgs score {quoted(folder)}", quiet=quiet)


def _options(
    interval: float | None,
    margin: float | None,
    min_face: float | None,
    min_sharpness: float | None,
    max_motion: float | None,
) -> ExtractionOptions:
    from dataclasses import replace

    from amgs.extraction.opened import ExtractionOptions

    usual = ExtractionOptions()
    given = {"interval_s": interval, "margin": margin}
    limits = {
        "min_face_px": min_face,
        "min_sharpness": min_sharpness,
        "max_motion": max_motion,
    }
    candidates = replace(
        usual.candidates, **{name: v for name, v in limits.items() if v is not None}
    )
    options = {name: v for name, v in given.items() if v is not None}
    return replace(usual, candidates=candidates, **options)


def _extract(
    videos: list[VideoToExtract],
    out: Path,
    options: ExtractionOptions,
    jobs: int | None,
    on: str,
    detector: str | None,
    *,
    restart: bool,
    keep_earlier: bool,
    silent: bool,
) -> ExtractionSummary:
    from amgs.extraction.checks import clear_extraction
    from amgs.extraction.extract import extract_faces
    from amgs.faces.detectors import DEFAULT_DETECTOR, open_detector

    chosen = open_detector(detector or DEFAULT_DETECTOR)
    if restart:
        clear_extraction(out)
    try:
        with run_on(on, out) as executor, show_progress(quiet=silent) as progress:
            return extract_faces(
                videos,
                out,
                options,
                detector=chosen,
                executor=executor,
                jobs=jobs,
                keep_earlier=keep_earlier,
                progress=progress,
            )
    except KeyboardInterrupt:
        fail(f"Stopped. {out} keeps finished work; the same command continues.", code=130)


def _preview_videos(
    videos: list[VideoToExtract], out: Path, detector: str | None, *, as_json: bool, quiet: bool
) -> None:
    from amgs.extraction.preview import write_previews
    from amgs.faces.detectors import DEFAULT_DETECTOR, open_detector

    folder = out.with_name(f"{out.name}_preview")  # beside it: previews are no face images
    chosen = open_detector(detector or DEFAULT_DETECTOR)
    tell_previews(write_previews(videos, folder, chosen), as_json=as_json, quiet=quiet)
