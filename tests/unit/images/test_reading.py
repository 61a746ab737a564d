"""Images of every kind become the same kind of array, or say why not."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amgs.errors import UnreadableImageError
from amgs.images import read_image
from amgs.images.reading import decode_image, pixels_alone


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture
def gradient() -> Image.Image:
    """An image 64 × 32 whose left half is red and whose right half gets lighter."""
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:, :32, 0] = 200
    pixels[:, 32:] = np.arange(32, dtype=np.uint8)[None, :, None] * 8
    return Image.fromarray(pixels)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_lossless_formats_come_back_exactly(gradient: Image.Image, kind: str) -> None:
    """An image saved without loss is read as it was."""
    np.testing.assert_array_equal(decode_image(encode(gradient, kind)), np.asarray(gradient))


def test_jpeg_comes_back_closely(gradient: Image.Image) -> None:
    """A JPEG of good quality differs by a few grey values."""
    found = decode_image(encode(gradient, "JPEG", quality=95, subsampling=0)).astype(int)
    assert np.abs(found - np.asarray(gradient)).mean() < 2


def test_the_content_decides_not_the_ending(gradient: Image.Image, tmp_path: Path) -> None:
    """A PNG called .jpg is read."""
    path = tmp_path / "face.jpg"
    path.write_bytes(encode(gradient, "PNG"))
    np.testing.assert_array_equal(read_image(path), np.asarray(gradient))


def test_grey_becomes_three_equal_channels(gradient: Image.Image) -> None:
    """Infra-red videos are grey."""
    rgb = decode_image(encode(gradient.convert("L"), "PNG"))
    assert rgb.shape == (32, 64, 3)
    assert (rgb[..., 0] == rgb[..., 1]).all()
    assert (rgb[..., 1] == rgb[..., 2]).all()


def test_16_bit_grey_is_divided_by_257(tmp_path: Path) -> None:
    """0 stays 0, 65535 becomes 255, the middle stays in the middle."""
    values = np.linspace(0, 65_535, 32 * 32).round().astype(np.uint16).reshape(32, 32)
    for kind in ("PNG", "TIFF"):
        rgb = decode_image(encode(Image.fromarray(values), kind))
        np.testing.assert_array_equal(rgb[..., 0], np.round(values / 257))


def test_16_bit_colour_is_read() -> None:
    """A PNG with 16 bits per channel keeps its upper eight bits."""
    import struct
    import zlib

    row = b"\x00" + struct.pack(">HHH", 65_535, 32_768, 0) * 20
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 20, 20, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * 20)),
        (b"IEND", b""),
    ]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks
    )
    assert decode_image(content)[0, 0].tolist() == [255, 128, 0]


def test_cmyk_is_converted(gradient: Image.Image) -> None:
    """CMYK JPEGs come from print shops; red stays red."""
    rgb = decode_image(encode(gradient.convert("CMYK"), "JPEG", quality=95))
    red, green, blue = rgb[10:20, 5:25].reshape(-1, 3).mean(axis=0)
    assert red > 150
    assert max(green, blue) < 60


def test_exif_turned_pictures_stand_upright(gradient: Image.Image) -> None:
    """Phones write the image lying and say how to turn it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = gradient.transpose(Image.Transpose.ROTATE_90)
    rgb = decode_image(encode(lying, "JPEG", quality=95, subsampling=0, exif=exif))
    assert rgb.shape == (32, 64, 3)
    assert np.abs(rgb.astype(int) - np.asarray(gradient)).mean() < 3


def test_transparency_is_laid_on_white() -> None:
    """What is fully transparent is white, whatever colour hides there."""
    picture = Image.new("RGBA", (20, 20), (200, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (10, 10, 20, 20))
    assert decode_image(encode(picture, "PNG"))[0, 0].tolist() == [255, 255, 255]


def test_palette_is_resolved(gradient: Image.Image) -> None:
    """A palette image has colours, not numbers of colours."""
    rgb = decode_image(encode(gradient.convert("P"), "PNG"))
    assert rgb[5, 5, 0] > 150


def test_the_file_is_not_touched(gradient: Image.Image, tmp_path: Path) -> None:
    """Reading changes neither content nor time."""
    path = tmp_path / "face.png"
    path.write_bytes(encode(gradient, "PNG"))
    before = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns
    read_image(path)
    assert (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) == before


def huge() -> bytes:
    """A 1-bit image 20,000 pixels wide and high: small as a file, vast in memory."""
    return encode(Image.new("1", (20_000, 20_000)), "PNG")


def two_pages() -> bytes:
    page = Image.new("L", (20, 20))
    return encode(page, "TIFF", save_all=True, append_images=[page])


def floating() -> bytes:
    return encode(Image.fromarray(np.ones((20, 20), np.float32)), "TIFF")


def twelve_bit() -> bytes:
    return encode(Image.fromarray(np.full((20, 20), 4_000, np.uint16)), "PNG")


def cut_short(picture: Image.Image) -> bytes:
    content = encode(picture, "JPEG")
    return content[: len(content) // 2]


BAD = {
    "empty": (b"", r"the file is empty \(0 bytes\)"),
    "text": (b"not an image at all\n" * 20, "not a JPEG, PNG, TIFF or BMP image"),
    "gif": (encode(Image.new("L", (20, 20)), "GIF"), "not a JPEG, PNG, TIFF or BMP image"),
    "truncated": (cut_short(Image.new("RGB", (300, 300), "red")), "damaged or cut short"),
    "huge": (huge(), r"too large.*at most 16,000 pixels on a side"),
    "black": (encode(Image.new("L", (300, 300)), "PNG"), "shows nothing"),
    "tiny": (encode(Image.new("L", (8, 40)), "PNG"), "8 × 40 pixels is too small"),
    "pages": (two_pages(), "holds 2 images, one expected"),
    "float": (floating(), "floating-point pixels"),
    "twelve bit": (twelve_bit(), "brightest value is 4000 of 65535"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_says_why(name: str, tmp_path: Path) -> None:
    """Every kind of bad file has its own reason."""
    content, expected = BAD[name]
    path = tmp_path / "face.jpg"
    path.write_bytes(content)
    with pytest.raises(UnreadableImageError, match=expected):
        read_image(path)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    """The reason does not repeat the path, which the caller knows."""
    with pytest.raises(UnreadableImageError, match="cannot be opened: No such file"):
        read_image(tmp_path / "none.jpg")


@pytest.mark.reference
def test_the_authors_faces_are_read(authors_faces: list[Path]) -> None:
    """The images the paper was made of."""
    for path in authors_faces:
        assert min(read_image(path).shape[:2]) > 400


def test_pixels_alone_hold_nothing_else(tmp_path: Path) -> None:
    """What a camera wrote into a photograph does not travel; how it was held does."""
    told = Image.Exif()
    told[0x010E] = "mouse m3, drug, 60 min"
    told[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (40, 20), (200, 20, 20)).save(tmp_path / "a.jpg", exif=told)
    data = pixels_alone(tmp_path / "a.jpg")
    assert b"drug" not in data
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (20, 40)
        assert not image.info
