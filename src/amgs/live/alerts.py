"""A rule for a message: when it speaks, when it may speak again, and what it saw."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from amgs.errors import ImpossibleValueError

_TIMEOUT_S = 10.0
_PAUSES_S = (5.0, 30.0, 120.0, 600.0)
"""After which a message that could not be sent is tried again."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """When a message is sent.

    Parameters
    ----------
    above
        Per cent pain over the window that is exceeded.
    below
        It speaks again only once the share fell under this.
    quiet_minutes
        And not before so many minutes have passed.
    least_images
        Fewer confident images in the window say nothing.

    Raises
    ------
    ImpossibleValueError
        If the limits do not fit each other.
    """

    above: float = 50.0
    below: float = 40.0
    quiet_minutes: float = 30.0
    least_images: int = 10

    def __post_init__(self) -> None:
        """Check the limits."""
        if not 0 <= self.below <= self.above <= 100:  # noqa: PLR2004
            msg = (
                "Expected per cent with 0 ≤ --alert-below ≤ --alert-above ≤ 100, found "
                f"{self.below:g} and {self.above:g}."
            )
            raise ImpossibleValueError(msg)
        if self.quiet_minutes < 0 or self.least_images < 1:
            raise ImpossibleValueError("Expected a quiet time of 0 or more, and at least 1 image.")


class Alarm:
    """The state of a rule for one animal."""

    def __init__(self, rule: AlertRule) -> None:
        self.rule = rule
        self._armed = True
        self._spoke_s: float | None = None

    def look(self, summary: Mapping[str, Any], now_s: float) -> bool:
        """Say whether a message is due.

        Parameters
        ----------
        summary
            From `amgs.live.rolling.RollingWindow.summary`.
        now_s
            The time, in seconds.
        """
        share = summary["pct_pain"]
        if share is None or summary["confident_images"] < self.rule.least_images:
            return False
        if share < self.rule.below:
            self._armed = True
        if not self._armed or share <= self.rule.above:
            return False
        if self._spoke_s is not None and now_s - self._spoke_s < 60 * self.rule.quiet_minutes:
            return False
        self._armed, self._spoke_s = False, now_s
        return True


class Messenger:
    """Writes messages down, and sends them on.

    Parameters
    ----------
    log
        A file with one line of JSON per message, with what it saw.
    webhook
        An address that gets the same by POST; empty for none.
    told
        Called with what could not be sent.
    """

    def __init__(self, log: Path, webhook: str = "", told: Callable[[str], None] = print) -> None:
        if webhook and not webhook.startswith(("http://", "https://")):
            msg = f"Expected an address with http:// or https:// for --webhook, found {webhook!r}."
            raise ImpossibleValueError(msg)
        self._log = log
        self._webhook = webhook
        self._told = told

    def send(self, message: Mapping[str, Any]) -> None:
        """Write a message down; send it in a thread of its own, so that nothing waits for it."""
        line = json.dumps(message, ensure_ascii=False)
        if self._webhook:
            threading.Thread(target=self._post, args=(line,), daemon=True).start()
        try:
            with self._log.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write(line + "\n")
        except OSError as error:
            self._told(f"a message could not be written to {self._log.name}: {error}")

    def _post(self, line: str) -> None:
        headers = {"Content-Type": "application/json"}
        request = Request(self._webhook, line.encode("utf-8"), headers)  # noqa: S310 - checked above
        for pause_s in (*_PAUSES_S, None):
            try:
                with urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310
                    return
            except (OSError, ValueError, HTTPException) as error:
                says = f"a message could not be sent to the webhook: {error!r}"
            if pause_s is None:
                self._told(f"{says}; it is not tried again")
                return
            self._told(f"{says}; it is tried again in {pause_s:g} s")
            time.sleep(pause_s)
