"""What the lab asks another process for: frames, faces in them, agreement, comparisons.

Plain functions of plain data, run by `amgs.web.lab.calculator`. Videos that were opened stay open
there: the next frame of the same one comes at once.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amgs.faces.base import FaceDetector
    from amgs.images.reading import RGB
    from amgs.study.design_table import CellRemark
    from amgs.video.reader import Video
    from amgs.web.lab.animals import AnimalContext

LONGEST_PX = 1600
"""Frames are shown no larger than this."""


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """A frame as a JPEG, with its size, its time and the length of its video in seconds."""

    jpeg: bytes
    width: int
    height: int
    time_s: float
    duration_s: float


@lru_cache(maxsize=4)
def _open(path: str, _changed: float) -> Video:
    from amgs.video import open_video

    return open_video(Path(path))


def _video(path: str) -> Video:
    try:
        changed = Path(path).stat().st_mtime
    except OSError:
        changed = 0.0
    return _open(path, changed)


@lru_cache(maxsize=2)
def _detector(name: str) -> FaceDetector:
    from amgs.faces.detectors import open_detector

    return open_detector(name)


def _jpeg(rgb: RGB, longest: int) -> bytes:
    from PIL import Image

    image = Image.fromarray(rgb)
    image.thumbnail((longest, longest))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=85)
    return content.getvalue()


def show_frame(path: str, share: float) -> ShownFrame:
    """Return the key frame at a share (0 to 1) of a video.

    Raises
    ------
    UnreadableVideoError
        If the video cannot be used.
    """
    video = _video(path)
    index = video.table.key_before(int(min(max(share, 0.0), 1.0) * (len(video.table) - 1)))
    rgb = video.still(index)
    time_s = float(video.table.times_s[index])
    return ShownFrame(
        _jpeg(rgb, LONGEST_PX), rgb.shape[1], rgb.shape[0], time_s, video.table.duration_s
    )


def find_faces(
    path: str, share: float, zones: Sequence[str], detector: str
) -> list[dict[str, Any]]:
    """Look for a face in every zone of the key frame at a share of a video.

    Returns
    -------
    list of dict
        For each zone ``zone`` and ``box`` (as shares of the frame: left, top, right, bottom), which
        is ``None`` where no face was found, and ``score``, ``eyes``, ``width_px``.
    """
    import numpy as np

    from amgs.video.zones import parse_zone

    video = _video(path)
    index = video.table.key_before(int(min(max(share, 0.0), 1.0) * (len(video.table) - 1)))
    rgb = video.still(index)
    height, width = rgb.shape[:2]
    found = []
    for name in zones:
        left, top, right, bottom = parse_zone(name).box(width, height)
        part = np.ascontiguousarray(rgb[top:bottom, left:right])
        faces = _detector(detector).find(part)
        row: dict[str, Any] = {"zone": name, "box": None, "score": None, "eyes": 0, "width_px": 0}
        if faces:
            face = max(faces, key=lambda one: one.score).moved(1.0, left, top)
            x1, y1, x2, y2 = face.box
            row |= {"box": [x1 / width, y1 / height, x2 / width, y2 / height]}
            row |= {"score": round(float(face.score), 2), "eyes": len(face.eyes)}
            row |= {"width_px": round(x2 - x1)}
        found.append(row)
    return found


def strip_around(
    path: str, zone: str, time_s: float, seconds: Iterable[float]
) -> list[tuple[float, bytes]]:
    """Return what is seen in a zone at some seconds before and after a time: time and JPEG.

    Times before the start and after the end are left out.
    """
    import numpy as np

    from amgs.video.zones import parse_zone

    video = _video(path)
    times = video.table.times_s
    left, top, right, bottom = parse_zone(zone).box(video.info.width, video.info.height)
    found: list[tuple[float, bytes]] = []
    seen: set[int] = set()
    for offset in seconds:
        wanted = time_s + offset
        if not 0 <= wanted <= float(times[-1]) + 0.1:
            continue
        index = int(np.argmin(np.abs(times - wanted)))
        if index not in seen:
            seen.add(index)
            part = video.still(index)[top:bottom, left:right]
            found.append((float(times[index]), _jpeg(np.ascontiguousarray(part), 480)))
    return found


def get_ready() -> None:
    """Load what the first question would wait for."""
    import amgs.cohort.comparison
    import amgs.study.checking
    import amgs.video  # noqa: F401


def check_table(
    folder: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[CellRemark]:
    """Return what is wrong or odd in a table of recordings that is being edited."""
    from amgs.study import Study
    from amgs.study.design_table import TableRows, check_rows

    with Study.open(Path(folder)) as study:
        return check_rows(study, TableRows(tuple(columns), tuple(map(tuple, rows))))


def frame_sizes(paths: Sequence[str]) -> list[tuple[int, int] | None]:
    """Return width and height of the frames of videos, as their headers say."""
    from amgs.video.header import read_header

    headers = [read_header(Path(path)) for path in paths]
    return [None if header is None else (header.width, header.height) for header in headers]


def describe_progress(folder: str) -> list[tuple[str, int, int]]:
    """Return how far every recording is; see `amgs.study.curation.extraction_progress`."""
    from amgs.study import Study
    from amgs.study.curation import extraction_progress

    with Study.open(Path(folder)) as study:
        return extraction_progress(study)


def describe_scoring(folder: str, csrf: str) -> Any:
    """Return what the owner sees of a study's scoring; see `amgs.web.lab.overview`."""
    from amgs.study import Study
    from amgs.web.lab.overview import Overview

    with Study.open(Path(folder)) as study:
        return Overview(study, study.room()).describe(csrf)


def unblind(folder: str, who: str, reason: str) -> None:
    """Unblind a study; see `amgs.study.Study.unblind`."""
    from amgs.study import Study

    with Study.open(Path(folder)) as study:
        study.unblind(who, reason)


def human_scores(folder: str) -> Path:
    """Write the human scores of an unblinded study; return the file."""
    from amgs.study import Study

    with Study.open(Path(folder)) as study:
        return study.human_scores()


def compare(
    folder: str, model: str, value: str, timepoint: str, otherwise: dict[str, Any]
) -> dict[str, Any]:
    """Compare the groups of a study for the page of the answer.

    Returns
    -------
    dict
        ``document`` as of `amgs compare --json`; ``rows`` per animal and timepoint; ``means`` by
        group with limits of 95 % intervals; ``sentences``; ``values``, the columns that can be
        compared; ``timepoints``; ``model``; ``warnings`` of what the model cannot be trusted with;
        whether there are ``human`` scores.
    """
    from amgs.cohort.comparison import ComparisonChoice
    from amgs.cohort.sentences import describe_primary
    from amgs.prediction.summary_columns import mean_columns
    from amgs.study import Study
    from amgs.study.comparing import timepoints_to_compare
    from amgs.study.exploring import Otherwise, choose_reader, explore
    from amgs.vocabulary import CALL_VALUES, REBASED_VALUES

    with Study.open(Path(folder)) as study:
        model, value = choose_reader(study, model, value)
        choice = ComparisonChoice(value, timepoint=timepoint or None)
        found = explore(study, choice, Otherwise(**otherwise), model)
        summary, document = found.summary, found.document
        calls = any(output.name == "p_pain" for output in summary.outputs)
        values = list(CALL_VALUES) if calls or not summary.outputs else []
        values += mean_columns(list(summary.outputs))
        values += REBASED_VALUES if calls and summary.options.baseline else ()
        return {
            "document": document,
            "rows": [{k: _plain(v) for k, v in row.items()} for row in found.rows],
            "means": _means(document),
            "warnings": _warn(found.rows) if summary.model else [],
            "sentences": describe_primary(document["primary"], document["baseline"]),
            "values": values if summary.model else [],
            "human": bool(study.unblindings),
            "timepoints": timepoints_to_compare(study, summary, ComparisonChoice()),
            "model": summary.model,
        }


def depends(
    folder: str, model: str, value: str, timepoint: str, otherwise: dict[str, Any]
) -> list[dict[str, Any]]:
    """Compare again with other choices, one at a time; see `amgs.report.dependence`."""
    from amgs.cohort.comparison import ComparisonChoice
    from amgs.report.dependence import Images, how_it_depends
    from amgs.study import Study
    from amgs.study.exploring import Otherwise, choose_reader, explore
    from amgs.study.planned import animal_facts
    from amgs.study.present import present

    with Study.open(Path(folder)) as study:
        model, value = choose_reader(study, model, value)
        choice = ComparisonChoice(value, timepoint=timepoint or None)
        found = explore(study, choice, Otherwise(**otherwise), model)
        summary = found.summary
        if not summary.model:
            return []
        facts = animal_facts(present(study).planned.values())
        images = Images(summary.table, summary.options, summary.times, summary.outputs, facts)
        return how_it_depends(images, found.document, found.choice)


def animal_page(folder: str, mark: str, name: str, found: dict[str, Any]) -> AnimalContext:
    """Return what the page of an animal shows; see `amgs.web.lab.animals`."""
    from amgs.study import Study
    from amgs.web.lab.animals import describe_animal

    with Study.open(Path(folder)) as study:
        return describe_animal(study, mark, name, found)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _warn(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what speaks against the model's calls in this study."""
    from amgs.prediction.unlike import warn_of_unlike

    seen = sum(int(row.get("seen_in_training") or 0) for row in rows)
    images = sum(int(row["images"]) for row in rows)
    warnings = list(warn_of_unlike(rows))
    if seen:
        warnings.insert(
            0,
            f"{seen} of {images} images were used to train or to select this model. Its calls on "
            "them are too optimistic: conclusions should rest on animals that nobody scored.",
        )
    return warnings


def _means(document: dict[str, Any]) -> dict[str, list[float | None]]:
    """Return mean and limits of its 95 % interval (t) of what every animal gives, by group."""
    from scipy.stats import t

    found: dict[str, list[float | None]] = {}
    for group in document["groups"]:
        n, mean, sem = group["n"], group["mean"], group["sem"]
        half = float(t.ppf(0.975, n - 1)) * sem if n > 1 and sem is not None else None
        found[str(group["group"])] = [
            mean,
            None if half is None else mean - half,
            None if half is None else mean + half,
        ]
    return found
