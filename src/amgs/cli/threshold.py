"""`amgs threshold`: from which value on an animal is in pain, by a positive control."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amgs.cli.console import (
    JsonOption,
    number,
    open_study,
    percent_with_interval,
    print_facts,
    print_json,
    print_table,
    warn,
)
from amgs.vocabulary import BASELINE

if TYPE_CHECKING:
    from amgs.cohort.design import Cohort
    from amgs.cohort.own_threshold import OwnThreshold


def threshold(
    place: Annotated[
        Path,
        typer.Argument(
            metavar="STUDY", help="A study, or a table of animals as `amgs summarise` writes it."
        ),
    ],
    pain: Annotated[
        str, typer.Option(help="The timepoint at which animals are known to be in pain.")
    ],
    no_pain: Annotated[
        str, typer.Option(help="The timepoint of the same animals without pain.")
    ] = BASELINE,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Which group was in pain; may be repeated. Default: all."),
    ] = None,
    value: Annotated[
        str,
        typer.Option(
            help="The column: pct_pain, mean_signed_score, predicted_mgs, a unit, mean_mgs_sum …"
        ),
    ] = "pct_pain",
    seed: Annotated[int, typer.Option(min=0, help="Of the resampling of animals.")] = 0,
    json: JsonOption = False,
) -> None:
    """Find from which value on an animal counts as in pain, by a positive control of your own.

    Animals that were filmed without pain and in a known painful state give the threshold that
    separates both best (Youden's J), how exact it is, and what to expect of new animals: every
    animal is judged by the threshold of the others. Then it is counted how many animals of every
    group reach it.

    Example: `amgs threshold laparotomy --pain 60min --group surgery`
    """
    from amgs.cohort.own_threshold import as_document, count_above, find_own_threshold

    cohort = _read(place, value)
    groups = group or cohort.groups
    found = find_own_threshold(cohort, no_pain, pain, groups, seed)
    states = {"pain": pain, "no_pain": no_pain, "groups": groups}
    document = as_document(found, count_above(cohort, found.threshold), states)
    if json:
        print_json(document)
        return
    _print(found, document)
    warn(document["notes"])


def _read(place: Path, value: str) -> Cohort:
    from amgs.cohort.design import read_cohort
    from amgs.study import is_study

    if not is_study(place):
        return read_cohort(place, value)
    from amgs.study.summarising import SummaryChoice, is_human_value

    with open_study(place) as study:
        made = study.summarise(SummaryChoice(human=is_human_value(value)))
    return read_cohort(made.path, value)


def _print(found: OwnThreshold, document: dict[str, Any]) -> None:
    shares = (found.sensitivity, found.sensitivity_interval)
    quiet = (found.specificity, found.specificity_interval)
    here = f"{percent_with_interval(*shares)}, {percent_with_interval(*quiet)}"
    left_out = (100 * found.left_out_sensitivity, 100 * found.left_out_specificity)
    limits = found.interval
    exact = "too few animals" if limits is None else f"{limits[0]:.3g} to {limits[1]:.3g}"
    print_facts(
        f"{found.value}: {document['pain']} against {document['no_pain']}, "
        f"{found.animals} animals of {', '.join(document['groups'])}",
        [
            ("in pain from", f"{number(found.threshold, 3)} (95 % limits {exact})"),
            ("right here: in pain, without pain", here),
            ("right of animals left out", "{:.0f} %, {:.0f} %".format(*left_out)),
        ],
    )
    print_table(
        "Animals from this threshold on",
        ["group", "timepoint", "animals", "from the threshold on", "95 % interval"],
        [
            [
                row["group"],
                row["timepoint"],
                str(row["animals"]),
                str(row["above"]),
                f"{100 * row['interval'][0]:.0f} to {100 * row['interval'][1]:.0f} %",
            ]
            for row in document["above"]
        ],
    )
