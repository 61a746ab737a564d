"""How raters come in: a new name gets a code, a known name needs its code."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from amgs.errors import ConflictError, ImpossibleValueError
from amgs.store import Rater
from amgs.store.records import fold_name
from amgs.study.folder import StudyFolder
from amgs.study.orders import OrderPlanner
from amgs.study.rater_codes import hash_code, hash_token, make_code, same_code
from amgs.study.rater_names import tidy_name

SESSION_DAYS = 60
"""A browser is known for so long after signing in."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has just come in; ``code`` is for one who is new, ``token`` is the browser's."""

    rater: Rater
    token: str
    code: str | None


class Entrance:
    """Signing in and out of a study's scoring room."""

    def __init__(self, study: StudyFolder, planner: OrderPlanner) -> None:
        self._study = study
        self._raters = study.store.raters
        self._planner = planner

    def begin(self, name: str) -> SignedIn:
        """Let a new rater in.

        Name, browser and order of faces are kept together or not at all: whoever is refused, by a
        full disk for example, can do the same again.

        Raises
        ------
        ImpossibleValueError
            If the name is empty, too long or taken.
        """
        plain = tidy_name(name)
        code, token = make_code(), secrets.token_urlsafe(32)
        hashed = hash_code(code)
        faces = self._planner.choose()
        try:
            with self._study.store.together():
                if self._raters.find(plain) is not None:
                    raise ImpossibleValueError(_taken(plain))
                rater = self._raters.add(plain, hashed)
                self._raters.open_session(rater.id, hash_token(token))
                self._planner.plan(rater, faces)
        except ConflictError as error:  # the same name at the same moment, in another window
            raise ImpossibleValueError(_taken(plain)) from error
        return SignedIn(rater, token, code)

    def go_on(self, name: str, code: str) -> SignedIn:
        """Let a rater in who has scored here before.

        Raises
        ------
        ImpossibleValueError
            If there is no rater of that name, or the code is missing or not the one of this name.
        """
        plain = tidy_name(name)
        known = self._raters.find(plain)
        if known is None:
            raise ImpossibleValueError(self._unknown(plain))
        if not code.strip():
            msg = (
                f"Enter the code that {known.name} was shown at first; the owner of the study can "
                "make a new one."
            )
            raise ImpossibleValueError(msg)
        if not same_code(code, known.code_hash):
            msg = (
                f"This is not the code of {known.name}. It has 8 letters and digits, without O, I, "
                "0, 1 and L; the owner of the study can make a new one."
            )
            raise ImpossibleValueError(msg)
        token = secrets.token_urlsafe(32)
        self._raters.open_session(known.id, hash_token(token))
        self._planner.plan(known)
        return SignedIn(known, token, None)

    def _unknown(self, name: str) -> str:
        by_fold = {fold_name(rater.name): rater.name for rater in self._raters.all()}
        near = get_close_matches(fold_name(name), by_fold, 1, 0.7)
        hint = f" Did you mean {by_fold[near[0]]}?" if near else ""
        return (
            f"Nobody called {name} has scored here.{hint} Correct the name; whoever scores here "
            "for the first time needs no code."
        )

    def who(self, token: str) -> Rater | None:
        """Return who holds a browser's token that is not too old."""
        if not token:
            return None
        since = datetime.now(UTC) - timedelta(days=SESSION_DAYS)
        return self._raters.of_session(hash_token(token), since.isoformat(timespec="milliseconds"))

    def sign_out(self, token: str) -> None:
        """Forget a browser's token."""
        self._raters.close_session(hash_token(token))

    def new_code(self, name: str) -> str:
        """Give a rater a new code; open windows must sign in again.

        Raises
        ------
        ImpossibleValueError
            If there is no such rater.
        """
        code = make_code()
        self._raters.set_code(self.require(name).id, hash_code(code))
        return code

    def require(self, name: str) -> Rater:
        """Return a rater of the study by name.

        Raises
        ------
        ImpossibleValueError
            If there is no such rater.
        """
        rater = self._raters.find(tidy_name(name))
        if rater is None:
            raise ImpossibleValueError(f"Expected a rater of this study, found {name!r}.")
        return rater


def _taken(name: str) -> str:
    return (
        f"{name} has scored here before. If it was you, go on with your code; if not, add to your "
        "name what tells you two apart."
    )
