"""One source of a watch: its recorder, its recording, and how it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from amgs.live.following import FIRST_LOOK_S, FollowedRecording
from amgs.live.plan import WatchedAnimal
from amgs.live.recording import RecorderProcess


@dataclass(slots=True)
class WatchedSource:
    """One source: its process, its recording, and how it is."""

    name: str
    text: str
    recorder: RecorderProcess
    following: FollowedRecording
    animals: list[WatchedAnimal]
    state: str = "opening"
    lost_since_s: float | None = None
    begun_s: float | None = None
    ended: bool = False
    failed_reading: str = ""

    def facts(self) -> dict[str, Any]:
        """Return how it is, as ``status.json`` says it."""
        return {
            "name": self.name,
            "source": self.text,
            "state": self.state,
            "lost_since_s": self.lost_since_s,
            "reads_from_s": FIRST_LOOK_S,
            "recorded_s": round(self.following.duration_s, 1),
            "files": len(self.following.paths),
            "intervals_left_out": self.following.left_out,
        }

    def recordings(self) -> list[tuple[str, str, str, str, str]]:
        """Return its lines of the table that `amgs extract` takes.

        Files without a frame, as a power cut leaves them, are in none; where a camera was set to
        another size, the files from there on are a recording of their own.
        """
        known = self.following.sizes
        whole = [path for path in self.following.paths if path in known]
        parts = [list(files) for _, files in groupby(whole, key=known.__getitem__)]
        return [
            (
                f"{a.animal}_live{f'_{number}' if number > 1 else ''}",
                a.animal,
                "live",
                ";".join(path.name for path in files),
                a.zone.name,
            )
            for a in self.animals
            for number, files in enumerate(parts, start=1)
        ]
