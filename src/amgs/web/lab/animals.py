"""What the page of one animal shows: its values, its recordings over time, its images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from amgs.errors import UnknownNameError
from amgs.study import Study
from amgs.study.curation import FaceNames
from amgs.study.present import present
from amgs.timepoints import order_timepoints
from amgs.web.lab.answer_words import number
from amgs.web.lab.plots import Point, clock, time_line


@dataclass(frozen=True, slots=True)
class Strip:
    """One recording of an animal: its time line and its images with what the model says."""

    timepoint: str
    recording: str
    facts: str
    line: Markup
    faces: Sequence[tuple[str, str, str, str, str]]


@dataclass(frozen=True, slots=True)
class AnimalContext:
    """One animal: values at its timepoints, and its recordings."""

    animal: str
    group: str
    rows: Sequence[Sequence[str]]
    strips: Sequence[Strip]
    before: str
    after: str


def describe_animal(study: Study, mark: str, name: str, found: Mapping[str, Any]) -> AnimalContext:
    """Return what the page of an animal shows.

    Raises
    ------
    UnknownNameError
        If the study has no such animal.
    """
    mine = [row for row in found["rows"] if row["animal"] == name]
    if not mine:
        raise UnknownNameError(f"Expected an animal of this study, found {name!r}.")
    value = str(found["document"]["value"])
    rows = [
        [
            str(row["timepoint"]),
            number(row.get(value)),
            str(row["images"]),
            str(row["confident_images"]),
            "yes" if row["included"] == "yes" else str(row["reason"]),
        ]
        for row in mine
    ]
    everyone = list(dict.fromkeys(row["animal"] for row in found["rows"]))
    place = everyone.index(name)
    return AnimalContext(
        name,
        str(mine[0]["group"]),
        rows,
        _strips(study, mark, name, str(found["model"])),
        everyone[place - 1] if place else "",
        everyone[place + 1] if place + 1 < len(everyone) else "",
    )


def _strips(study: Study, mark: str, animal: str, model: str) -> list[Strip]:
    said = {}
    for name, _, sha256 in study.store.predictions.models():
        if name == model:
            said = {row.image: row.reading for row in study.store.predictions.all(sha256)}
    now, names = present(study), FaceNames(study)
    sources = {s.recording: s for s in study.store.sources.all() if s.recording}
    threshold = study.settings.classify.threshold
    strips = []
    mine = [(name, r) for name, r in now.planned.items() if r.animal == animal]
    times = order_timepoints((r.timepoint for _, r in mine), study.settings.study.baseline)
    for recording, planned in sorted(mine, key=lambda one: times.index(one[1].timepoint)):
        tiles: list[tuple[str, str, str, str, str]] = []
        points = []
        for face in (f for f in now.assigned if f.recording == recording):
            reading = said.get(face.image)
            p = None if reading is None else reading.number("p_pain")
            confidence = None if reading is None else reading.number("confidence")
            out = now.excluded.get(face.image, "")
            at = "" if face.time_s is None else clock(face.time_s)
            predicted = "" if reading is None else str(reading.values.get("predicted") or "")
            says = "" if confidence is None else f"{predicted}, {confidence:.2f}"
            kind = "out" if out else "pain" if predicted == "pain" else ""
            if confidence is not None and confidence < threshold:
                kind += " unsure"
            tiles.append((names.of(face), at, predicted, says, out))
            if p is not None and face.time_s is not None:
                link = f"/study/{mark}/faces/face/{names.of(face)}"
                points.append(Point(p, f"{at}: {says}", link, kind, face.time_s))
        source = sources.get(recording)
        row = {} if source is None else source.detail.get("row", {})
        sleep = [] if source is None else source.detail.get("sleep", [])
        line = Markup("")
        if points and row.get("duration_s"):
            line = time_line(
                float(row["duration_s"]),
                points,
                f"Probability of pain over {recording}",
                axis="p(pain)",
                sleep=[(float(a), float(b)) for a, b in sleep],
            )
        count = f"{len(tiles)} images"
        strips.append(Strip(planned.timepoint, recording, count, line, tiles))
    return strips
