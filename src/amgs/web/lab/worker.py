"""The process of a piece of long work: ``python -m amgs.web.lab.worker``.

It reads what to do from the first line of its standard input, says how far it is in lines of JSON
on its standard output, and ends when its standard input does.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from amgs.errors import AmgsError
from amgs.jobs import ProgressCallback
from amgs.processes import end_with_input, first_line

if TYPE_CHECKING:
    from amgs.study import Study

_SAID_EVERY_S = 0.2


def main() -> None:
    """Do the work."""
    # What libraries print must not come between the lines that the program reads.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    spec = json.loads(first_line())
    threading.Thread(target=end_with_input, daemon=True).start()
    logging.getLogger("amgs").addHandler(_Warnings(channel))
    try:
        said: dict[str, Any] = {"result": VERBS[spec["kind"]](spec["arguments"], _Told(channel))}
    except KeyboardInterrupt:
        os._exit(130)
    except AmgsError as error:
        said = {"problem": str(error)}
    except OSError as error:
        said = {"problem": f"The system refused to read or write a file: {error}."}
    except Exception as error:
        logging.getLogger(__name__).error("work", exc_info=error)
        said = {"problem": f"Something went wrong in the program: {error!r}."}
    channel.write(json.dumps(said) + "\n")
    channel.flush()


class _Warnings(logging.Handler):
    """Says what the steps warn of, as soon as they do."""

    def __init__(self, channel: TextIO) -> None:
        super().__init__(logging.WARNING)
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        """Say one warning."""
        self._channel.write(json.dumps({"warning": record.getMessage()}) + "\n")
        self._channel.flush()


class _Told:
    """Says how far the work is, a few times a second."""

    def __init__(self, channel: TextIO) -> None:
        self._channel = channel
        self._step = ""
        self._at = 0.0

    def __call__(self, step: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if step == self._step and now - self._at < _SAID_EVERY_S and done != total:
            return
        self._step, self._at = step, now
        line = json.dumps({"step": step, "done": done, "total": total})
        self._channel.write(line + "\n")
        self._channel.flush()


Arguments = Mapping[str, Any]


def _engine(study: Study) -> AbstractContextManager[Executor | None]:
    """Return where the work runs: where ``AMGS_ON``, or ``amgs lab --on``, says."""
    from amgs.cluster.engines import open_engine

    return open_engine(os.environ.get("AMGS_ON", ""), study.folder)


def _extract(arguments: Arguments, progress: ProgressCallback) -> dict[str, Any]:
    from amgs.study import Study

    with Study.open(Path(arguments["study"])) as study, _engine(study) as executor:
        found = study.extract(
            executor=executor,
            only_new=bool(arguments.get("only_new")),
            new_generation=bool(arguments.get("new_generation")),
            progress=progress,
        )
        told = [*found.moved, *found.changed, *found.retired, *found.images, *found.unreadable]
        told += [] if found.summary is None else found.summary.warnings
        return {"faces": study.store.faces.count(), "told": told}


def _convert(arguments: Arguments, progress: ProgressCallback) -> dict[str, Any]:
    from amgs.study import Study

    with Study.open(Path(arguments["study"])) as study:
        return {"converted": list(study.convert(progress=progress))}


def _train(arguments: Arguments, progress: ProgressCallback) -> dict[str, Any]:
    from amgs.model.training.options import TrainingOptions
    from amgs.study import Study

    options = TrainingOptions(recipe=arguments["recipe"], predict=arguments["predict"])
    with Study.open(Path(arguments["study"])) as study, _engine(study) as executor:
        card = study.train(
            arguments["name"],
            options,
            executor=executor,
            progress=progress,
        )
        return {"model": arguments["name"], "warnings": card["warnings"]}


def _classify(arguments: Arguments, progress: ProgressCallback) -> dict[str, Any]:
    from amgs.study import Study

    model = str(arguments["model"])
    with Study.open(Path(arguments["study"])) as study, _engine(study) as executor:
        summary = study.classify(model, executor=executor, progress=progress)
        study.predictions(model)
        return {"model": model, "summary": str(summary)}


def _explain(arguments: Arguments, progress: ProgressCallback) -> dict[str, Any]:
    from amgs.study import Study

    model = str(arguments["model"])
    with Study.open(Path(arguments["study"])) as study, _engine(study) as executor:
        found = study.explain(model, executor=executor, progress=progress)
        return {"model": model, "notes": found.notes}


def _report(arguments: Arguments, progress: ProgressCallback) -> dict[str, Any]:
    from amgs.study import Study

    with Study.open(Path(arguments["study"])) as study:
        return {"report": study.report(progress=progress).name}


def _export(arguments: Arguments, _progress: ProgressCallback) -> dict[str, Any]:
    from amgs.study import Study
    from amgs.study.exporting import Sending

    sending = Sending(key=bool(arguments["key"]))
    out = Path(arguments["out"])
    with Study.open(Path(arguments["study"])) as study:
        notes = study.export(arguments["form"], out, sending=sending)
        return {"file": out.name, "notes": list(notes)}


def _demo(arguments: Arguments, progress: ProgressCallback) -> dict[str, Any]:
    from amgs.demo import run_demo

    folder = Path(arguments["folder"])
    small = bool(arguments.get("small"))
    result = run_demo(folder, small=small, overwrite=True, progress=progress)
    return {"study": str(folder / "experiment"), "page": str(result.page)}


VERBS: dict[str, Callable[[Arguments, ProgressCallback], dict[str, Any]]] = {
    "extract": _extract,
    "convert": _convert,
    "train": _train,
    "classify": _classify,
    "explain": _explain,
    "report": _report,
    "export": _export,
    "demo": _demo,
}
"""What long work there is. Arguments and results are plain data."""


if __name__ == "__main__":
    main()
