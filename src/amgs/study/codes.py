"""Names that tell nothing by themselves: the same name gets the same code within a study."""

from __future__ import annotations

import hashlib
import hmac

_DIGITS = 8


class Codes:
    """Turns names into codes.

    They depend on the study's seed alone, so that the same study is divided in the same way for
    training whenever it is made again; whoever has the study's folder could work them out.

    Parameters
    ----------
    seed
        The study's seed.
    """

    def __init__(self, seed: int) -> None:
        self._key = f"amgs codes {seed}".encode()

    def __call__(self, name: str) -> str:
        """Return the code of a name."""
        digest = hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()
        return f"code-{digest[:_DIGITS]}"
