"""Running the program as its users do."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import traceback
import warnings
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock


def amgs(
    *words: object, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `amgs` with these words in this process; its output comes back as text.

    A process of its own would spend two seconds on loading what is loaded here already;
    `amgs_process` is for what only a process can show.
    """
    from amgs.cli.main import main

    command = ["amgs", *map(str, words)]
    out, err = io.StringIO(), io.StringIO()
    with (
        chdir(cwd or Path.cwd()),
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "argv", command),
        redirect_stdout(out),
        redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")
        code = _run(main, err)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def amgs_output(*words: object) -> str:
    """Run `amgs` as `amgs` does, require that it succeeds, and return what it printed."""
    done = amgs(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _run(main, err: io.StringIO) -> int:
    try:
        main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # noqa: BLE001 - a process would print it and end
        traceback.print_exc(file=err)
        return 1
    return 0


def amgs_process(
    *words: object, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `amgs` with these words as a process of its own."""
    command = [sys.executable, "-c", "from amgs.cli.main import main; main()", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=cwd,
        env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
