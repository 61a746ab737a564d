"""Every frame is the one it claims to be, in every kind of video a camera writes."""

from __future__ import annotations

import random
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from amgs.errors import UnreadableVideoError
from amgs.video import open_video
from videos import KINDS, VideoKind, numbered_frame, read_number, write_video

UPRIGHT = {name: kind for name, kind in KINDS.items() if not kind.rotation}
CANNOT_BE_TIMED = "raw_h264"
READABLE = [name for name in UPRIGHT if name != CANNOT_BE_TIMED]


@pytest.fixture(scope="module")
def video_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, list[float]]]:
    """Write each kind of video once."""
    written: dict[str, tuple[Path, list[float]]] = {}

    def write(name: str) -> tuple[Path, list[float]]:
        if name not in written:
            folder = tmp_path_factory.mktemp(name)
            path, times = write_video(folder, KINDS[name], 100)
            written[name] = path, list(times)
        return written[name]

    return write


def opencv_frames(path: Path) -> list[np.ndarray]:
    """Read a video from the beginning with another decoder."""
    reader = cv2.VideoCapture(str(path))
    frames = []
    while True:
        ok, bgr = reader.read()
        if not ok:
            return frames
        frames.append(bgr[..., ::-1])


@pytest.mark.parametrize("name", READABLE)
def test_any_frame_is_the_one_asked_for(video_of, name: str) -> None:
    """In any order: number, time and place agree with what was written into the frame."""
    path, times = video_of(name)
    video = open_video(path)
    assert len(video.table) == len(times)
    order = [0, 1, 2, 99, 98, 50, *random.Random(name).sample(range(100), 12)]
    for index in order:
        frame = video.frame(index)
        assert frame.index == index
        assert read_number(frame.rgb()) == index
        assert frame.time_s == pytest.approx(times[index] - times[0], abs=0.0011)


@pytest.mark.parametrize("name", READABLE)
def test_frames_in_a_row(video_of, name: str) -> None:
    """Reading on gives each frame once."""
    path, _ = video_of(name)
    video = open_video(path)
    assert [read_number(p.rgb()) for p in video.frames(33, 71)] == list(range(33, 71))
    assert [read_number(p.rgb()) for p in video.frames(5, 9)] == list(range(5, 9))


@pytest.mark.parametrize(
    "name", [n for n in READABLE if n not in {"mp4_wide_pixels", "mp4_interlaced"}]
)
def test_another_decoder_sees_the_same(video_of, name: str) -> None:
    """OpenCV, reading every frame from the start, counts as many and sees the same.

    It leaves pixels as they are, and does not convert interlaced frames.
    """
    path, _ = video_of(name)
    others = opencv_frames(path)
    video = open_video(path)
    assert len(others) == len(video.table)
    for index in (0, 17, 64, 99):
        difference = np.abs(video.frame(index).rgb().astype(int) - others[index].astype(int))
        assert difference.mean() < 6.0


@pytest.mark.parametrize("name", [n for n, kind in KINDS.items() if kind.rotation])
def test_rotated_videos_come_out_upright(video_of, name: str) -> None:
    """As another program shows them."""
    path, _ = video_of(name)
    other = opencv_frames(path)[10]
    ours = open_video(path).frame(10).rgb()
    assert ours.shape == other.shape
    assert np.abs(ours.astype(int) - other.astype(int)).mean() < 6.0


def test_wide_pixels_become_square(video_of) -> None:
    """A pixel aspect of 4:3 makes the frame a third wider."""
    path, _ = video_of("mp4_wide_pixels")
    video = open_video(path)
    assert (video.info.width, video.info.height) == (427, 192)
    assert video.frame(3).rgb().shape == (192, 427, 3)
    assert video.info.pixel_aspect == Fraction(4, 3)


def test_smaller_copies_show_the_same(video_of) -> None:
    """Made smaller while converting, and still upright."""
    path, _ = video_of("mp4_gop15")
    frame = open_video(path).frame(20)
    assert frame.rgb(0.5).shape == (96, 160, 3)


def test_interlaced_frames_are_deinterlaced(tmp_path: Path) -> None:
    """Two moments combed into one frame come apart; the comb is gone."""

    def combed(number: int) -> np.ndarray:
        first, second = numbered_frame(number), numbered_frame(number)
        first[80:150, 40 + 4 * number : 90 + 4 * number] = 255
        second[80:150, 70 + 4 * number : 120 + 4 * number] = 255
        first[1::2] = second[1::2]
        return first

    path, _ = write_video(tmp_path, KINDS["mp4_interlaced"], 20, draw_frame=combed)
    video = open_video(path)
    assert video.info.interlaced
    rough, smooth = (rgb[85:145].astype(int) for rgb in (video.frame(9).rgb(), video.still(9)))
    comb = [np.abs(np.diff(x, axis=0)).mean() for x in (rough, smooth)]
    assert comb[1] < 0.5 * comb[0]
    assert read_number(video.still(9)) == 9


@pytest.mark.parametrize("name", ["mts_open_gop", "mpg_mpeg2"])
def test_a_video_cut_off_in_the_middle_keeps_its_frames(video_of, tmp_path, name: str) -> None:
    """What is there is exact; the end comes earlier."""
    path, _ = video_of(name)
    content = path.read_bytes()
    cut = tmp_path / path.name
    cut.write_bytes(content[: len(content) * 2 // 3])
    video = open_video(cut)
    assert 30 < len(video.table) < 90
    for index in (0, 10, 25):
        assert read_number(video.frame(index).rgb()) == index


def test_a_video_that_begins_in_the_middle_counts_from_its_first_frame(video_of, tmp_path) -> None:
    """A camera's second file may begin with frames that need those of the first file."""
    path, _ = video_of("mts_open_gop")
    content = path.read_bytes()
    start = len(content) // 3 // 188 * 188
    cut = tmp_path / "second.mts"
    cut.write_bytes(content[start:])
    others = [read_number(p) for p in opencv_frames(cut)]
    video = open_video(cut)
    ours = [read_number(p.rgb()) for p in video.frames(0, len(video.table))]
    assert ours == list(range(ours[0], 100))
    assert ours[-20:] == others[-20:]
    assert read_number(video.frame(12).rgb()) == ours[12]


def test_a_video_without_an_index_is_explained(video_of, tmp_path) -> None:
    """MP4 writes its index last: a recording that was cut off has none."""
    path, _ = video_of("mp4_gop15")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(UnreadableVideoError, match="is not a video that can be read"):
        open_video(cut)


def test_wrong_header_counts_are_not_believed(video_of, tmp_path) -> None:
    """The number of frames in an AVI header is made nonsense; the table is not."""
    path, _ = video_of("avi_mjpeg")
    content = bytearray(path.read_bytes())
    at = content.index(b"avih") + 8
    content[at : at + 4] = (1).to_bytes(4, "little")
    content[at + 16 : at + 20] = (7).to_bytes(4, "little")
    broken = tmp_path / "wrong.avi"
    broken.write_bytes(bytes(content))
    video = open_video(broken)
    assert len(video.table) == 100
    assert read_number(video.frame(77).rgb()) == 77


def test_times_that_order_nothing_are_refused(video_of) -> None:
    """H.264 with B-frames in AVI has no times of display; guessing would be a wrong time."""
    path, _ = video_of(CANNOT_BE_TIMED)
    with pytest.raises(UnreadableVideoError, match="times that go backwards; write it once more"):
        open_video(path)


def test_sound_only(tmp_path: Path) -> None:
    """A video without frames."""
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    with pytest.raises(UnreadableVideoError, match=r"holds no frames \(sound only\?\)"):
        open_video(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is empty \(0 bytes\): copy it again"),
        (b"this is not a video" * 50, "is not a video that can be read"),
    ],
)
def test_no_videos(tmp_path: Path, content: bytes, message: str) -> None:
    """Empty files and other things, each with its own words."""
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(UnreadableVideoError, match=message):
        open_video(path)


def test_a_missing_video(tmp_path: Path) -> None:
    """Says where it looked."""
    with pytest.raises(UnreadableVideoError, match=r"found nothing at .*none\.mp4"):
        open_video(tmp_path / "none.mp4")


def test_a_damaged_place_is_named_and_the_rest_is_read(video_of, tmp_path) -> None:
    """Bytes of one stretch are destroyed; frames elsewhere stay exact."""
    path, _ = video_of("mkv_gop30")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    broken = tmp_path / "damaged.mkv"
    broken.write_bytes(bytes(content))
    video = open_video(broken)
    for index in (0, 5, 20):
        assert read_number(video.frame(index).rgb()) == index


def test_the_table_of_a_video_serves_another_thread(video_of) -> None:
    """A second reader needs no second look at the whole file."""
    path, _ = video_of("mp4_gop15")
    first = open_video(path)
    second = open_video(path, first.table)
    assert second.table is first.table
    assert read_number(second.frame(42).rgb()) == 42


def test_encoders_of_the_tests_are_here() -> None:
    """PyAV's wheels bring them on every system."""
    for kind in KINDS.values():
        assert kind.codec in av.codecs_available
    assert isinstance(KINDS["wmv"], VideoKind)
