"""Grimace scales as data: which action units there are, and how to tell 0, 1 and 2 apart.

A unit is scored 0 (absent), 1 (moderate, or unsure) or 2 (marked); "not scorable" is missing and
never 0. A scale of your own is a TOML file like those in ``amgs/data/scales``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from amgs.errors import ScaleError, UnknownNameError, count_of, list_faults

LOWEST, HIGHEST = 0, 2
LEVELS = tuple(range(LOWEST, HIGHEST + 1))

SCALES = {
    "mouse": "mouse.toml",
    "mouse-black": "mouse_black.toml",
    "rat": "rat.toml",
}
"""The scales that come with amgs; adding one is a file and a line."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_RESERVED = "image"
_MOST_UNITS = 12
_LONGEST_TEXT = 600


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One thing to look at in a face.

    ``name`` stands in tables, ``label`` on the page; ``description`` says where to look, ``levels``
    what 0, 1 and 2 look like; ``images`` are files that show them, from the study's folder.
    """

    name: str
    label: str
    description: str
    levels: tuple[str, str, str]
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """A grimace scale; see the module.

    ``pain_from`` and ``no_pain_to`` are the study's default rule for labels, on the sum of all
    units; ``source`` says where the scale is published.
    """

    name: str
    title: str
    species: str
    units: tuple[ActionUnit, ...]
    pain_from: float
    no_pain_to: float
    source: str = ""

    @property
    def unit_names(self) -> tuple[str, ...]:
        """Names of the units, in the order in which they are scored."""
        return tuple(unit.name for unit in self.units)

    @property
    def highest_sum(self) -> int:
        """The highest possible sum over all units."""
        return HIGHEST * len(self.units)


def all_unit_names() -> tuple[str, ...]:
    """Return the action units of all scales that come with amgs, those of the first one first."""
    names = (unit for scale in SCALES for unit in load_scale(scale).unit_names)
    return tuple(dict.fromkeys(names))


def load_scale(name: str, folder: Path | None = None) -> Scale:
    """Load a scale by its name, or from a TOML file of your own.

    Parameters
    ----------
    name
        One of `SCALES`, or the path of a ``.toml`` file.
    folder
        Where a relative path starts, such as the study's folder.

    Raises
    ------
    UnknownNameError
        If there is no scale of that name.
    ScaleError
        If the file has faults; all of them are listed.
    """
    if name in SCALES:
        text = (files("amgs") / "data" / "scales" / SCALES[name]).read_text(encoding="utf-8")
        return parse_scale(text, name)
    if not name.endswith(".toml"):
        msg = (
            f"Expected a scale called {', '.join(SCALES)}, or a .toml file of your own, found "
            f"{name!r}."
        )
        raise UnknownNameError(msg)
    path = (folder or Path()) / name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ScaleError(f"Expected a scale in {path}, but it cannot be read: {error}.") from error
    return parse_scale(text, path.stem, str(path))


def parse_scale(text: str, name: str, where: str = "") -> Scale:
    """Read a scale from TOML text; faults are collected and told at once."""
    where = where or f"the scale {name}"
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScaleError(f"Expected TOML in {where}, found a mistake: {error}.") from error
    faults: list[str] = []
    listed = document.get("unit")
    entries = listed if isinstance(listed, list) else []
    if not 1 <= len(entries) <= _MOST_UNITS:
        faults.append(f"1 to {_MOST_UNITS} tables [[unit]] are needed, found {len(entries)}")
    units = tuple(_unit(entry, number, faults) for number, entry in enumerate(entries, start=1))
    names = [unit.name for unit in units]
    faults += [
        f"unit {n} is listed twice" for n in sorted({n for n in names if names.count(n) > 1})
    ]
    highest = HIGHEST * len(units)
    limits = {
        key: _limit(document, key, default, highest, faults)
        for key, default in (("pain_from", 0.3 * highest), ("no_pain_to", 0.1 * highest))
    }
    if not faults and limits["no_pain_to"] >= limits["pain_from"]:
        faults.append("no_pain_to must be less than pain_from")
    if faults:
        msg = f"Expected a grimace scale in {where}, found {count_of(len(faults), 'fault')}:\n"
        raise ScaleError(f"{msg}{list_faults(faults)}\nCompare with docs/extending.md.")
    return Scale(
        name=name,
        title=_text(document, "title") or name,
        species=_text(document, "species"),
        units=units,
        source=_text(document, "source"),
        **limits,
    )


def _unit(entry: object, number: int, faults: list[str]) -> ActionUnit:
    given: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    name = given.get("name", "")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == _RESERVED:
        faults.append(f"unit {number}: name is {name!r}; small letters, digits and _ are expected")
    texts = {key: given.get(key) for key in ("absent", "moderate", "marked")}
    for key, text in texts.items():
        if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST_TEXT:
            faults.append(
                f"unit {number}: {key!r} is missing or longer than {_LONGEST_TEXT} characters"
            )
    label = given.get("label") or str(name).replace("_", " ")
    description = given.get("description", given.get("look", ""))  # `look` in 0.1.0
    levels = tuple(str(text).strip() for text in texts.values())
    images = given.get("images", [])
    if not isinstance(images, list) or len(images) not in {0, len(LEVELS)}:
        faults.append(f"unit {number}: images is not a list of 3 files, of 0, 1 and 2")
        images = []
    return ActionUnit(
        str(name),
        str(label),
        str(description).strip(),
        (levels[0], levels[1], levels[2]),
        tuple(str(image) for image in images),
    )


def _limit(
    document: Mapping[str, Any], key: str, default: float, highest: int, faults: list[str]
) -> float:
    value = document.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= highest:
        faults.append(f"{key} is {value!r}, not a number from 0 to {highest}")
        return default
    return round(float(value), 6)


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key, "")
    return str(value).strip() if isinstance(value, str) else ""
