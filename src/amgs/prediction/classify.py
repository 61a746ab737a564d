"""A model looks at images: a few, or a hundred thousand in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from amgs.errors import TableError, count_of, list_faults
from amgs.images import count_images, find_images
from amgs.jobs import ProgressCallback, batches, bounded_map, no_progress, open_executor
from amgs.model.backbones.networks import BATCH_SIZE
from amgs.prediction.readers import Answer, ImageToClassify, Reader
from amgs.prediction.sinks import PredictionSink
from amgs.provenance import hash_text
from amgs.tables import is_table, portable_path, read_table
from amgs.vocabulary import (
    DEFAULT_THRESHOLD,
    KNOWN_ABOUT_AN_IMAGE,
    PAIN,
    TRAINED_PARTS,
    Output,
)

MAX_LISTED_PROBLEMS = 100


@dataclass(slots=True)
class OutputTally:
    """How often an output was said, and the sum of its values where it is a number or a flag."""

    output: Output
    n: int = 0
    total: float = 0.0

    @property
    def mean(self) -> float | None:
        """Mean of a number, share of yes of a flag; ``None`` where nothing was said."""
        return self.total / self.n if self.n else None


@dataclass(slots=True)
class ClassifySummary:
    """What came out, counted.

    ``problems`` lists name and reason of the first hundred images that could not be read; the
    table has all of them. ``resumed`` counts the rows that an earlier, interrupted run had done,
    ``trained_on`` the images used for training or model selection. ``outputs`` has a tally for
    everything that the model says.
    """

    images: int = 0
    pain: int = 0
    no_pain: int = 0
    confident: int = 0
    confident_pain: int = 0
    unreadable: int = 0
    resumed: int = 0
    trained_on: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)
    outputs: dict[str, OutputTally] = field(default_factory=dict)

    @classmethod
    def of(cls, outputs: Iterable[Output]) -> ClassifySummary:
        """Begin counting for a model with these outputs."""
        return cls(outputs={output.name: OutputTally(output) for output in outputs})

    @property
    def calls_pain(self) -> bool:
        """Whether the model calls pain or no pain."""
        return "predicted" in self.outputs

    def count(self, answer: Answer) -> None:
        """Count one image: its reading, or why there is none."""
        self.images += 1
        self.trained_on += answer.part in TRAINED_PARTS
        if answer.problem:
            self.unreadable += 1
            if len(self.problems) < MAX_LISTED_PROBLEMS:
                self.problems.append((answer.image.name, answer.problem))
            return
        for name, tally in self.outputs.items():
            value = answer.reading.values.get(name)
            if value is not None:
                tally.n += 1
                tally.total += 0.0 if isinstance(value, str) else float(value)
        if self.calls_pain:
            self._count_call(answer)

    def _count_call(self, answer: Answer) -> None:
        confident = (answer.reading.number("confidence") or 0.0) >= DEFAULT_THRESHOLD
        self.confident += confident
        if answer.reading.values["predicted"] == PAIN:
            self.pain += 1
            self.confident_pain += confident
        else:
            self.no_pain += 1


@dataclass(frozen=True, slots=True)
class ImageListing:
    """The images to classify: how many, what is known of them, and a way to walk through them."""

    total: int
    known: tuple[str, ...]
    places: tuple[Path, ...]
    from_csv: tuple[ImageToClassify, ...] | None

    @property
    def fingerprint(self) -> str:
        """One hash over name, size, time of change and what is known of every image."""
        return hash_text("|".join(_describe_file(image)) for image in self)

    def __iter__(self) -> Iterator[ImageToClassify]:
        """Walk through the images; folders are searched on the way, not held in memory."""
        if self.from_csv is not None:
            return iter(self.from_csv)
        return (ImageToClassify(found.path, found.name) for found in find_images(self.places))


def list_images(places: Sequence[Path]) -> ImageListing:
    """Find out which images are meant by files and folders, or by one CSV.

    Parameters
    ----------
    places
        Image files and folders, or a single ``.csv`` with an ``image`` column (paths relative to
        the CSV). What the CSV knows of animal, group, timepoint, recording, time_s, label and mgs
        goes into the predictions.

    Raises
    ------
    NoImagesError
        If there are none, or a place does not exist.
    TableError
        If places overlap, so that images would count twice, or if the CSV has faults.
    """
    tables = [place for place in places if is_table(place)]
    if tables:
        if len(places) > 1:
            msg = f"Expected either one CSV or images, found {len(places)} places with {tables[0]}."
            raise TableError(msg)
        return _listing_from_csv(tables[0])
    _refuse_overlap(places)
    return ImageListing(count_images(places), (), tuple(places), None)


def classify_images(
    reader: Reader,
    images: Iterable[ImageToClassify],
    total: int | None,
    sink: PredictionSink,
    *,
    executor: Executor | None = None,
    progress: ProgressCallback = no_progress,
) -> ClassifySummary:
    """Let a model read images one batch after another and hand every answer to the sink.

    No more than a few batches per worker are held at a time. Images that cannot be read become
    answers with a ``problem``. The answers are in the order of the images.

    Parameters
    ----------
    reader
        From `amgs.prediction.models.open_reader`.
    images
        From `list_images`.
    total
        How many there are, for the progress.
    sink
        Where answers go; what it has already is not done again.
    executor
        Works on several batches at a time; threads of this process if not given.
    progress
        Told how many are done.
    """
    summary = ClassifySummary.of(reader.outputs)
    summary.resumed = len(sink.done)
    for answer in sink.done_answers():
        summary.count(answer)
    # A generator: a hundred thousand images are never listed in memory.
    waiting = (image for image in images if image.name not in sink.done)
    with open_executor(executor) as chosen:
        work = partial(_answer_batch, reader)
        for answers in bounded_map(chosen, work, batches(waiting, BATCH_SIZE), together=8):
            for answer in answers:
                sink.write(answer)
                summary.count(answer)
            sink.flush()
            progress("classifying", summary.images, total)
    return summary


def _answer_batch(reader: Reader, batch: list[ImageToClassify]) -> list[Answer]:
    return reader.answer(batch)


def _listing_from_csv(path: Path) -> ImageListing:
    table = read_table(path, required=("image",))
    known = tuple(name for name in KNOWN_ABOUT_AN_IMAGE if name in table.columns)
    empty = [f"line {line}" for line in table.index[table["image"] == ""]]
    repeated = table["image"][table["image"].duplicated()]
    faults = [f"{line}: no image named" for line in empty]
    faults += [f"line {line}: {name} is listed twice" for line, name in repeated.items() if name]
    if faults:
        msg = (
            f"Expected one image in every line of {path}, each once, found "
            f"{count_of(len(faults), 'fault')}:\n"
            f"{list_faults(faults)}\nCorrect these lines."
        )
        raise TableError(msg)
    images = tuple(
        ImageToClassify(path.parent / name, name, tuple(row[k] for k in known))
        for row in table.to_dict("records")
        for name in [portable_path(row["image"])]
    )
    return ImageListing(len(images), known, (), images)


def _describe_file(image: ImageToClassify) -> tuple[str, ...]:
    try:
        status = image.path.stat()
    except OSError:
        return (image.name, "missing", *image.known)
    return (image.name, str(status.st_size), str(status.st_mtime_ns), *image.known)


def _refuse_overlap(places: Sequence[Path]) -> None:
    """Stop when one place lies in another: its images would count twice."""
    resolved = [place.resolve() for place in places]
    for i, outer in enumerate(resolved):
        for j, inner in enumerate(resolved):
            if i != j and inner.is_relative_to(outer):
                msg = (
                    f"Expected places that do not overlap, but {places[j]} lies in {places[i]}: "
                    "its images would count twice. Name only one of them."
                )
                raise TableError(msg)
