"""Live recordings of the study: how the animals are now, as `amgs watch` says it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from markupsafe import Markup

from amgs.errors import UnknownNameError, quoted
from amgs.live.notes import list_watches, read_status
from amgs.web.lab.plots import Point, time_line
from amgs.web.lab.state import LabState

LIVE = "live"
_SAID_ALREADY = {
    "confidence", "p_pain", "signed_score", "distance_from_training", "predicted_mgs_low",
    "predicted_mgs_high",
}  # fmt: skip
SILENT_S = 20.0
"""A watch that said nothing for so long has ended, in whatever way."""


@dataclass(frozen=True, slots=True)
class LiveAnimal:
    """An animal: its share of pain, what else is to be known, its images over time."""

    name: str
    where: str
    share: str
    facts: Sequence[str]
    line: Markup
    image: str


@dataclass(frozen=True, slots=True)
class LiveContext:
    """The newest live recording, or how to begin one."""

    folder: str
    command: str
    state: str
    running: bool
    caution: str
    animals: Sequence[LiveAnimal]
    sources: Sequence[str]
    events: Sequence[str]
    alerts: Sequence[str]


class LivePages:
    """See the module."""

    def __init__(self, lab: LabState) -> None:
        self.lab = lab

    def page(self, request: Request, mark: str) -> Response:
        """Show the newest live recording."""
        chrome = self.lab.chrome(request, "Live", mark, LIVE)
        return self.lab.page("live.html", self._context(mark), chrome)

    def now(self, mark: str) -> HTMLResponse:
        """Return the part of the page that changes."""
        template = self.lab.templates.get_template("lab/_live.html")
        base = f"/study/{mark}/{LIVE}"
        return HTMLResponse(template.render(page=self._context(mark), base=base))

    def image(self, mark: str, path: str) -> Response:
        """Return an image of the newest live recording, and nothing from elsewhere."""
        folder = next(list_watches(self.lab.study(mark).folder / LIVE), None)
        root = None if folder is None else (folder / "faces").resolve()
        found = None if folder is None else (folder / path).resolve()
        if root is None or found is None or not found.is_relative_to(root) or not found.is_file():
            raise UnknownNameError("Expected an image of the recording, found no such one.")
        return FileResponse(found)

    def _context(self, mark: str) -> LiveContext:
        study = self.lab.study(mark)
        command = f"amgs watch camera:0 --model orbital --study {quoted(study.folder)}"
        folder = next(list_watches(study.folder / LIVE), None)
        status = None if folder is None else read_status(folder)
        if folder is None or status is None:
            return LiveContext("", command, "", False, "", (), (), (), ())
        running = time.time() - status["now_s"] < SILENT_S and any(
            s["state"] not in {"ended", "failed"} for s in status["sources"]
        )
        return LiveContext(
            folder.name,
            command,
            "It runs." if running else f"It ended {_ago(time.time() - status['now_s'])} ago.",
            running,
            str(status["caution"]),
            [_animal(found, status, f"/study/{mark}/{LIVE}") for found in status["animals"]],
            [_source(found) for found in status["sources"]],
            [_event(found) for found in reversed(status["events"])],
            [
                f"{_moment(found)}: {found['text'].removesuffix(status['caution'])}"
                for found in reversed(status["alerts"])
            ],
        )


def _animal(found: dict[str, Any], status: dict[str, Any], base: str) -> LiveAnimal:
    source = next(s for s in status["sources"] if s["name"] == found["source"])
    lost_s = source["lost_since_s"]
    share = f"no confident image in the last {found['minutes']:g} minutes"
    if source["recorded_s"] < source.get("reads_from_s", 0.0) and source["state"] == "recording":
        share = "reading begins when one minute is recorded"
    if found["pct_pain"] is not None:
        low, high = found["pct_pain_low"], found["pct_pain_high"]
        share = (
            f"{found['pct_pain']:.0f} % pain (95 % limits {low:.0f} to {high:.0f} %) in "
            f"{found['confident_images']} confident images of the last {found['minutes']:g} minutes"
        )
    if lost_s is not None:
        share = f"the camera is lost since {_clock(lost_s)}; {share}"
    facts = []
    for name, mean in found["means"].items():
        if mean is not None and name not in _SAID_ALREADY:
            facts.append(f"{name.replace('_', ' ')} {mean:.2f}")
    if found["quality"] is not None:
        facts.append(f"image quality {found['quality']:.2f}")
    if found["possible_sleep"]:
        facts.append(f"possible sleep in {found['possible_sleep']} images")
    if found["unlike_training"]:
        facts.append(f"{found['unlike_training']} images unlike those of the training")
    course = found["course"]
    end = float(status["now_s"])
    length = 60.0 * found["minutes"]
    points = [
        Point(p, f"{_clock(at)}: {p:.2f}", f"{base}/image/{image}", "soft" if sleep else "",
              at - end + length)
        for at, p, sleep, image in course
        if p is not None
    ]  # fmt: skip
    line = time_line(length, points, f"Probability of pain of {found['animal']}", axis="P(pain)")
    last = next((image for _, _, _, image in reversed(course) if image), "")
    where = f"{found['source']}, {found['zone']}"
    return LiveAnimal(str(found["animal"]), where, share, facts, line, last)


def _source(found: dict[str, Any]) -> str:
    minutes = found["recorded_s"] / 60
    text = f"{found['name']} ({found['source']}): {found['state']}, {minutes:.1f} minutes recorded"
    if found["intervals_left_out"]:
        text += f", {found['intervals_left_out']} intervals not read in time"
    return text


def _event(found: dict[str, Any]) -> str:
    words = {
        "segment": "a new file: {file}",
        "lost": "the camera is lost: {reason}",
        "back": "the camera is back after {lost_s} s",
        "jump": "the camera's clock was set: {camera_s} s by it, {computer_s} s by the computer",
        "behind": "{intervals_left_out} intervals were recorded, but not read in time",
        "died": "{reason}; it is begun again",
        "failed": "it failed: {reason}",
        "finished": "the recording ended",
        "note": "{reason}",
    }
    said = words.get(found["what"], found["what"]).format_map(found)
    return f"{_moment(found)} {found['source']}: {said}"


def _moment(found: dict[str, Any]) -> str:
    """Return when it was, as people read it."""
    return str(found["computer_time"])[:19].replace("T", " ")


def _ago(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 2:  # noqa: PLR2004
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"  # noqa: PLR2004


def _clock(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def routes(lab: LabState) -> APIRouter:
    """Return the pages."""
    pages = LivePages(lab)
    router = APIRouter(prefix=f"/study/{{mark}}/{LIVE}", dependencies=[Depends(lab.require_owner)])
    router.add_api_route("", pages.page, methods=["GET"])
    router.add_api_route("/now", pages.now, methods=["GET"])
    router.add_api_route("/image/{path:path}", pages.image, methods=["GET"])
    return router
