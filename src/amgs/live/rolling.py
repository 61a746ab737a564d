"""What is known of an animal over the last minutes, with how sure it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from amgs.extraction.journal import read_sleep_candidate
from amgs.extraction.sleep import SleepCandidate, find_possible_sleep
from amgs.model.metrics import wilson_interval
from amgs.vocabulary import PAIN, Output, Reading

_SLEEP_KEPT_S = 300.0


@dataclass(frozen=True, slots=True)
class LiveImage:
    """One image as it was judged.

    Parameters
    ----------
    time_s, computer_s
        When: in the recording, and in seconds since 1970.
    image
        Its file; empty where the interval showed no face that could be kept.
    reading
        What the model says.
    quality
        Of the image, 0 to 1.
    possible_sleep
        Whether the animal may have been asleep.
    """

    time_s: float
    computer_s: float
    image: str = ""
    reading: Reading | None = None
    quality: float | None = None
    possible_sleep: bool = False

    @property
    def unlike(self) -> bool:
        """Whether it is unlike the images that the model was trained with."""
        return self.reading is not None and self.reading.values.get("unlike_training") == "yes"


class RollingWindow:
    """The images of one animal over the last minutes.

    Parameters
    ----------
    minutes
        How long the window is.
    threshold
        Least confidence of an image that counts.
    outputs
        What the model says, for the means of its numbers.
    """

    def __init__(self, minutes: float, threshold: float, outputs: Sequence[Output] = ()) -> None:
        self.minutes = minutes
        self.threshold = threshold
        self._numbers = [o.name for o in outputs if o.is_number and not o.detail]
        self.images: deque[LiveImage] = deque()
        self._candidates: deque[SleepCandidate] = deque()

    def note_candidates(self, entry: dict[str, Any]) -> list[tuple[float, float]]:
        """Take in the candidates of an interval; return the stretches of possible sleep of late."""
        self._candidates.extend(read_sleep_candidate(c) for c in entry["candidates"])
        while self._candidates and (
            self._candidates[-1].time_s - self._candidates[0].time_s > _SLEEP_KEPT_S
        ):
            self._candidates.popleft()
        return find_possible_sleep(list(self._candidates))

    def add(self, image: LiveImage) -> None:
        """Take in an interval, with or without an image; what is older than the window goes."""
        self.images.append(image)
        while image.time_s - self.images[0].time_s >= 60 * self.minutes:
            self.images.popleft()

    def forget(self, now_s: float) -> None:
        """Drop what is older than the window by the computer's clock.

        Of a camera that is lost nothing comes that would push it out.
        """
        while self.images and now_s - self.images[0].computer_s >= 60 * self.minutes:
            self.images.popleft()

    def summary(self) -> dict[str, Any]:
        """Return what the window says.

        ``pct_pain`` is the share of pain among the confident images, with Wilson's 95 % interval
        (images taken as independent, so it is the least there can be); ``None`` without any.
        Images of possible sleep and images unlike the training images are counted beside it, and
        are in it.
        """
        judged = [image for image in self.images if image.reading is not None]
        confident = [
            image
            for image in judged
            if image.reading is not None
            and (image.reading.number("confidence") or 0.0) >= self.threshold
        ]
        pain = sum(
            i.reading is not None and i.reading.values["predicted"] == PAIN for i in confident
        )
        limits = wilson_interval(pain, len(confident)) if confident else None
        readings = [image.reading for image in judged if image.reading is not None]
        means = {name: _mean(r.number(name) for r in readings) for name in self._numbers}
        quality = (image.quality for image in judged)
        return {
            "minutes": self.minutes,
            "intervals": len(self.images),
            "images": len(judged),
            "confident_images": len(confident),
            "pain_images": pain,
            "pct_pain": 100 * pain / len(confident) if confident else None,
            "pct_pain_low": None if limits is None else 100 * limits[0],
            "pct_pain_high": None if limits is None else 100 * limits[1],
            "means": means,
            "quality": _mean(quality),
            "possible_sleep": sum(image.possible_sleep for image in judged),
            "unlike_training": sum(image.unlike for image in judged),
        }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
