"""Animals watched live: what is read live is what extracting the recording gives, and gaps are told."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, cast

import av
import pytest
from PIL import Image

from amgs.cli.watch import extract_command
from amgs.errors import ImpossibleValueError, OutputExistsError, UnreadableVideoError
from amgs.extraction.candidates import CandidateOptions
from amgs.extraction.known_look import known_look_path, read_known_look
from amgs.extraction.opened import ExtractionOptions
from amgs.faces.detectors import open_detector
from amgs.live.alerts import AlertRule
from amgs.live.following import FollowedRecording
from amgs.live.notes import list_watches, read_status
from amgs.live.plan import CAUTION, WatchedAnimal, WatchOptions, WatchTools
from amgs.live.recorder import Recorder
from amgs.live.source import WatchedSource
from amgs.live.watching import Watch
from amgs.prediction import open_reader
from amgs.processes import kill_all
from amgs.video import open_video
from amgs.video.zones import parse_zone
from program import amgs

PAIR = [WatchedAnimal("m01", parse_zone("left")), WatchedAnimal("m02", parse_zone("right"))]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn video of two animals, the second one in pain; a minute and a quarter."""
    place = tmp_path_factory.mktemp("drawn")
    done = amgs(
        "simulate", "video", "two.mp4", "--pain", "0.1,1.7", "--minutes", "1.25",
        "--size", "480x270", "--rate", "5", "--seed", "4", cwd=place,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # As a program writes it that is still filming: a usual MP4 can only be read when it is whole.
    with av.open(str(place / "two.mp4")) as source, av.open(str(place / "two.ts"), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return place / "two.ts"


@pytest.fixture(scope="module")
def tools(model_folder: Path) -> WatchTools:
    detector = open_detector()
    return WatchTools(open_reader(model_folder, detector), detector, ExtractionOptions())


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def events(folder: Path) -> list[str]:
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["what"] for line in lines]


def watch(watched: Watch, until: float = 60.0) -> None:
    stop = threading.Event()
    timer = threading.Timer(until, stop.set)
    timer.start()
    watched.run(stop)
    timer.cancel()


@pytest.mark.slow
def test_extracting_the_recording_gives_what_was_read_live(
    video: Path,
    tools: WatchTools,
    model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same images to the last byte and the same numbers, across the files of the recording."""
    # The file is there as a whole: all of it is read at once, and all of it is to be examined.
    monkeypatch.setattr("amgs.live.following.MOST_WAITING", 100)
    rule = AlertRule(above=0, below=0, quiet_minutes=0, least_images=2)
    options = WatchOptions(minutes=5, threshold=0.5, segment_s=25, patience_s=1, rule=rule)
    folder = tmp_path / "live" / "one"
    watch(Watch([str(video)], PAIR, folder, tools, options))
    live = {(r["animal"], r["time_s"]): r for r in rows(folder / "readings.csv")}
    status = read_status(folder)
    assert status is not None
    assert status["sources"][0]["state"] == "ended"
    assert status["sources"][0]["files"] == 3
    assert status["caution"] == CAUTION
    assert {a["animal"] for a in status["animals"]} == {"m01", "m02"}
    assert list(list_watches(tmp_path / "live")) == [folder]

    done = amgs("extract", folder / "recordings.csv", "--out", "later", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    faces = rows(tmp_path / "later" / "faces.csv")
    kept = {key: row for key, row in live.items() if row["image"]}
    assert len(kept) >= 8
    assert {(f["animal"], f"{float(f['time_s']):.3f}") for f in faces} == set(kept)
    done = amgs(
        "classify", model_folder, tmp_path / "later" / "faces.csv", "--out", "later.csv",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = {row["image"]: row for row in rows(tmp_path / "later.csv")}
    for face in faces:
        mine = kept[face["animal"], f"{float(face['time_s']):.3f}"]
        assert (folder / mine["image"]).read_bytes() == (
            tmp_path / "later" / face["image"]
        ).read_bytes()
        then = next(row for name, row in said.items() if name.endswith(face["image"]))
        assert float(then["p_pain"]) == float(mine["p_pain"])
    alerts = [json.loads(x) for x in (folder / "alerts.jsonl").read_text().splitlines()]
    for alert in alerts:
        assert alert["saw"]["pct_pain"] > 0
        assert all((folder / image).is_file() for image, _ in alert["images"])
        assert CAUTION in alert["text"]


class _Camera(BaseHTTPRequestHandler):
    """A network camera: JPEGs one after the other, cut off after a while the first time."""

    frames: tuple[bytes, ...] = ()
    served: ClassVar[list[int]] = []
    cut_after = 60
    away_s = 3.0
    stall_s = 0.0

    def do_GET(self) -> None:
        if self.served and time.monotonic() - self.server.cut_at < self.away_s:  # type: ignore[attr-defined]
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        turn = len(self.served)
        self.served.append(0)
        try:
            for number in range(10_000):
                if turn == 0 and number >= self.cut_after:
                    time.sleep(self.stall_s)
                    self.server.cut_at = time.monotonic()  # type: ignore[attr-defined]
                    return
                jpeg = self.frames[number % len(self.frames)]
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                self.served[turn] += 1
                time.sleep(0.1)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def camera(video: Path) -> Iterator[str]:
    opened = open_video(video)
    jpegs = []
    for frame in opened.frames(0, 100):
        buffer = io.BytesIO()
        Image.fromarray(frame.rgb()).save(buffer, "JPEG", quality=90)
        jpegs.append(buffer.getvalue())
    opened.close()
    handler = type("Camera", (_Camera,), {"frames": tuple(jpegs), "served": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/stream.mjpg"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_a_camera_that_is_cut_off_is_waited_for(
    camera: str, tools: WatchTools, tmp_path: Path
) -> None:
    """Its gap is told, and is a pause of the recording; what came before and after is read."""
    folder = tmp_path / "cut"
    watch(Watch([camera], PAIR, folder, tools, WatchOptions(minutes=5)), until=25)
    heard = events(folder)
    assert heard[:4] == ["segment", "lost", "back", "segment"]
    read = rows(folder / "readings.csv")
    assert {row["animal"] for row in read} == {"m01", "m02"}
    assert any(row["image"] for row in read)
    done = amgs("extract", folder / "recordings.csv", "--out", "later", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (first, _) = rows(tmp_path / "later" / "extraction.csv")
    assert first["pauses"], "nothing was filmed while it was away"
    faces = rows(tmp_path / "later" / "faces.csv")
    kept = {(r["animal"], r["time_s"]) for r in read if r["image"]}
    assert {(f["animal"], f"{float(f['time_s']):.3f}") for f in faces} == kept


def test_a_stream_that_says_nothing_is_asked_for_again(
    camera: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stalls without closing: after the time for reading it counts as lost."""
    monkeypatch.setattr("amgs.live.cameras._READ_S", 1.0)
    monkeypatch.setattr(_Camera, "cut_after", 15)
    monkeypatch.setattr(_Camera, "stall_s", 6.0)
    monkeypatch.setattr(_Camera, "away_s", 0.0)
    channel = io.StringIO()
    spec = {"source": camera, "folder": str(tmp_path), "name": "c", "segment_s": 60,
            "patience_s": 1}  # fmt: skip
    recorder = Recorder(spec, channel)
    thread = threading.Thread(target=recorder.run)
    thread.start()
    deadline = time.monotonic() + 30
    while '"back"' not in channel.getvalue() and time.monotonic() < deadline:
        time.sleep(0.1)
    recorder.stopping.set()
    thread.join(30)
    heard = [json.loads(line)["what"] for line in channel.getvalue().splitlines()]
    assert [what for what in heard if what in {"segment", "lost", "back", "failed"}][:4] == [
        "segment", "lost", "back", "segment",
    ]  # fmt: skip


def test_who_falls_behind_leaves_out_readings_and_no_frames(
    video: Path, tools: WatchTools, tmp_path: Path
) -> None:
    following = FollowedRecording(
        tmp_path, "cam1", [parse_zone("left")], tools.detector, ExtractionOptions(interval_s=5.0)
    )
    following.begin_file(video)
    found = list(following.examine())
    assert following.left_out > 0
    numbers = [f.number for f in found]
    assert numbers == sorted(numbers)
    assert len(numbers) == 2, "the newest two"
    rest = list(following.examine(ended=True))
    assert rest[0].number == numbers[-1] + 1
    assert rest[-1].number == 14
    known_look_path(video).unlink()


def test_a_reading_that_fails_does_not_end_the_recording(
    tools: WatchTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told once, and frames go on to be written."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FollowedRecording, "examine", fail)
    source = "camera:lavfi:testsrc=size=160x120:rate=10,realtime"
    watched = Watch([source], PAIR[:1], tmp_path / "w", tools, WatchOptions())
    watch(watched, until=5)
    told = [e for e in watched.notes.events if "the reading failed" in e.get("reason", "")]
    assert len(told) == 1
    (path,) = (tmp_path / "w").glob("*.mkv")
    opened = open_video(path)
    assert len(opened.table) > 10
    opened.close()


def test_what_is_known_of_a_file_beside_it(video: Path, tools: WatchTools, tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    assert read_known_look(path, ["left"], tools.detector) is None
    known_look_path(path).write_text("{}", encoding="utf-8")
    with pytest.raises(UnreadableVideoError, match="delete it to do without"):
        read_known_look(path, ["left"], tools.detector)


def test_who_is_watched_where(tools: WatchTools, tmp_path: Path) -> None:
    twice = [PAIR[0], WatchedAnimal("m01", parse_zone("right"))]
    with pytest.raises(ImpossibleValueError, match="every animal once"):
        Watch(["a.ts"], twice, tmp_path / "x", tools, WatchOptions())
    with pytest.raises(ImpossibleValueError, match=r"found none in b\.ts"):
        Watch(["a.ts", "b.ts"], PAIR, tmp_path / "x", tools, WatchOptions())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    with pytest.raises(OutputExistsError, match="new or empty folder"):
        Watch(["a.ts"], PAIR, tmp_path / "full", tools, WatchOptions())


@pytest.mark.slow
def test_the_command_ends_in_order(model_folder: Path, tmp_path: Path) -> None:
    """Two cameras without encoding; ended like a service, all files are whole."""
    source = "camera:lavfi:testsrc=size=320x240:rate=10,realtime"
    words = [source, source, "--model", str(model_folder), "--out", "two", "--json"]
    zones = ["--zone", "full=a", "--zone", "2:full=b"]
    with subprocess.Popen(
        [sys.executable, "-m", "amgs", "watch", *words, *zones],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = read_status(tmp_path / "two")
            if found and all(s["recorded_s"] > 1 for s in found["sources"]):
                break
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM if sys.platform != "win32" else signal.CTRL_C_EVENT)
        out, error = process.communicate(timeout=60)
    document = json.loads(out)
    assert process.returncode == 0, error
    assert CAUTION in " ".join(error.split())
    assert [s["state"] for s in document["sources"]] == ["ended", "ended"]
    assert {path.name[:4] for path in (tmp_path / "two").glob("*.mkv")} == {"cam1", "cam2"}
    for path in (tmp_path / "two").glob("*.mkv"):
        opened = open_video(path)
        assert opened.info.codec == "h264"
        opened.close()
    done = amgs("watch", source, "--model", model_folder, cwd=tmp_path)
    assert done.returncode == 2
    assert "--study" in done.stderr


def test_a_recorder_that_dies_is_begun_again(
    tools: WatchTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed as by a system without memory: it is told, and the next file goes on."""
    monkeypatch.setattr("amgs.live.recording.AGAIN_S", (0.2,))
    source = "camera:lavfi:testsrc=size=160x120:rate=10,realtime"
    watched = Watch([source], PAIR[:1], tmp_path / "w", tools, WatchOptions())
    stop = threading.Event()
    thread = threading.Thread(target=watched.run, args=(stop,))
    thread.start()

    def wait_for(files: int) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(list((tmp_path / "w").glob("*.mkv"))) < files:
            time.sleep(0.1)

    wait_for(1)
    time.sleep(3.0)  # a file without a frame is no part of the recording
    kill_all(watched._sources[0].recorder.process)
    wait_for(2)
    time.sleep(3.0)
    stop.set()
    thread.join(60)
    heard = events(tmp_path / "w")
    assert [what for what in heard if what != "note"][:3] == ["segment", "died", "segment"]
    (row,) = rows(tmp_path / "w" / "recordings.csv")
    assert len(row["video"].split(";")) == 2
    assert watched._sources[0].state == "ended"


def test_a_state_that_cannot_be_written_does_not_end_the_watch(
    tools: WatchTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads it, or the disk is full: it is written at the next turn."""
    real = Path.replace
    refused = []

    def replace(path: Path, target: Path) -> Path:
        if target.name == "status.json" and len(refused) < 2:
            refused.append(target)
            raise PermissionError(13, "the file is in use")
        return real(path, target)

    watched = Watch(
        ["camera:lavfi:testsrc=size=160x120:rate=10,realtime"],
        PAIR[:1],
        tmp_path / "w",
        tools,
        WatchOptions(),
    )
    monkeypatch.setattr(Path, "replace", replace)
    watch(watched, until=6)
    assert len(refused) == 2
    status = read_status(tmp_path / "w")
    assert status is not None
    assert status["sources"][0]["state"] == "ended"


def test_an_interval_counts_once_whatever_fails_after_it(
    video: Path, tools: WatchTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that cannot be written for a while: every image is in the window once."""
    monkeypatch.setattr("amgs.live.following.MOST_WAITING", 100)
    watched = Watch([str(video)], PAIR, tmp_path / "w", tools, WatchOptions())

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(watched.notes, "reading", fail)
    watch(watched)
    for window in watched._windows.values():
        times = [image.time_s for image in window.images]
        assert len(times) == len(set(times)) > 1
    assert any("No space left" in e.get("reason", "") for e in watched.notes.events)


def test_a_source_that_ends_at_once_is_not_asked_without_a_pause(tmp_path: Path) -> None:
    """Three images and an end, again and again: a pause that grows, and few files."""

    class Short(BaseHTTPRequestHandler):
        asked = 0

        def do_GET(self) -> None:
            Short.asked += 1
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=f")
            self.end_headers()
            stream = io.BytesIO()
            Image.new("RGB", (64, 48), (90, 90, 90)).save(stream, "JPEG")
            for _ in range(3):
                self.wfile.write(b"--f\r\nContent-Type: image/jpeg\r\n\r\n")
                self.wfile.write(stream.getvalue() + b"\r\n")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Short)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    channel = io.StringIO()
    spec = {"source": f"http://127.0.0.1:{server.server_port}/a.mjpg", "folder": str(tmp_path),
            "name": "c", "segment_s": 60, "patience_s": 1}  # fmt: skip
    recorder = Recorder(spec, channel)
    thread = threading.Thread(target=recorder.run)
    thread.start()
    time.sleep(5)
    recorder.stopping.set()
    thread.join(30)
    server.shutdown()
    server.server_close()
    assert 1 <= Short.asked <= 5


def test_a_recording_names_only_files_that_can_be_read(tools: WatchTools, tmp_path: Path) -> None:
    """One without a frame would make all of it unreadable, and so would one of another size."""
    following = FollowedRecording(
        tmp_path, "cam1", [parse_zone("full")], tools.detector, ExtractionOptions()
    )
    animals = [WatchedAnimal("m1", parse_zone("full"), 0)]
    source = WatchedSource("cam1", "x", cast("Any", None), following, animals)
    for name, size in (("a", 64), ("none", 0), ("b", 64), ("c", 96)):
        path = tmp_path / f"{name}.mkv"
        path.touch()
        if size:
            with av.open(str(path), "w") as out:
                stream: Any = out.add_stream("libx264", rate=10)
                stream.width, stream.height, stream.pix_fmt = size, 64, "yuv420p"
                out.mux(stream.encode(av.VideoFrame(size, 64, "yuv420p")))
                out.mux(stream.encode(None))
        with suppress(UnreadableVideoError):
            following.begin_file(path)
    with pytest.raises(UnreadableVideoError, match="Was the camera set anew"):
        following.refresh()
    assert source.recordings() == [
        ("m1_live", "m1", "live", "a.mkv;b.mkv", "full"),
        ("m1_live_2", "m1", "live", "c.mkv", "full"),
    ]


def test_the_command_that_comes_next_has_the_options_of_the_recording(tools: WatchTools) -> None:
    """Or `amgs extract` would take other images than were seen live."""
    usual = replace(tools, extraction=ExtractionOptions())
    folder = Path("a b")
    said = f'amgs extract "{folder / "recordings.csv"}" --out FOLDER'
    assert extract_command(folder, usual) == said
    changed = ExtractionOptions(
        interval_s=5.0, margin=0.3, candidates=CandidateOptions(min_face_px=40)
    )
    said = extract_command(folder, replace(tools, extraction=changed))
    assert said.endswith("--out FOLDER --interval 5 --margin 0.3 --min-face 40")
