"""A study as a project of BORIS: kept images and possible sleep as events on the videos."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amgs._version import __version__
from amgs.interop.base import seen_from
from amgs.interop.boris import Observation, write_boris_project
from amgs.study.exporting_sessions import by_recording, list_readings
from amgs.study.folder import StudyFolder
from amgs.study.present import present, recording_times
from amgs.video.session import Session, open_session

if TYPE_CHECKING:
    from amgs.prediction.readers import Reader

_FACE = "face"
"""What an image is called whose model says numbers alone."""


def write_boris(study: StudyFolder, out: Path) -> tuple[str, ...]:
    """Write a project of BORIS; return what was left out.

    The time of an event is that of BORIS, which plays the files of a session one after the other
    without the pauses between them.
    """
    reader, table = list_readings(study)
    now = present(study)
    faces = {face.image: face for face in now.assigned}
    times = recording_times(now)
    sessions: dict[str, Session] = {}
    observations, notes = [], []
    for r, part in by_recording(table, now.planned):
        paths = [study.folder / file for file in r.files]
        missing = [path.name for path in paths if not path.is_file()]
        if missing:
            notes.append(f"{r.name}: left out, there is no video {', '.join(missing)}")
            continue
        # Two animals of one video: its frames are counted once.
        if r.video not in sessions:
            sessions[r.video] = open_session(paths)
        session = sessions[r.video]
        names = seen_from(r.files, study.folder, out.parent)
        files = {
            name: (round(f.table.duration_s, 3), round(len(f.table) / f.table.duration_s, 3))
            for name, f in zip(names, session.files, strict=True)
        }
        events = []
        for row in part.to_dict("records"):
            face = faces[str(row["image"])]
            if face.time_s is not None:
                when = _played(session, r.period.start_s + face.time_s)
                events.append((when, face.frame or 0, *_words(reader, row)))
        sleep = [
            (_played(session, r.period.start_s + a), _played(session, r.period.start_s + b))
            for a, b in times[r.name].sleep
        ]
        day = r.date.isoformat() if r.date else ""
        observations.append(
            Observation(r.name, r.animal, r.group, r.timepoint, day, files, events, sleep)
        )
    about = f"Readings by the model {reader.name}, amgs {__version__}. {study.notice}".strip()
    write_boris_project(out, study.name, about, observations)
    return tuple(notes)


def _played(session: Session, time_s: float) -> float:
    """Return a time of a session as a player that knows no pauses shows it."""
    before = 0.0
    for file, following in zip(session.files, (*session.files[1:], None), strict=True):
        if following is None or time_s < following.offset_s:
            within = min(max(time_s - file.offset_s, 0.0), file.table.duration_s)
            return round(before + within, 3)
        before += file.table.duration_s
    raise AssertionError("a session has a last file")


def _words(reader: Reader, row: Mapping[Any, Any]) -> tuple[str, str]:
    """Return what an image is called, and its numbers as a remark."""
    called = next((str(row[o.name]) for o in reader.outputs if o.kind == "class"), "")
    numbers = [o.name for o in reader.outputs if o.is_number and not o.detail]
    said = ", ".join(f"{name} {row[name]}" for name in numbers if row.get(name))
    return called or _FACE, said
