"""What is odd in the recordings of an extraction, in words, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from amgs.errors import count_of
from amgs.extraction.tables import RecordingRows

_TWO_ANIMALS = 0.5
"""From this share of frames with a face on, two faces in a zone are told."""

_MOSTLY = 0.5
_NEARLY_ALL = 0.9


def shows_no_face(rows: RecordingRows) -> bool:
    """Say whether hardly any frame of a recording shows a face, and none was kept."""
    row = rows.row
    examined = row["candidates"] - row["rejected_damaged"]
    return bool(
        row["candidates"] and not row["kept"] and row["rejected_no_face"] >= _NEARLY_ALL * examined
    )


def tell_what_is_odd(
    rows: Sequence[RecordingRows], least_px: float, pictures: Mapping[str, str]
) -> Iterator[str]:
    """Say of each recording what its user should look at.

    Parameters
    ----------
    rows
        What the tables say.
    least_px
        Width from which on faces are kept.
    pictures
        By recording without a face: the image that shows its zones.
    """
    yield from _damaged(rows)
    yield from _two_animals(rows)
    yield from _no_mice(rows)
    for r in rows:
        yield from _few_faces(r, least_px, pictures.get(r.recording.name))


def _few_faces(r: RecordingRows, least_px: float, picture: str | None) -> Iterator[str]:
    row, name = r.row, r.recording.name
    examined = row["candidates"] - row["rejected_damaged"]
    if not row["candidates"]:
        yield (
            f"{name}: no frame was examined. It is {row['duration_s']:g} s long, and its first "
            "second is left out because the camera is often touched then."
        )
    elif shows_no_face(r):
        yield (
            f"{name}: no face in {row['rejected_no_face']} of "
            f"{count_of(examined, 'frame')} examined. {ask_where_it_is(picture)}"
        )
    elif row["rejected_too_small"] > _MOSTLY * (examined - row["rejected_no_face"]):
        yield (
            f"{name}: {row['rejected_too_small']} of "
            f"{count_of(examined - row['rejected_no_face'], 'face')} found are narrower than "
            f"{least_px:g} pixels, too small to be scored. Move the camera nearer or record at a "
            "higher resolution."
        )


def ask_where_it_is(picture: str | None) -> str:
    """Return what to look at where no face is found."""
    look = f"See {picture}." if picture else "--preview draws the zones on a frame."
    return "Is the camera above the animal, or is the zone not where the animal is? " + look


def _damaged(rows: Sequence[RecordingRows]) -> Iterator[str]:
    for r in rows:
        if r.row["rejected_damaged"]:
            yield (
                f"{r.recording.name}: {r.row['rejected_damaged']} of {r.row['candidates']} frames "
                "examined are damaged, or of another size than the first, and were not used. Copy "
                "the video again if a player shows the original without faults."
            )


def _no_mice(rows: Sequence[RecordingRows]) -> Iterator[str]:
    for r in rows:
        if r.row["rejected_other_animal"]:
            yield (
                f"{r.recording.name}: most faces in it look like those of a cat or a dog, so no "
                "image was kept. amgs reads faces of mice and rats."
            )
        if r.row["rejected_fixture"]:
            yield (
                f"{r.recording.name}: in {count_of(r.row['rejected_fixture'], 'frame')} a thing "
                "that never moves looks like a face, and was not used. Leave it out of the zone, "
                "or cover it."
            )


def _two_animals(rows: Sequence[RecordingRows]) -> Iterator[str]:
    for r in rows:
        with_face = r.row["candidates"] - r.row["rejected_no_face"] - r.row["rejected_damaged"]
        if with_face and r.row["two_faces"] > _TWO_ANIMALS * with_face:
            yield (
                f"{r.recording.name}: two faces in {r.row['two_faces']} of {with_face} frames with "
                "a face. Are there two animals in the zone? Give each its own (docs/walk.md)."
            )
