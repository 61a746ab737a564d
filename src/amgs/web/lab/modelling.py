"""Models: those at hand with what is known of them, training, and reading faces."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from amgs.errors import AmgsError, StudyError, count_of
from amgs.model.bundle import CARD
from amgs.model.packing import add_model
from amgs.model.promise import say_promise
from amgs.model.training.by_coat import say_by_coat
from amgs.model.training.held_out import DOUBTFUL
from amgs.prediction.models import BUILT_IN_MODELS
from amgs.study import Study
from amgs.study.evidence import last_evidence
from amgs.study.layout import MODELS
from amgs.study.orders import AGAIN
from amgs.study.training import register_model, require_own_name
from amgs.vocabulary import Prediction
from amgs.web.lab.doubts import ask_second_look, doubtful_labels
from amgs.web.lab.state import LabState, to

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of a model, in plain words, and how many faces of the study it has read."""

    name: str
    title: str
    facts: Sequence[tuple[str, str]]
    warnings: Sequence[str]
    units: Sequence[tuple[str, str, str]]
    read: int
    built_in: bool
    notice: str = ""
    evidence: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ModelContext:
    """The models, and what training has to go on."""

    models: Sequence[ModelCard]
    faces: int
    scored: bool
    name: str
    last: dict[str, Any] | None
    doubtful: int = 0
    second_look: str = ""


class ModelPages:
    """See the module."""

    def __init__(self, lab: LabState) -> None:
        self.lab = lab

    def page(self, request: Request, mark: str) -> Response:
        """Show the models at hand."""
        study = self.lab.study(mark)
        last = self.lab.board.latest(mark, "train", "classify", "explain")
        models = list_models(study)
        taken = {model.name for model in models}
        doubtful, second_look = self._doubts(study)
        context = ModelContext(
            models,
            study.store.faces.count(),
            study.store.scoring.count_log() > 0,
            next(n for n in ("first", *(f"model{k}" for k in range(2, 999))) if n not in taken),
            None if last is None else last.as_dict(),
            doubtful,
            second_look,
        )
        chrome = self.lab.chrome(request, "Model", mark, "model")
        return self.lab.page("model.html", context, chrome)

    def _doubts(self, study: Study) -> tuple[int, str]:
        """Return how many labels are doubted; asked of another process only where some were."""
        if not (study.results / DOUBTFUL).exists() and not study.store.events.all(AGAIN):
            return 0, ""
        return self.lab.calculator.ask(doubtful_labels, str(study.folder))

    def second_look(self, mark: str) -> Response:
        """Have doubtful labels shown to their raters again."""
        study = self.lab.study(mark)
        try:
            doubtful, others = self.lab.calculator.ask(ask_second_look, str(study.folder))
            self.lab.say(
                mark,
                f"{count_of(doubtful, 'face')} with a doubtful label and "
                f"{count_of(others, 'other')} are shown again to those who scored them, when they "
                "next sign in.",
            )
        except AmgsError as error:
            self.lab.say(mark, problem=str(error))
        return to(f"/study/{mark}/model")

    def train(
        self,
        mark: str,
        name: Annotated[str, Form()] = "",
        recipe: Annotated[str, Form()] = "best",
        predict: Annotated[str, Form()] = "units",
    ) -> Response:
        """Begin to train a model of the study's labels."""
        study = self.lab.study(mark)
        name = name.strip()
        taken = name in BUILT_IN_MODELS or (study.folder / MODELS / name).exists()
        if taken or not _NAME.fullmatch(name):
            problem = (
                "Expected a new name of letters, digits, hyphens and underscores for the model, "
                f"found {name!r}."
            )
            self.lab.say(mark, problem=problem)
            return to(f"/study/{mark}/model")
        arguments = {
            "study": str(study.folder),
            "name": name,
            "recipe": "paper" if recipe == "paper" else "best",
            "predict": predict if predict in get_args(Prediction) else "units",
        }
        self.lab.board.start("train", f"Training the model {name}", mark, arguments)
        return to(f"/study/{mark}/model")

    def classify(self, mark: str, name: Annotated[str, Form()] = "") -> Response:
        """Let a model read the faces."""
        study = self.lab.study(mark)
        if name not in {model.name for model in list_models(study)}:
            raise StudyError(f"There is no model {name!r} in this study.")
        arguments = {"study": str(study.folder), "model": name}
        self.lab.board.start("classify", f"The model {name} reads the faces", mark, arguments)
        return to(f"/study/{mark}/model")

    def explain(self, mark: str, name: Annotated[str, Form()] = "") -> Response:
        """Find out what the calls of a model rest on."""
        study = self.lab.study(mark)
        if name not in {model.name for model in list_models(study) if not model.built_in}:
            raise StudyError(f"There is no trained model {name!r} in this study.")
        arguments = {"study": str(study.folder), "model": name}
        title = f"What the calls of the model {name} rest on"
        self.lab.board.start("explain", title, mark, arguments)
        return to(f"/study/{mark}/model")

    def bring_in(self, mark: str, path: Annotated[str, Form()] = "") -> Response:
        """Take a model in that was trained elsewhere: a folder or a packed file."""
        study = self.lab.study(mark)
        place = Path(path.strip()).expanduser()
        try:
            self.lab.board.require_idle(mark)
            if not path.strip() or not place.exists():
                raise StudyError("Expected the folder of a model, or a packed one (.zip).")
            if place.suffix == ".zip":
                require_own_name(place.stem)
                target = study.folder / MODELS / place.stem
                add_model(place, target)
                register_model(study, target)
            else:
                target = study.adopt_model(place)
            self.lab.say(
                mark,
                f"The model {target.name} is in the study. How well it does on your animals is not "
                "known yet: let people score some faces, and compare.",
            )
        except (AmgsError, OSError) as error:
            self.lab.say(mark, problem=str(error))
        return to(f"/study/{mark}/model")


def list_models(study: Study) -> list[ModelCard]:
    """Return the models of a study, the newest first, then those that come with amgs."""
    said = study.store.predictions
    read = {name: said.count(sha256) for name, _, sha256 in said.models()}
    found = []
    for name, folder, sha256 in reversed(said.models()):
        path = study.folder / folder / CARD
        if folder and path.is_file():
            card = json.loads(path.read_text(encoding="utf-8"))
            described = _describe(name, card, read.get(name, 0))
            found.append(replace(described, evidence=last_evidence(study, sha256)))
    for name, title in BUILT_IN_TITLES.items():
        if name in BUILT_IN_MODELS:
            facts = [("needs", "no training: it reads what the detector sees of eyes and ears")]
            found.append(ModelCard(name, title, facts, (), (), read.get(name, 0), built_in=True))
    return found


BUILT_IN_TITLES = {
    "orbital": "Opening of the eyes (orbital tightening, 0–2)",
    "face": "Eyes and ears (opening of the eyes, width of the ears)",
}


def _describe(name: str, card: Mapping[str, Any], read: int) -> ModelCard:
    facts: list[tuple[str, str]] = []
    data = card.get("data", {})
    if data:
        classes = ", ".join(f"{n} {c}" for c, n in data.get("per_class", {}).items())
        animals = f" of {data['animals']} animals" if data.get("animals") else ""
        facts.append(("trained on", f"{data.get('images', '?')} images{animals} ({classes})"))
    if card.get("coats"):
        facts.append(("coats", ", ".join(card["coats"])))
    if card.get("imported_from"):
        facts.append(("comes from", str(card["imported_from"]["file"])))
    test = card.get("metrics", {}).get("test")
    if test:
        facts += _test_facts(test, card)
    if coats := say_by_coat(card.get("by_coat") or {}):
        facts.append(("area under the ROC curve", coats))
    if promise := say_promise(card):
        facts.append(("threshold", promise))
    calibration = card.get("recipe", {}).get("calibration")
    if calibration:
        facts.append(("calibrated", str(calibration)))
    facts.append(("network", str(card.get("backbone", {}).get("title", "?"))))
    facts.append(("made", str(card.get("provenance", {}).get("created", "?"))[:10]))
    warnings = [str(text) for text in card.get("warnings", [])]
    return ModelCard(
        name,
        str(card.get("title", name)),
        facts,
        warnings,
        _units(card),
        read,
        built_in=False,
        notice=str(card.get("notice", "")),
    )


def _test_facts(test: Mapping[str, Any], card: Mapping[str, Any]) -> list[tuple[str, str]]:
    rates = test["all"]
    split = card.get("split", {})
    kept = split.get("kept_whole", "animal")
    part = split.get("parts", {}).get("test", {})
    who = f"{part.get('units', '?')} {kept}s it never saw ({rates['n']} images)"
    if rates.get("accuracy") is None:
        return [("tested on", who)]
    limits = test.get("intervals_over_units", {}).get("accuracy")
    interval = (
        f", 95 % interval {100 * limits[0]:.0f} to {100 * limits[1]:.0f} %"
        if limits
        else f" (too few {kept}s for an interval)"
    )
    found = [("tested on", who), ("accuracy", f"{100 * rates['accuracy']:.0f} %{interval}")]
    if test.get("auc") is not None:
        found.append(("area under the ROC curve", f"{test['auc']:.2f}"))
    return found


def _units(card: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return for every unit r of the model with the mean of raters, and r of two raters."""
    units = card.get("units")
    if not units:
        return []
    among = units.get("among_raters", {})
    found = []
    for name in (*units["names"], "mgs_per_unit"):
        left_out = units["left_out"]
        of = left_out["mgs_per_unit"] if name == "mgs_per_unit" else left_out["units"][name]
        people = among.get(name, {}).get("one_rater_against_another")
        found.append(
            (
                "mean of the units" if name == "mgs_per_unit" else name.replace("_", " "),
                "–" if of["pearson_r"] is None else f"{of['pearson_r']:.2f}",
                "–" if people is None else f"{people:.2f}",
            )
        )
    return found


def routes(lab: LabState) -> APIRouter:
    """Return the pages."""
    pages = ModelPages(lab)
    router = APIRouter(prefix="/study/{mark}/model", dependencies=[Depends(lab.require_owner)])
    router.add_api_route("", pages.page, methods=["GET"])
    router.add_api_route("/train", pages.train, methods=["POST"])
    router.add_api_route("/classify", pages.classify, methods=["POST"])
    router.add_api_route("/second-look", pages.second_look, methods=["POST"])
    router.add_api_route("/explain", pages.explain, methods=["POST"])
    router.add_api_route("/bring-in", pages.bring_in, methods=["POST"])
    return router
