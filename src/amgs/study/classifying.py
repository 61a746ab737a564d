"""Models look at the faces of a study, and what they said becomes a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

from amgs.faces.detectors import open_detector
from amgs.jobs import ProgressCallback, no_progress
from amgs.prediction.classify import ClassifySummary, classify_images
from amgs.prediction.models import is_built_in, open_reader
from amgs.prediction.readers import Answer, ImageToClassify, Reader
from amgs.prediction.sinks import CsvSink, PredictionSink
from amgs.provenance import record_provenance
from amgs.store import FaceRecord, StoredPrediction
from amgs.store.base import PredictionStore
from amgs.study.folder import StudyFolder
from amgs.study.labelling import score_faces
from amgs.study.present import Present, present
from amgs.study.results import note_written, require_unchanged
from amgs.study.training import find_model

KNOWN = ("mgs", "animal", "group", "timepoint", "recording", "time_s", "possible_sleep")
_AT_ONCE = 500


class StoreSink(PredictionSink):
    """Keeps readings in the study's store, some hundred at a time.

    Parameters
    ----------
    store
        The study's.
    reader
        Whose readings they are.
    contents
        SHA-256 of every face as it was registered.
    """

    def __init__(self, store: PredictionStore, reader: Reader, contents: Mapping[str, str]) -> None:
        super().__init__((), reader.outputs)
        self._contents = contents
        self._store = store
        self._sha256 = reader.sha256
        self._origin = record_provenance({"step": "classify"}, {"model": reader.sha256}).as_dict()
        self._waiting: list[StoredPrediction] = []

    def write(self, answer: Answer) -> None:
        """See `PredictionSink.write`."""
        name, content = answer.image.name, answer.content
        row = StoredPrediction(name, answer.reading, content, answer.part, answer.problem)
        if content and not self._contents[name].startswith(content):
            problem = "the image is another one than was registered (and scored)"
            row = StoredPrediction(name, content=content, problem=problem)
        self._waiting.append(row)

    def flush(self) -> None:
        """Keep what was taken, when it is worth a transaction."""
        if len(self._waiting) >= _AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Keep all that was taken."""
        self._store.add(self._sha256, self._waiting, self._origin)
        self._waiting = []


def find_reader(study: StudyFolder, model: Path | str) -> Reader:
    """Open a model for a study: a built-in one, one of the study by its name, or a folder.

    Parameters
    ----------
    study
        The study; its face detector is the one that a built-in model reads with.
    model
        A name or a folder; an empty name means the model that was trained or used last, in a study
        without any the built-in one that read the faces.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    if isinstance(model, str):
        if not model and not any(folder for _, folder, _ in study.store.predictions.models()):
            model = built_in_alone(study)
        if is_built_in(model):
            return open_reader(model, open_detector(study.settings.extract.detector))
        model = find_model(study, model)
    return open_reader(model)


def built_in_alone(study: StudyFolder) -> str:
    """Return the built-in model that read the faces last, where no model of the study has."""
    said = study.store.predictions
    if any(folder and said.count(sha256) for _, folder, sha256 in said.models()):
        return ""
    read = [name for name, _, sha256 in said.models() if is_built_in(name) and said.count(sha256)]
    return read[-1] if read else ""


def classify_faces(
    study: StudyFolder,
    reader: Reader,
    *,
    only: Collection[str] | None = None,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
) -> ClassifySummary:
    """Let a model look at the faces that are new to it.

    The counts are of all faces; ``resumed`` says how many it had answered before. With `only`, it
    looks at no others than these images.
    """
    _register(study, reader)
    predictions = study.store.predictions
    faces = study.store.faces.all()
    active = {face.image for face in faces}
    done = {
        row.image
        for row in predictions.all(reader.sha256)
        if not row.problem and row.image in active
    }
    images = [
        ImageToClassify(study.folder / face.image, face.image)
        for face in faces
        if face.image not in done and (only is None or face.image in only)
    ]
    contents = {face.image: face.content for face in faces}
    sink = StoreSink(predictions, reader, contents)
    try:
        classify_images(reader, images, len(images), sink, executor=executor, progress=progress)
    finally:
        sink.finish()
    summary = ClassifySummary.of(reader.outputs)
    summary.resumed = len(done)
    for row in predictions.all(reader.sha256):
        if row.image not in active:
            continue
        summary.count(_answer(row, ImageToClassify(study.folder / row.image, row.image)))
    return summary


def _register(study: StudyFolder, reader: Reader) -> None:
    """Let the store know a model; one from elsewhere by its hash alone, as it does not move."""
    place = ""
    if reader.folder is not None and reader.folder.resolve().is_relative_to(study.folder.resolve()):
        place = reader.folder.resolve().relative_to(study.folder.resolve()).as_posix()
    origin = record_provenance({"model": place or reader.name}, {"model": reader.sha256}).as_dict()
    study.store.predictions.add_model(reader.name, place, reader.sha256, origin)


def _answer(row: StoredPrediction, image: ImageToClassify) -> Answer:
    problem = row.problem or ("" if row.reading.values else "the model said nothing")
    return Answer(image, row.reading, problem, row.content, row.part)


def write_predictions(study: StudyFolder, reader: Reader, now: Present | None = None) -> Path:
    """Write what a model said of the study's faces, with all that is known of them.

    Human scores stand in the column ``mgs`` only once the study was unblinded. What counts at
    present is looked up if it is not given.
    """
    path = study.results / f"predictions_{reader.name}.csv"
    require_unchanged(study, path)
    now = now or present(study)
    planned = now.planned
    seen = _seen_by_frame(study, reader)
    said = {row.image: row for row in study.store.predictions.all(reader.sha256)}
    scores = {s.image: s.mgs for s in score_faces(study, now)} if study.unblindings else {}
    sink = CsvSink(path, KNOWN, reader.outputs, reader.sha256, overwrite=True, restart=True)
    try:
        for face in now.faces:
            row = said.get(face.image)
            if row is None:
                continue  # the model has not looked at it yet
            if not row.part and face.root in seen:
                row = replace(row, part=seen[face.root])
            r = planned[face.recording]
            known = (
                _number(scores.get(row.image), "g"),
                *(r.animal, r.group, r.timepoint, r.name),
                *_time_and_sleep(face),
            )
            image = ImageToClassify(study.folder / row.image, row.image, known)
            sink.write(_answer(row, image))
        sink.finish(record_provenance({"model": reader.name}, {"model": reader.sha256}).as_dict())
    finally:
        sink.close()
    note_written(study, path)
    return path


def _seen_by_frame(study: StudyFolder, reader: Reader) -> dict[int, str]:
    """Return which places of which frames a model learned from, in whatever crop it was.

    A face that is cropped anew, with another margin or zone, shows what the model has seen.
    """
    return {
        face.root: part
        for face in study.store.faces.all(retired=True)
        if (part := reader.part_of(face.content))
    }


def _time_and_sleep(face: FaceRecord) -> tuple[str, str]:
    return _number(face.time_s, ".3f"), face.possible_sleep


def _number(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"
