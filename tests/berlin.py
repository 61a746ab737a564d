"""TU Berlin's published files, made: drawn faces under their names, tables of their form.

Animals, subsets, how many images of each are scored and how often raters miss a unit follow the
published counts; every face, score and number is drawn.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from amgs.simulate.anatomy import FaceParameters
from amgs.simulate.face import draw_face
from amgs.simulate.raters import SimulatedRater

SUBSETS = {
    "KH": (28_112, 1_224, 126),
    "MR": (677, 677, 12),
    "LW": (597, 597, 130),
    "JW": (2_778, 546, 40),
    "AW": (2_771, 362, 20),
}
"""Subset → images in the main table, images scored, mice."""

LOOKS = {
    "KH": {"coat": "black"},
    "MR": {"coat": "white", "brightness": 1.1},
    "LW": {"coat": "agouti"},
    "JW": {"coat": "black", "infrared": True},
    "AW": {"coat": "white", "blur_px": 1.4},
}
RATERS = (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12)
UNITS = {
    "ot": "orbital_tightening",
    "nb": "nose_bulge",
    "cb": "cheek_bulge",
    "ep": "ear_position",
    "wc": "whisker_change",
}
COLUMNS = ["index", *(f"{unit}{rater}" for rater in RATERS for unit in UNITS), "subset"]
TIMES = {"a": "baseline", "b": "after"}
EXPERIMENTS = {"KH": "K"}
PREFIXES = {"AW": "aw", "JW": "jw", "LW": "lw", "MR": "mr"}
DATASETS = {"KH": "khcas", "AW": "awolt", "JW": "jwilz", "LW": "lwitt", "MR": "mriec"}


def make_berlin(folder: Path, share: float = 1.0, *, px: int = 160, seed: int = 0) -> Path:
    """Write the two tables, the images that are scored, and the otherwise numbered tables.

    Parameters
    ----------
    folder
        To make.
    share
        Of the published counts; every subset keeps at least six mice and 24 scored images.
    px
        Side of the images.
    seed
        Of everything.
    """
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    people = {rater: SimulatedRater(seed + rater) for rater in RATERS}
    main: list[Sequence[object]] = []
    scored: list[list[object]] = []
    elsewhere: list[tuple[str, str, int, str, list[object]]] = []
    for subset, (n_images, n_scored, n_mice) in SUBSETS.items():
        mice = max(6, round(share * n_mice))
        count = max(24, round(share * n_scored))
        for number in range(max(count, round(share * n_images))):
            index, mouse = len(main), 1 + number % mice
            main.append((index, mouse, subset))
            if number >= count:
                continue
            time = "b" if (number // mice) % 2 else "a"
            units = _units(rng, in_pain=time == "b")
            _draw(folder / f"{index:06d}.jpg", subset, mouse, units, px, rng)
            answers = list(_answers(people, units, rng))
            scored.append([index, *answers, subset])
            elsewhere.append((subset, time, mouse, f"{len(elsewhere):05d}", answers))
    _write(folder / "MouseGrimaceFaces_main.csv", ["index", "id", "subset"], main)
    _write(folder / "MouseGrimaceFaces_mgs.csv", COLUMNS, scored)
    rng.shuffle(elsewhere)  # type: ignore[arg-type]
    _write_conditions(folder, elsewhere)
    return folder


def _units(rng: np.random.Generator, *, in_pain: bool) -> dict[str, float]:
    latent = rng.beta(2.0, 2.0) if in_pain else rng.beta(0.4, 3.0)
    values = np.clip(2 * latent + rng.normal(0, 0.2, len(UNITS)), 0, 2)
    return dict(zip(UNITS.values(), values.tolist(), strict=True))


def _draw(
    path: Path, subset: str, mouse: int, units: dict[str, float], px: int, rng: np.random.Generator
) -> None:
    animal = sum(map(ord, subset)) * 1_000 + mouse
    face = FaceParameters(
        animal_seed=animal,
        background_seed=animal,
        yaw_deg=float(np.clip(rng.normal(0, 16), -40, 40)),
        **units,
    )
    face = replace(face, **LOOKS[subset])  # type: ignore[arg-type]
    Image.fromarray(draw_face(face, rng)).resize((px, px)).save(path, quality=90)


def _answers(
    people: dict[int, SimulatedRater], units: dict[str, float], rng: np.random.Generator
) -> Iterator[object]:
    asked = set(rng.choice(RATERS, 2 + int(rng.integers(2)), replace=False).tolist())
    passed = rng.uniform() < 0.02
    for rater in RATERS:
        scores = people[rater].score(units)
        for unit in UNITS.values():
            if rater not in asked:
                yield ""
            elif passed:
                yield "-"
            else:
                yield 9 if scores[unit] is None else scores[unit]


def _write_conditions(
    folder: Path, rows: Sequence[tuple[str, str, int, str, list[object]]]
) -> None:
    """Write the tables that hold treatment and time, under other names and in another order."""
    named = [
        (f"{PREFIXES[subset]}_{name}.JPG" if subset in PREFIXES else f"{name}.JPG", *rest)
        for subset, *rest, name in ((r[0], r[0], r[1], r[2], r[4], r[3]) for r in rows)
    ]
    _write(
        folder / "mgs_by_rater.csv", COLUMNS[:-1], [[name, *answers] for name, *_, answers in named]
    )
    _write(
        folder / "images.csv",
        ["index", "id", "time", "experiment", "control"],
        [
            [name, mouse, time, EXPERIMENTS.get(subset, ""), "0.0" if subset == "KH" else ""]
            for name, subset, time, mouse, _ in named
        ],
    )
    _write(
        folder / "times.csv",
        ["time_code", "time_text", "pain", "dataset"],
        [
            [code, text, int(code != "a"), dataset]
            for dataset in DATASETS.values()
            for code, text in TIMES.items()
        ],
    )


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
