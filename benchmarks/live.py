"""Whether `amgs watch` holds out: memory and processor time over an hour, and over days.

    python benchmarks/live.py SOURCE --model MODEL --minutes 60 --zone left=a --zone right=b
    python benchmarks/live.py days --model MODEL --days 3
    python benchmarks/live.py days --model MODEL --days 1 --video VIDEO --speed 20

``days`` is speeded time: FFmpeg draws test images of two a second as fast as they can be encoded,
so that files, events and readings left out come as in days. With ``--video`` it plays a video
over and over, so many times as fast as it was taken, so that readings come as in days. Memory is
that of both processes, from ``/proc`` (Linux), at the end of each tenth of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """Return the processes that a process began."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def used(pid: int) -> tuple[float, float]:
    """Return resident memory in MB, and seconds of processor time."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    memory = int(status.split("VmRSS:")[1].split()[0]) / 1024
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return memory, (int(fields[11]) + int(fields[12])) / TICKS


def main() -> None:
    """Watch for a while and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--model", required=True)
    parser.add_argument("--zone", action="append", default=[])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--days", type=float, default=3.0)
    parser.add_argument("--video", type=Path, help="for `days`: short, small, few frames a second")
    parser.add_argument("--speed", type=float, default=20.0)
    options = parser.parse_args()
    speeded = options.source == "days"
    source = "camera:lavfi:testsrc=size=160x120:rate=2" if speeded else options.source
    if speeded and options.video is not None:
        played = f"movie={options.video}:loop=0,setpts=N/FRAME_RATE/TB"
        source = f"camera:lavfi:{played},realtime=speed={options.speed:g}"
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "live"
        words = [source, "--model", options.model, "--out", str(out), "--quiet"]
        for zone in options.zone:
            words += ["--zone", zone]
        process = subprocess.Popen([sys.executable, "-m", "amgs", "watch", *words])
        samples: list[dict[str, Any]] = []
        started = time.monotonic()
        while True:
            time.sleep(5)
            status = _status(out)
            if status is None:
                continue
            recorded = sum(s["recorded_s"] for s in status["sources"])
            reader, recorder = used(process.pid), [used(pid) for pid in children(process.pid)]
            samples.append({
                "recorded_s": recorded,
                "reader_mb": reader[0],
                "recorder_mb": sum(found[0] for found in recorder),
                "cpu_s": reader[1] + sum(found[1] for found in recorder),
            })  # fmt: skip
            passed = time.monotonic() - started
            if recorded > 86400 * options.days if speeded else passed > 60 * options.minutes:
                break
        process.send_signal(signal.SIGTERM)
        process.wait()
        last = _status(out) or {}
        tenths = [samples[(len(samples) - 1) * k // 10] for k in range(1, 11)]
        print(json.dumps({
            "seconds": round(passed, 1),
            "recorded_hours": round(samples[-1]["recorded_s"] / 3600, 2),
            "files": sum(s["files"] for s in last["sources"]),
            "intervals_left_out": sum(s["intervals_left_out"] for s in last["sources"]),
            "readings": sum(1 for _ in (out / "readings.csv").open(encoding="utf-8")) - 1,
            "reader_mb": [round(sample["reader_mb"]) for sample in tenths],
            "recorder_mb": [round(sample["recorder_mb"]) for sample in tenths],
            "cores_used": round(samples[-1]["cpu_s"] / passed, 2),
            "status_json_bytes": (out / "status.json").stat().st_size,
        }, indent=2))  # fmt: skip


def _status(out: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((out / "status.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


if __name__ == "__main__":
    main()
