"""The page of a study: where it stands, what comes next, and its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from amgs.errors import AmgsError, DesignError, count_of
from amgs.study import Study
from amgs.study.design import RECORDINGS_FILE, read_design
from amgs.study.design_table import rows_there
from amgs.study.planning import check_plan, plan_is_sealed
from amgs.study.scales import unit_keys
from amgs.study.settings import SECTIONS, SETTINGS_FILE, STUDY_SETTINGS, StudySetting
from amgs.study.settings_file import change_settings
from amgs.study.summarising import has_readings
from amgs.web.lab.state import LabState, to
from amgs.web.lab.typed import read_typed_number

_REPORT = "report.html"

_NOT_HERE = {("study", "database")}
"""With a wrong address no page could be opened to correct it."""


@dataclass(frozen=True, slots=True)
class StepState:
    """One step of a study: what is there, and whether it is finished."""

    at: str
    name: str
    says: str
    done: bool


@dataclass(frozen=True, slots=True)
class StudyContext:
    """Where a study stands."""

    folder: str
    steps: Sequence[StepState]
    next: str
    next_says: str
    blinded: str


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as a form shows it."""

    key: str
    name: str
    help: str
    value: str
    was: str
    choices: Sequence[str]
    number: bool
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class SettingsContext:
    """All settings, by section."""

    sections: Sequence[tuple[str, Sequence[SettingRow]]]


def describe_study(study: Study) -> StudyContext:
    """Return where a study stands, counted from its table and its database."""
    recordings, design = _design_step(study)
    classified = has_readings(study)
    faces, scoring = _faces_step(study, recordings), _scoring_step(study)
    sealed, report = plan_is_sealed(study), (study.results / _REPORT).exists()
    steps = [
        design,
        faces,
        scoring,
        StepState(
            "model",
            "Model",
            "the faces were read by a model" if classified else "no model has read the faces",
            classified,
        ),
        StepState(
            "answer",
            "Answer",
            "the plan is sealed" if sealed else "the plan is not sealed",
            classified and sealed,
        ),
        StepState("report", "Report", "made" if report else "not made yet", report),
    ]
    # Who has a model already needs no scores.
    optional = {"scoring"} if classified or not study.store.raters.all() else set()
    coming = next((s for s in steps if not s.done and s.at not in optional), steps[-1])
    unblinded = study.unblindings
    blinded = (
        f"Unblinded on {unblinded[0]['at'][:10]} by {unblinded[0]['who']}."
        if unblinded
        else "Blinded: nobody has seen human scores with groups."
    )
    return StudyContext(str(study.folder), steps, coming.at, coming.name, blinded)


def _design_step(study: Study) -> tuple[int, StepState]:
    """Return how many recordings the table has, and what is to be said of it."""
    try:
        design = read_design(study.folder / RECORDINGS_FILE, study.settings.study.baseline)
    except AmgsError as error:
        empty = "no recordings yet" if not rows_there(study) else f"cannot be read: {error}"
        return 0, StepState("design", "Design", empty, done=False)
    n, animals = len(design.recordings), len({r.animal for r in design.recordings})
    says = f"{n} recordings of {count_of(animals, 'animal')} in " + count_of(
        len(design.groups), "group"
    )
    if design.faults:
        says = count_of(len(design.faults), "fault")
    return n, StepState("design", "Design", says, done=bool(n) and not design.faults)


def _faces_step(study: Study, recordings: int) -> StepState:
    sources = sum(bool(s.recording) for s in study.store.sources.all())
    faces = study.store.faces.count()
    says = f"{count_of(faces, 'face')} of {sources} recordings" if faces else "none yet"
    return StepState("faces", "Faces", says, done=bool(recordings) and sources >= recordings)


def _scoring_step(study: Study) -> StepState:
    keys = list(unit_keys(study).values())
    raters = study.store.raters.all()
    progress = [study.store.scoring.progress(rater.id, keys) for rater in raters]
    scored, wanted = (sum(row[place] for row in progress) for place in (0, 1))
    says = "nobody has scored; not needed with a model that is there"
    if raters:
        says = f"{scored} of {wanted} places scored by {count_of(len(raters), 'rater')}"
    return StepState("scoring", "Scoring", says, done=bool(wanted) and scored >= wanted)


class StudyPages:
    """See the module."""

    def __init__(self, lab: LabState) -> None:
        self.lab = lab

    def page(self, request: Request, mark: str) -> Response:
        """Show where a study stands."""
        study = self.lab.study(mark)
        return self.lab.page(
            "study.html",
            describe_study(study),
            self.lab.chrome(request, study.name, mark, ""),
        )

    def settings(self, request: Request, mark: str) -> Response:
        """Show all settings with what they mean."""
        study = self.lab.study(mark)
        return self._settings_page(request, mark, study, {})

    def _settings_page(
        self, request: Request, mark: str, study: Study, typed: Mapping[str, str]
    ) -> Response:
        values = study.settings.as_dict()
        sections = [
            (
                section,
                [
                    _row(s, values[section][s.name], typed)
                    for s in STUDY_SETTINGS
                    if s.section == section and s.key not in _NOT_HERE
                ],
            )
            for section in SECTIONS
        ]
        chrome = self.lab.chrome(request, "Settings", mark, "settings")
        return self.lab.page("settings.html", SettingsContext(sections), chrome)

    async def change(self, request: Request, mark: str) -> Response:
        """Write settings that were changed into ``study.toml``.

        What was typed is compared with what the page showed, not with the file: another page may
        have changed something else meanwhile.
        """
        study = self.lab.study(mark)
        form = {k: v for k, v in (await request.form()).items() if isinstance(v, str)}
        changed: dict[tuple[str, str], Any] = {}
        try:
            self.lab.board.require_idle(mark)
            for setting in STUDY_SETTINGS:
                key = f"{setting.section}.{setting.name}"
                if key in form and form[key] != form.get(f"was.{key}"):
                    changed[setting.key] = _parse(setting, form[key])
            if changed:
                change_settings(study.folder / SETTINGS_FILE, changed)
        except (AmgsError, ValueError) as error:
            self.lab.say(mark, problem=f"Nothing was changed. {error}")
            return self._settings_page(request, mark, study, form)
        names = ", ".join(name.replace("_", " ") for _, name in changed) or "nothing"
        said = f"Changed: {names}."
        if any(section == "scoring" for section, _ in changed) and self.lab.rooms.find(mark):
            said += (
                " The scoring room is open and goes on as before: close it and open it again, so "
                "that raters see the change."
            )
        self.lab.say(mark, said, _doubts(self.lab.study(mark)))
        return to(f"/study/{mark}/settings")


def _doubts(study: Study) -> str:
    """Return what the plan names that is not there; empty as long as there is no table either."""
    try:
        check_plan(study, study.design())
    except DesignError as error:
        return str(error)
    except AmgsError as error:
        return str(error) if rows_there(study) else ""
    return ""


def _row(setting: StudySetting, value: Any, typed: Mapping[str, str]) -> SettingRow:
    number = not isinstance(setting.default, str)
    key = f"{setting.section}.{setting.name}"
    was = f"{value:g}" if isinstance(value, float) else str(value)
    return SettingRow(
        key,
        setting.name.replace("_", " "),
        setting.help.replace("`", ""),
        typed.get(key, was),
        typed.get(f"was.{key}", was),
        setting.choices,
        number,
        f"{setting.low:g}" if number else "",
        f"{setting.high:g}" if number and setting.high != float("inf") else "",
    )


def _parse(setting: StudySetting, given: str) -> str | int | float:
    """Read what was typed; a number may have a decimal comma, but none between thousands."""
    if isinstance(setting.default, str):
        return given.strip()
    name = setting.name.replace("_", " ")
    text = given.strip()
    number = read_typed_number(text)
    if number is None:
        raise ValueError(f"Expected a number for {name}, such as 0.5 or 1000, found {given!r}.")
    if isinstance(setting.default, int):
        if number != int(number):
            raise ValueError(f"Expected a whole number for {name}, found {given!r}.")
        return int(number)
    return number


def routes(lab: LabState) -> APIRouter:
    """Return the pages."""
    pages = StudyPages(lab)
    router = APIRouter(prefix="/study/{mark}", dependencies=[Depends(lab.require_owner)])
    router.add_api_route("", pages.page, methods=["GET"])
    router.add_api_route("/settings", pages.settings, methods=["GET"])
    router.add_api_route("/settings", pages.change, methods=["POST"])
    return router
