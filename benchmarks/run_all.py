"""Run the benchmarks that need nothing but the extra `train`, one after another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "classify_speed.py",
    "head_training.py",
    "memory.py",
    "detector_speed.py",
    "scoring_speed.py",
    "install_size.py",
)


def main() -> None:
    """Run each in a process of its own."""
    for name in SCRIPTS:
        print(f"\n{name}", flush=True)
        subprocess.run([sys.executable, str(Path(__file__).with_name(name))], check=True)


if __name__ == "__main__":
    main()
