"""What a watch writes down is whole, whoever tells it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from amgs.live.notes import WatchNotes


def test_events_of_several_threads_are_all_written_once(tmp_path: Path) -> None:
    """The watch tells of cameras while messages to a webhook tell of themselves."""
    notes = WatchNotes(tmp_path, [])

    def tell(thread: int) -> None:
        for number in range(50):
            notes.event("amgs", what="note", reason=f"{thread}:{number}")

    threads = [threading.Thread(target=tell, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    notes.close()
    lines = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert len({json.loads(line)["reason"] for line in lines}) == len(lines) == 200


def test_events_wait_for_a_disk_with_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written comes with the next one, in its order."""
    notes = WatchNotes(tmp_path, [])
    with monkeypatch.context() as patched:

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        patched.setattr(Path, "open", full)
        notes.event("cam1", what="lost")
    notes.event("cam1", what="back")
    notes.close()
    lines = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["what"] for line in lines] == ["lost", "back"]
