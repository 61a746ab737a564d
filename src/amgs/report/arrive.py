"""The ten essential items of ARRIVE 2.0, as far as amgs knows them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from amgs.report.material import ReportMaterial
from amgs.report.plan_words import describe_plan, plan_is_sound, title_of_primary
from amgs.report.words import TITLES, scored_after


@dataclass(frozen=True, slots=True)
class ArriveItem:
    """One of the ten essential items: what amgs knows, and what only the authors can add."""

    number: int
    title: str
    known: str
    to_add: str


def arrive(material: ReportMaterial) -> list[ArriveItem]:
    """Return the ten essential items of ARRIVE 2.0 (Percie du Sert et al. 2020)."""
    return [*_who_and_how_many(material), *_what_and_how(material)]


def _who_and_how_many(material: ReportMaterial) -> list[ArriveItem]:
    comparison = material.comparison or {}
    counts = ", ".join(f"{g} {material.count_animals(g)}" for g in material.groups)
    used = ", ".join(f"{row['group']} {row['n']}" for row in comparison.get("groups", []))
    lost = Counter((str(r["group"]), str(r["reason"])) for r in comparison.get("excluded", []))
    excluded = "; ".join(f"{g}: {reason} ({n})" for (g, reason), n in lost.items()) or "none"
    unit = (comparison.get("primary") or {}).get("unit", "animal")
    decided = ""
    if material.exclusions:
        said = "; ".join(
            f"{row['what']} ({', '.join(row['groups']) or 'all groups'}): {row['reason']}"
            for row in material.exclusions
        )
        late = sum(bool(row["late"]) for row in material.exclusions)
        n = len(material.exclusions)
        decided = f" Left out by decision: {said}. {late} of {n} after results had been seen."
    return [
        ArriveItem(
            1,
            "Study design",
            f"Groups: {', '.join(material.groups)}. Timepoints: {', '.join(material.timepoints)}. "
            f"The experimental unit is the {unit}.",
            "What was done to each group, and whether to animals or to cages.",
        ),
        ArriveItem(
            2,
            "Sample size",
            f"Animals filmed: {counts}. Analysed: {used or 'not compared'}.",
            "How the sample size was decided beforehand.",
        ),
        ArriveItem(
            3,
            "Inclusion and exclusion criteria",
            f"Left out of the comparison, by group: {excluded}.{decided} Every reason is in the "
            "table of exclusions.",
            "Whether the criteria were set beforehand."
            if not material.settings.get("exclusion_criteria")
            else f"Criteria of the plan: {material.settings['exclusion_criteria']}.",
        ),
        ArriveItem(
            4,
            "Randomisation",
            "Images were presented to raters in random orders."
            if material.agreement and material.blinded
            else "Not recorded in amgs.",
            "How animals were allocated to groups and to the order of filming.",
        ),
        ArriveItem(
            5, "Blinding", _blinding(material), "Who knew the groups at surgery and filming."
        ),
    ]


def _what_and_how(material: ReportMaterial) -> list[ArriveItem]:
    comparison = material.comparison or {}
    return [
        ArriveItem(
            6,
            "Outcome measures",
            f"{title_of_primary(material)}: {TITLES.get(material.value, material.value)} at "
            f"{comparison.get('timepoint', 'no timepoint')}. {' '.join(describe_plan(material))}",
            "" if plan_is_sound(material) else "Which outcome was primary, named beforehand.",
        ),
        ArriveItem(
            7,
            "Statistical methods",
            "See Methods above; assumptions and tests without them are in the tables.",
            "Any further analysis.",
        ),
        ArriveItem(8, "Experimental animals", _animals(material), "Age, weight, source, health."),
        ArriveItem(
            9,
            "Experimental procedures",
            "Filming: see recordings.csv of the study." if material.extraction else "Not known.",
            "Procedures, drugs, doses, camera, cubicle, time of day.",
        ),
        ArriveItem(
            10,
            "Results",
            _results(material),
            "",
        ),
    ]


def _results(material: ReportMaterial) -> str:
    if material.comparison is None:
        return "No groups were compared; the table of all animals is in the section Design."
    if "rows" not in material.comparison["primary"]:
        return "Means, SD and n of every group are in the tables; the analysis was not computed."
    return (
        "Means with 95 % intervals, SD and n of every group, differences with intervals and "
        "exact p values are in the tables; every animal is shown."
    )


def _blinding(material: ReportMaterial) -> str:
    if material.agreement and material.blinded and material.unblindings is not None:
        if not material.unblindings:
            return "Raters were blind; the study has not been unblinded."
        when = material.unblindings[0]["at"][:10]
        return f"Raters were blind until {when}{scored_after(material)}."
    if material.card or material.model:
        return "Images were read by a model that does not know the groups."
    return "Not recorded in amgs."


def _animals(material: ReportMaterial) -> str:
    def counted(column: str) -> str:
        values = Counter(a.get(column) or "unknown" for a in material.animals.values())
        return ", ".join(f"{value} {n}" for value, n in values.items())

    if not material.animals or not any(any(a.values()) for a in material.animals.values()):
        return "Not stated in recordings.csv."
    return "; ".join(f"{column}: {counted(column)}" for column in ("strain", "sex", "coat")) + "."
