"""``study.toml``: the settings as a file, with what each means, and with every fault told."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from textwrap import wrap
from typing import Any

from amgs.errors import StudyError, count_of, list_faults
from amgs.faces.detectors import DETECTORS
from amgs.files import atomic_file
from amgs.study.settings import (
    SECTION_TYPES,
    SECTIONS,
    SETTINGS_FILE,
    STUDY_SETTINGS,
    StudySetting,
    StudySettings,
)


def write_settings(path: Path, chosen: Mapping[tuple[str, str], Any]) -> None:
    """Write ``study.toml`` with every setting, its default and what it means."""
    lines = [
        "# Settings of this study, for `amgs`. Text after # explains; change the values after =.",
    ]
    for section in SECTIONS:
        lines += ["", f"[{section}]"]
        for setting in STUDY_SETTINGS:
            if setting.section == section:
                value = chosen.get(setting.key, setting.default)
                lines += wrap(setting.help, 96, initial_indent="# ", subsequent_indent="# ")
                lines.append(f"{setting.name} = {_as_toml(value)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def change_settings(path: Path, chosen: Mapping[tuple[str, str], Any]) -> None:
    """Change settings in ``study.toml``; all else in it, comments too, stays as it is.

    Raises
    ------
    StudyError
        With every fault, if the settings would not be those of a study: nothing is written then.
    """
    import tomlkit

    read_settings(path)  # a file with a fault of its own is for its owner to correct
    document = tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    for (section, name), value in chosen.items():
        table = document.setdefault(section, tomlkit.table())
        table[name] = value
    with atomic_file(path) as temporary:
        temporary.write_text(tomlkit.dumps(document), encoding="utf-8", newline="\n")
        try:
            read_settings(temporary)
        except StudyError as error:
            raise StudyError(str(error).replace(str(temporary), str(path))) from error


def _as_toml(value: str | float) -> str:
    # A TOML basic string is a JSON string.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def read_settings(path: Path) -> StudySettings:
    """Read ``study.toml``; settings that are not there have their defaults.

    Raises
    ------
    StudyError
        With every fault: what is unknown, of the wrong kind, or out of range.
    """
    given = _read_toml(path)
    known = {setting.key: setting for setting in STUDY_SETTINGS}
    faults = [_unknown(key) for key in given if key not in known]
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for key, setting in known.items():
        values[setting.section][setting.name] = _check(
            given.get(key, setting.default), setting, faults
        )
    labels = values["labels"]
    if not faults and labels["no_pain_to"] >= labels["pain_from"]:
        faults.append("[labels] no_pain_to must be less than pain_from")
    if not faults and values["extract"]["detector"] not in DETECTORS:
        found = values["extract"]["detector"]
        faults.append(f"[extract] detector: {found!r}, expected {' or '.join(DETECTORS)}")
    if faults:
        msg = (
            f"Expected the settings of a study in {path}, found {count_of(len(faults), 'fault')}:\n"
        )
        raise StudyError(f"{msg}{list_faults(faults)}\nSee docs/data-model.md.")
    return StudySettings(**{name: kind(**values[name]) for name, kind in SECTION_TYPES.items()})


def _read_toml(path: Path) -> dict[tuple[str, str], Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        msg = (
            f"Expected a study with {SETTINGS_FILE} in {path.parent}, found none. Make one with "
            "`amgs new STUDY`."
        )
        raise StudyError(msg) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = (
            f"Expected TOML text in {path}, found a mistake: {error}. Text is written in quotes, "
            f"numbers without{_decimal_comma(path)}."
        )
        raise StudyError(msg) from error
    given: dict[tuple[str, str], Any] = {}
    for section, entries in document.items():
        if isinstance(entries, dict):
            given |= {(section, name): value for name, value in entries.items()}
        else:
            given["", section] = entries
    return given


def _decimal_comma(path: Path) -> str:
    """Return what to write where a number has a decimal comma."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        found = re.fullmatch(r"\s*(\w+)\s*=\s*(\d+),(\d+)\s*(?:#.*)?", line)
        if found:
            return f"; decimals with a point: {found[1]} = {found[2]}.{found[3]}"
    return ""


def _unknown(key: tuple[str, str]) -> str:
    section, name = key
    near = get_close_matches(name, [setting.name for setting in STUDY_SETTINGS], 1)
    meant = f"; is {near[0]} meant?" if near else ""
    return f"{f'[{section}] ' if section else ''}{name}: there is no such setting{meant}"


def _check(value: object, setting: StudySetting, faults: list[str]) -> Any:
    where = f"[{setting.section}] {setting.name}"
    if isinstance(setting.default, str):
        if not isinstance(value, str):
            faults.append(f"{where}: {value!r} is not text in quotes")
        elif setting.choices and value not in setting.choices:
            faults.append(f"{where}: {value!r}, expected {' or '.join(setting.choices)}")
        return value
    whole = isinstance(setting.default, int)
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        faults.append(f"{where}: {value!r} is not a {'whole ' if whole else ''}number")
        return setting.default
    if not setting.low <= value <= setting.high or not isfinite(value):
        limit = f"{setting.low:g} to {setting.high:g}"
        if setting.high == float("inf"):
            limit = f"at least {setting.low:g}"
        faults.append(f"{where}: {value!r}, expected {limit}")
    return value if whole else float(value)
