"""One frame of a video with its zones and the faces in them, to check before a long run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from amgs.errors import ImpossibleValueError, UnreadableVideoError
from amgs.extraction.recordings import VideoToExtract
from amgs.faces.base import FaceDetector, FoundFace
from amgs.faces.detectors import open_detector
from amgs.faces.draw import draw_zones
from amgs.files import atomic_file, safe_file_name
from amgs.video import open_video

_TRIED = (0.1, 0.3, 0.5, 0.7)
"""Places in the video at which a frame with a face in every zone is looked for."""


def write_preview(
    video: VideoToExtract, folder: Path, detector: FaceDetector | None = None
) -> Path:
    """Draw the zones on the frame, of four, that shows faces in the most of them.

    Returns
    -------
    Path
        The JPEG written, named after the video and its first recording.

    Raises
    ------
    UnreadableVideoError
        If the video cannot be used.
    ImpossibleValueError
        If a zone reaches beyond the frame.
    """
    detector = detector or open_detector()
    opened = open_video(video.path)
    try:
        info = opened.info
        zones = [(r.zone.name, r.zone.box(info.width, info.height)) for r in video.recordings]
        best: tuple[int, np.ndarray, list[FoundFace]] | None = None
        for share in _TRIED:
            index = opened.table.key_before(int(share * (len(opened.table) - 1)))
            rgb = opened.still(index)
            faces = []
            for _, (left, top, right, bottom) in zones:
                part = np.ascontiguousarray(rgb[top:bottom, left:right])
                faces += [face.moved(1.0, left, top) for face in detector.find(part)[:1]]
            if best is None or len(faces) > best[0]:
                best = (len(faces), rgb, faces)
            if len(faces) == len(zones):
                break
    finally:
        opened.close()
    assert best is not None  # noqa: S101 - at least one frame was tried
    # By the video, as it shows all its animals; videos of one name are told apart by the first.
    stem = Path(video.name.partition(";")[0]).stem
    first = video.recordings[0].name
    name = first if first.startswith(stem) else f"{stem}_{first}"
    target = folder / f"{safe_file_name(name)}.jpg"
    with atomic_file(target) as temporary:
        Image.fromarray(draw_zones(best[1], zones, best[2])).save(temporary, "JPEG", quality=90)
    return target


def write_previews(
    videos: Sequence[VideoToExtract], folder: Path, detector: FaceDetector | None = None
) -> dict[str, Path | str]:
    """Draw the zones on a frame of every video.

    Returns
    -------
    dict
        For every video the image, or why there is none.
    """
    detector = detector or open_detector()
    found: dict[str, Path | str] = {}
    for video in videos:
        try:
            found[str(video.path)] = write_preview(video, folder, detector)
        except (UnreadableVideoError, ImpossibleValueError) as error:
            found[str(video.path)] = str(error)
    return found
