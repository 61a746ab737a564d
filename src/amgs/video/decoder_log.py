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
