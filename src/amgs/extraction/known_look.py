"""What is known of a file before its intervals are examined, kept beside it by `amgs watch`.

A live recording is read while it grows, so a first look at all of it is not possible. What was
known instead lies in ``NAME.look.json``; `extract` takes it from there and chooses the same frames.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from amgs.errors import UnreadableVideoError
from amgs.extraction.candidates import Survey, SurveyedZone
from amgs.faces.base import FaceDetector
from amgs.faces.detectors import describe_detector
from amgs.faces.looks import Look
from amgs.files import write_json

_SUFFIX = ".look.json"


def known_look_path(video: Path) -> Path:
    """Return where it lies."""
    return video.with_name(f"{video.stem}{_SUFFIX}")


def write_known_look(
    video: Path, zones: Sequence[str], survey: Survey, detector: FaceDetector
) -> None:
    """Write down what is known of the zones of a file."""
    known = {
        name: {
            "sharpness_p75": zone.sharpness_p75,
            "look": zone.look,
            "fixtures": [list(box) for box in zone.fixtures],
        }
        for name, zone in zip(zones, survey.zones, strict=True)
    }
    write_json(known_look_path(video), {"detector": describe_detector(detector), "zones": known})


def read_known_look(
    video: Path, zones: Sequence[str], detector: FaceDetector
) -> list[SurveyedZone] | None:
    """Read what is known of the zones of a file.

    ``None`` where nothing is, or another detector or other zones are asked for: then `extract`
    looks for itself.

    Raises
    ------
    UnreadableVideoError
        If the file beside the video is damaged.
    """
    path = known_look_path(video)
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        known = document["zones"]
        if document["detector"] != describe_detector(detector) or not set(zones) <= set(known):
            return None
        return [_zone(known[name]) for name in zones]
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{path.name} beside the video is damaged ({error}); delete it to do without."
        raise UnreadableVideoError(msg) from error


def _zone(entry: dict[str, object]) -> SurveyedZone:
    p75, look, fixtures = entry["sharpness_p75"], entry["look"], entry["fixtures"]
    if look not in get_args(Look) or not isinstance(fixtures, list):
        raise ValueError(f"an unknown way to look: {look!r}")
    boxes = []
    for left, top, right, bottom in fixtures:
        boxes.append((float(left), float(top), float(right), float(bottom)))
    return SurveyedZone(None if p75 is None else float(str(p75)), look, fixtures=tuple(boxes))  # type: ignore[arg-type]
