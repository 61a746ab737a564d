"""What the page of the answer shows: the plan, the comparison in words, plots and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup
from pydantic import BaseModel

from amgs.cohort.words import p_text
from amgs.interop.dictionary import describe_column
from amgs.study import Study
from amgs.study.actions import RESULTS_SEEN
from amgs.study.curation import is_blinded
from amgs.study.planning import plan_document, words_of_comparisons
from amgs.study.summarising import has_readings
from amgs.web.lab.plots import Bar, Column, Point, interval_plot, strip_plot


@dataclass(frozen=True, slots=True)
class PlanContext:
    """The plan and whether it is sealed."""

    facts: Sequence[tuple[str, str]]
    sealed: str
    late: str
    changes: Sequence[str]
    seen: bool
    ready: bool
    blinded: bool


class Chosen(BaseModel):
    """What the person chose, as it stands in the address; empty where it is as planned."""

    model: str = ""
    value: str = ""
    timepoint: str = ""
    threshold: str = ""
    min_images: str = ""
    from_min: str = ""
    to_min: str = ""
    sleep: str = ""
    unseen: str = ""
    go: str = ""


@dataclass(frozen=True, slots=True)
class Controls:
    """What was chosen, and what may be."""

    chosen: Chosen
    values: Sequence[tuple[str, str]]
    timepoints: Sequence[str]
    models: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """The comparison in words, as a plot, and as tables; ``waiting`` where it is still to come.

    ``planned`` is the analysis of the plan, ``exploring`` what was chosen on the page; neither is
    an analysis of something else since the plan's outcome is not there. ``warnings`` say with what
    the model cannot be trusted here. Without a comparison only the plan is shown.
    """

    base: str
    plan: PlanContext
    controls: Controls
    problem: str = ""
    waiting: str = ""
    shown: bool = False
    planned: bool = False
    changed: Sequence[str] = ()
    exploring: bool = False
    warnings: Sequence[str] = ()
    sentences: Sequence[str] = ()
    plot: str = ""
    pairs: Sequence[Sequence[str]] = ()
    pairs_test: str = ""
    depends: str = ""
    reference: str = ""
    notes: Sequence[str] = ()
    excluded: Sequence[tuple[str, str, str]] = ()
    animals: Sequence[Sequence[str]] = ()
    second: Sequence[str] = ()
    second_of: str = ""
    model: str = ""
    meaning: str = ""


def describe_plan(study: Study) -> PlanContext:
    """Return the plan in words, whether it is sealed, and whether there is something to compare."""
    document, state = plan_document(study), study.plan_state()
    p = document["plan"]
    facts = [
        ("outcome", words_of(p["outcome"])),
        ("timepoint", p["timepoint"] or "the only one after the baseline"),
        ("analysis", f"{p['analysis']}, baseline {document['study']['baseline'] or 'none'}"),
        ("compared", words_of_comparisons(p)),
        ("covariates", p["covariates"] or "–"),
        ("margin", f"{p['margin']:g}" if p["margin"] else "–"),
        ("confidence", f"{document['classify']['threshold']:g} or more"),
        ("least images", f"{document['classify']['min_images']:g}"),
    ]
    sealed = "" if state.sealed is None else f"{state.sealed['at'][:16].replace('T', ' ')} UTC"
    who = "" if state.sealed is None else f" by {state.sealed['who']}"
    return PlanContext(
        facts,
        sealed + who,
        state.late,
        state.changes,
        bool(study.store.events.all(RESULTS_SEEN)),
        has_readings(study) or bool(study.unblindings),
        is_blinded(study) and bool(study.store.raters.all()),
    )


def list_values(found: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the columns that can be compared, and what they are called."""
    if found is None:
        return []
    values = [(name, words_of(name)) for name in found["values"]]
    if found["human"]:
        values.append(("mean_mgs_sum", "mean MGS of people (human scores)"))
    return values


def list_readers(study: Study) -> list[str]:
    """Return the models that have read the faces, the newest first."""
    said = study.store.predictions
    return [name for name, _, sha256 in reversed(said.models()) if said.count(sha256)]


def words_of(value: str) -> str:
    """Return what a column is called on pages."""
    plain = value.removesuffix("_rebased")
    name = "% pain" if plain == "pct_pain" else plain.replace("_", " ")
    return name if plain == value else f"{name}, re-based"


def number(value: Any, digits: int = 2) -> str:
    """Write a number with so many decimals; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.{digits}f}".replace("-", "−")


def describe_answer(
    mark: str,
    plan: PlanContext,
    controls: Controls,
    found: Mapping[str, Any] | None,
    problem: str,
    *,
    exploring: bool,
) -> AnswerContext:
    """Return what the page of the answer shows; without a comparison only the plan."""
    base = f"/study/{mark}"
    if found is None:
        return AnswerContext(base, plan, controls, problem, exploring=exploring)
    document = found["document"]
    primary = document["primary"]
    has_baseline = document["baseline"] is not None
    value = str(document["value"])
    of_what = words_of(value)
    axis = f"change in {of_what} from {document['baseline']}" if has_baseline else of_what
    rows = primary.get("rows", [])
    return AnswerContext(
        base=base,
        plan=plan,
        controls=controls,
        shown=True,
        planned=bool(document["is_primary"]) and not exploring,
        changed=document["plan_state"]["changes"] if document["plan_state"]["sealed"] else [],
        exploring=exploring,
        problem=problem,
        warnings=found["warnings"],
        sentences=found["sentences"],
        plot=strip_plot(_columns(mark, found), axis, f"{axis}, every animal a point"),
        pairs=[
            [
                f"{r['a']} − {r['b']}",
                number(r["difference"]),
                f"{number(r['lower'])} to {number(r['upper'])}",
                p_text(r["p"]),
            ]
            for r in rows
        ],
        pairs_test=str(primary.get("comparisons", "")),
        depends="" if not found["model"] else urlencode(controls.chosen.model_dump()),
        reference="" if not rows else f"{rows[0]['a']} − {rows[0]['b']}",
        notes=document["notes"],
        excluded=[(e["animal"], e["group"], e["reason"]) for e in document["excluded"]],
        animals=_animals(document, has_baseline=has_baseline),
        second=_second(document),
        second_of=words_of(document.get("second_outcome", {}).get("value", "")),
        model=found["model"],
        meaning=str(describe_column(value)[1]),
    )


def _columns(mark: str, found: Mapping[str, Any]) -> list[Column]:
    document = found["document"]
    columns = []
    for name, (mean, lower, upper) in found["means"].items():
        points = []
        for animal in document["animals"]:
            value = animal.get("difference", animal.get("after"))
            if animal["group"] == name and value is not None:
                says = f"{animal['animal']}: {number(value)}"
                link = f"/study/{mark}/answer/animal?name={quote(animal['animal'], safe='')}"
                points.append(Point(value, says, link))
        columns.append(Column(name, points, mean, lower, upper))
    return columns


def _animals(document: Mapping[str, Any], *, has_baseline: bool) -> list[list[str]]:
    found = []
    for a in document["animals"]:
        cells = [number(a.get("baseline")), number(a.get("after")), number(a.get("difference"))]
        found.append([a["animal"], a["group"], *(cells if has_baseline else cells[1:2])])
    return found


def _second(document: Mapping[str, Any]) -> list[str]:
    second = document.get("second_outcome")
    if not second or not second["primary"].get("rows"):
        return []
    rows = second["primary"]["rows"]
    return [
        f"{r['a']} − {r['b']}: {number(r['difference'])} ({number(r['lower'])} to "
        f"{number(r['upper'])}), {p_text(r['p'])}"
        for r in rows
    ]


def plot_dependence(rows: Sequence[Mapping[str, Any]], of_what: str) -> Markup:
    """Draw the first pair of groups under every choice."""
    bars = []
    for row in rows:
        if row["rows"]:
            first = row["rows"][0]
            says = f"{row['choice']}: {number(first['difference'])}, {p_text(first['p'])}"
            kind = "pain" if row["reported"] else ""
            bars.append(
                Bar(row["choice"], first["difference"], first["lower"], first["upper"], says, kind)
            )
    return interval_plot(bars, f"difference in {of_what}", "How the result depends on choices")
