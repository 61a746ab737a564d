"""`amgs doctor`: what a bug report needs."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from amgs.cli.console import JsonOption, note, print_facts, print_json


def doctor(
    clear_cache: Annotated[
        bool,
        typer.Option(
            "--clear-cache", help="Delete cached features and backbones; all can be made again."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show versions, engine, threads, settings and what is cached; check that the engine works.

    Put its output into a bug report. It names no file of yours.
    """
    from amgs.config import cache_folder

    if clear_cache:
        _clear(cache_folder())
    found = examine()
    if json:
        print_json(found)
        return
    for title, rows in found.items():
        print_facts(title, [(name, _plain(value)) for name, value in rows.items()])
    works = found["engine"]["works"] and found["face detectors"]["works"]
    note(
        "No problems found." if works else "Something does not work; see above. Install amgs again."
    )
    if not works:
        raise typer.Exit(1)


def examine() -> dict[str, dict[str, Any]]:
    """Collect what there is to know about this installation."""
    from amgs._version import __version__
    from amgs.config import SETTINGS, cache_folder, thread_count
    from amgs.model.backbones.table import BACKBONES, is_at_hand
    from amgs.provenance import package_versions

    return {
        "versions": {
            "amgs": __version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            **package_versions(),
        },
        "engine": {"name": "onnxruntime", "threads": thread_count(), **_try_engine()},
        "face detectors": _try_detectors(),
        "backbones": {b.name: is_at_hand(b) for b in BACKBONES.values()},
        "cache": _measure(cache_folder()),
        "settings": {s.variable: f"{s.help} Default: {s.default}." for s in SETTINGS},
    }


def _try_engine() -> dict[str, Any]:
    """Run the default backbone once, on an image whose features are known to be finite."""
    import numpy as np

    from amgs.model.backbones.networks import Network
    from amgs.model.backbones.table import DEFAULT_BACKBONE, find_backbone, locate_backbone
    from amgs.provenance import hash_file

    backbone = find_backbone(DEFAULT_BACKBONE)
    path = locate_backbone(backbone)
    if not path.exists():
        return {"default backbone unchanged": False, "works": False}
    side = backbone.preprocessing.input_px
    features = Network(path).features(np.zeros((1, 3, side, side), np.float32))
    whole = hash_file(path) == backbone.sha256
    return {
        "in use": "CPUExecutionProvider",
        "default backbone unchanged": whole,
        "works": bool(whole and np.isfinite(features).all()),
    }


def _try_detectors() -> dict[str, Any]:
    """Draw a face and let every face detector find it."""
    import numpy as np

    from amgs.errors import AmgsError
    from amgs.faces.detectors import DETECTORS, open_detector
    from amgs.simulate import FaceParameters, draw_face

    face = draw_face(FaceParameters(), np.random.default_rng(0))
    found: dict[str, Any] = {}
    works = True
    for name, entry in DETECTORS.items():
        try:
            detector = open_detector(name)
            seen = bool(detector.find(face))
            unchanged = not entry.sha256 or detector.sha256 == entry.sha256
            found[name] = f"version {detector.version}, {'works' if seen else 'finds nothing'}"
            if not unchanged:
                found[name] += ", but was changed after it was shipped"
        except AmgsError as error:
            seen = unchanged = False
            found[name] = str(error)
        works &= seen and unchanged
    return {**found, "works": works}


def _measure(folder: Path) -> dict[str, Any]:
    sizes = {
        kind: sum(p.stat().st_size for p in (folder / kind).rglob("*") if p.is_file()) / 1e6
        for kind in ("features", "backbones", "weights")
    }
    return {"folder": str(folder), **{kind: f"{size:.1f} MB" for kind, size in sizes.items()}}


def _clear(folder: Path) -> None:
    import shutil

    for kind in ("features", "backbones", "weights"):
        shutil.rmtree(folder / kind, ignore_errors=True)
    sys.stderr.write("Cache emptied.\n")


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
