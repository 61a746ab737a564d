"""What the owner of a study may correct about its raters; each act says what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from amgs.errors import StudyError
from amgs.study import ScoringRoom, Study
from amgs.study.actions import who_acts
from amgs.study.exclusions import Exclusion

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class RaterActs:
    """Corrections of one study's raters; each is recorded, and can be taken back."""

    study: Study
    room: ScoringRoom

    def new_code(self, name: str) -> str:
        """Return a new code of a rater, as it is written down."""
        code = self.room.entrance.new_code(name)
        return f"{code[:4]}-{code[4:]}"

    def let_in(self, name: str) -> str:
        """Let a rater score who has not passed the course."""
        self.room.let_in(name, who_acts())
        return f"{name} may score now; it is recorded that the course was not passed."

    def rename(self, name: str, new_name: str) -> str:
        """Give a rater another name."""
        self.study.rename_rater(name, new_name)
        return f"{name} is called {new_name.strip()} now."

    def merge(self, name: str, into: str) -> str:
        """Say that two raters are one person; an empty name takes that back."""
        if not into:
            self.study.separate_rater(name)
            return f"{name} counts as a person again."
        self.study.merge_raters(name, into)
        return f"The answers of {name} count as those of {into}."

    def leave_out(self, name: str, reason: str) -> str:
        """Leave a rater's answers out of all results.

        Raises
        ------
        StudyError
            Without a reason.
        """
        plain = " ".join(reason.split())[:LONGEST_REASON]
        if not plain:
            raise StudyError(f"Enter why the answers of {name} should not count.")
        self.study.exclude([Exclusion("rater", name, plain)])
        return f"The answers of {name} do not count: {plain}."

    def take_in(self, name: str) -> str:
        """Let a rater's answers count again."""
        self.study.include("rater", name)
        return f"The answers of {name} count again."
