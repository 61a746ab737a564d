"""Processes that amgs begins: modules of it that end when their standard input does.

That is the same on every system, and it also happens when whoever began them ends in whatever way.
"""

from __future__ import annotations

import _thread
import ctypes
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

_PATIENCE_S = 10.0


def begin_process(module: Sequence[str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Begin ``python -m MODULE ARGUMENTS…``; its input and output are pipes.

    Parameters
    ----------
    module
        The module and its arguments.
    errors
        Where its standard error goes.
    """
    # On Windows a window of the console would open for every piece of work.
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    # A session of its own: Ctrl-C in the terminal is for the lab, which ends its work in order.
    return subprocess.Popen(  # noqa: S603 - this Python, and a module of amgs
        [sys.executable, "-m", *module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        creationflags=hidden,
        start_new_session=sys.platform != "win32",
    )


def give_line(process: subprocess.Popen[bytes], document: Mapping[str, Any]) -> None:
    """Tell a process what to do, in the line of JSON that it reads with `first_line`.

    Raises
    ------
    OSError
        If it has ended already.
    """
    assert process.stdin is not None  # noqa: S101 - a pipe
    process.stdin.write((json.dumps(document) + "\n").encode("utf-8"))
    process.stdin.flush()


def end_input(process: subprocess.Popen[bytes]) -> None:
    """Close the input of a process: it finishes what was begun, and ends."""
    if process.stdin is not None:
        with suppress(OSError):  # it ended before
            process.stdin.close()


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """End a process that did not end in order, and those that it began."""
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def give_back_memory() -> None:
    """Return memory that was freed to the system; in days of work it would gather.

    The C library of Linux keeps it for later, in pieces that no longer fit what is asked for.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # other C libraries have no such call
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def first_line() -> bytes:
    """Return the first line of this process' standard input, and read no further."""
    # Not sys.stdin: a thread that waits in it would hold its lock when the process ends.
    found = bytearray()
    while not found.endswith(b"\n") and (one := os.read(0, 1)):
        found += one
    return bytes(found)


def end_with_input() -> None:
    """Wait for the end of the standard input, then interrupt this process as Ctrl-C does."""
    while os.read(0, 4096):
        pass
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:  # so that it is heard while the main thread waits for others
        main = threading.main_thread().ident
        assert main is not None  # noqa: S101
        signal.pthread_kill(main, signal.SIGINT)
    time.sleep(_PATIENCE_S)  # for what is being written; a thread in a library may never end
    if sys.platform != "win32":
        os.killpg(0, signal.SIGKILL)
    os._exit(130)


def end_with_parent() -> None:
    """Let this process end when the lab does, in whatever way that ends."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
