"""Peak memory of `amgs classify` for many images against few: it must not grow.

The many are hard links to the few, read and classified one by one all the same.

    python benchmarks/memory.py [--few 1000] [--many 100000]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from making import PER_FOLDER, make_images, make_model

CHILD = """
import resource, sys
sys.argv = ["amgs", *sys.argv[1:]]
from amgs.cli.main import app
app(standalone_mode=False)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print("PEAK", peak // 1024 if sys.platform == "darwin" else peak)
"""


def peak_mb(model: Path, images: Path, out: Path) -> float:
    """Classify a folder in a process of its own and return its peak memory."""
    command = [sys.executable, "-c", CHILD, "classify", str(model), str(images), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("PEAK"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Print both peaks and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        model = make_model(work / "model")
        few = make_images(work / "few", arguments.few)
        originals = sorted(few.rglob("*.jpg"))
        for number in range(arguments.many):
            link = work / "many" / f"{number // PER_FOLDER:03d}" / f"{number:06d}.jpg"
            link.parent.mkdir(parents=True, exist_ok=True)
            os.link(originals[number % len(originals)], link)
        low = peak_mb(model, few, work / "few.csv")
        high = peak_mb(model, work / "many", work / "many.csv")
        with (work / "many.csv").open(encoding="utf-8") as stream:
            assert sum(1 for _ in stream) == arguments.many + 1
    print(
        f"{arguments.few:,} images {low:.0f} MB   {arguments.many:,} images {high:.0f} MB   "
        f"ratio {high / low:.2f}"
    )


if __name__ == "__main__":
    main()
