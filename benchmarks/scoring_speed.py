"""How long the scoring room takes to keep an answer, in a study of 100,000 faces.

Three ways, in turns, in one process: the page's own request over HTTP; the store's transaction
alone; and a bare insert of one row by `sqlite3` with the same safety (WAL, synchronous=FULL).

    python benchmarks/scoring_speed.py
"""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import statistics
import tempfile
import threading
import time
from pathlib import Path

import httpx
import uvicorn

from amgs.store import Answer, FaceRecord, SourceRecord
from amgs.store.base import now
from amgs.study import Study
from amgs.tables import write_table
from amgs.web.app import make_app
from amgs.web.keys import Keys

N_FACES = 100_000
ROUNDS = 200
PROTOCOL = socket.IPPROTO_TCP


def main() -> None:
    """Print medians, the 95th percentile, and ratios to the bare insert."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "study"
        with Study.create(place) as study:
            row = ["m1", "a", "baseline", "videos"]
            write_table(place / "recordings.csv", ("animal", "group", "timepoint", "video"), [row])
            study.store.sources.put([SourceRecord("c", "c", recording="m1_baseline")])
            study.store.faces.add(
                [FaceRecord(f"faces/{i}.jpg", "c", f"{i:064d}") for i in range(N_FACES)],
                {"step": "benchmark"},
            )
            print(json.dumps(_measure(study, Path(folder)), indent=2))


def _measure(study: Study, folder: Path) -> dict[str, object]:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, PROTOCOL)
    listening.bind(("127.0.0.1", 0))
    app = make_app(study, Keys.make(with_access=False))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    client = httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=60)
    begun = time.perf_counter()
    mark = _found(r'name="csrf" value="([\w-]+)"', client.get("/").text)
    client.post("/sign-in", data={"csrf": mark, "name": "Ada", "way": "new"})
    signed_in = time.perf_counter() - begun
    form = _found(r'data-form="([\w-]+)"', client.get("/score").text)
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=FULL")
    bare.execute("CREATE TABLE answer (id INTEGER PRIMARY KEY, place INT, unit TEXT, score INT)")
    other = study.room().sign_in("Bo").rater
    times: dict[str, list[float]] = {"request": [], "store": [], "bare_insert": []}
    unit = study.scale.unit_names[0]
    for number in range(ROUNDS):
        ada = study.store.scoring.presentation(1, number)
        assert ada is not None
        body = {"position": number, "face_token": ada.mark, "unit": unit, "score": 1}
        times["request"].append(_timed(lambda b=body: _post(client, form, b)))
        shown = study.store.scoring.presentation(other.id, number)
        assert shown is not None
        times["store"].append(
            _timed(lambda s=shown: study.store.scoring.save(s, Answer(unit, 1), now()))
        )
        times["bare_insert"].append(
            _timed(
                lambda n=number: bare.execute(
                    "INSERT INTO answer (place, unit, score) VALUES (?, ?, ?)", (n, unit, 1)
                )
            )
        )
    server.should_exit = server.force_exit = True
    thread.join(10)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "faces": N_FACES,
        "sign_in_and_plan_s": round(signed_in, 2),
        "median_ms": {name: round(1000 * value, 2) for name, value in medians.items()},
        "p95_ms": {
            name: round(1000 * statistics.quantiles(values, n=20)[-1], 2)
            for name, values in times.items()
        },
        "request_over_bare_insert": round(medians["request"] / medians["bare_insert"], 1),
        "store_over_bare_insert": round(medians["store"] / medians["bare_insert"], 1),
    }


def _post(client: httpx.Client, form: str, body: dict[str, object]) -> None:
    response = client.post("/api/answer", json=body, headers={"X-AMGS-Form": form})
    assert response.status_code == 200, response.text


def _timed(action: object) -> float:
    begun = time.perf_counter()
    action()  # type: ignore[operator]
    return time.perf_counter() - begun


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None
    return match[1]


if __name__ == "__main__":
    main()
