"""Which files are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from amgs.errors import NoImagesError
from amgs.images import count_images, find_images, list_unread_formats


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_nested_folders_in_fixed_order(tmp_path: Path) -> None:
    """Folders are searched to any depth, sorted; endings count in either case."""
    touch(
        tmp_path / "b/2.JPG", tmp_path / "b/1.png", tmp_path / "a/x/deep.tiff", tmp_path / "c.bmp"
    )
    names = [image.path.relative_to(tmp_path).as_posix() for image in find_images([tmp_path])]
    assert names == ["a/x/deep.tiff", "b/1.png", "b/2.JPG", "c.bmp"]


def test_hidden_files_and_other_endings_are_passed_over(tmp_path: Path) -> None:
    """MacOS leaves ._name beside every image on foreign disks."""
    touch(tmp_path / "._1.jpg", tmp_path / ".hidden/2.jpg", tmp_path / "notes.txt")
    assert list(find_images([tmp_path])) == []


def test_a_file_named_directly_is_taken(tmp_path: Path) -> None:
    """If it is no image, reading will say so."""
    touch(tmp_path / "face.dat")
    assert [i.path for i in find_images([tmp_path / "face.dat"])] == [tmp_path / "face.dat"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    """A link back to the parent would never end."""
    touch(tmp_path / "1.jpg")
    try:
        (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("this system allows no links")
    assert count_images([tmp_path]) == 1


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """The message says what was looked for and where."""
    with pytest.raises(NoImagesError, match=r"Expected images \(\.jpg.*found none in"):
        count_images([tmp_path])


def test_a_missing_place_is_an_error(tmp_path: Path) -> None:
    """A misspelt folder must not count as empty."""
    with pytest.raises(NoImagesError, match=r"found nothing at .*misspelt"):
        count_images([tmp_path / "misspelt"])


def test_images_in_other_formats_are_told(tmp_path: Path) -> None:
    """What a phone writes is not silently passed over; hidden files are."""
    (tmp_path / "in").mkdir()
    for name in ("a.HEIC", "in/b.webp", "in/c.webp", "notes.txt", "._d.heic"):
        (tmp_path / name).touch()
    assert list_unread_formats([tmp_path]) == (
        "Passed over, as amgs does not read their format: 1 .heic, 2 .webp. Save them as JPEG or "
        "PNG first, if they are meant."
    )
    with pytest.raises(NoImagesError, match=r"1 \.heic, 2 \.webp"):
        count_images([tmp_path])
    (tmp_path / "a.HEIC").unlink()
    (tmp_path / "in/b.webp").unlink()
    (tmp_path / "in/c.webp").unlink()
    assert not list_unread_formats([tmp_path])
