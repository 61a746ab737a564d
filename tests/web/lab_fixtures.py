"""A lab on a real port, and drawn videos as a laboratory has them: two animals in each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from amgs.simulate.cubicle import VideoOptions
from amgs.simulate.experiment import (
    DESIGN_COLUMNS,
    Experiment,
    SimulatedGroup,
    write_videos,
)

ANIMALS_PER_GROUP = 5


@dataclass
class RunningLab:
    """A lab in a process of its own, as `amgs lab` starts it."""

    url: str
    entrance: str
    process: subprocess.Popen[str]

    def memory_mb(self) -> float:
        """Return the resident memory of the lab itself, where the system tells it."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def run_lab(data: Path, *arguments: str) -> Iterator[RunningLab]:
    """Start `amgs lab` and end it as Ctrl-C does."""
    command = [sys.executable, "-m", "amgs", "lab", *arguments, "--no-open", "--json"]
    environment = {**os.environ, "AMGS_DATA": str(data), "HOME": str(data)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    try:
        assert process.stdout is not None
        told = ""
        while "}" not in told:
            line = process.stdout.readline()
            assert line, "the lab ended before it said its address"
            told += line
        entrance = json.loads(told)["url"]
        yield RunningLab(entrance.partition("/?")[0], entrance, process)
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def draw_videos(folder: Path, seed: int = 5) -> list[dict[str, str]]:
    """Draw videos of ten animals at two timepoints; return the rows of their design."""
    groups = (SimulatedGroup("sham", (0.05,)), SimulatedGroup("surgery", (1.3,)))
    options = VideoOptions(640, 360, 10, 8.0, 5.0, 1.2)
    with ThreadPoolExecutor(2) as pool:
        rows = write_videos(folder, Experiment(groups, ANIMALS_PER_GROUP), options, seed, pool)
    return [dict(zip(DESIGN_COLUMNS, row, strict=True)) for row in rows]
