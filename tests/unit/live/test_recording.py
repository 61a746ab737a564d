"""Recordings survive a power cut, cuts of the stream and clocks that jump."""

from __future__ import annotations

import ctypes
import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import av
import numpy as np
import pytest

from amgs.errors import CameraError, ImpossibleValueError
from amgs.live.cameras import GrowingFile, open_camera, parse_source
from amgs.live.recorder import Recorder
from amgs.live.segments import SegmentWriter, Stamp
from amgs.live.steady_clock import SteadyClock
from amgs.video import open_video
from amgs.video.session import open_session


def begin(source: str, folder: Path, segment_s: float = 600.0) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "amgs.live.recorder"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    spec = {"source": source, "folder": str(folder), "name": "cam1", "segment_s": segment_s,
            "patience_s": 1.0}  # fmt: skip
    assert process.stdin is not None
    process.stdin.write((json.dumps(spec) + "\n").encode())
    process.stdin.flush()
    return process


def said(process: subprocess.Popen[bytes]) -> list[dict[str, Any]]:
    assert process.stdout is not None
    return [json.loads(line) for line in process.stdout]


def recorder(source: str = "http://x/") -> tuple[Recorder, io.StringIO]:
    channel = io.StringIO()
    spec = {"source": source, "folder": ".", "name": "c", "segment_s": 60, "patience_s": 1}
    return Recorder(spec, channel), channel


def write_shades(
    path: Path,
    shades: Sequence[int],
    rate: int,
    options: dict[str, str],
    *,
    codec: str = "libx264",
    times: Sequence[int] | None = None,
) -> None:
    """Write frames of one grey each, at times in ticks of 1/90000 s; one after the other if none."""
    base = Fraction(1, 90_000)
    step = round(1 / rate / base)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.time_base = base
        for k, shade in enumerate(shades):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), shade, np.uint8), "rgb24")
            frame.pts, frame.time_base = k * step if times is None else times[k], base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("rtsp://h/a", "stream", "rtsp://h/a"),
        ("rtsp+listen://127.0.0.1:1/a", "stream", "rtsp://127.0.0.1:1/a"),
        ("http://h/video.mjpg", "stream", "http://h/video.mjpg"),
        ("camera:lavfi:testsrc", "camera", "testsrc"),
        ("cage.ts", "file", "cage.ts"),
    ],
)
def test_sources(text: str, kind: str, place: str) -> None:
    found = parse_source(text)
    assert (found.kind, found.place) == (kind, place)


def test_network_cameras_are_asked_for_tcp_first() -> None:
    """Some speak UDP alone: they must not be refused."""
    assert parse_source("rtsp://h/a").options == {"rtsp_flags": "prefer_tcp"}
    assert parse_source("rtsp+listen://h/a").options["rtsp_flags"] == "listen"


def test_cameras_by_system(monkeypatch: pytest.MonkeyPatch) -> None:
    for system, form, place in (
        ("linux", "v4l2", "/dev/video0"),
        ("win32", "dshow", "video=0"),
        ("darwin", "avfoundation", "0"),
    ):
        monkeypatch.setattr(sys, "platform", system)
        found = parse_source("camera:0")
        assert (found.form, found.place) == (form, place)
    with pytest.raises(ImpossibleValueError, match="such as camera:0"):
        parse_source("camera:")


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    for text in ("camera:/dev/no_camera", "http://127.0.0.1:9/x", str(tmp_path / "none.ts")):
        with pytest.raises(CameraError, match="Expected"):
            open_camera(parse_source(text), lambda: False)


def test_a_power_cut_leaves_a_file_that_is_read(tmp_path: Path) -> None:
    """The process is killed at work: what was recorded up to then is there, with its times."""
    with begin("camera:lavfi:testsrc=size=320x240:rate=25,realtime", tmp_path) as process:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if any(path.stat().st_size > 60_000 for path in tmp_path.glob("*.mkv")):
                break
            time.sleep(0.05)
        process.kill()
    (path,) = tmp_path.glob("*.mkv")
    video = open_video(path)
    n = len(video.table)
    assert n > 10
    last = video.still(n - 1)
    assert last.shape == (240, 320, 3)
    assert video.begun is not None
    video.close()


def test_files_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    """Cut at keyframes; no frame is lost or doubled, and the session has no pauses."""
    source = tmp_path / "in.mkv"
    options = {"g": "10", "bf": "0", "sc_threshold": "0"}
    write_shades(source, range(0, 190, 2), 10, options)
    folder = tmp_path / "out"
    folder.mkdir()
    with begin(str(source), folder, segment_s=3.0) as process:
        heard = said(process)
    assert [h["what"] for h in heard].count("segment") == 4
    assert heard[-1]["what"] == "finished"
    files = sorted(folder.glob("*.mkv"))
    session = open_session(files)
    assert session.pauses == []
    assert session.warnings == ()
    assert sum(len(file.table) for file in session.files) == 95
    assert [round(file.offset_s, 3) for file in session.files] == [0, 3, 6, 9]
    for file in files:
        rows = (file.with_name(f"{file.stem}_times.csv")).read_text().splitlines()
        assert rows[0] == "frame,camera_s,computer"
        (table,) = [f.table for f in session.files if f.path == file]
        assert len(rows) - 1 == len(table)


def test_clocks_that_were_set_and_streams_that_only_stall() -> None:
    found, _ = recorder()
    first = Stamp(100.0, 5000.0)
    last = Stamp(110.0, 5010.0)
    assert not found._clock_was_set(first, last, Stamp(110.04, 5010.04))
    assert found._clock_was_set(first, last, Stamp(50.0, 5010.04)), "back"
    assert found._clock_was_set(first, last, Stamp(110.0, 5010.04)), "not at all"
    assert found._clock_was_set(first, last, Stamp(200.0, 5010.04)), "leapt ahead"
    assert not found._clock_was_set(first, last, Stamp(130.0, 5030.0)), "nothing was sent"
    assert not found._clock_was_set(first, last, Stamp(110.04, 5018.0)), "the network stalls"
    assert not found._clock_was_set(first, Stamp(118.0, 5018.1), Stamp(118.04, 5018.1)), "caught up"
    assert not found._clock_was_set(first, last, Stamp(110.04, 5018.0))
    late = Stamp(150.0, 5058.0)
    assert found._clock_was_set(first, late, Stamp(150.04, 5058.04)), "it stood still for a while"
    of_file, _ = recorder("a.ts")
    assert not of_file._clock_was_set(first, last, Stamp(300.0, 5010.04)), "read fast"


def test_a_file_that_cannot_be_ended_does_not_end_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full for a moment: it is said, and the next file is begun."""
    real = SegmentWriter.close
    failed = []

    def close(writer: SegmentWriter) -> None:
        real(writer)
        if not failed:
            failed.append(writer)
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(SegmentWriter, "close", close)
    channel = io.StringIO()
    spec = {"source": "camera:lavfi:testsrc=size=160x120:rate=25,realtime", "name": "c",
            "folder": str(tmp_path), "segment_s": 2, "patience_s": 1}  # fmt: skip
    recorder = Recorder(spec, channel)
    thread = threading.Thread(target=recorder.run)
    thread.start()
    deadline = time.monotonic() + 30
    while len(list(tmp_path.glob("*.mkv"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    recorder.stopping.set()
    thread.join(30)
    heard = [json.loads(line) for line in channel.getvalue().splitlines()]
    assert [h["what"] for h in heard if h["what"] != "recording"][:4] == [
        "segment", "note", "closed", "segment",
    ]  # fmt: skip
    assert heard[-1]["what"] == "finished"


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted by the C library of Linux")
def test_looking_at_single_frames_leaks_nothing(tmp_path: Path) -> None:
    """Every frame used to leave a packet of FFmpeg behind: some 150 bytes, for days."""
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=10, options={"g": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for k in range(4):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 * k, np.uint8), "rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))

    class Used(ctypes.Structure):
        names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
        _fields_: ClassVar = [(name, ctypes.c_size_t) for name in names.split()]

    try:
        mallinfo2 = ctypes.CDLL("libc.so.6").mallinfo2
    except (OSError, AttributeError):
        pytest.skip("this C library does not count memory")
    mallinfo2.restype = Used
    video = open_video(path)
    for _ in range(50):
        video.frame(1)
    before = mallinfo2().uordblks
    for _ in range(1000):
        video.frame(1)
    grown = mallinfo2().uordblks - before
    video.close()
    assert grown < 20_000


@pytest.mark.parametrize("b_frames", [0, 2])
def test_frames_of_a_burst_stay_apart(tmp_path: Path, b_frames: int) -> None:
    """Less than a millisecond apart, which Matroska cannot tell: no frame has another's time."""
    source = tmp_path / "in.ts"
    times = [3000 * k for k in range(60)]
    times[20], times[21], times[40] = times[22] - 20, times[22] - 10, times[41] - 5
    options = {"g": "10", "bf": str(b_frames), "b-adapt": "0"}
    write_shades(source, range(0, 240, 4), 30, options, times=times)
    target = tmp_path / "out.mkv"
    with av.open(str(source)) as container:
        video = container.streams.video[0]
        writer = SegmentWriter(target, video, 0.0, encode=False)
        for packet in container.demux(video):
            if packet.size:
                writer.write(packet, Stamp(float(packet.pts * packet.time_base), 0.0))
        writer.close()
    found = open_video(target)
    assert len(found.table) == 60
    assert found.table.made_by == "packets"
    shades = [float(found.still(k).mean()) for k in range(60)]
    assert shades == sorted(shades)
    found.close()


def test_a_file_that_grows_no_more_is_waited_for_once(tmp_path: Path) -> None:
    """FFmpeg asks several times at the end of a file."""
    path = tmp_path / "a.ts"
    path.write_bytes(b"abc")
    growing = GrowingFile(path, lambda: False, patience_s=0.3)
    assert growing.read(10) == b"abc"
    assert growing.read(10) == b""
    begun = time.monotonic()
    assert [growing.read(10) for _ in range(20)] == [b""] * 20
    assert time.monotonic() - begun < 0.3
    growing.close()


@pytest.mark.parametrize(("codec", "options"), [
    ("libx264", {"g": "25", "bf": "3", "b-adapt": "0", "sc_threshold": "0"}),
    ("libx265", {"x265-params": "keyint=25:bframes=3:open-gop=0:log-level=none"}),
])  # fmt: skip
def test_frames_that_are_sent_in_another_order_are_all_recorded(
    tmp_path: Path, codec: str, options: dict[str, str]
) -> None:
    """B-frames, as OBS and cameras with H.265 send them: no clock went back."""
    source = tmp_path / "in.ts"
    write_shades(source, range(150), 25, options, codec=codec)
    folder = tmp_path / "out"
    folder.mkdir()
    with begin(str(source), folder, segment_s=3.0) as process:
        heard = said(process)
    assert [h["what"] for h in heard if h["what"] != "recording"] == [
        "segment", "closed", "segment", "closed", "finished",
    ]  # fmt: skip
    files = sorted(folder.glob("*.mkv"))
    session = open_session(files)
    assert session.pauses == []
    assert [len(file.table) for file in session.files] == [75, 75]
    for number, file in enumerate(files):
        video = open_video(file)
        assert [round(float(video.still(k).mean())) for k in (0, 40, 74)] == pytest.approx(
            [75 * number, 75 * number + 40, 75 * number + 74], abs=2
        )
        rows = file.with_name(f"{file.stem}_times.csv").read_text().splitlines()[1:]
        camera = [float(row.split(",")[1]) for row in rows]
        assert len(rows) == 75
        np.testing.assert_allclose(np.diff(camera), 0.04, atol=1e-3)
        video.close()


def test_a_full_disk_while_a_file_is_followed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file cannot be asked for again: what comes later is recorded, and the gap is known."""
    source = tmp_path / "in.ts"
    write_shades(source, range(0, 120, 2), 10, {"g": "5", "bf": "0"})
    real = SegmentWriter.write
    refused: list[Stamp] = []

    def write(writer: SegmentWriter, item: Any, stamp: Stamp) -> None:
        if full(stamp):
            refused.append(stamp)
            raise OSError(28, "No space left on device")
        real(writer, item, stamp)

    monkeypatch.setattr(SegmentWriter, "write", write)
    monkeypatch.setattr("amgs.live.recorder._RETRY_S", (0.0,))

    def record(name: str) -> list[dict[str, Any]]:
        refused.clear()
        (tmp_path / name).mkdir()
        channel = io.StringIO()
        spec = {"source": str(source), "folder": str(tmp_path / name), "name": "c",
                "segment_s": 60, "patience_s": 0.2}  # fmt: skip
        Recorder(spec, channel).run()
        return [json.loads(line) for line in channel.getvalue().splitlines()]

    def for_a_while(stamp: Stamp) -> bool:
        return not refused and stamp.camera_s > first_s + 3.5

    def to_the_end(stamp: Stamp) -> bool:
        return stamp.camera_s > first_s + 3.5

    with av.open(str(source)) as container:
        first_s = float(container.streams.video[0].start_time * Fraction(1, 90_000))
    full: Callable[[Stamp], bool] = for_a_while
    heard = [h["what"] for h in record("while") if h["what"] != "recording"]
    assert heard == ["segment", "closed", "lost", "back", "segment", "closed", "finished"]
    full = to_the_end
    told = record("to the end")
    (failed,) = [h for h in told if h["what"] == "failed"]
    assert "No space left" in failed["reason"]


def test_a_computer_whose_clock_is_set_makes_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one without a battery that learns the time from the network: told once."""
    clock = SteadyClock()
    before = clock.now()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    assert 0 <= clock.now() - before < 60
    ahead_s = clock.was_set_by()
    assert ahead_s is not None
    assert ahead_s == pytest.approx(3600, abs=1)
    assert clock.was_set_by() is None
