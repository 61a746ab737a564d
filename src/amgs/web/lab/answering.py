"""The answer: groups compared, every animal a point that leads to its images.

All numbers are those of ``amgs compare``; whatever is chosen otherwise here is shown as exploring
and is not kept.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from amgs.errors import AmgsError
from amgs.study import Study
from amgs.study.actions import MODEL_USED, RESULTS_SEEN
from amgs.study.summarising import HUMAN_VALUE, SUMMARISED
from amgs.web.lab.answer_words import (
    AnswerContext,
    Chosen,
    Controls,
    describe_answer,
    describe_plan,
    list_readers,
    list_values,
    plot_dependence,
    words_of,
)
from amgs.web.lab.computed import animal_page, compare, depends
from amgs.web.lab.state import LabState, to
from amgs.web.lab.typed import read_typed_number

_MOST_KEPT = 40


@dataclass
class AnswerPages:
    """See the module."""

    lab: LabState
    _known: dict[tuple[object, ...], dict[str, Any]] = field(default_factory=dict)
    _choices: dict[str, tuple[list[tuple[str, str]], list[str]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def page(self, request: Request, mark: str, chosen: Annotated[Chosen, Query()]) -> Response:
        """Show the comparison, once somebody asked for it; what takes long comes a moment later."""
        study = self.lab.study(mark)
        plan = describe_plan(study)
        otherwise, problem = _otherwise(study, chosen)
        wanted = plan.ready and bool(chosen.go or plan.seen) and not problem
        key = self._key(study, chosen, otherwise)
        if wanted and key not in self._known:
            nothing = Controls(chosen, (), ())
            context = describe_answer(mark, plan, nothing, None, "", exploring=False)
            context = replace(context, waiting=urlencode(chosen.model_dump() | {"go": "yes"}))
        else:
            context = self._describe(study, mark, chosen)
        chrome = self.lab.chrome(request, "Answer", mark, "answer")
        return self.lab.page("answer.html", context, chrome)

    def shown(self, mark: str, chosen: Annotated[Chosen, Query()]) -> Response:
        """Return the comparison as a part of the page."""
        context = self._describe(self.lab.study(mark), mark, chosen)
        template = self.lab.templates.get_template("lab/_answer.html")
        return HTMLResponse(template.render(page=context))

    def _describe(self, study: Study, mark: str, chosen: Chosen) -> AnswerContext:
        plan = describe_plan(study)
        otherwise, problem = _otherwise(study, chosen)
        found: dict[str, Any] | None = None
        if plan.ready and (chosen.go or plan.seen) and not problem:
            try:
                found = self._compare(study, chosen, otherwise)
            except AmgsError as error:
                problem = str(error)
        if found is not None:
            self._choices[mark] = (list_values(found), found["timepoints"])
        # After a number that was refused the other choices are there as before.
        values, timepoints = self._choices.get(mark, ([], []))
        controls = Controls(chosen, values, timepoints, list_readers(study))
        return describe_answer(mark, plan, controls, found, problem, exploring=bool(otherwise))

    def document(self, mark: str, value: str = "", timepoint: str = "") -> Response:
        """Return the comparison as the command line's ``--json`` does."""
        study = self.lab.study(mark)
        chosen = Chosen(value=value, timepoint=timepoint)
        return JSONResponse(self._compare(study, chosen, {})["document"])

    def depends(self, mark: str, chosen: Annotated[Chosen, Query()]) -> Response:
        """Return the plot of how the result depends on choices, which takes some seconds."""
        study = self.lab.study(mark)
        otherwise, _ = _otherwise(study, chosen)
        arguments = (str(study.folder), chosen.model, chosen.value, chosen.timepoint, otherwise)
        rows = self.lab.calculator.ask(depends, *arguments)
        compared = self._compare(study, chosen, otherwise)["document"]["value"]
        return HTMLResponse(str(plot_dependence(rows, words_of(str(compared)))))

    def seal(self, mark: str, who: Annotated[str, Form()] = "") -> Response:
        """Seal the plan with a name."""
        who = " ".join(who.split())
        if not who:
            self.lab.say(mark, problem="Enter who seals the plan.")
            return to(f"/study/{mark}/answer")
        try:
            self.lab.study(mark).seal_plan(who)
            self.lab.say(mark, "The plan is sealed.")
        except AmgsError as error:
            self.lab.say(mark, problem=str(error))
        return to(f"/study/{mark}/answer")

    def animal(self, request: Request, mark: str, name: str = "") -> Response:
        """Show one animal: its values, its recordings over time, its images."""
        study = self.lab.study(mark)
        if not study.store.events.all(RESULTS_SEEN):
            return to(f"/study/{mark}/answer")
        if self._key(study, Chosen(), {}) not in self._known:
            return to(f"/study/{mark}/answer")  # it is compared there first, which takes a moment
        found = self._compare(study, Chosen(), {})
        context = self.lab.calculator.ask(animal_page, str(study.folder), mark, name, found)
        chrome = self.lab.chrome(request, f"Animal {name}", mark, "answer")
        return self.lab.page("animal.html", context, chrome)

    def _compare(self, study: Study, chosen: Chosen, otherwise: dict[str, Any]) -> dict[str, Any]:
        """Return the comparison; the same question is answered once as long as nothing changed."""
        key = self._key(study, chosen, otherwise)
        with self._lock:
            known = self._known.get(key)
        if known is None:
            asked = (chosen.model, chosen.value, chosen.timepoint)
            known = self.lab.calculator.ask(compare, str(study.folder), *asked, otherwise)
            # Comparing for the first time writes an event: the state afterwards is another one.
            key = self._key(study, chosen, otherwise)
            with self._lock:
                while len(self._known) >= _MOST_KEPT:
                    self._known.pop(next(iter(self._known)))
                self._known[key] = known
        return known

    def _key(self, study: Study, chosen: Chosen, otherwise: dict[str, Any]) -> tuple[object, ...]:
        what = (chosen.model, chosen.value, chosen.timepoint)
        asked = (str(study.folder), *what, tuple(sorted(otherwise.items())))
        return (*asked, *_state_of(study))


def _state_of(study: Study) -> tuple[object, ...]:
    """Return what a comparison follows from: tables, settings, answers, readings, decisions."""
    found: list[object] = []
    for name in ("recordings.csv", "exclusions.csv", "study.toml"):
        path = study.folder / name
        found.append(path.stat().st_mtime_ns if path.exists() else 0)
    models = study.store.predictions.models()
    found += [len(models), study.store.faces.count(), study.store.scoring.count_log()]
    found += [len(study.unblindings), bool(study.store.events.all(RESULTS_SEEN))]
    # Who reads, which period counts: chosen in a terminal, it holds here too.
    found += [len(study.store.events.all(kind)) for kind in (SUMMARISED, MODEL_USED)]
    found.append(tuple(study.store.predictions.count(sha256) for _, _, sha256 in models))
    return tuple(found)


def _otherwise(study: Study, chosen: Chosen) -> tuple[dict[str, Any], str]:
    """Read what is chosen otherwise than in the settings; or what is wrong with it."""
    try:
        found = _numbers(chosen)
    except ValueError as error:
        return {}, str(error)
    settings = study.settings.classify
    for name, usual in (("threshold", settings.threshold), ("min_images", settings.min_images)):
        if found.get(name) == usual:
            del found[name]
    if chosen.sleep:
        found |= {"leave_out_sleep": True, "sleep_by_model": chosen.sleep == "model"}
    if chosen.unseen:
        found["unseen_only"] = True
    if found and chosen.value == HUMAN_VALUE:
        return {}, (
            "Human scores have no confidence, and few images of each recording are scored: "
            "confidence, images, minutes and sleep cannot be chosen for them. Empty these fields."
        )
    return found, ""


def _numbers(chosen: Chosen) -> dict[str, Any]:
    """Read the numbers that were typed; what is wrong with one is raised in words."""
    found: dict[str, Any] = {}
    for name, low, high in (
        ("threshold", 0.5, 1.0),
        ("min_images", 0.0, 1e6),
        ("from_min", 0.0, 1e6),
        ("to_min", 0.0, 1e6),
    ):
        text = str(getattr(chosen, name)).strip()
        if not text:
            continue
        number = read_typed_number(text)
        whole = name == "min_images"
        if number is None or not low <= number <= high or (whole and number != int(number)):
            kind = "a whole number" if whole else "a number"
            limits = f" from {low:g} to {high:g}" if name == "threshold" else ""
            raise ValueError(
                f"Expected {name.replace('_', ' ')} as {kind}{limits}, found {text!r}."
            )
        found[name] = int(number) if whole else number
    start, stop = found.get("from_min", 0.0), found.get("to_min", float("inf"))
    if start >= stop:
        raise ValueError(
            f"Expected a period that ends after it begins, found {start:g} to {stop:g}."
        )
    return found


def routes(lab: LabState) -> APIRouter:
    """Return the pages."""
    pages = AnswerPages(lab)
    router = APIRouter(prefix="/study/{mark}/answer", dependencies=[Depends(lab.require_owner)])
    router.add_api_route("", pages.page, methods=["GET"])
    router.add_api_route("/comparison.json", pages.document, methods=["GET"])
    router.add_api_route("/shown", pages.shown, methods=["GET"])
    router.add_api_route("/depends", pages.depends, methods=["GET"])
    router.add_api_route("/seal", pages.seal, methods=["POST"])
    router.add_api_route("/animal", pages.animal, methods=["GET"])
    return router
