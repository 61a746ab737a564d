"""The plan of an analysis: what is compared, and how, said before the result is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import get_args

from amgs.cohort.design import ABOUT_ANIMALS
from amgs.cohort.words import ANCOVA, AnalysisName
from amgs.errors import DesignError, ImpossibleValueError, list_faults
from amgs.tables import parse_number

GROUP = "group"


@dataclass(frozen=True, slots=True)
class Plan:
    """The primary analysis; its outcome and timepoint are in `ComparisonChoice`.

    Parameters
    ----------
    analysis
        ``ancova``: the value after, adjusted for the baseline. ``change``: after minus baseline.
    control
        The group that all others are compared with, by Dunnett's test.
    contrasts
        Pairs of groups, ``a - b; c - b``; p by Holm's method. Without control and contrasts, all
        pairs are compared by Tukey's test.
    trend
        Doses of groups, ``vehicle: 0; low: 1; high: 3``, for a linear trend.
    covariates
        Columns of the animals that are adjusted for, such as ``sex``.
    factors
        ``group:sex``, or names for the two parts of the groups' names, ``surgery:drug``.
    margin
        The largest difference that does not matter, in units of the outcome; 0 where none was
        given, and then equivalence is not tested.
    """

    analysis: AnalysisName = ANCOVA
    control: str = ""
    contrasts: str = ""
    trend: str = ""
    covariates: Sequence[str] = field(default_factory=tuple)
    factors: str = ""
    margin: float = 0.0

    def __post_init__(self) -> None:
        """Stop at an analysis that there is not, and at a margin that is none."""
        known = get_args(AnalysisName)
        if self.analysis not in known:
            msg = f"Expected the analysis {' or '.join(known)} in a plan, found {self.analysis!r}."
            raise ImpossibleValueError(msg)
        if not 0 <= self.margin < inf:
            msg = f"Expected a margin of at least 0 in a plan, found {self.margin:g}."
            raise ImpossibleValueError(msg)


def check_names(
    plan: Plan, groups: Sequence[str], facts: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, str]]:
    """Stop at a plan that names groups or columns of animals that are not there.

    Parameters
    ----------
    plan, groups
        What is planned, and the groups there are.
    facts
        Column → animal → text.

    Returns
    -------
    list of (str, str)
        The planned contrasts, where there are some.

    Raises
    ------
    DesignError
        With what was expected.
    """
    if plan.control and plan.contrasts:
        raise DesignError(
            "Expected either [plan] control or [plan] contrasts, found both. Leave one empty."
        )
    missing = [name for name in plan.covariates if name not in facts]
    if missing:
        msg = (
            f"Expected the covariates of the plan as columns of the animals "
            f"({', '.join(facts) or 'none is filled'}), found no {', '.join(missing)}. Columns of "
            f"animals are {', '.join(ABOUT_ANIMALS)}: fill one in (of a study: in recordings.csv), "
            "or take it out of the plan ([plan] covariates in study.toml)."
        )
        raise DesignError(msg)
    if plan.control:
        require_group(plan.control, groups, "the control of the plan ([plan] control)")
    if plan.trend:
        parse_trend(plan.trend, groups)
    return parse_contrasts(plan.contrasts, groups)


def parse_contrasts(text: str, groups: Sequence[str]) -> list[tuple[str, str]]:
    """Read ``a - b; c - b`` as pairs of groups; blanks stand around the minus.

    Raises
    ------
    DesignError
        With everything that is no pair of two groups.
    """
    faults: list[str] = []
    found: list[tuple[str, str]] = []
    for part in filter(None, map(str.strip, text.split(";"))):
        # A group may have a minus in its name: every place where it could be divided is tried.
        pieces = part.split(" - ")
        ways = [
            (" - ".join(pieces[:k]).strip(), " - ".join(pieces[k:]).strip())
            for k in range(1, len(pieces))
        ]
        pairs = [(a, b) for a, b in ways if a in groups and b in groups and a != b]
        if pairs and {frozenset(pairs[0])} & {frozenset(pair) for pair in found}:
            faults.append(f"{part!r} a second time")
        elif pairs:
            found.append(pairs[0])
        else:
            faults.append(f"{part!r}")
    if text.strip() and not found and not faults:
        faults.append(f"none in {text!r}")
    if faults:
        msg = (
            f"Expected contrasts as 'GROUP - GROUP; GROUP - GROUP' of the groups "
            f"{', '.join(groups)}, found:\n{list_faults(faults)}"
        )
        raise DesignError(msg)
    return found


def parse_trend(text: str, groups: Sequence[str]) -> dict[str, float]:
    """Read ``vehicle: 0; low: 1; high: 3`` as the dose of every group that takes part.

    Raises
    ------
    DesignError
        If a group is not known, a dose is no number, or fewer than three doses differ.
    """
    faults, doses = [], {}
    for part in filter(None, map(str.strip, text.split(";"))):
        name, _, dose = (piece.strip() for piece in part.rpartition(":"))
        number = parse_number(dose)
        if name not in groups or number is None:
            faults.append(f"{part!r}")
        elif name in doses:
            faults.append(f"{part!r}, after another dose of {name}")
        else:
            doses[name] = number
    if not faults and len(set(doses.values())) < 3:  # noqa: PLR2004
        faults.append("fewer than three different doses")
    if faults:
        msg = (
            f"Expected the doses of three groups or more as 'GROUP: NUMBER; GROUP: NUMBER' of the "
            f"groups {', '.join(groups)}, found:\n{list_faults(faults)}"
        )
        raise DesignError(msg)
    return doses


def require_group(name: str, groups: Sequence[str], what: str) -> None:
    """Stop at a group that is not there.

    Raises
    ------
    DesignError
        With the groups there are.
    """
    if name not in groups:
        msg = f"Expected {what} to be one of the groups {', '.join(groups)}, found {name!r}."
        raise DesignError(msg)


def parse_factors(
    text: str, groups: Mapping[str, str], facts: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Return the factors of an experiment: name → animal → level.

    Parameters
    ----------
    text
        ``group:sex``, where the second is a column of the animals; or two names of your own,
        ``surgery:drug``, when every group's name has two parts divided by ``:``, ``/`` or ``+``.
    groups
        Animal → group.
    facts
        Column → animal → text.

    Raises
    ------
    DesignError
        If there are not two factors, or a group's name has not two parts.
    """
    names = [name.strip() for name in text.split(":")]
    if len(names) != 2 or not all(names) or names[0] == names[1]:  # noqa: PLR2004
        msg = f"Expected two factors as 'group:sex' or 'surgery:drug', found {text!r}."
        raise DesignError(msg)
    known = [GROUP, *facts]
    if all(name in known for name in names):
        return {name: dict(groups) if name == GROUP else dict(facts[name]) for name in names}
    for separator in (":", "/", "+"):
        parts = {g: [p.strip() for p in g.split(separator)] for g in set(groups.values())}
        if all(len(p) == 2 and all(p) for p in parts.values()):  # noqa: PLR2004
            return {
                name: {animal: parts[g][place] for animal, g in groups.items()}
                for place, name in enumerate(names)
            }
    msg = (
        f"Expected each factor of {text!r} to be a column ({', '.join(known)}), or every group to "
        "be named by its levels of both factors, as 'surgery:saline' or 'sham/carprofen', found "
        f"the groups {', '.join(dict.fromkeys(groups.values()))}."
    )
    raise DesignError(msg)
