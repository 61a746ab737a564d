"""How the answer depends on choices that could have been made otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from amgs.cohort.comparison import ComparisonChoice, leave_out_single_animals
from amgs.cohort.design import ABOUT_ANIMALS, Cell, Cohort
from amgs.cohort.differences import changes_from_baseline
from amgs.cohort.outliers import find_outliers
from amgs.cohort.primary import primary_analysis
from amgs.cohort.words import ALPHA, ANCOVA, CHANGE, p_text
from amgs.errors import AmgsError, count_of
from amgs.prediction.summarise import summarise_animals
from amgs.prediction.wakefulness import SLEEPING, STATE, STATES
from amgs.vocabulary import THRESHOLDS, Output

if TYPE_CHECKING:
    import pandas as pd

    from amgs.prediction.recording_times import RecordingTime
    from amgs.prediction.summary_options import SummaryOptions

_MINIMA = (0, 3, 5, 10, 20)
_WITHOUT_SLEEP, _WITH_SLEEP = "without possible sleep", "with possible sleep"
_BY_MODEL = "without sleep in video and model"


@dataclass(frozen=True, eq=False)
class Images:
    """The images behind a summary, and how they were summarised."""

    table: pd.DataFrame
    options: SummaryOptions
    times: Mapping[str, RecordingTime] | None = None
    outputs: Sequence[Output] = ()
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def how_it_depends(
    images: Images, comparison: Mapping[str, Any], choice: ComparisonChoice
) -> list[dict[str, Any]]:
    """Make the primary analysis again with other choices, one at a time.

    The threshold of confidence from 0.5 to 0.95, possible sleep left out or not, the least number
    of images of an animal, outliers at baseline, and the other of ANCOVA and change score.

    Parameters
    ----------
    images
        What the summary was made of.
    comparison
        The document of the comparison that is reported.
    choice
        How it was made.

    Returns
    -------
    list of dict
        ``choice`` in words, ``reported`` (whether it is the one of the report), ``animals``, and
        ``rows`` of pairs as in the primary analysis, ``missing`` (groups with too few animals);
        ``reason`` where there is no result; ``marked`` of the choices about sleep: how many images
        of how many animals lie in stretches of it, and ``states``, how many of them the model takes
        for asleep, drowsy and awake; of a summary that leaves out sleep as the model sees it, only
        those that it sees.
    """
    value, baseline = str(comparison["value"]), comparison["baseline"]
    after = str(comparison["timepoint"])
    order = [str(row["group"]) for row in comparison["groups"]]
    found = []
    for says, options, chosen in _choices(images, comparison, choice):
        row = {"choice": says, "reported": options == images.options and chosen == choice}
        if says in {_WITH_SLEEP, _WITHOUT_SLEEP}:
            row |= _sleep_of(images)
        try:
            summary = summarise_animals(images.table, options, images.times, images.outputs)
            found.append(row | _once(summary, value, baseline, after, chosen, images.facts, order))
        except AmgsError as error:
            found.append(row | {"animals": 0, "rows": [], "reason": str(error)})
    return found


def _sleep_of(images: Images) -> dict[str, Any]:
    """Count the images in question, of how many animals; and by what the model sees of them."""
    marked = images.table[images.table["possible_sleep"] == "yes"]
    by_model = images.options.sleep_by_model
    if by_model:
        marked = marked[marked[STATE].isin(SLEEPING)]
    found: dict[str, Any] = {"marked": (len(marked), marked["animal"].nunique())}
    if STATE in marked and not by_model:
        found["states"] = {state: int((marked[STATE] == state).sum()) for state in STATES}
    return found


def _choices(
    images: Images, comparison: Mapping[str, Any], choice: ComparisonChoice
) -> Iterator[tuple[str, SummaryOptions, ComparisonChoice]]:
    options = images.options
    yield "as reported", options, choice
    if "confidence" in images.table:
        for threshold in THRESHOLDS:
            if threshold != options.threshold:
                yield f"confidence ≥ {threshold:.2f}", replace(options, threshold=threshold), choice
        for least in _MINIMA:
            if least != options.min_images:
                says = f"at least {least} images" if least else "no minimum number of images"
                yield says, replace(options, min_images=least), choice
    if "possible_sleep" in images.table and (images.table["possible_sleep"] == "yes").any():
        says = _WITH_SLEEP if options.leave_out_sleep else _WITHOUT_SLEEP
        yield (
            says,
            replace(options, leave_out_sleep=not options.leave_out_sleep, sleep_by_model=False),
            choice,
        )
        if STATE in images.table:
            by_model = not options.sleep_by_model
            says = _BY_MODEL if by_model else _WITHOUT_SLEEP
            yield says, replace(options, leave_out_sleep=True, sleep_by_model=by_model), choice
    if comparison["outliers"]:
        removed = choice.outliers == "remove"
        says = "outliers kept" if removed else "without outliers at baseline"
        yield says, options, replace(choice, outliers="report" if removed else "remove")
    if comparison["baseline"] is not None:
        other = CHANGE if choice.plan.analysis == ANCOVA else ANCOVA
        says = "change from baseline" if other == CHANGE else "adjusted for the baseline"
        yield says, options, replace(choice, plan=replace(choice.plan, analysis=other))


def _once(  # noqa: PLR0917
    summary: Sequence[Mapping[str, Any]],
    value: str,
    baseline: str | None,
    after: str,
    choice: ComparisonChoice,
    facts: Mapping[str, Mapping[str, str]],
    order: Sequence[str],
) -> dict[str, Any]:
    cells = tuple(
        Cell(
            str(row["animal"]),
            str(row["group"]),
            str(row["timepoint"]),
            row[value],
            "" if row["included"] == "yes" else str(row["reason"]),
        )
        for row in summary
    )
    known = {name: texts for name, texts in facts.items() if name in ABOUT_ANIMALS}
    cohort = Cohort(value, cells, known)
    changes, _ = changes_from_baseline(cohort, baseline, after)
    if choice.outliers == "remove":
        outlying = {row["animal"] for row in find_outliers(changes, baseline)}
        changes = [c for c in changes if c.animal not in outlying]
    changes, _ = leave_out_single_animals(changes)
    if not changes:
        return {"animals": 0, "rows": [], "reason": "no animal has a value"}
    # In the order of the report, so that a difference never changes its sign with a choice.
    changes.sort(key=lambda c: order.index(c.group) if c.group in order else len(order))
    missing = [name for name in order if name not in {c.group for c in changes}]
    result = primary_analysis(changes, choice.plan, cohort.facts, cohort.clusters, brief=True)
    reason = {"reason": result["reason"]} if "reason" in result else {}
    return {
        "animals": len(changes),
        "rows": result.get("rows", []),
        "missing": missing,
        **reason,
    }


def say_dependence(rows: Sequence[Mapping[str, Any]], alpha: float = ALPHA) -> list[str]:
    """Say of every reported pair in how many of the choices its p is below α."""
    if len(rows) < 2 or not rows[0]["rows"]:  # noqa: PLR2004
        return []
    found = []
    for pair in rows[0]["rows"]:
        same = [
            (row["choice"], r["p"])
            for row in rows
            for r in row["rows"]
            if (r["a"], r["b"]) == (pair["a"], pair["b"])
        ]
        below = sum(p < alpha for _, p in same)
        text = f"{pair['a']} – {pair['b']}: p < {alpha:g} in {below} of {len(same)} choices"
        if 0 < below < len(same):
            odd = [name for name, p in same if (p < alpha) != (pair["p"] < alpha)]
            text += f"; {'not' if pair['p'] < alpha else 'but'} for: {', '.join(odd)}"
        without = len(rows) - len(same)
        if without:
            text += f" ({count_of(without, 'further choice')} could not be computed)"
        found.append(f"{text}.")
    return found


def _tell_states(row: Mapping[str, Any]) -> str:
    states = row.get("states")
    if not states:
        return ""
    return (
        f"By the rest of the face, the model takes {states['asleep']} of them for asleep (eyes "
        f"closed, no other sign of pain), {states['drowsy']} for drowsy (eyes narrowed), and "
        f"{states['awake']} for awake: they show more than closed lids. "
    )


def say_sleep(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what becomes of every reported pair without possible sleep, the recommended analysis.

    Empty where no image lies in a stretch of possible sleep, or where it is not known.
    """
    other = next((row for row in rows if "marked" in row), None)
    if other is None:
        return []
    n_images, n_animals = other["marked"]
    images, animals = count_of(n_images, "image"), count_of(n_animals, "animal")
    done = other["choice"] == _WITH_SLEEP
    begins = (
        "A sleeping mouse looks like one in pain. "
        f"{images[0].upper()}{images[1:]} of {animals} {'lies' if n_images == 1 else 'lie'} in "
        f"stretches of possible sleep and {'are left out' if done else 'count here'}. "
        f"{_tell_states(other)}"
    )
    if not other["rows"]:
        reason = other.get("reason", "too few animals are left")
        return [f"{begins}{other['choice'].capitalize()} nothing can be computed: {reason}."]
    pairs = {(r["a"], r["b"]): r for r in rows[0]["rows"]}
    told = [
        f"{r['a']} – {r['b']}: {_tell(r)} instead of {_tell(pairs[r['a'], r['b']])}"
        for r in other["rows"]
        if (r["a"], r["b"]) in pairs
    ]
    if not told:
        return [begins.rstrip()]
    what = "With them" if done else "Recommended sensitivity analysis, without them"
    return [f"{begins}{what}, {'; '.join(told)}."]


def _tell(row: Mapping[str, Any]) -> str:
    difference = f"{row['difference']:.2f}".replace("-", "−")
    return f"{difference} ({p_text(row['p'])})"
