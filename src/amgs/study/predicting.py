"""Models look at the faces of a study, and what they said becomes a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from amgs.jobs import ProgressCallback
from amgs.prediction.classify import ClassifySummary, ImageToClassify, classify_images
from amgs.prediction.writing import CsvSink, Outcome, PredictionSink
from amgs.provenance import record_provenance
from amgs.store import StoredPrediction
from amgs.store.base import PredictionStore
from amgs.study.layout import RESULTS
from amgs.vocabulary import ORBITAL_MODEL, OrbitalReading, Prediction

if TYPE_CHECKING:
    from amgs.study.study import Study

KNOWN = ("mgs", "animal", "group", "timepoint", "recording", "time_s", "possible_sleep")
_AT_ONCE = 500


class StoreSink(PredictionSink):
    """Keeps predictions in the study's store, some hundred at a time."""

    def __init__(
        self, store: PredictionStore, sha256: str, contents: Mapping[str, str], *, orbital: bool
    ) -> None:
        super().__init__((), orbital=orbital)
        self._contents = contents
        self._store = store
        self._sha256 = sha256
        self._origin = record_provenance({"step": "classify"}, {"model": sha256}).as_dict()
        self._waiting: list[StoredPrediction] = []

    def write(
        self, name: str, known: Sequence[str], outcome: Outcome, content: str = "", part: str = ""
    ) -> None:
        """Take one image."""
        del known
        if content and not self._contents[name].startswith(content):
            outcome = "the picture is another one than was taken up (and scored)"
        if isinstance(outcome, Prediction):
            row = StoredPrediction(name, outcome.p_pain, content=content, part=part)
        elif isinstance(outcome, OrbitalReading):
            row = StoredPrediction(
                name, None, outcome.orbital_tightening, outcome.p_narrowed, content
            )
        else:
            row = StoredPrediction(name, content=content, part=part, problem=outcome)
        self._waiting.append(row)

    def flush(self) -> None:
        """Keep what was taken, when it is worth a transaction."""
        if len(self._waiting) >= _AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Keep all that was taken."""
        self._store.add(self._sha256, self._waiting, self._origin)
        self._waiting = []


def classify_faces(study: Study, model: Path | None, progress: ProgressCallback) -> ClassifySummary:
    """Let a model (``None``: `orbital`) look at the faces that it has not answered yet."""
    run, sha256 = _open(study, model)
    done = {row.image for row in study.store.predictions.all(sha256) if not row.problem}
    faces = study.store.faces.all()
    images = [
        ImageToClassify(study.folder / face.image, face.image)
        for face in faces
        if face.image not in done
    ]
    contents = {face.image: face.content for face in faces}
    sink = StoreSink(study.store.predictions, sha256, contents, orbital=model is None)
    try:
        run(images, len(images), sink, progress)
    finally:
        sink.finish()
    summary = ClassifySummary(resumed=len(done))
    for row in study.store.predictions.all(sha256):
        summary.count(row.image, _outcome(row, orbital=model is None), row.part)
    return summary


def _open(study: Study, model: Path | None) -> tuple[Callable[..., ClassifySummary], str]:
    if model is None:
        from amgs.prediction.orbital import orbital_sha256, read_orbital_images

        sha256 = orbital_sha256()
        origin = record_provenance({"model": ORBITAL_MODEL}, {"model": sha256}).as_dict()
        study.store.predictions.add_model(ORBITAL_MODEL, "", sha256, origin)
        return read_orbital_images, sha256
    from amgs.model.bundle import load_model

    loaded = load_model(model)
    place = ""  # a model from elsewhere is known by its hash, and does not move with the study
    if model.resolve().is_relative_to(study.folder.resolve()):
        place = model.resolve().relative_to(study.folder.resolve()).as_posix()
    origin = record_provenance({"model": place or model.name}, {"model": loaded.sha256}).as_dict()
    study.store.predictions.add_model(model.name, place, loaded.sha256, origin)
    return partial(classify_images, loaded), loaded.sha256


def write_predictions(study: Study, model: Path | None) -> Path:
    """Write what a model said of the study's faces, with all that is known of them.

    Human scores stand in the column ``mgs`` only once the study was unblinded.
    """
    _, sha256 = _open(study, model)
    name = ORBITAL_MODEL if model is None else model.name
    path = study.folder / RESULTS / f"predictions_{name}.csv"
    planned = study.planned()
    faces = {face.image: face for face in study.store.faces.all()}
    scores = {s.image: s.mgs for s in study.scores()} if study.unblindings else {}
    sink = CsvSink(path, KNOWN, sha256, "", orbital=model is None, overwrite=True, restart=True)
    try:
        for row in study.store.predictions.all(sha256):
            face = faces[row.image]
            r = planned[face.recording]
            mgs, time_s = scores.get(row.image), face.time_s
            known = (
                "" if mgs is None else f"{mgs:g}",
                *(r.animal, r.group, r.timepoint, r.name),
                "" if time_s is None else f"{time_s:.3f}",
                face.possible_sleep,
            )
            outcome = _outcome(row, orbital=model is None)
            sink.write(row.image, known, outcome, row.content, row.part)
        sink.finish(record_provenance({"model": name}, {"model": sha256}).as_dict())
    finally:
        sink.close()
    return path


def _outcome(row: StoredPrediction, *, orbital: bool) -> Outcome:
    if row.problem:
        return row.problem
    if orbital:
        return OrbitalReading(row.orbital_tightening, row.p_narrowed)
    if row.p_pain is None:
        return "the model said nothing"
    return Prediction.from_p_pain(row.p_pain)
