"""What was done of one film, line by line, so that a killed run goes on where it stopped."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from amgs.errors import ResumeError
from amgs.faces.looking import IntervalResult, Look
from amgs.faces.sleep import SleepLook

JOURNALS = ".progress"
"""Folder of the journals, inside that of the results."""


class Journal:
    """One line per finished interval, made safe before the next; a torn last line is dropped.

    Parameters
    ----------
    path
        The file; made if it is not there.
    identity
        Film, zones and options. A journal with another identity is refused.

    Raises
    ------
    ResumeError
        If the file was begun with other options or of another film.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        self._identity = dict(identity)
        self.entries: dict[int, dict[str, Any]] = {}
        if path.exists():
            self._take_up()
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_line(self._identity), encoding="utf-8", newline="\n")

    def add(self, entry: dict[str, Any]) -> None:
        """Write down a finished interval."""
        with self.path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(_line(entry))
            stream.flush()
            os.fsync(stream.fileno())
        self.entries[entry["interval"]] = entry

    def _take_up(self) -> None:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if not whole:
            self.path.unlink()
            return
        if len(whole) < len(content):
            with self.path.open("r+b") as stream:
                stream.truncate(len(whole))
        lines = whole.decode("utf-8").splitlines()
        if json.loads(lines[0]) != json.loads(_line(self._identity)):
            msg = (
                f"Expected to go on with what {self.path.parent.parent} holds, but it was made "
                "with other options or another version of the face finder. Use the same options, "
                "or another --out, or --restart to begin again."
            )
            raise ResumeError(msg)
        for line in lines[1:]:
            entry = json.loads(line)
            self.entries[entry["interval"]] = entry


def describe_result(result: IntervalResult, image: str | None) -> dict[str, Any]:
    """Return what is kept of an interval in a zone, as plain values."""
    return {
        "looks": [_describe_look(look) for look in sorted(result.looks, key=lambda k: k.time_s)],
        "image": image,
        "kept": None if result.kept is None else _describe_kept(result.kept),
    }


def _describe_look(look: Look) -> dict[str, Any]:
    face = look.face
    thumbnail = look.thumbnail
    return {
        "time_s": round(look.time_s, 4),
        "rejected": look.rejected,
        "box": None if face is None else [round(v, 1) for v in face.box],
        "p_shut": p_shut(look),
        "thumbnail": None
        if thumbnail is None
        else [thumbnail.shape[1], base64.b64encode(thumbnail.tobytes()).decode("ascii")],
    }


def p_shut(look: Look) -> float | None:
    """Return the mean probability that the eyes are narrowed or closed; ``None`` without an eye."""
    if look.face is None or not look.face.eyes:
        return None
    return round(float(np.mean([1 - eye.p_open for eye in look.face.eyes])), 4)


def _describe_kept(look: Look) -> dict[str, Any]:
    face, quality = look.face, look.quality
    assert face is not None  # noqa: S101 - only faces are kept
    assert quality is not None  # noqa: S101
    return {
        "frame": look.index,
        "time_s": round(look.time_s, 4),
        "box": [round(v, 1) for v in face.box],
        "eyes": len(face.eyes),
        "ears": len(face.ears),
        "nose": face.nose is not None,
        "view": face.view,
        "p_shut": p_shut(look),
        "score": round(face.score, 4),
        "sharpness": round(quality.sharpness, 4),
        "motion": None if quality.motion is None else round(quality.motion, 4),
        "quality": round(quality.value, 4),
    }


def sleep_look(entry: Mapping[str, Any]) -> SleepLook:
    """Read back what a look says about sleep."""
    thumbnail = entry["thumbnail"]
    pixels = None
    if thumbnail is not None:
        pixels = np.frombuffer(base64.b64decode(thumbnail[1]), np.uint8).reshape(-1, thumbnail[0])
    box = entry["box"]
    return SleepLook(
        time_s=entry["time_s"],
        box=None if box is None else (box[0], box[1], box[2], box[3]),
        p_shut=entry["p_shut"],
        thumbnail=pixels,
    )


def _line(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n"
