"""What the header of a video says: quick to read, and not to be believed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class VideoHeader:
    """What the header of a video says, not turned upright; quick to read, not to be believed."""

    width: int
    height: int
    duration_s: float | None


def read_header(path: Path) -> VideoHeader | None:
    """Read the header of a video; ``None`` for a file that is no video with frames."""
    import av

    try:
        with av.open(str(path), metadata_errors="replace") as container:
            if not container.streams.video:
                return None
            stream = container.streams.video[0]
            aspect = float(stream.sample_aspect_ratio or 1) or 1.0
            duration = None if container.duration is None else container.duration / av.time_base
            return VideoHeader(round(stream.width * aspect), stream.height, duration)
    except (av.error.FFmpegError, OSError, ValueError):
        return None
