"""The settings of a study: one table of name, kind, default and help.

It makes ``study.toml``, reads it, and stands in ``docs/data-model.md``.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from amgs.errors import StudyError, list_faults
from amgs.vocabulary import BASELINE

SETTINGS_FILE = "study.toml"


@dataclass(frozen=True, slots=True)
class StudySetting:
    """One setting: where it stands, what it may be, and why."""

    section: str
    name: str
    default: str | int | float
    help: str
    low: float = 0
    high: float = float("inf")


STUDY_SETTINGS = (
    StudySetting("study", "name", "", "What the study is called in reports."),
    StudySetting("study", "baseline", BASELINE, "The timepoint that others are compared with."),
    StudySetting(
        "study",
        "database",
        "",
        "Empty: study.db in this folder. For several rooms at once a PostgreSQL server, such as "
        "postgresql+psycopg://user@host/name",
    ),
    StudySetting(
        "extract",
        "interval_s",
        10.0,
        "One image per so many seconds of film (10, as in Tuttle et al. 2018).",
        2,
    ),
    StudySetting("extract", "margin", 0.15, "Added around a face, in lengths of its box.", 0, 1),
    StudySetting(
        "scoring",
        "scale",
        "mouse",
        "mouse, mouse-black, rat, or the path of a .toml of your own (docs/extending.md).",
    ),
    StudySetting(
        "scoring",
        "images_per_recording",
        0,
        "How many images of every recording people score, chosen at random; 0: all of them.",
    ),
    StudySetting(
        "scoring",
        "repeat_percent",
        5.0,
        "So many of 100 images come twice, unannounced: how well raters agree with themselves.",
        0,
        50,
    ),
    StudySetting("scoring", "seed", 0, "Every rater's order of faces follows from it."),
    StudySetting(
        "scoring",
        "course_pass",
        0.8,
        "Share of units that must equal the reference, over the last 10 images of the training "
        "course, before scoring begins. The course is on when there is a reference.csv.",
        0,
        1,
    ),
    StudySetting(
        "labels",
        "pain_from",
        3.0,
        "Images with at least this MGS (sum, mean over raters) are `pain`. 3 of 10: the rule of "
        "Tuttle et al. 2018.",
    ),
    StudySetting(
        "labels", "no_pain_to", 1.0, "Images up to this MGS are `no pain`; those between, neither."
    ),
    StudySetting(
        "labels",
        "max_missing_units",
        1,
        "An image counts when at most so many units are not scorable; its MGS is then the mean of "
        "the others times the number of units.",
    ),
    StudySetting(
        "classify",
        "threshold",
        0.75,
        "Images of less confidence do not count (Tuttle et al. 2018).",
        0.5,
        1,
    ),
    StudySetting(
        "classify",
        "min_per_minute",
        1.0,
        "Animals with fewer confident images per minute are left out (Tuttle et al. 2018).",
    ),
)
SECTIONS = tuple(dict.fromkeys(setting.section for setting in STUDY_SETTINGS))


@dataclass(frozen=True)
class StudySettings:
    """The settings in force, by section and name."""

    values: Mapping[tuple[str, str], Any]

    def text(self, section: str, name: str) -> str:
        """Return a setting that is text."""
        return str(self.values[section, name])

    def number(self, section: str, name: str) -> float:
        """Return a setting that is a number."""
        return float(self.values[section, name])

    def whole(self, section: str, name: str) -> int:
        """Return a setting that is a whole number."""
        return int(self.values[section, name])

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return all settings as plain values, for provenance and reports."""
        return {
            section: {n: v for (s, n), v in self.values.items() if s == section}
            for section in SECTIONS
        }


def write_settings(path: Path, chosen: Mapping[tuple[str, str], Any]) -> None:
    """Write ``study.toml`` with every setting, its default and what it means."""
    lines = [
        "# Settings of this study, for `amgs`. Text after # explains; change what stands after =.",
    ]
    for section in SECTIONS:
        lines += ["", f"[{section}]"]
        for setting in STUDY_SETTINGS:
            if setting.section == section:
                value = chosen.get((section, setting.name), setting.default)
                lines += wrap(setting.help, 96, initial_indent="# ", subsequent_indent="# ")
                lines.append(f"{setting.name} = {_as_toml(value)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


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
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        msg = (
            f"Expected a study with {SETTINGS_FILE} in {path.parent}, found none. Make one with "
            "`amgs new STUDY`."
        )
        raise StudyError(msg) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(f"Expected TOML text in {path}, found a mistake: {error}.") from error
    known = {(s.section, s.name): s for s in STUDY_SETTINGS}
    given: dict[tuple[str, str], Any] = {}
    for section, entries in document.items():
        if isinstance(entries, dict):
            given |= {(section, name): value for name, value in entries.items()}
        else:
            given["", section] = entries
    faults = [
        f"{f'[{s}] ' if s else ''}{n}: there is no such setting"
        for s, n in given
        if (s, n) not in known
    ]
    values: dict[tuple[str, str], Any] = {}
    for key, setting in known.items():
        value = given.get(key, setting.default)
        values[key] = _check(value, setting, faults)
    if not faults and values["labels", "no_pain_to"] >= values["labels", "pain_from"]:
        faults.append("[labels] no_pain_to must be less than pain_from")
    if faults:
        msg = f"Expected the settings of a study in {path}, found {len(faults)} faults:\n"
        raise StudyError(f"{msg}{list_faults(faults)}\nSee docs/data-model.md.")
    return StudySettings(values)


def _check(value: object, setting: StudySetting, faults: list[str]) -> Any:
    where = f"[{setting.section}] {setting.name}"
    if isinstance(setting.default, str):
        if not isinstance(value, str):
            faults.append(f"{where}: {value!r} is not text in quotes")
        return value
    whole = isinstance(setting.default, int)
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        faults.append(f"{where}: {value!r} is not a {'whole ' if whole else ''}number")
        return setting.default
    if not setting.low <= value <= setting.high:
        limit = f"{setting.low:g} to {setting.high:g}"
        if setting.high == float("inf"):
            limit = f"at least {setting.low:g}"
        faults.append(f"{where}: {value!r}, expected {limit}")
    return value
