"""One image file as an array of RGB values, whatever its format, or a reason why not."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from amgs.errors import UnreadableImageError

RGB = npt.NDArray[np.uint8]
"""Height × width × 3, red green blue, 0–255."""

MAX_SIDE_PX = 16_000
"""No camera makes a wider image; a larger file is a slide scan or an attack, not a mouse face."""

MAX_PIXELS = 100_000_000

MIN_SIDE_PX = 16
"""Below this there is nothing to see."""

_ALLOWED_FORMATS = ("JPEG", "PNG", "TIFF", "BMP")
_SINGLE_IMAGE_FORMATS = ("TIFF", "PNG")
_SIXTEEN_BIT_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_FULL_16_BIT = 65_535
_NOTHING_TO_SEE = 4
_DARKEST_PLAUSIBLE_16_BIT = 4_096


_HEIC = tuple(b"ftyp" + brand for brand in (b"heic", b"heix", b"mif1", b"msf1"))


def read_image(path: Path) -> RGB:
    """Read a JPEG, PNG, TIFF or BMP file as RGB, turned upright; the file is never changed.

    Grey images become three equal channels, CMYK and palettes are converted, transparency is laid
    on white, the EXIF orientation is applied, 16-bit grey is divided by 257.

    Parameters
    ----------
    path
        The file; its content decides the format, not its ending.

    Returns
    -------
    numpy.ndarray
        uint8, height × width × 3.

    Raises
    ------
    UnreadableImageError
        If the file is missing, no image, cut short, too large or too small, holds several pages,
        or has a pixel format whose brightness cannot be known (floating point; 10- or 12-bit
        values in a 16-bit file). The message starts with the reason, without the path.
    """
    return decode_image(read_content(path))


def read_content(path: Path) -> bytes:
    """Read the bytes of a file.

    Raises
    ------
    UnreadableImageError
        If it cannot be opened.
    """
    try:
        if path.exists() and not path.is_file():
            # Reading a named pipe would wait for a writer for ever.
            raise UnreadableImageError("is no file")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableImageError(f"cannot be opened: {error.strerror or error}") from error


def decode_image(content: bytes) -> RGB:
    """Decode the bytes of an image file; see `read_image`."""
    _load_plugins()
    if content[4:12] in _HEIC:
        raise UnreadableImageError(
            "is HEIC, as iPhones write: export it as JPEG (on the phone: Settings, Camera, "
            "Formats: Most Compatible)"
        )
    if not content:
        raise UnreadableImageError("the file is empty (0 bytes)")
    try:
        with Image.open(io.BytesIO(content), formats=_ALLOWED_FORMATS) as image:
            # Before a pixel is decoded: a small file can promise a gigantic image.
            _check_size(image)
            _check_single(image)
            image.load()
            # Cameras store what the sensor saw and note in EXIF which way is up.
            rgb = np.asarray(_to_rgb(ImageOps.exif_transpose(image)))
    except UnidentifiedImageError as error:
        raise UnreadableImageError("not a JPEG, PNG, TIFF or BMP image") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(_too_large("the image")) from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        # Pillow reports damage inside a file by any of these.
        if isinstance(error, UnreadableImageError):
            raise
        raise UnreadableImageError(f"damaged or cut short: {error}") from error
    # A lens cap, a lost frame: a model would call it something all the same.
    if np.ptp(rgb) <= _NOTHING_TO_SEE:
        raise UnreadableImageError("shows nothing: all pixels have nearly the same brightness")
    return rgb


@cache
def _load_plugins() -> None:
    """Load Pillow's readers once, before several threads would load them at the same time."""
    Image.init()


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS:
        raise UnreadableImageError(_too_large(f"{width} × {height} pixels"))
    if min(width, height) < MIN_SIDE_PX:
        raise UnreadableImageError(
            f"{width} × {height} pixels is too small: at least {MIN_SIDE_PX} on each side expected"
        )


def _too_large(what: str) -> str:
    return (
        f"{what} is too large: at most {MAX_SIDE_PX:,} pixels on a side and "
        f"{MAX_PIXELS // 1_000_000} million in all; cut out the face first"
    )


def _check_single(image: Image.Image) -> None:
    pages = getattr(image, "n_frames", 1)
    if image.format in _SINGLE_IMAGE_FORMATS and pages > 1:
        raise UnreadableImageError(
            f"holds {pages} images, one expected: save each as a file of its own"
        )


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BIT_MODES:
        return _from_16_bit(image)
    if image.mode == "F":
        raise UnreadableImageError(
            "floating-point pixels, whose brightness range is unknown: save as 8- or 16-bit"
        )
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        # Dropping the transparency would show whatever colour lies hidden under it.
        background = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(background, rgba).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    highest, lowest = int(values.max()), int(values.min())
    if lowest < 0 or highest > _FULL_16_BIT:
        raise UnreadableImageError(
            f"pixel values from {lowest} to {highest}, 0 to {_FULL_16_BIT} expected: "
            "save as 8- or 16-bit"
        )
    if highest < _DARKEST_PLAUSIBLE_16_BIT:
        raise UnreadableImageError(
            f"a 16-bit image whose brightest value is {highest} of {_FULL_16_BIT}: probably a 10- "
            "or 12-bit camera, which would be read as black; save as 8-bit with the right range"
        )
    # 65,535 / 255 = 257 exactly, so white stays white; a shift by 8 bits would darken by a level.
    grey = np.round(values / 257.0).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def pixels_alone(path: Path) -> bytes:
    """Return an image as a PNG of its pixels: a file of a camera may say when it was taken.

    Raises
    ------
    UnreadableImageError
        If it cannot be read.
    """
    stream = io.BytesIO()
    Image.fromarray(read_image(path)).save(stream, "PNG")
    return stream.getvalue()
