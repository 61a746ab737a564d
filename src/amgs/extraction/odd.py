"""What is odd in the recordings of an extraction, in words, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from amgs.errors import count_of
from amgs.extraction.tables import RecordingRows

_TWO_ANIMALS = 0.5
"""From this share of frames with a face on, two faces in a zone are told."""

_MOSTLY = 0.5
_NEARLY_ALL = 0.9


def tell_what_is_odd(rows: Sequence[RecordingRows], least_px: float) -> Iterator[str]:
    """Say of each recording what its user should look at.

    Parameters
    ----------
    rows
        What the tables say.
    least_px
        Width from which on faces are kept.
    """
    yield from _damaged(rows)
    yield from _two_animals(rows)
    for r in rows:
        yield from _few_faces(r, least_px)


def _few_faces(r: RecordingRows, least_px: float) -> Iterator[str]:
    row, name = r.row, r.recording.name
    examined = row["candidates"] - row["rejected_damaged"]
    if not row["candidates"]:
        yield (
            f"{name}: no frame was examined. It is {row['duration_s']:g} s long, and its first "
            "second is left out because the camera is often touched then."
        )
    elif not row["kept"] and row["rejected_no_face"] >= _NEARLY_ALL * examined:
        yield (
            f"{name}: no face in {row['rejected_no_face']} of "
            f"{count_of(examined, 'frame')} examined. Is the camera above the animal, or is the "
            "zone not where the animal is? --preview draws the zones on a frame."
        )
    elif row["rejected_too_small"] > _MOSTLY * (examined - row["rejected_no_face"]):
        yield (
            f"{name}: {row['rejected_too_small']} of "
            f"{count_of(examined - row['rejected_no_face'], 'face')} found are narrower than "
            f"{least_px:g} pixels, too small to be scored. Move the camera nearer or record at a "
            "higher resolution."
        )


def _damaged(rows: Sequence[RecordingRows]) -> Iterator[str]:
    for r in rows:
        if r.row["rejected_damaged"]:
            yield (
                f"{r.recording.name}: {r.row['rejected_damaged']} of {r.row['candidates']} frames "
                "examined are damaged and were not used. Copy the video again if a player shows "
                "the original without faults."
            )


def _two_animals(rows: Sequence[RecordingRows]) -> Iterator[str]:
    for r in rows:
        with_face = r.row["candidates"] - r.row["rejected_no_face"] - r.row["rejected_damaged"]
        if with_face and r.row["two_faces"] > _TWO_ANIMALS * with_face:
            yield (
                f"{r.recording.name}: two faces in {r.row['two_faces']} of {with_face} frames with "
                "a face. Are there two animals in the zone? Give each its own (docs/walk.md)."
            )
