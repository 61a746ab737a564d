"""Cameras, streams and files that are still being written, opened alike."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from amgs.errors import CameraError, ImpossibleValueError

SourceKind: TypeAlias = Literal["camera", "stream", "file"]

_STREAMS = ("rtsp://", "rtsps://", "http://", "https://", "tcp://", "udp://")
_LISTEN = "rtsp+listen://"
_CAMERA = "camera:"
_DEVICES = {"linux": "v4l2", "win32": "dshow", "darwin": "avfoundation"}
_OPEN_S, _READ_S = 15.0, 10.0
"""A stream that does not open, or says nothing, for so many seconds is lost."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the images come from.

    Parameters
    ----------
    text
        As it was given.
    kind
        A camera of this computer, a stream of the network, or a file that is being written.
    place, form, options
        What FFmpeg opens, by which of its formats, and how.
    """

    text: str
    kind: SourceKind
    place: str
    form: str | None = None
    options: dict[str, str] = field(default_factory=dict)


def parse_source(text: str) -> Source:
    """Read what a source is from how it is written.

    Parameters
    ----------
    text
        ``camera:0`` or ``camera:NAME``; ``camera:lavfi:…`` is a test image of FFmpeg;
        ``rtsp://…``, ``http://…``; ``rtsp+listen://HOST:PORT/…`` waits for a camera that sends by
        itself; anything else is a file.

    Raises
    ------
    ImpossibleValueError
        If nothing is named.
    """
    if text.startswith(_CAMERA):
        name = text.removeprefix(_CAMERA)
        if not name:
            raise ImpossibleValueError("Expected a camera, such as camera:0, found none named.")
        if name.startswith("lavfi:"):
            return Source(text, "camera", name.removeprefix("lavfi:"), "lavfi")
        form = _DEVICES.get(sys.platform, "v4l2")
        if form == "v4l2":
            name = f"/dev/video{name}" if name.isdecimal() else name
        elif form == "dshow":
            name = f"video={name}"
        return Source(text, "camera", name, form, {"framerate": "25"})
    if text.startswith(_LISTEN):
        place = "rtsp://" + text.removeprefix(_LISTEN)
        options = {"rtsp_flags": "listen", "listen_timeout": f"{_OPEN_S:.0f}"}
        return Source(text, "stream", place, None, options)
    if text.startswith(_STREAMS):
        options = {}
        if text.startswith("rtsp"):
            # Lost packets of UDP are damaged images; some cameras speak nothing else.
            options["rtsp_flags"] = "prefer_tcp"
        if text.startswith("http"):
            # A stream of JPEGs has no times; FFmpeg would count 25 a second, however many come.
            options["use_wallclock_as_timestamps"] = "1"
        return Source(text, "stream", text, None, options)
    return Source(text, "file", text)


class GrowingFile:
    """A file that is still being written, read up to where it ends for good.

    Parameters
    ----------
    path
        The file.
    stopping
        Says whether to stop waiting.
    patience_s
        After so many seconds without growth, it has ended.
    """

    def __init__(self, path: Path, stopping: Callable[[], bool], patience_s: float = 20.0) -> None:
        self._stream = path.open("rb")
        self._stopping = stopping
        self._patience_s = patience_s
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return the next bytes, waiting for them; none at the end."""
        if self._ended:  # FFmpeg asks again and again before it believes it
            return b""
        since = time.monotonic()
        while True:
            found = self._stream.read(size)
            if found:
                return found
            if self._stopping() or time.monotonic() - since > self._patience_s:
                self._ended = True
                self.close()
                return b""
            time.sleep(0.1)

    def close(self) -> None:
        """Close it."""
        self._stream.close()


def _timeouts(source: Source) -> tuple[float | None, float]:
    # One who listens waits by its own option; FFmpeg refuses both.
    return (None if source.options.get("rtsp_flags") == "listen" else _OPEN_S), _READ_S


def open_camera(source: Source, stopping: Callable[[], bool], patience_s: float = 20.0) -> Any:
    """Open a source; return a container of PyAV whose first video stream is read.

    Raises
    ------
    CameraError
        If it cannot be opened, or holds no video.
    """
    import av

    try:
        if source.kind == "file":
            path = Path(source.place)
            if not path.is_file():
                raise CameraError(f"Expected a file that is being written, found none at {path}.")
            container: Any = av.open(GrowingFile(path, stopping, patience_s), mode="r")
        else:
            container = av.open(
                source.place,
                format=source.form,
                options=source.options,
                timeout=None if source.kind == "camera" else _timeouts(source),
                metadata_errors="replace",
            )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        msg = f"Expected a camera or stream at {source.text}, which cannot be opened: {error}"
        raise CameraError(msg) from error
    if not container.streams.video:
        container.close()
        raise CameraError(f"Expected video from {source.text}, found none (sound only?).")
    return container
