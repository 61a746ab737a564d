"""A model looks at images: a few, or a hundred thousand in constant memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from amgs.config import thread_count
from amgs.errors import TableError, UnreadableImageError, list_faults
from amgs.images import count_images, find_images
from amgs.images.reading import decode_image, read_content
from amgs.jobs import ProgressCallback, batches, map_ahead, no_progress
from amgs.model.bundle import Model
from amgs.model.network import BATCH_SIZE, Network
from amgs.prediction.writing import DECIMALS, Outcome, PredictionSink
from amgs.provenance import hash_text
from amgs.tables import read_table
from amgs.vocabulary import (
    CONTENT_DIGITS,
    DEFAULT_THRESHOLD,
    EVEN_ODDS,
    KNOWN_ABOUT_AN_IMAGE,
    PAIN,
    TRAINED_PARTS,
    OrbitalReading,
    Prediction,
)

MAX_LISTED_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class ImageToClassify:
    """An image, its name in the table, and what is known of it (animal, group, truth …)."""

    path: Path
    name: str
    known: tuple[str, ...] = ()


@dataclass(slots=True)
class ClassifySummary:
    """What came out, counted.

    ``problems`` lists name and reason of the first hundred images that could not be read; the
    table has all of them. ``resumed`` counts the rows that an earlier, interrupted run had done,
    ``trained_on`` the images that the model was trained or chosen with, ``not_scorable`` and
    ``narrowed`` are those of the model `orbital`.
    """

    images: int = 0
    pain: int = 0
    no_pain: int = 0
    confident: int = 0
    confident_pain: int = 0
    unreadable: int = 0
    resumed: int = 0
    trained_on: int = 0
    not_scorable: int = 0
    narrowed: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)

    def count(self, name: str, outcome: Outcome, part: str) -> None:
        """Count one image: its prediction, or why there is none."""
        self.images += 1
        self.trained_on += part in TRAINED_PARTS
        if isinstance(outcome, str):
            self.unreadable += 1
            if len(self.problems) < MAX_LISTED_PROBLEMS:
                self.problems.append((name, outcome))
            return
        if isinstance(outcome, OrbitalReading):
            self.not_scorable += not outcome.scorable
            self.narrowed += (outcome.p_narrowed or 0.0) >= EVEN_ODDS
            return
        confident = outcome.confidence >= DEFAULT_THRESHOLD
        self.confident += confident
        if outcome.predicted == PAIN:
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
    tables = [place for place in places if place.suffix.lower() == ".csv"]
    if tables:
        if len(places) > 1:
            msg = f"Expected either one CSV or images, found {len(places)} places with {tables[0]}."
            raise TableError(msg)
        return _listing_from_csv(tables[0])
    _refuse_overlap(places)
    return ImageListing(count_images(places), (), tuple(places), None)


def classify_images(
    model: Model,
    images: Iterable[ImageToClassify],
    total: int | None,
    sink: PredictionSink,
    progress: ProgressCallback = no_progress,
) -> ClassifySummary:
    """Classify images one batch after another and hand every row to the sink.

    Every thread reads a batch and passes it through the network; no more than a few batches per
    thread are held at a time. Images that cannot be read become rows with a ``problem``. The rows
    are in the order of the images.

    Parameters
    ----------
    model
        From `load_model`.
    images
        From `list_images`.
    total
        How many there are, for the progress.
    sink
        Where rows go; what it has already is not done again.
    progress
        Told how many are done.
    """
    network = model.open_network()

    def look_at(batch: list[ImageToClassify]) -> list[Answer]:
        return _classify_batch(model, network, batch)

    return answer_images(look_at, images, total, sink, progress)


def answer_images(
    look_at: Callable[[list[ImageToClassify]], list[Answer]],
    images: Iterable[ImageToClassify],
    total: int | None,
    sink: PredictionSink,
    progress: ProgressCallback,
) -> ClassifySummary:
    """Let several threads answer batches of images, and hand the answers on in order.

    Parameters
    ----------
    look_at
        Answers one batch; called by several threads at once.
    images, total, sink, progress
        As for `classify_images`.
    """
    summary = ClassifySummary(resumed=len(sink.done))
    for done in sink.done_outcomes():
        summary.count(*done)
    waiting = (image for image in images if image.name not in sink.done)
    threads = thread_count()
    with ThreadPoolExecutor(threads) as executor:
        for answers in map_ahead(executor, look_at, batches(waiting, BATCH_SIZE), 3 * threads):
            for answer in answers:
                name = answer.image.name
                sink.write(name, answer.image.known, answer.outcome, answer.content, answer.part)
                summary.count(name, answer.outcome, answer.part)
            sink.flush()
            progress("classifying", summary.images, total)
    return summary


@dataclass(slots=True)
class Answer:
    """An image, what was said of it, its content, and the training part it was in, if any."""

    image: ImageToClassify
    outcome: Outcome = ""
    content: str = ""
    part: str = ""


def _classify_batch(
    model: Model, network: Network, batch: Sequence[ImageToClassify]
) -> list[Answer]:
    """Answer each image with a prediction, or with the reason why there is none."""
    answers = [Answer(image) for image in batch]
    readable: list[Answer] = []
    pictures: list[npt.NDArray[np.float32]] = []
    for answer in answers:
        try:
            content = read_content(answer.image.path)
            pictures.append(model.preprocessing.apply(decode_image(content)))
        except UnreadableImageError as error:
            answer.outcome = str(error)
            continue
        digest = hashlib.sha256(content).hexdigest()
        answer.content = digest[:CONTENT_DIGITS]
        answer.part = model.parts.get(digest, "")
        readable.append(answer)
    if pictures:
        p_pain = model.head.p_pain(network.features(np.stack(pictures))).round(DECIMALS)
        for answer, p in zip(readable, p_pain.tolist(), strict=True):
            answer.outcome = Prediction.from_p_pain(p)
    return answers


def _listing_from_csv(path: Path) -> ImageListing:
    table = read_table(path, required=("image",))
    known = tuple(name for name in KNOWN_ABOUT_AN_IMAGE if name in table.columns)
    empty = [f"line {line}" for line in table.index[table["image"] == ""]]
    repeated = table["image"][table["image"].duplicated()]
    faults = [f"{line}: no image named" for line in empty]
    faults += [f"line {line}: {name} is listed before" for line, name in repeated.items() if name]
    if faults:
        msg = (
            f"Expected one image in every line of {path}, each once, found {len(faults)} faults:\n"
            f"{list_faults(faults)}\nCorrect these lines."
        )
        raise TableError(msg)
    images = tuple(
        ImageToClassify(
            path.parent / row["image"],
            row["image"].replace("\\", "/"),
            tuple(row[k] for k in known),
        )
        for row in table.to_dict("records")
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
