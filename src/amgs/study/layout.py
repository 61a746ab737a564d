"""The folder of a study, as `amgs new` lays it out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amgs.errors import OutputExistsError
from amgs.scale import load_scale
from amgs.study.design import COLUMNS, RECORDINGS_FILE
from amgs.study.settings import SETTINGS_FILE
from amgs.study.settings_file import write_settings
from amgs.tables import write_table

FACES, MODELS, RESULTS, VIDEOS = "faces", "models", "results", "videos"

MIN_IMAGES = 5
"""New studies leave out animals with fewer confident images at a timepoint: % pain of four images
is 0, 25, 50, 75 or 100. Studies without the setting keep what they began with: no minimum."""


def lay_out(
    folder: Path, name: str, scale: str, seed: int, further: Mapping[tuple[str, str], Any]
) -> None:
    """Make folders, settings and an empty table; see `amgs.study.Study.create`."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = (
            f"Expected a new or empty folder, found things in {folder}. Nothing was changed; "
            "choose another name."
        )
        raise OutputExistsError(msg)
    chosen = load_scale(scale)
    if scale.endswith(".toml"):  # a scale of one's own moves with the study
        content = Path(scale).read_bytes()
        scale = Path(scale).name
    else:
        content = b""
    for inside in (FACES, MODELS, RESULTS, VIDEOS):
        (folder / inside).mkdir(parents=True)
    values = {
        ("study", "name"): name or folder.resolve().name,
        ("scoring", "scale"): scale,
        ("scoring", "seed"): seed,
        ("labels", "pain_from"): chosen.pain_from,
        ("labels", "no_pain_to"): chosen.no_pain_to,
        ("classify", "min_images"): MIN_IMAGES,
        **further,
    }
    if content:
        (folder / scale).write_bytes(content)
    write_settings(folder / SETTINGS_FILE, values)
    write_table(folder / RECORDINGS_FILE, COLUMNS, [])
