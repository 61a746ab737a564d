"""Names that tell nothing: the same name gets the same code, and only the study can make it."""

from __future__ import annotations

import hashlib
import hmac

_DIGITS = 8


class Codes:
    """Turns names into codes.

    Parameters
    ----------
    secret
        A secret of the study's store.
    """

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def __call__(self, name: str) -> str:
        """Return the code of a name."""
        digest = hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()
        return f"code-{digest[:_DIGITS]}"
