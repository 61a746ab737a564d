"""`amgs convert`: videos that cannot be searched, written once more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amgs.cli.console import (
    JsonOption,
    QuietOption,
    fail,
    note,
    open_study,
    print_facts,
    print_json,
    show_progress,
)
from amgs.errors import quoted

if TYPE_CHECKING:
    from amgs.video.convert import Converted


def convert(
    videos: Annotated[list[Path], typer.Argument(help="A study, or videos.")],
    out: Annotated[
        Path | None,
        typer.Option(help="For videos: the folder of the new files. Default: beside each video."),
    ] = None,
    lossless: Annotated[
        bool,
        typer.Option(
            "--lossless", help="Keep every pixel (FFV1 in MKV); files are many times larger."
        ),
    ] = False,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            help="For videos: frames per second, where the file carries no times. Default: what "
            "its header says.",
        ),
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write videos once more so that amgs can search them: H.264 in MP4, a keyframe every 2 s.

    Needed for files whose frames carry no times, such as raw H.264, and for files that were
    joined by copying. The original stays. The result says where times come from and whether
    pixels changed. Of a study, the videos that need it are converted and recordings.csv follows.

    Example: `amgs convert laparotomy`
    """
    from amgs.study import is_study

    if len(videos) == 1 and is_study(videos[0]):
        if out is not None or rate is not None:
            raise typer.BadParameter("--out and --rate are for videos, not for a study.")
        with open_study(videos[0]) as study, show_progress(quiet=quiet or json) as progress:
            done = study.convert(lossless=lossless, progress=progress)
        after = f"recordings.csv names the new files. Next: amgs extract {quoted(videos[0])}"
    else:
        done = _convert_files(videos, out, rate, lossless=lossless, silent=quiet or json)
        after = "The originals were not changed."
    if json:
        print_json(
            {
                "converted": [
                    {
                        "video": name,
                        "into": c.path.as_posix(),
                        "frames": c.frames,
                        "times": c.times,
                        "quality": c.quality,
                    }
                    for name, c in done.items()
                ]
            }
        )
        return
    if not done:
        note("Every video can be searched as it is; nothing was converted.", quiet=quiet)
        return
    for name, c in done.items():
        facts = [
            ("written", c.path.name),
            ("frames", c.frames),
            ("times", c.times),
            ("quality", c.quality),
        ]
        print_facts(Path(name).name, facts)
    note(after, quiet=quiet)


def _convert_files(
    videos: list[Path], out: Path | None, rate: float | None, *, lossless: bool, silent: bool
) -> dict[str, Converted]:
    from amgs.video.convert import convert_video

    targets: dict[Path, Path] = {}
    for video in videos:
        if not video.is_file():
            fail(f"Expected a video, found nothing at {video}. Check the spelling.")
        name = f"{video.stem}_converted{'.mkv' if lossless else '.mp4'}"
        target = (out or video.parent) / name
        if target.exists() or target in targets.values():
            fail(f"{target} exists already. Move it, or write elsewhere with --out.")
        targets[video] = target
    done = {}
    with show_progress(quiet=silent) as progress:
        for video, target in targets.items():
            done[str(video)] = convert_video(
                video, target, lossless=lossless, rate=rate, progress=progress
            )
    return done
