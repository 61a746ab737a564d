"""What the scoring room withstands, and how fast it is for those who score and own it.

- Eight raters score while the program is killed at random moments and started again, and while its
  database is moved away or replaced and put back: every acknowledged answer must be in the store.
  At the end the database is deleted under the running program: what was acknowledged must be in
  the copy that it rescues.
- A thousand half-sent requests against a program that may have 256 files open.
- The owner's page with 60,000 answers.
- From the last key of a face to the next face on the screen, in a browser.

    python benchmarks/scoring_room.py [--kills 50]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image
from sqlalchemy import insert

from amgs.store import tables
from amgs.store.base import now
from amgs.store.engine import writing
from amgs.study import Study
from amgs.tables import write_table

RATERS, ANSWERS = 8, 200
COMMAND = [sys.executable, "-c", "from amgs.cli.main import main; main()", "score"]
UNITS = ("orbital_tightening", "nose_bulge", "cheek_bulge", "ear_position", "whisker_change")


def make_study(place: Path, n_faces: int) -> None:
    """Make a study of small images in two folders."""
    with Study.create(place) as study:
        rows = []
        for name in "ab":
            folder = place / "videos" / name
            folder.mkdir(parents=True)
            rng = np.random.default_rng(ord(name))
            for number in range(n_faces // 2):
                small = rng.integers(0, 255, (12, 12, 3), dtype=np.uint8)
                Image.fromarray(small).resize((240, 220)).save(folder / f"{number}.jpg")
            rows.append([f"m{name}", name, "baseline", f"videos/{name}"])
        write_table(place / "recordings.csv", ("animal", "group", "timepoint", "video"), rows)
        study.extract()


class Program:
    """`amgs score` as a program of its own, on one port however often it is killed."""

    def __init__(self, place: Path, files: int = 0) -> None:
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._place, self._files = place, files
        self.errors = place.with_name("errors.txt")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = [*COMMAND, str(self._place), "--json", "--port", str(self.port)]
        limit = f"ulimit -Sn {self._files}; " if self._files else ""
        quoted = " ".join(f"'{word}'" for word in words)
        with self.errors.open("a") as errors:
            self.process = subprocess.Popen(
                ["/bin/bash", "-c", f"{limit}exec {quoted}"],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        text = ""
        while not text.rstrip().endswith("}"):
            text += self.process.stdout.readline()
        self.said = json.loads(text)

    def end(self, how: signal.Signals) -> None:
        """End it in one way or another."""
        self.process.send_signal(how)
        self.process.wait(60)


class Rater:
    """A browser that scores, and repeats what was not acknowledged."""

    def __init__(self, url: str, number: int) -> None:
        self.client = httpx.Client(base_url=url, timeout=10)
        self.number = number
        csrf = found(r'name="csrf" value="([\w-]+)"', self.client.get("/").text)
        form = {"csrf": csrf, "name": f"rater {number}", "way": "new"}
        self.client.post("/sign-in", data=form)
        self.form = found(r'data-form="([\w-]+)"', self.client.get("/score").text)
        self.acknowledged: dict[tuple[int, str], int] = {}
        self.repeated = 0

    def work(self) -> None:
        """Give all answers, each until it is acknowledged."""
        for count in range(ANSWERS):
            position, unit = divmod(count, len(UNITS))
            score = random.randrange(3)  # noqa: S311
            name = f"{self.number}-{count}"
            while True:
                with suppress(httpx.HTTPError, KeyError, json.JSONDecodeError):
                    token = self.client.get(f"/api/face/{position}").json()["face_token"]
                    sent = self.client.post(
                        "/api/answer",
                        json={
                            "position": position,
                            "face_token": token,
                            "unit": UNITS[unit],
                            "score": score,
                            "request": name,
                        },
                        headers={"X-AMGS-Form": self.form},
                    )
                    if sent.status_code == 200:
                        self.acknowledged[position, UNITS[unit]] = score
                        break
                self.repeated += 1
                time.sleep(0.05)


def found(pattern: str, text: str) -> str:
    """Return what a pattern finds in a page."""
    match = re.search(pattern, text)
    assert match is not None, text[:300]
    return match[1]


def stored(path: Path) -> tuple[dict[tuple[str, int, str], int], int]:
    """Return the answers in a database, and how many lines its log has."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = database.execute(
            "SELECT name, position, unit, score FROM answer JOIN presentation ON "
            "presentation.id = presentation_id JOIN rater ON rater.id = rater_id"
        ).fetchall()
        (lines,) = database.execute("SELECT count(*) FROM answer_log").fetchone()
    return {(name, position, unit): score for name, position, unit, score in rows}, lines


def lost(raters: list[Rater], kept: dict[tuple[str, int, str], int]) -> int:
    """Return how many acknowledged answers are not in a database as they were given."""
    return sum(
        kept.get((f"rater {rater.number}", *key)) != score
        for rater in raters
        for key, score in rater.acknowledged.items()
    )


def withstand(folder: Path, kills: int) -> dict[str, Any]:
    """Kill the program and take its database away while eight people score."""
    place = folder / "study"
    make_study(place, 80)
    program = Program(place)
    program.start()
    raters = [Rater(program.url, number) for number in range(RATERS)]
    threads = [threading.Thread(target=rater.work) for rater in raters]
    for thread in threads:
        thread.start()
    generator = random.Random(3)  # noqa: S311
    database, away = place / "study.db", folder / "away.db"
    done, taken = 0, 0
    while done < kills:
        time.sleep(generator.uniform(0.05, 0.4))
        if done % 5 == 4:  # moved away, or another file in its place, and put back
            shutil.copy(database, folder / "other.db")
            database.rename(away)
            if done % 10 == 9:
                shutil.copy(folder / "other.db", database)
            time.sleep(0.3)
            away.replace(database)
            taken += 1
        program.end(signal.SIGKILL)
        done += 1
        program.start()
    for thread in threads:
        thread.join()
    program.end(signal.SIGTERM)
    assert not (place / "study.db-wal").exists() or not (place / "study.db-wal").stat().st_size
    kept, lines = stored(database)
    answer = {
        "kills": done,
        "database_taken_away_and_put_back": taken,
        "acknowledged": sum(len(rater.acknowledged) for rater in raters),
        "stored": len(kept),
        "lost": lost(raters, kept),
        "log_lines": lines,
        "repeated_requests": sum(rater.repeated for rater in raters),
    }
    for rescued in place.glob("study-rescued-*.db"):
        rescued.unlink()
    program.start()
    for path in place.glob("study.db*"):
        path.unlink()
    with suppress(httpx.HTTPError):
        raters[0].client.get("/score")
    (rescued,) = place.glob("study-rescued-*.db")
    answer["lost_after_deletion"] = lost(raters, stored(rescued)[0])
    program.end(signal.SIGTERM)
    return answer


def half_sent(folder: Path) -> dict[str, Any]:
    """Begin a thousand requests and never end them; ask for a page meanwhile."""
    place = folder / "half"
    make_study(place, 8)
    program = Program(place, files=256)
    program.errors.unlink(missing_ok=True)
    program.start()
    sockets = []
    for _ in range(1000):
        begun = socket.create_connection(("127.0.0.1", program.port), timeout=5)
        with suppress(OSError):
            begun.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        sockets.append(begun)
    first = _wait_for_page(program.url)
    for begun in sockets:
        begun.close()
    program.end(signal.SIGTERM)
    return {
        "page_again_after_s": first,
        "terminal_bytes": program.errors.stat().st_size,
    }


def _wait_for_page(url: str) -> float:
    begun = time.perf_counter()
    while time.perf_counter() - begun < 120:
        with suppress(httpx.HTTPError):
            if httpx.get(url, timeout=5).status_code == 200:
                break
        time.sleep(0.2)
    return round(time.perf_counter() - begun, 1)


def owners_page(folder: Path) -> dict[str, Any]:
    """Time the owner's page with 60,000 answers, the first time and after another answer."""
    place = folder / "large"
    make_study(place, 3000)
    with Study.open(place) as study:
        room, rng = study.room(), np.random.default_rng(1)
        engine = study.store.scoring._engine  # type: ignore[attr-defined]
        for name in ("Ada", "Bo", "Cy", "Di"):
            rater = room.sign_in(name).rater
            rows, lines = [], []
            for shown in study.store.scoring.order(rater.id)[:3000]:
                common = {"presentation_id": shown.id}
                for unit in UNITS:
                    score = None if rng.random() < 0.1 else int(rng.integers(0, 3))
                    rows.append({**common, "unit": unit, "score": score, "answered_at": now()})
                    lines.append({**common, "rater_id": rater.id, "kind": "answer", "at": now()})
            with writing(engine) as connection:
                connection.execute(insert(tables.answer), rows)
                connection.execute(insert(tables.answer_log), lines)
    program = Program(place)
    program.start()
    owner = httpx.Client(base_url=program.url, timeout=60, follow_redirects=True)
    csrf = found(r'name="csrf" value="([\w-]+)"', owner.get("/owner").text)
    times = [
        _timed(
            lambda: owner.post(
                "/owner/sign-in", data={"csrf": csrf, "key": program.said["owner_key"]}
            )
        )
    ]
    times += [_timed(lambda: owner.get("/owner")) for _ in range(3)]
    answering = Rater(program.url, 1)
    token = answering.client.get("/api/face/0").json()["face_token"]
    body = {"position": 0, "face_token": token, "unit": UNITS[0], "score": 1}
    answering.client.post("/api/answer", json=body, headers={"X-AMGS-Form": answering.form})
    after = _timed(lambda: owner.get("/owner"))
    program.end(signal.SIGTERM)
    return {
        "first_s": round(times[0], 2),
        "again_s": round(statistics.median(times[1:]), 2),
        "after_an_answer_s": round(after, 2),
    }


def _timed(action: Any) -> float:
    begun = time.perf_counter()
    assert action().status_code == 200
    return time.perf_counter() - begun


WAIT_FOR_FACE = """
number => { window.took = new Promise(done => {
  document.addEventListener("keydown", () => {
    const begun = performance.now();
    const count = document.getElementById("count");
    const look = () => requestAnimationFrame(() => (
      count.textContent.startsWith(`Face ${number} `) ? done(performance.now() - begun) : look()));
    look();
  }, { once: true, capture: true });
}); }
"""


def next_face(folder: Path) -> dict[str, Any]:
    """Time from the last key of a face to the next face on the screen, 40 times."""
    from playwright.sync_api import sync_playwright

    place = folder / "browser"
    make_study(place, 80)
    program = Program(place)
    program.start()
    browsers = ("chromium", "chromium-browser", "google-chrome")
    path = next(at for name in browsers if (at := shutil.which(name)))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(program.url)
        page.fill("#name", "Ada")
        page.keyboard.press("Enter")
        page.click("text=I have written it down")
        page.wait_for_selector("#count:has-text('Face 1 ')")
        page.wait_for_timeout(500)
        times = []
        for number in range(2, 42):
            page.keyboard.type("1111")
            page.evaluate(WAIT_FOR_FACE, number)
            page.keyboard.press("1")
            times.append(page.evaluate("() => window.took"))
        browser.close()
    program.end(signal.SIGTERM)
    times.sort()
    return {"median_ms": round(statistics.median(times)), "p95_ms": round(times[37])}


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    os.environ["PYTHONUNBUFFERED"] = "1"
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for name, part in (
            ("next_face", next_face),
            ("owners_page", owners_page),
            ("half_sent", half_sent),
        ):
            print(json.dumps({name: part(folder)}), flush=True)
        print(json.dumps({"withstands": withstand(folder, options.kills)}), flush=True)


if __name__ == "__main__":
    main()
