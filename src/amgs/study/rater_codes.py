"""The codes of raters and the tokens of their browsers: made here, kept as hashes."""

from __future__ import annotations

import hashlib
import re
import secrets

_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 8


def make_code() -> str:
    """Return a new code, of letters and digits that are not mistaken for each other."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))


def hash_token(token: str) -> str:
    """Return what is kept of a browser's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def hash_code(code: str) -> str:
    """Return what is kept of a rater's code: salted, and slow to guess."""
    salt = secrets.token_hex(16)
    return f"{salt}${_stretch(code, salt)}"


def same_code(code: str, kept: str) -> bool:
    """Whether a code is the one that was kept."""
    salt, _, digest = kept.partition("$")
    return bool(digest) and secrets.compare_digest(_stretch(code, salt), digest)


def _stretch(code: str, salt: str) -> str:
    plain = re.sub(r"[\s-]", "", code).upper()
    digest = hashlib.scrypt(plain.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1)
    return digest.hex()
