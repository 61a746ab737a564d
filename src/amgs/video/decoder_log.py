"""What FFmpeg's decoders say while they work: of damage that they conceal they only speak here.

A decoder that meets damaged data fills the gap from neighbouring blocks and returns the frame as if
nothing were wrong. Its log is the one place where that is said.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

HARMLESS = (
    "mmco",
    "co located",
    "reference picture",
    "reference count",
    "missing picture",
    "unref",
    "could not find ref",
    "number of reference frames",
    "first frame",
    "deprecated pixel format",
    "skipping frame",
    "skipped",
)
"""What decoders complain of when they begin in the middle, of frames that nobody uses."""


@cache
def _listen() -> Any:
    """Let FFmpeg's log reach Python, errors only, and nowhere else; once for this process."""
    import av.logging

    quiet = logging.getLogger("libav")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    av.logging.set_level(av.logging.ERROR)
    # A message that repeats is one for every block that is damaged; each belongs to a packet.
    av.logging.set_skip_repeated(False)
    return av.logging


@contextmanager
def log_unheard() -> Iterator[None]:
    """Keep FFmpeg's log from Python where its own threads decode.

    One of them that speaks waits for Python, and Python, which ends the decoder, for it: for ever.
    """
    import av.logging

    before = av.logging.get_level()
    av.logging.set_level(None)
    try:
        yield
    finally:
        av.logging.set_level(before)


@contextmanager
def damage_heard() -> Iterator[list[str]]:
    """Collect what the decoder of this thread says of damage while it works.

    Yields
    ------
    list of str
        Filled when the block ends.
    """
    heard: list[str] = []
    with _listen().Capture(local=True) as messages:
        yield heard
    for _, _, text in messages:
        plain = text.strip().lower()
        if plain and not any(word in plain for word in HARMLESS):
            heard.append(text.strip())


class Damage:
    """Which frames are made from damaged packets, since the last seek.

    A frame is made from the packets between the keyframe before it and itself, in the order of
    decoding; what lies outside of them does not touch it.
    """

    def __init__(self) -> None:
        self._place: dict[int, int] = {}
        self._key_before: dict[int, int] = {}
        self._damaged: list[int] = []
        self._key = 0

    def note(self, packet: Any, damaged: bool) -> None:
        """Take down a packet that was just decoded."""
        if packet is None or packet.pts is None:
            return
        place = len(self._place)
        if packet.is_keyframe:
            self._key = place
        self._place[packet.pts] = place
        self._key_before[packet.pts] = self._key
        if damaged:
            self._damaged.append(place)

    def reaches(self, pts: int) -> bool:
        """Whether the frame with this time is made from a damaged packet."""
        if not self._damaged or pts not in self._place:
            return False
        first, last = self._key_before[pts], self._place[pts]
        return any(first <= place <= last for place in self._damaged)
