"""What was done of one recording, line by line, so that a killed run goes on where it stopped."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from amgs.errors import ResumeError
from amgs.extraction.candidates import FrameCandidate, IntervalResult
from amgs.extraction.recordings import recording_code
from amgs.extraction.sleep import SleepCandidate
from amgs.files import atomic_file
from amgs.video.zones import Zone

JOURNALS = ".progress"
"""Folder of the journals, inside that of the results."""


class Journal:
    """One line per finished interval, made safe before the next; a torn last line is dropped.

    Parameters
    ----------
    path
        The file; made if it is not there.
    identity
        Video, zone, options and detector. A journal with another identity is refused.
    keep_earlier
        Take a journal that was made with other options or another detector as it is.

    Raises
    ------
    ResumeError
        If the file was begun with another identity and `keep_earlier` is false.
    """

    def __init__(
        self, path: Path, identity: Mapping[str, Any], *, keep_earlier: bool = False
    ) -> None:
        self.path = path
        self.identity = json.loads(_line(identity))
        self.entries: dict[int, dict[str, Any]] = {}
        self.is_earlier = False
        if path.exists():
            self._resume(keep_earlier=keep_earlier)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_line(self.identity), encoding="utf-8", newline="\n")

    def add(self, entry: dict[str, Any]) -> None:
        """Write down a finished interval."""
        with self.path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(_line(entry))
            stream.flush()
            os.fsync(stream.fileno())
        self.entries[entry["interval"]] = entry

    def results(self) -> list[dict[str, Any]]:
        """Return what was found in the intervals, in the order of time."""
        return [self.entries[number] for number in sorted(self.entries)]

    def _resume(self, *, keep_earlier: bool) -> None:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if not whole:
            self.path.unlink()
            return
        # The half line must go from the file too, or the next entry would be appended to it.
        if len(whole) < len(content):
            with self.path.open("r+b") as stream:
                stream.truncate(len(whole))
        lines = whole.decode("utf-8", "replace").split("\n")[:-1]
        try:
            earlier = json.loads(lines[0])
        except ValueError as error:
            msg = (
                f"Expected what was found so far in {self.path}, found something damaged "
                f"({error}). Use --restart to begin again."
            )
            raise ResumeError(msg) from error
        if earlier != self.identity:
            if not keep_earlier:
                raise ResumeError(self._explain(earlier))
            self.identity, self.is_earlier = earlier, True
        for line in lines[1:]:
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # cut off, or written by two programs at once: examined again
            image = entry.get("image")
            if image and not _is_there(self.path.parent.parent / image):
                self.entries.pop(entry["interval"], None)
                continue  # its image was lost: the interval is examined again
            if not self.is_earlier and _met_damage(entry):
                self.entries.pop(entry["interval"], None)
                continue  # the video may have been copied again since: examined again
            self.entries[entry["interval"]] = entry

    def _explain(self, earlier: Mapping[str, Any]) -> str:
        changes = "; ".join(describe_changes(earlier, self.identity)) or "another video"
        return (
            f"Expected to continue the run in {self.path.parent.parent}, but it was made with "
            f"other options ({changes}). Use the same options, or another --out, or --restart to "
            "begin again."
        )


def _is_there(image: Path) -> bool:
    """Whether an image is there; a power cut may leave an empty file of its name."""
    try:
        return image.stat().st_size > 0
    except OSError:
        return False


def describe_changes(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between two runs, such as ``interval_s: 10.0, now 5.0``."""
    flat_earlier, flat_now = _flatten(earlier), _flatten(now)
    return [
        f"{name}: {flat_earlier.get(name)}, now {flat_now.get(name)}"
        for name in dict.fromkeys((*flat_earlier, *flat_now))
        if flat_earlier.get(name) != flat_now.get(name)
    ]


def _flatten(identity: Mapping[str, Any]) -> dict[str, Any]:
    options = identity.get("options", {})
    detector = identity.get("detector", {})
    flat = {name: value for name, value in options.items() if name != "candidates"}
    flat |= options.get("candidates", {})
    flat |= {name: identity.get(name) for name in ("zone", "period")}
    named = f"{detector.get('name')} {detector.get('version')} ({detector.get('sha256', '')[:8]})"
    known = identity.get("key_points")
    return flat | {"detector": named, "key points": known and known[:8]}


def split_earlier_journals(folder: Path) -> None:
    """Make of every journal of an earlier version, which held all zones of a video, one per zone.

    The one that is split is replaced last, so that nothing is lost when this is interrupted.
    """
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as stream:
            first = stream.readline()
        if '"zones"' not in first or not first.endswith("\n"):
            continue
        content = path.read_bytes()
        lines = content[: content.rfind(b"\n") + 1].decode("utf-8").split("\n")[:-1]
        identity = _upgrade_identity(json.loads(lines[0]))
        zones = identity.pop("zones")
        entries = [_upgrade_entry(json.loads(line)) for line in lines[1:]]
        for number in reversed(range(len(zones))):
            own = [{"interval": e["interval"], **e["zones"][number]} for e in entries]
            code = recording_code(identity["video"], Zone(zones[number]))
            with atomic_file(path if number == 0 else folder / f"{code}.jsonl") as temporary:
                text = "".join(map(_line, [identity | {"zone": zones[number]}, *own]))
                temporary.write_text(text, encoding="utf-8", newline="\n")


def _upgrade_identity(identity: dict[str, Any]) -> dict[str, Any]:
    """Return the identity of a journal with the names of today; 0.1.0 used others."""
    if "film" not in identity:
        return identity
    options = dict(identity["options"])
    options["candidates"] = options.pop("looking")
    detector = {"name": "centre_net", "version": "1", "sha256": identity["finder"]}
    kept = {"video": identity["film"], "zones": identity["zones"]}
    return {**kept, "options": options, "detector": detector}


def _upgrade_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a finished interval with the names of today; 0.1.0 used others."""
    for zone in entry["zones"]:
        if "looks" in zone:
            zone["candidates"] = zone.pop("looks")
        for part in (*zone["candidates"], *([zone["kept"]] if zone["kept"] else [])):
            if "p_shut" in part:
                part["p_eyes_not_open"] = part.pop("p_shut")
    return entry


def describe_result(
    result: IntervalResult, image: str | None, file: int = 1, shift_s: float = 0.0
) -> dict[str, Any]:
    """Return what is kept of an interval in a zone, as plain values.

    Parameters
    ----------
    result
        What was found.
    image
        The file that was written.
    file
        Which file of the session it is in, from 1.
    shift_s
        What must be added to times of that file for times of the recording.
    """
    in_time = sorted(result.candidates, key=lambda candidate: candidate.time_s)
    kept = None if result.kept is None else _describe_kept(result.kept, file, shift_s)
    return {
        "candidates": [_describe_candidate(candidate, shift_s) for candidate in in_time],
        "image": image,
        "kept": kept,
    }


def _describe_candidate(candidate: FrameCandidate, shift_s: float) -> dict[str, Any]:
    face = candidate.face
    thumbnail = candidate.thumbnail
    return {
        "time_s": round(candidate.time_s + shift_s, 4),
        "faces": candidate.faces,
        "rejected": candidate.rejected,
        "box": None if face is None else [round(v, 1) for v in face.box],
        "p_eyes_not_open": _p_eyes_not_open(candidate),
        "thumbnail": None
        if thumbnail is None
        else [thumbnail.shape[1], base64.b64encode(thumbnail.tobytes()).decode("ascii")],
    }


def _p_eyes_not_open(candidate: FrameCandidate) -> float | None:
    p = None if candidate.face is None else candidate.face.p_eyes_not_open
    return None if p is None else round(p, 4)


def _describe_kept(candidate: FrameCandidate, file: int, shift_s: float) -> dict[str, Any]:
    face, quality = candidate.face, candidate.quality
    assert face is not None  # noqa: S101 - only faces are kept
    assert quality is not None  # noqa: S101
    return {
        "frame": candidate.index,
        "file": file,
        "file_time_s": round(candidate.time_s, 4),
        "time_s": round(candidate.time_s + shift_s, 4),
        "box": [round(v, 1) for v in face.box],
        "eyes": len(face.eyes),
        "ears": len(face.ears),
        "nose": face.nose is not None,
        "view": face.view,
        "p_eyes_not_open": _p_eyes_not_open(candidate),
        "score": round(face.score, 4),
        "sharpness": round(quality.sharpness, 4),
        "motion": None if quality.motion is None else round(quality.motion, 4),
        "quality": round(quality.value, 4),
    }


def read_sleep_candidate(entry: Mapping[str, Any]) -> SleepCandidate:
    """Read back what a candidate says about sleep."""
    thumbnail = entry["thumbnail"]
    pixels = None
    if thumbnail is not None:
        pixels = np.frombuffer(base64.b64decode(thumbnail[1]), np.uint8).reshape(-1, thumbnail[0])
    box = entry["box"]
    return SleepCandidate(
        time_s=entry["time_s"],
        box=None if box is None else (box[0], box[1], box[2], box[3]),
        p_eyes_not_open=entry["p_eyes_not_open"],
        thumbnail=pixels,
    )


def _met_damage(entry: Mapping[str, Any]) -> bool:
    """Whether a frame could not be decoded; damage in the middle changes no fingerprint."""
    return any(c.get("rejected") == "damaged" for c in entry.get("candidates", ()))


def _line(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n"
