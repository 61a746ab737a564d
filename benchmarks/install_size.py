"""What a fresh install of the core costs: packages, MB on disk, import, help, first classify.

python benchmarks/install_size.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 9


def size_mb(folder: Path) -> float:
    """Return the size of all files below a folder."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


def seconds(command: list[str]) -> float:
    """Return the median time of a command, warm."""
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    """Install into a fresh environment and measure it."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary) / "venv"
        venv.create(home, with_pip=True)
        binaries = home / ("Scripts" if sys.platform == "win32" else "bin")
        python = str(binaries / "python")
        empty = size_mb(home)
        pip = [python, "-m", "pip", "--disable-pip-version-check"]
        constraint = str(ROOT / "constraints.txt")
        subprocess.run(
            [*pip, "install", "--quiet", "--constraint", constraint, str(ROOT)],
            check=True,
            capture_output=True,
        )
        listed = subprocess.run(
            [*pip, "list", "--format", "json"], check=True, capture_output=True, text=True
        )
        names = {entry["name"].lower() for entry in json.loads(listed.stdout)}
        print(f"packages: {len(names - {'pip', 'setuptools'})} (with amgs, without pip)")
        print(f"on disk: {size_mb(home) - empty:.0f} MB; torch among them: {'torch' in names}")
        nothing = seconds([python, "-c", "pass"])
        print(f"python alone: {nothing:.3f} s")
        print(f"import amgs: {seconds([python, '-c', 'import amgs']) - nothing:.3f} s on top of it")
        amgs = str(binaries / "amgs")
        print(f"amgs --help: {seconds([amgs, '--help']):.3f} s in all")
        face = Path(temporary) / "face.png"
        draw = (
            "import numpy as np; from PIL import Image; from amgs.simulate.face import draw_face; "
            "from amgs.simulate.anatomy import FaceParameters; Image.fromarray(draw_face("
            f"FaceParameters(), np.random.default_rng(0))).save({str(face)!r})"
        )
        subprocess.run([python, "-c", draw], check=True)
        # The first one also loads files that no cache of the system holds yet.
        first = [amgs, "classify", "orbital", str(face)]
        start = time.perf_counter()
        subprocess.run(first, check=True, capture_output=True)
        print(f"first amgs classify of one image: {time.perf_counter() - start:.2f} s in all")
        print(f"the next ones: {seconds(first):.2f} s in all")


if __name__ == "__main__":
    main()
