"""Trimmed, damaged and unsearchable videos: never another frame, and a way on for each."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from amgs.errors import UnreadableVideoError
from amgs.video import open_video
from amgs.video.convert import convert_video, needs_conversion
from amgs.video.session import open_session
from program import amgs
from videos import KINDS, VideoKind, numbered_frame, read_number, write_video

N = 120
OPEN_GOP = VideoKind(".mkv", b_frames=3, options={"x264-params": "open-gop=1"})


def trimmed(folder: Path, source: Path, suffix: str, by_s: float) -> Path:
    """Copy packets with a start before zero: the container hides what lies before it."""
    target = folder / f"trimmed{suffix}"
    with av.open(str(source)) as before, av.open(str(target), "w") as after:
        stream = before.streams.video[0]
        assert stream.time_base is not None
        copy = after.add_stream_from_template(stream)
        shift = round(by_s / stream.time_base)
        for packet in before.demux(stream):
            if packet.dts is None or packet.pts is None:
                continue
            packet.pts -= shift
            packet.dts -= shift
            packet.stream = copy
            after.mux(packet)
    return target


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("kind", [KINDS["mp4_gop15"], OPEN_GOP], ids=["closed", "open"])
def test_a_trimmed_video_begins_where_players_begin(
    tmp_path: Path, suffix: str, kind: VideoKind
) -> None:
    """Frames before the cut are not counted; those that are made from them are right."""
    source, _ = write_video(tmp_path, kind, N)
    path = trimmed(tmp_path, source, suffix, 0.8)
    with closing(open_video(path)) as video:
        assert len(video.table) == N - 20
        for index in (0, 1, 7, 50, 99, 0, 20):
            assert read_number(video.frame(index).rgb()) == index + 20
            assert video.table.times_s[index] == pytest.approx(index / 25)


def test_damage_that_a_decoder_conceals_is_no_frame(tmp_path: Path) -> None:
    """A frame is right or refused; blocks filled from their neighbours passed before."""
    path, _ = write_video(tmp_path, KINDS["mp4_gop15"], N)
    with closing(open_video(path)) as video:
        true = [video.frame(k).rgb().astype(int) for k in range(N)]
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half : half + 2000] = bytes(2000)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(bytes(content))
    right = refused = 0
    with closing(open_video(broken)) as video:
        for index in range(N):
            try:
                found = video.frame(index).rgb().astype(int)
            except UnreadableVideoError:
                refused += 1
                continue
            right += bool(np.abs(found - true[index]).mean() < 1.5)
    assert refused > 0
    assert right == N - refused, "what lies in undamaged groups is used"


def test_frames_missing_in_a_file_without_times_are_told(tmp_path: Path) -> None:
    """What follows seems to come too early there, and nothing in the file says so."""
    path, _ = write_video(tmp_path, KINDS["avi_mjpeg"], N)
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(content[:half] + content[half + 20_000 :])
    (warning,) = [w for w in open_session([path]).warnings if "no times of its own" in w]
    assert "copy the video again" in warning


def test_a_sound_file_is_not_warned_of(tmp_path: Path) -> None:
    for name in ("avi_mjpeg", "avi_mpeg4", "mp4_gop15", "mts_open_gop"):
        path, _ = write_video(tmp_path, KINDS[name], N, name=name)
        assert open_session([path]).warnings == ()


@pytest.mark.parametrize("lossless", [True, False])
def test_a_video_that_cannot_be_searched_is_converted(tmp_path: Path, lossless: bool) -> None:
    """Every frame, in order, at its time; lossless ones to the last pixel."""
    path, _ = write_video(tmp_path, KINDS["raw_h264"], N)
    assert "carry no times" in needs_conversion(path)
    with pytest.raises(UnreadableVideoError, match="amgs convert"):
        open_video(path)
    target = tmp_path / f"new.{'mkv' if lossless else 'mp4'}"
    done = convert_video(path, target, lossless=lossless)
    assert done.frames == N
    assert done.times == "a constant 25 frames/s"
    assert ("not lossless" in done.quality) is not lossless
    assert needs_conversion(target) == ""
    with closing(open_video(target)) as video:
        assert len(video.table) == N
        for index in (0, 1, 60, N - 1, 30):
            rgb = video.frame(index).rgb()
            assert read_number(rgb) == index
            assert video.table.times_s[index] == pytest.approx(index / 25, abs=2e-3)
            if not lossless:
                assert np.abs(rgb.astype(int) - numbered_frame(index)).mean() < 4


def test_two_files_joined_by_copying(tmp_path: Path) -> None:
    """Their clock begins anew in the middle; after the conversion it goes on."""
    first, _ = write_video(tmp_path, KINDS["mts_gop250"], 60, name="first")
    second, _ = write_video(
        tmp_path,
        KINDS["mts_gop250"],
        60,
        draw_frame=lambda n: numbered_frame(n + 60),
        name="second",
    )
    joined = tmp_path / "joined.mts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    with pytest.raises(UnreadableVideoError, match="go backwards"):
        open_video(joined)
    done = amgs("convert", joined)
    assert done.returncode == 0, done.stderr
    assert "began anew once" in " ".join(done.stdout.split())
    with closing(open_video(tmp_path / "joined_converted.mp4")) as video:
        assert [read_number(video.frame(k).rgb()) for k in (0, 59, 60, 119)] == [0, 59, 60, 119]
        assert (np.diff(video.table.times_s) > 0).all()


def test_turned_and_wide_videos_stay_so(tmp_path: Path) -> None:
    for name in ("mp4_rotated_90", "mp4_wide_pixels"):
        path, _ = write_video(tmp_path, KINDS[name], 30, name=name)
        convert_video(path, tmp_path / f"{name}_new.mp4")
        with (
            closing(open_video(path)) as before,
            closing(open_video(tmp_path / f"{name}_new.mp4")) as after,
        ):
            assert after.frame(9).rgb().shape == before.frame(9).rgb().shape
            difference = after.frame(9).rgb().astype(int) - before.frame(9).rgb()
            assert np.abs(difference).mean() < 2


def begun_at(folder: Path, name: str, time: str) -> Path:
    """Write a video that says when it was begun, as cameras do."""
    source, _ = write_video(folder, KINDS["mp4_gop15"], 50, name=f"{name}_plain")
    target = folder / f"{name}.mp4"
    with av.open(str(source)) as before, av.open(str(target), "w") as after:
        after.metadata["creation_time"] = time
        stream = before.streams.video[0]
        copy = after.add_stream_from_template(stream)
        for packet in before.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                after.mux(packet)
    return target


def test_a_pause_between_two_files_is_known_by_their_clocks(tmp_path: Path) -> None:
    """Two seconds each; the second was begun five seconds after the first."""
    first = begun_at(tmp_path, "a", "2026-03-31T10:00:00Z")
    second = begun_at(tmp_path, "b", "2026-03-31T10:00:05Z")
    session = open_session([first, second])
    assert session.pauses == [(pytest.approx(2.0), pytest.approx(5.0))]
    assert session.duration_s == pytest.approx(7.0)
    assert any("begins 3.0 s after" in text for text in session.warnings)
    # A clock that was set in between says nothing of the session.
    third = begun_at(tmp_path, "c", "2024-01-01T00:00:00Z")
    session = open_session([first, third])
    assert session.duration_s == pytest.approx(4.0)
    assert "Were they filmed in this order" in session.warnings[0]
    # Nor does one that is further ahead than any session lasts; that is told.
    late = begun_at(tmp_path, "d", "2026-03-31T18:00:00Z")
    session = open_session([first, late])
    assert session.duration_s == pytest.approx(4.0)
    assert "taken for a clock that was set" in session.warnings[0]
    # What amgs recorded has the computer's clock: a camera was away for a night.
    for path in (first, late):
        path.with_name(f"{path.stem}_times.csv").touch()
    assert open_session([first, late]).duration_s == pytest.approx(8 * 3600 + 2.0)


def test_a_gap_within_a_file_is_a_pause(tmp_path: Path) -> None:
    """As of a camera that films when something moves; frames far apart as such are no gaps."""
    kind = VideoKind(times=lambda n: n / 25 + (1000.0 if n >= 50 else 0.0))
    path, _ = write_video(tmp_path, kind, 100)
    session = open_session([path])
    assert session.pauses == [(pytest.approx(2.0), pytest.approx(1002.0))]
    assert "no frames for 1000.0 s in all, in 1 gap" in session.warnings[0]
    slow = VideoKind(times=lambda n: 6.0 * n)
    path, _ = write_video(tmp_path, slow, 20, name="slow")
    assert open_session([path]).pauses == []


def test_keyframes_far_apart_are_told(tmp_path: Path) -> None:
    """Every interval is decoded from the keyframe before it."""
    path, _ = write_video(tmp_path, VideoKind(gop=400, times=lambda n: 4.0 * n), 90)
    (said,) = open_session([path]).warnings
    assert "keyframes are up to 6 minutes apart" in said


def test_frames_of_two_sizes_are_no_session(tmp_path: Path) -> None:
    first, _ = write_video(tmp_path, KINDS["mp4_gop15"], 50, name="wide")
    second, _ = write_video(
        tmp_path,
        KINDS["mp4_gop15"],
        50,
        draw_frame=lambda n: numbered_frame(n)[:, ::-1].transpose(1, 0, 2).copy(),
        name="high",
    )
    with pytest.raises(UnreadableVideoError, match="frames of one size"):
        open_session([first, second])


def test_a_folder_and_a_mistyped_name(tmp_path: Path) -> None:
    done = amgs("convert", tmp_path / "nothing.avi")
    assert done.returncode == 1
    assert "nothing at" in done.stderr


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("tagged", ["bt709", "full range", "jpeg", "rgb"])
def test_a_converted_video_has_the_colours_of_its_original(
    tmp_path: Path, tagged: str, lossless: bool
) -> None:
    """What numbers mean as colours is said in the file: a model must see no other camera."""
    path = tmp_path / ("in.avi" if tagged == "rgb" else "in.mkv")
    codec, form = {
        "bt709": ("libx264", "yuv420p"),
        "full range": ("libx264", "yuv420p"),
        "jpeg": ("mjpeg", "yuvj420p"),
        "rgb": ("rawvideo", "bgr24"),
    }[tagged]
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, form
        if tagged in {"bt709", "full range"}:
            stream.codec_context.colorspace = 1
            stream.codec_context.color_range = 2 if tagged == "full range" else 1
        for rgb in ((200, 30, 40), (64, 64, 64), (154, 110, 80)):
            for frame in (av.VideoFrame.from_ndarray(np.full((48, 64, 3), rgb, np.uint8)),) * 5:
                out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    target = tmp_path / ("out.mkv" if lossless else "out.mp4")
    convert_video(path, target, lossless=lossless)
    before, after = open_video(path), open_video(target)
    for number in (2, 7, 12):
        found = after.still(number)[20, 20].astype(int), before.still(number)[20, 20].astype(int)
        allowed = 0 if lossless else 6 if tagged == "rgb" else 2
        assert np.abs(found[0] - found[1]).max() <= allowed
    before.close()
    after.close()


@pytest.mark.parametrize("interlaced", [False, True])
def test_frames_of_another_size_are_none_of_this_video(tmp_path: Path, interlaced: bool) -> None:
    """A camera that was set anew in mid-recording: squeezed faces would be read like others."""
    extra = {"x264-params": "interlaced=1:tff=1"} if interlaced else {}
    parts = []
    for number, width in enumerate((320, 384)):
        kind = VideoKind(
            ".ts",
            container="mpegts",
            options=extra,
            times=lambda n, begin=4 * number: begin + n / 25,
        )
        parts.append(
            write_video(
                tmp_path, kind, 100, draw_frame=lambda n, w=width: numbered_frame(n, w),
                name=f"part{number}",
            )[0].read_bytes()
        )  # fmt: skip
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(parts))
    video = open_video(path)
    assert read_number(video.still(60)) == 60
    with pytest.raises(UnreadableVideoError, match="384 × 192 pixels at"):
        video.still(150)
    video.still(99)
    video.close()
    with pytest.raises(UnreadableVideoError, match="expected frames of one size"):
        convert_video(path, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
