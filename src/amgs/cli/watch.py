"""`amgs watch`: cameras recorded, animals read live."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import (
    DetectorOption,
    JsonOption,
    QuietOption,
    note,
    open_study,
    print_json,
    stderr,
    warn,
)
from amgs.errors import quoted

if TYPE_CHECKING:
    from rich.table import Table

    from amgs.live.plan import WatchedAnimal, WatchTools

_LINE_EVERY_S = 60.0
_ALERTS_SHOWN = 3

MessageOption = Annotated[
    float | None,
    typer.Option(
        min=0, max=100, help="Send a message above so many per cent pain. Default: no messages."
    ),
]


def watch(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="`camera:0` (a USB camera, by number or name), `rtsp://…` or `http://…` (a "
            "stream), or a file that is still being written. Several are watched side by side."
        ),
    ],
    model: Annotated[
        str, typer.Option(help="A model of the study, a folder, or one that is built in.")
    ],
    study: Annotated[
        Path | None,
        typer.Option(help="A study: its detector and settings are used; the recording goes there."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A new folder for recording and readings. Default: live/DATE of --study."
        ),
    ] = None,
    zone: Annotated[
        list[str] | None,
        typer.Option(
            help="Who is where: left=m01, or of the second source 2:left=m03. Once for every "
            "animal. Default: the whole image of every source."
        ),
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=1.0, help="Over how long the share of pain is taken.")
    ] = 10.0,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.5, max=1.0, help="Least confidence of an image that counts. Default: the study's."
        ),
    ] = None,
    alert_above: MessageOption = None,
    alert_below: Annotated[
        float | None,
        typer.Option(
            min=0, max=100, help="Speak again only after the share fell below. Default: 10 less."
        ),
    ] = None,
    alert_quiet: Annotated[
        float, typer.Option(min=0, help="And not before so many minutes have passed.")
    ] = 30.0,
    alert_images: Annotated[
        int, typer.Option(min=1, help="Least confident images in the time for a message.")
    ] = 10,
    webhook: Annotated[
        str, typer.Option(help="An address that gets every message too, by POST, as JSON.")
    ] = "",
    segment: Annotated[
        float, typer.Option(min=0.1, help="Minutes of one file of the recording.")
    ] = 10.0,
    patience: Annotated[
        float, typer.Option(min=1.0, help="Seconds without growth after which a file has ended.")
    ] = 20.0,
    detector: DetectorOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Record cameras, and read the best face of every animal every 10 s, until Ctrl-C.

    The recording is kept in files that survive a power cut, with the camera's and the computer's
    time of every frame; extracting them later gives the same images and numbers. Share of pain over
    the last minutes with its interval, possible sleep, quality, and images unlike those of the
    training are in `status.json`, on the page of the lab, and here. A camera that is lost is waited
    for, and the gap is told. A help for people who look after animals, never a reason not to look.

    Example: `amgs watch rtsp://10.0.0.7/cage3 --model pain --study laparotomy --zone left=m01`
    """
    from amgs.live.alerts import AlertRule
    from amgs.live.notes import RECORDINGS, read_status
    from amgs.live.plan import CAUTION, WatchOptions
    from amgs.live.watching import Watch

    animals = _animals(sources, zone or [])
    tools, own_threshold = _open(model, study, detector)
    rule = None
    if alert_above is not None:
        below = max(0.0, alert_above - 10) if alert_below is None else alert_below
        rule = AlertRule(alert_above, below, alert_quiet, alert_images)
    options = WatchOptions(
        minutes,
        own_threshold if threshold is None else threshold,
        60 * segment,
        patience,
        rule,
        webhook,
    )
    folder = _folder(out, study)
    watched = Watch(sources, animals, folder, tools, options)
    warn([CAUTION])
    note(f"Recording into {folder}. Stop with Ctrl-C.", quiet=quiet or json)
    # Services are ended by this signal; it is a Ctrl-C to them.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stop = threading.Event()
    with ThreadPoolExecutor(1) as beside:
        work = beside.submit(watched.run, stop)
        try:
            # From its file: the watch is at work in another thread.
            _show(lambda: read_status(folder) or {}, work, quiet=quiet or json)
        except KeyboardInterrupt:
            note("Stopping: the files are ended in order.", quiet=quiet or json)
        stop.set()
        work.result()
    status = watched.status()
    if json:
        print_json({"out": folder.as_posix(), **status})
        return
    _print(status)
    if (folder / RECORDINGS).is_file():
        note(f"Next: {extract_command(folder, tools)}", quiet=quiet)


def extract_command(folder: Path, tools: WatchTools) -> str:
    """Return the command that gives the images of a recording again, with the options it had."""
    from amgs.extraction.opened import ExtractionOptions
    from amgs.faces.detectors import DEFAULT_DETECTOR
    from amgs.live.notes import RECORDINGS

    words = ["amgs extract", quoted(folder / RECORDINGS), "--out FOLDER"]
    had, usual = tools.extraction, ExtractionOptions()
    least_px = had.candidates.min_face_px
    words += [f"--interval {had.interval_s:g}"] if had.interval_s != usual.interval_s else []
    words += [f"--margin {had.margin:g}"] if had.margin != usual.margin else []
    words += [f"--min-face {least_px:g}"] if least_px is not None else []
    name = tools.detector.name
    words += [f"--detector {quoted(name)}"] if name != DEFAULT_DETECTOR else []
    return " ".join(words)


def _animals(sources: list[str], zones: list[str]) -> list[WatchedAnimal]:
    from amgs.live.plan import WatchedAnimal
    from amgs.video.zones import parse_zone

    if not zones:
        return [WatchedAnimal(f"animal{n + 1}", parse_zone("full"), n) for n in range(len(sources))]
    found = []
    for text in zones:
        number, colon, rest = text.partition(":")
        if not colon or not number.isdecimal():
            number, rest = "1", text
        place, equals, animal = rest.rpartition("=")
        if not equals or not animal.strip():
            raise typer.BadParameter(
                f"--zone: expected ZONE=ANIMAL, such as left=m01, found {text!r}."
            )
        found.append(WatchedAnimal(animal.strip(), parse_zone(place), int(number) - 1))
    return found


def _open(model: str, study: Path | None, detector: str | None) -> tuple[WatchTools, float]:
    """Open model and detector, those of the study where there is one."""
    from amgs.extraction.opened import ExtractionOptions
    from amgs.faces.detectors import DEFAULT_DETECTOR, open_detector
    from amgs.live.plan import WatchTools
    from amgs.prediction import open_reader
    from amgs.vocabulary import DEFAULT_THRESHOLD

    if study is None:
        eyes = open_detector(detector or DEFAULT_DETECTOR)
        reader = open_reader(Path(model), eyes)
        return WatchTools(reader, eyes, ExtractionOptions()), DEFAULT_THRESHOLD
    with open_study(study) as opened:
        from amgs.study.extraction_plan import extraction_options

        eyes = open_detector(detector or opened.settings.extract.detector)
        reader = opened.reader(model)
        return WatchTools(
            reader, eyes, extraction_options(opened)
        ), opened.settings.classify.threshold


def _folder(out: Path | None, study: Path | None) -> Path:
    from datetime import datetime

    if out is not None:
        return out
    if study is None:
        raise typer.BadParameter("Name a folder with --out, or a study with --study.")
    return study / "live" / f"{datetime.now().astimezone():%Y%m%dT%H%M%S}"


def _show(status: Callable[[], dict[str, Any]], work: Future[None], *, quiet: bool) -> None:
    """Show how every animal is: a table that changes in a terminal, a line a minute elsewhere."""
    from rich.live import Live

    console = stderr()
    if quiet or not console.is_terminal:
        since = 0.0
        while not work.done():
            wait([work], 0.5)
            since += 0.5
            if not quiet and since >= _LINE_EVERY_S:
                since = 0.0
                for animal in status().get("animals", []):
                    note(f"{animal['animal']}: {_words(animal)}")
        return
    with Live(console=console, refresh_per_second=1) as live:
        while not work.done():
            # On Windows a file that is being replaced cannot be read for a moment.
            if now := status():
                live.update(_table(now))
            wait([work], 1.0)


def _table(status: dict[str, Any]) -> Table:
    from rich.table import Table

    states = ", ".join(f"{s['name']} {s['state']}" for s in status["sources"])
    table = Table(title=f"amgs watch · {states}", box=None, title_justify="left")
    for name in ("animal", "pain", "images", "mean", "possible sleep", "unlike training"):
        table.add_column(name, justify="left" if name == "animal" else "right")
    for a in status["animals"]:
        table.add_row(
            str(a["animal"]),
            _share(a),
            f"{a['confident_images']} of {a['intervals']}",
            _grade(a),
            str(a["possible_sleep"]),
            str(a["unlike_training"]),
        )
    for alert in status["alerts"][-_ALERTS_SHOWN:]:
        table.add_row(f"[bold yellow]{alert['computer_time']}[/] {alert['animal']}", "message sent")
    return table


def _grade(animal: dict[str, Any]) -> str:
    """Return the graded output that says most: the MGS, or the first number of another model."""
    means = {name: mean for name, mean in animal["means"].items() if mean is not None}
    name = "predicted_mgs" if "predicted_mgs" in means else next(iter(means), "")
    return f"{name.replace('_', ' ')} {means[name]:.1f}" if name else "–"


def _share(animal: dict[str, Any]) -> str:
    if animal["pct_pain"] is None:
        return "–"
    low, high = animal["pct_pain_low"], animal["pct_pain_high"]
    return f"{animal['pct_pain']:.0f} % ({low:.0f} to {high:.0f})"


def _words(animal: dict[str, Any]) -> str:
    return (
        f"pain {_share(animal)} of {animal['confident_images']} confident images in "
        f"{animal['minutes']:g} min, {_grade(animal)}, possible sleep in "
        f"{animal['possible_sleep']}, unlike the training images {animal['unlike_training']}"
    )


def _print(status: dict[str, Any]) -> None:
    for source in status["sources"]:
        minutes = source["recorded_s"] / 60
        note(
            f"{source['name']}: {source['state']}, {minutes:.1f} minutes in {source['files']} files"
        )
        if source["intervals_left_out"]:
            left_out = (
                f"{source['intervals_left_out']} intervals were recorded, but not read in time"
            )
            warn([f"{source['name']}: {left_out}; amgs extract reads them."])
    for animal in status["animals"]:
        note(f"{animal['animal']}: {_words(animal)}")
