"""Running the program as its users do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def amgs(
    *words: object, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `amgs` with these words; its output comes back as text."""
    command = [sys.executable, "-c", "from amgs.cli.main import main; main()", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=cwd,
        env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
