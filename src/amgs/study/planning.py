"""`plan`: what is compared, and how, sealed before anybody has seen the result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from amgs.cohort.plan import Plan, check_names, parse_factors
from amgs.cohort.words import ANCOVA, CHANGE
from amgs.errors import DesignError
from amgs.provenance import hash_text
from amgs.study.actions import RESULTS_SEEN
from amgs.study.design import Design
from amgs.study.folder import StudyFolder
from amgs.study.planned import animal_facts
from amgs.study.summarising import (
    HUMAN_VALUE,
    SummaryChoice,
    has_readings,
    is_human_value,
    last_choice,
    remembered_choice,
)
from amgs.vocabulary import CALL_VALUES, REBASED_VALUES

if TYPE_CHECKING:
    from amgs.cohort.comparison import ComparisonChoice

PLAN_SEALED = "plan sealed"
"""The kind of event that keeps a plan with its hash."""

_SECTIONS = ("plan", "classify", "labels")
_NOT_SEALED = {"model", "human"}


@dataclass(frozen=True)
class PlanState:
    """How the plan of a study stands.

    Parameters
    ----------
    sealed
        The event of the seal that counts: the last one before anybody saw a result or unblinded
        the study, else the first one there is; ``None`` if it was never sealed.
    late
        What had happened before it was sealed, such as that groups had been compared; empty for a
        plan that was sealed in time.
    changes
        What is otherwise now: ``[plan] margin: 15 → 20``.
    """

    sealed: Mapping[str, Any] | None
    late: str
    changes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it for documents and reports."""
        sealed = self.sealed
        kept = None if sealed is None else {k: sealed[k] for k in ("at", "who", "sha256")}
        return {"sealed": kept, "late": self.late, "changes": list(self.changes)}


def planned_analysis(study: StudyFolder) -> Plan:
    """Return the primary analysis as ``study.toml`` has it."""
    p = study.settings.plan
    covariates = tuple(filter(None, map(str.strip, p.covariates.split(","))))
    return Plan(
        ANCOVA if p.analysis == ANCOVA else CHANGE,
        p.control,
        p.contrasts,
        p.trend,
        covariates,
        p.factors,
        float(p.margin),
    )


def as_planned(study: StudyFolder, choice: ComparisonChoice) -> ComparisonChoice:
    """Return a choice with the study's plan wherever it says nothing itself."""
    p = study.settings.plan
    value = choice.value or p.outcome
    timepoint = choice.timepoint
    if timepoint is None and value == p.outcome:
        timepoint = p.timepoint or None
    return replace(
        choice,
        value=value,
        timepoint=timepoint,
        baseline=study.settings.study.baseline,
        outliers=choice.outliers or ("remove" if p.outliers == "remove" else "report"),
        plan=planned_analysis(study),
    )


def is_primary(study: StudyFolder, value: str, timepoint: str) -> bool:
    """Whether a comparison is of the outcome and timepoint that were planned."""
    p = study.settings.plan
    # Where people alone have scored and nobody said otherwise, their scores are the outcome.
    people = value == HUMAN_VALUE and not has_readings(study) and not plan_is_sealed(study)
    return (value == p.outcome or people) and p.timepoint in {"", timepoint}


def plan_is_sealed(study: StudyFolder) -> bool:
    """Whether a plan was ever sealed."""
    return bool(study.store.events.all(PLAN_SEALED))


def plan_document(study: StudyFolder) -> dict[str, Any]:
    """Return all that decides the primary result, as it is sealed."""
    settings = study.settings.as_dict()
    chosen = {name: settings[name] for name in _SECTIONS}
    human = is_human_value(study.settings.plan.outcome)
    summary = asdict(last_choice(study, human=human))
    # Who reads the faces is often trained after the seal; all else decides as much as the plan.
    counted = {name: value for name, value in summary.items() if name not in _NOT_SEALED}
    return {**chosen, "study": {"baseline": settings["study"]["baseline"]}, "summary": counted}


def words_of_comparisons(plan: Mapping[str, Any]) -> str:
    """Say which groups a plan compares, and how that is corrected for their number."""
    if plan["contrasts"]:
        return f"{plan['contrasts']} (Holm)"
    if not plan["control"]:
        return "all pairs of groups (Tukey)"
    # Dunnett's distribution is that of means which share a control and nothing else.
    return f"every group with {plan['control']} ({'Holm' if plan['covariates'] else 'Dunnett'})"


def seal_plan(study: StudyFolder, who: str) -> dict[str, Any]:
    """Write down the plan with its hash and the time; return the event.

    A plan whose last seal is of what it says now is not sealed again.

    Raises
    ------
    DesignError
        If the plan names groups, timepoints or columns that are not in the study's table.
    """
    check_plan(study, study.design())
    document = plan_document(study)
    sha256 = hash_text(json.dumps(document, ensure_ascii=False, sort_keys=True))
    seals = study.store.events.all(PLAN_SEALED)
    if not seals or seals[-1]["sha256"] != sha256:
        study.store.events.log(PLAN_SEALED, who, {"sha256": sha256, "plan": document})
        seals = study.store.events.all(PLAN_SEALED)
    return seals[-1]


def plan_state(study: StudyFolder) -> PlanState:
    """Return whether the plan was sealed in time, and what was changed since."""
    seals = study.store.events.all(PLAN_SEALED)
    if not seals:
        return PlanState(None, "", ())
    seen = study.store.events.all(RESULTS_SEEN)
    opened = study.unblindings
    first = min([e["at"] for e in (*seen, *opened)], default="9")
    in_time = [seal for seal in seals if seal["at"] <= first]
    sealed = in_time[-1] if in_time else seals[0]
    late = ""
    if not in_time:
        was_seen = bool(seen) and seen[0]["at"] == first
        what = "groups had been compared" if was_seen else "the study had been unblinded"
        late = f"{what} on {first[:10]}"
    now = plan_document(study)
    changes = _changes({"summary": _summary_at(study, sealed["at"]), **sealed["plan"]}, now)
    return PlanState(sealed, late, tuple(changes))


def _summary_at(study: StudyFolder, at: str) -> dict[str, Any]:
    """Return how the study was summarised when a plan was sealed that does not say so itself."""
    human = is_human_value(study.settings.plan.outcome)
    return asdict(remembered_choice(study, human=human, until=at) or SummaryChoice())


def _changes(sealed: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [
        f"[{section}] {name}: {old.get(name)!r} → {value!r}"
        for section, entries in now.items()
        for old in [sealed.get(section, {})]
        for name, value in entries.items()
        if name in old and old[name] != value
    ]


def check_plan(study: StudyFolder, design: Design) -> None:
    """Stop at a plan that names what is not in the table.

    Raises
    ------
    DesignError
        With what was expected.
    """
    p, plan = study.settings.plan, planned_analysis(study)
    later = [t for t in design.timepoints if t != design.baseline] or design.timepoints
    if p.timepoint and p.timepoint not in later:
        msg = f"Expected [plan] timepoint to be one of {', '.join(later)}, found {p.timepoint!r}."
        raise DesignError(msg)
    calls = (*CALL_VALUES, *REBASED_VALUES)
    if p.outcome not in calls and not p.outcome.startswith("mean_"):
        msg = (
            f"Expected [plan] outcome to be {', '.join(calls)}, mean_mgs_sum, or mean_ and what "
            f"a model says, such as mean_predicted_mgs; found {p.outcome!r}."
        )
        raise DesignError(msg)
    facts = animal_facts(design.recordings)
    check_names(plan, design.groups, facts)
    if plan.factors:
        parse_factors(plan.factors, {r.animal: r.group for r in design.recordings}, facts)
