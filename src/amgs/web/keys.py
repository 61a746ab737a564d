"""The secrets of a running scoring room: keys, signatures, and how often they may be guessed at."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from itsdangerous import BadSignature, Signer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

GUESSES = RateLimitItemPerMinute(10)
"""So many wrong keys or codes a minute, from one address, for one secret."""

OWNER_IDLE_S = 30 * 60.0
"""The owner's page closes when nobody has used it for so long."""

_MOST_OWNERS = 100

Purpose: TypeAlias = Literal["rater's form", "owner's form", "sign-in form", "sign-in cookie"]
"""What a signature is for. Each has a key of its own: what is signed for one proves nothing for
another."""


class Guesses:
    """Counts guesses at secrets; whoever guesses at one, from one place, locks out nobody else."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, *what: str) -> bool:
        """Count a guess before it is looked at; whether it may be."""
        return self._limiter.hit(GUESSES, *what)


class OwnerSessions:
    """Browsers in which the owner's key was entered; forgotten when idle, or by the program's end.

    Parameters
    ----------
    idle_s
        Seconds without use after which a browser is forgotten.
    """

    def __init__(self, idle_s: float = OWNER_IDLE_S) -> None:
        self.idle_s = idle_s
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()

    def start(self) -> str:
        """Return a new token for a browser."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            while len(self._used) >= _MOST_OWNERS:
                self._used.pop(next(iter(self._used)))
            self._used[_hash(token)] = time.monotonic()
        return token

    def goes_on(self, token: str) -> bool:
        """Whether a token is one of ours that was used lately; it then counts as used now."""
        with self._lock:
            used = self._used.pop(_hash(token), None)
            if used is None or time.monotonic() - used > self.idle_s:
                return False
            self._used[_hash(token)] = time.monotonic()
        return True

    def end(self, token: str) -> None:
        """Forget a token."""
        with self._lock:
            self._used.pop(_hash(token), None)


@dataclass
class Keys:
    """The secrets of a running scoring room.

    ``access`` lets raters in when others than this machine can reach the page (empty: not needed),
    ``owner`` opens the owner's page, ``signing`` proves that a form is ours.
    """

    owner: str
    access: str
    signing: str
    owners: OwnerSessions = field(default_factory=OwnerSessions)
    guesses: Guesses = field(default_factory=Guesses)

    @classmethod
    def make(cls, *, with_access: bool, signing: str = "") -> Keys:
        """Make new keys; with the study's own `signing`, open pages go on after a restart."""
        access = secrets.token_urlsafe(12) if with_access else ""
        return cls(secrets.token_urlsafe(18), access, signing or secrets.token_hex(32))

    def sign(self, purpose: Purpose, token: str) -> str:
        """Return the signature of a token, which only this program can make."""
        return self._signer(purpose).get_signature(token).decode()

    def is_signed(self, purpose: Purpose, token: str, signature: str) -> bool:
        """Whether a signature belongs to a token and was made for this purpose."""
        return bool(token) and equal_secrets(signature, self.sign(purpose, token))

    def seal(self, purpose: Purpose, token: str) -> str:
        """Return a token with its signature."""
        return self._signer(purpose).sign(token).decode()

    def open(self, purpose: Purpose, sealed: str) -> str:
        """Return the token of `seal`; empty if it was not made by this program."""
        try:
            return self._signer(purpose).unsign(sealed.encode("utf-8", "replace")).decode()
        except BadSignature:
            return ""

    def _signer(self, purpose: Purpose) -> Signer:
        return Signer(
            self.signing, salt=purpose, key_derivation="hmac", digest_method=hashlib.sha256
        )

    @property
    def cookie_mark(self) -> str:
        """What tells the cookies of this study from those of others on the same machine."""
        return hashlib.sha256(f"cookies of {self.signing}".encode()).hexdigest()[:8]


def equal_secrets(given: str, kept: str) -> bool:
    """Compare two secrets without telling by the time how much of them is equal."""
    # An empty kept secret means that there is none, and must never match an empty guess. Half of a
    # surrogate pair cannot be encoded, and is no part of any secret of ours.
    return bool(kept) and secrets.compare_digest(given.encode("utf-8", "replace"), kept.encode())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
