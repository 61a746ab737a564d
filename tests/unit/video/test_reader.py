"""Every picture is the one it claims to be, in every kind of film a camera writes."""

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

from amgs.errors import UnreadableFilmError
from amgs.video import open_film
from films import KINDS, FilmKind, numbered_picture, read_number, write_film

UPRIGHT = {name: kind for name, kind in KINDS.items() if not kind.rotation}
CANNOT_BE_TIMED = "avi_h264_b_frames"
READABLE = [name for name in UPRIGHT if name != CANNOT_BE_TIMED]


@pytest.fixture(scope="module")
def film_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, list[float]]]:
    """Write each kind of film once."""
    written: dict[str, tuple[Path, list[float]]] = {}

    def write(name: str) -> tuple[Path, list[float]]:
        if name not in written:
            folder = tmp_path_factory.mktemp(name)
            path, times = write_film(folder, KINDS[name], 100)
            written[name] = path, list(times)
        return written[name]

    return write


def opencv_pictures(path: Path) -> list[np.ndarray]:
    """Read a film from the beginning with another decoder."""
    reader = cv2.VideoCapture(str(path))
    pictures = []
    while True:
        ok, bgr = reader.read()
        if not ok:
            return pictures
        pictures.append(bgr[..., ::-1])


@pytest.mark.parametrize("name", READABLE)
def test_any_picture_is_the_one_asked_for(film_of, name: str) -> None:
    """In any order: number, time and place agree with what was written into the picture."""
    path, times = film_of(name)
    film = open_film(path)
    assert len(film.table) == len(times)
    order = [0, 1, 2, 99, 98, 50, *random.Random(name).sample(range(100), 12)]
    for index in order:
        picture = film.picture(index)
        assert picture.index == index
        assert read_number(picture.rgb()) == index
        assert picture.time_s == pytest.approx(times[index] - times[0], abs=0.0011)


@pytest.mark.parametrize("name", READABLE)
def test_pictures_in_a_row(film_of, name: str) -> None:
    """Reading on gives each picture once."""
    path, _ = film_of(name)
    film = open_film(path)
    assert [read_number(p.rgb()) for p in film.pictures(33, 71)] == list(range(33, 71))
    assert [read_number(p.rgb()) for p in film.pictures(5, 9)] == list(range(5, 9))


@pytest.mark.parametrize(
    "name", [n for n in READABLE if n not in {"mp4_wide_pixels", "mp4_interlaced"}]
)
def test_another_decoder_sees_the_same(film_of, name: str) -> None:
    """OpenCV, reading every picture from the start, counts as many and sees the same.

    It leaves pixels as they are, and does not convert interlaced pictures.
    """
    path, _ = film_of(name)
    others = opencv_pictures(path)
    film = open_film(path)
    assert len(others) == len(film.table)
    for index in (0, 17, 64, 99):
        difference = np.abs(film.picture(index).rgb().astype(int) - others[index].astype(int))
        assert difference.mean() < 6.0


@pytest.mark.parametrize("name", [n for n, kind in KINDS.items() if kind.rotation])
def test_rotated_films_come_out_upright(film_of, name: str) -> None:
    """As another program shows them."""
    path, _ = film_of(name)
    other = opencv_pictures(path)[10]
    ours = open_film(path).picture(10).rgb()
    assert ours.shape == other.shape
    assert np.abs(ours.astype(int) - other.astype(int)).mean() < 6.0


def test_wide_pixels_become_square(film_of) -> None:
    """A pixel aspect of 4:3 makes the picture a third wider."""
    path, _ = film_of("mp4_wide_pixels")
    film = open_film(path)
    assert (film.info.width, film.info.height) == (427, 192)
    assert film.picture(3).rgb().shape == (192, 427, 3)
    assert film.info.pixel_aspect == Fraction(4, 3)


def test_smaller_copies_show_the_same(film_of) -> None:
    """Made smaller while converting, and still upright."""
    path, _ = film_of("mp4_gop15")
    picture = open_film(path).picture(20)
    assert picture.rgb(0.5).shape == (96, 160, 3)


def test_interlaced_pictures_are_deinterlaced(tmp_path: Path) -> None:
    """Two moments combed into one picture come apart; the comb is gone."""

    def combed(number: int) -> np.ndarray:
        first, second = numbered_picture(number), numbered_picture(number)
        first[80:150, 40 + 4 * number : 90 + 4 * number] = 255
        second[80:150, 70 + 4 * number : 120 + 4 * number] = 255
        first[1::2] = second[1::2]
        return first

    path, _ = write_film(tmp_path, KINDS["mp4_interlaced"], 20, picture=combed)
    film = open_film(path)
    assert film.info.interlaced
    rough, smooth = (rgb[85:145].astype(int) for rgb in (film.picture(9).rgb(), film.still(9)))
    comb = [np.abs(np.diff(x, axis=0)).mean() for x in (rough, smooth)]
    assert comb[1] < 0.5 * comb[0]
    assert read_number(film.still(9)) == 9


@pytest.mark.parametrize("name", ["mts_open_gop", "mpg_mpeg2"])
def test_a_film_cut_off_in_the_middle_keeps_its_pictures(film_of, tmp_path, name: str) -> None:
    """What is there is exact; the end comes earlier."""
    path, _ = film_of(name)
    content = path.read_bytes()
    cut = tmp_path / path.name
    cut.write_bytes(content[: len(content) * 2 // 3])
    film = open_film(cut)
    assert 30 < len(film.table) < 90
    for index in (0, 10, 25):
        assert read_number(film.picture(index).rgb()) == index


def test_a_film_that_begins_in_the_middle_counts_from_its_first_picture(film_of, tmp_path) -> None:
    """A camera's second file may begin with pictures that need those of the first file."""
    path, _ = film_of("mts_open_gop")
    content = path.read_bytes()
    start = len(content) // 3 // 188 * 188
    cut = tmp_path / "second.mts"
    cut.write_bytes(content[start:])
    others = [read_number(p) for p in opencv_pictures(cut)]
    film = open_film(cut)
    ours = [read_number(p.rgb()) for p in film.pictures(0, len(film.table))]
    assert ours == list(range(ours[0], 100))
    assert ours[-20:] == others[-20:]
    assert read_number(film.picture(12).rgb()) == ours[12]


def test_a_film_without_an_index_is_explained(film_of, tmp_path) -> None:
    """MP4 writes its index last: a recording that was cut off has none."""
    path, _ = film_of("mp4_gop15")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(UnreadableFilmError, match="is not a film that can be read"):
        open_film(cut)


def test_wrong_header_counts_are_not_believed(film_of, tmp_path) -> None:
    """The number of frames in an AVI header is made nonsense; the table is not."""
    path, _ = film_of("avi_mjpeg")
    content = bytearray(path.read_bytes())
    at = content.index(b"avih") + 8
    content[at : at + 4] = (1).to_bytes(4, "little")
    content[at + 16 : at + 20] = (7).to_bytes(4, "little")
    broken = tmp_path / "wrong.avi"
    broken.write_bytes(bytes(content))
    film = open_film(broken)
    assert len(film.table) == 100
    assert read_number(film.picture(77).rgb()) == 77


def test_times_that_order_nothing_are_refused(film_of) -> None:
    """H.264 with B-frames in AVI has no times of display; guessing would be a wrong time."""
    path, _ = film_of(CANNOT_BE_TIMED)
    with pytest.raises(UnreadableFilmError, match="times that go backwards; convert it once"):
        open_film(path)


def test_sound_only(tmp_path: Path) -> None:
    """A film without pictures."""
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    with pytest.raises(UnreadableFilmError, match=r"holds no pictures \(sound only\?\)"):
        open_film(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is empty \(0 bytes\): copy it again"),
        (b"this is not a film" * 50, "is not a film that can be read"),
    ],
)
def test_no_films(tmp_path: Path, content: bytes, message: str) -> None:
    """Empty files and other things, each with its own words."""
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(UnreadableFilmError, match=message):
        open_film(path)


def test_a_missing_film(tmp_path: Path) -> None:
    """Says where it looked."""
    with pytest.raises(UnreadableFilmError, match=r"found nothing at .*none\.mp4"):
        open_film(tmp_path / "none.mp4")


def test_a_damaged_place_is_named_and_the_rest_is_read(film_of, tmp_path) -> None:
    """Bytes of one stretch are destroyed; pictures elsewhere stay exact."""
    path, _ = film_of("mkv_gop30")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    broken = tmp_path / "damaged.mkv"
    broken.write_bytes(bytes(content))
    film = open_film(broken)
    for index in (0, 5, 20):
        assert read_number(film.picture(index).rgb()) == index


def test_the_table_of_a_film_serves_another_thread(film_of) -> None:
    """A second reader needs no second look at the whole file."""
    path, _ = film_of("mp4_gop15")
    first = open_film(path)
    second = open_film(path, first.table)
    assert second.table is first.table
    assert read_number(second.picture(42).rgb()) == 42


def test_encoders_of_the_tests_are_here() -> None:
    """PyAV's wheels bring them on every system."""
    for kind in KINDS.values():
        assert kind.codec in av.codecs_available
    assert isinstance(KINDS["wmv"], FilmKind)
