"""Messages: when they are due, when not again, and what goes out."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.client import BadStatusLine
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from amgs.errors import ImpossibleValueError
from amgs.live.alerts import Alarm, AlertRule, Messenger
from amgs.live.rolling import LiveImage, RollingWindow
from amgs.vocabulary import Output, Reading


def summary(share: float | None, images: int = 20) -> dict[str, Any]:
    return {"pct_pain": share, "confident_images": images}


def image(time_s: float, *, pain: bool, confidence: float = 0.9, **further: Any) -> LiveImage:
    said = {"predicted": "pain" if pain else "no pain", "confidence": confidence, **further}
    return LiveImage(time_s, 1000 + time_s, f"{time_s}.jpg", Reading(said), 0.5)


def test_a_message_is_due_once_and_again_after_it_was_better() -> None:
    """Above the limit once; then only after the share fell below the other, and the quiet time."""
    alarm = Alarm(AlertRule(above=50, below=40, quiet_minutes=10, least_images=5))
    assert not alarm.look(summary(80, 4), 0), "too few images"
    assert not alarm.look(summary(None), 0)
    assert not alarm.look(summary(50), 0), "not above"
    assert alarm.look(summary(60), 10)
    assert not alarm.look(summary(90), 20)
    assert not alarm.look(summary(45), 30), "between the limits nothing changes"
    assert not alarm.look(summary(60), 40)
    assert not alarm.look(summary(30), 50), "armed again"
    assert not alarm.look(summary(60), 60), "within the quiet time"
    assert alarm.look(summary(60), 10 + 600)


@pytest.mark.parametrize(
    "wrong", [{"above": 30.0}, {"above": 101.0}, {"quiet_minutes": -1.0}, {"least_images": 0}]
)
def test_limits_that_do_not_fit(wrong: dict[str, Any]) -> None:
    with pytest.raises(ImpossibleValueError):
        AlertRule(**wrong)


def test_the_window_counts_what_is_confident_and_recent() -> None:
    window = RollingWindow(minutes=2, threshold=0.75)
    assert window.summary()["pct_pain"] is None
    for k in range(20):
        window.add(image(10.0 * k, pain=k % 2 == 0, confidence=0.6 if k == 19 else 0.9))
    window.add(LiveImage(200.0, 1200.0))
    found = window.summary()
    assert found["intervals"] == 12, "two minutes at most"
    assert (found["images"], found["confident_images"], found["pain_images"]) == (11, 10, 5)
    assert found["pct_pain"] == 50
    assert found["pct_pain_low"] == pytest.approx(23.66, abs=0.01), "Wilson's interval of 5 of 10"
    assert found["pct_pain_high"] == pytest.approx(76.34, abs=0.01)


def test_possible_sleep_and_images_unlike_the_training_are_counted() -> None:
    outputs = (
        Output("predicted_mgs", "score", "the MGS"),
        Output("more", "score", "", detail=True),
    )
    window = RollingWindow(minutes=5, threshold=0.75, outputs=outputs)
    window.add(image(5.0, pain=True, unlike_training="yes", predicted_mgs=4.0))
    asleep = LiveImage(15.0, 1015.0, "b.jpg", Reading({"predicted": "pain", "confidence": 0.9}),
                       0.7, possible_sleep=True)  # fmt: skip
    window.add(asleep)
    found = window.summary()
    assert (found["unlike_training"], found["possible_sleep"]) == (1, 1)
    assert found["means"] == {"predicted_mgs": 4.0}
    assert found["quality"] == pytest.approx(0.6)
    closed = {
        "candidates": [
            {"time_s": 2.0 * k, "box": [0, 0, 100, 100], "p_eyes_not_open": 0.9,
             "thumbnail": [16, "AAAA" * 85 + "AA=="]}
            for k in range(8)
        ]
    }  # fmt: skip
    assert window.note_candidates(closed) == [(0.0, 14.0)]


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    received: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", received
    server.shutdown()
    server.server_close()


def test_messages_are_written_down_and_sent_on(
    tmp_path: Path, webhook: tuple[str, list[dict[str, Any]]]
) -> None:
    address, received = webhook
    messenger = Messenger(tmp_path / "alerts.jsonl", address)
    messenger.send({"animal": "m01", "saw": {"pct_pain": 60}})
    deadline = time.monotonic() + 10
    while not received and time.monotonic() < deadline:
        time.sleep(0.02)
    assert received == [{"animal": "m01", "saw": {"pct_pain": 60}}]
    (line,) = (tmp_path / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == received[0]
    with pytest.raises(ImpossibleValueError, match="--webhook"):
        Messenger(tmp_path / "x", "file:///etc/passwd")


def test_a_webhook_that_does_not_answer_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    done = threading.Event()

    def hear(text: str) -> None:
        told.append(text)
        done.set()

    Messenger(tmp_path / "alerts.jsonl", "http://127.0.0.1:9/", hear).send({"animal": "m01"})
    assert done.wait(20)
    assert "could not be sent" in told[0]


def test_a_message_is_sent_again_and_without_its_log(
    tmp_path: Path, webhook: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that cannot be written, and an answer that is none, cost no message."""
    address, received = webhook
    monkeypatch.setattr("amgs.live.alerts._PAUSES_S", (0.05,))
    asked = []

    def once(*arguments: Any, **options: Any) -> Any:
        asked.append(arguments)
        if len(asked) == 1:
            raise BadStatusLine("no HTTP")
        return urlopen(*arguments, **options)  # noqa: S310 - its own server

    monkeypatch.setattr("amgs.live.alerts.urlopen", once)
    told: list[str] = []
    Messenger(tmp_path / "none" / "alerts.jsonl", address, told.append).send({"animal": "m01"})
    deadline = time.monotonic() + 10
    while not received and time.monotonic() < deadline:
        time.sleep(0.02)
    assert received == [{"animal": "m01"}]
    assert any("could not be written" in text for text in told)
    assert any("tried again" in text for text in told)
