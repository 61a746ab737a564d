"""What `amgs summarise` shows: warnings, animals, thresholds, and the document of `--json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from amgs.cli.console import note, number, print_table
from amgs.errors import count_of

if TYPE_CHECKING:
    import pandas as pd

    from amgs.prediction.recording_times import RecordingTime
    from amgs.prediction.summary_options import SummaryOptions
    from amgs.study.summarising import StudySummary
    from amgs.vocabulary import Output

NO_TIMES = (
    "The length of the recordings is not known: nothing is said per minute, and no animal is left "
    "out for too few images. Give the folder of `amgs extract` with --extraction."
)
NO_TIMES_IN_STUDY = (
    "The length of the recordings is not known, as their images come from folders: nothing is said "
    "per minute, and no animal is left out for too few images."
)
_ROWS_SHOWN = 40


def list_warnings(
    rows: Sequence[Mapping[str, Any]],
    table: pd.DataFrame,
    times: dict[str, RecordingTime] | None,
    options: SummaryOptions,
    *,
    in_study: bool,
) -> list[str]:
    """Return what whoever reads the summary must know."""
    from amgs.prediction.summarise import count_seen, unseen_recordings
    from amgs.prediction.unlike import warn_of_unlike

    found = warn_of_unlike(rows)
    if times is None and "confidence" in table:
        found.append(NO_TIMES_IN_STUDY if in_study else NO_TIMES)
    found += _few_images(rows, options)
    unseen = unseen_recordings(table, times or {})
    if unseen:
        found.append(
            f"{count_of(len(unseen), 'recording')} have no image and are in no row: "
            f"{', '.join(unseen[:10])}. "
            "Their animals get one when `amgs extract` is given a table of recordings."
        )
    if table.attrs.get("problems"):
        found.append(f"{table.attrs['problems']} images have no prediction and do not count.")
    seen = count_seen(table)
    if seen and not options.unseen_only:
        found.append(
            f"{seen} of {count_of(len(table), 'image')} were used for training or model "
            f"selection: the calls "
            "on them look too good. Leave them out with --unseen-only or, better, classify animals "
            "that nobody scored."
        )
    return found


_FEW = 5


def _few_images(rows: Sequence[Mapping[str, Any]], options: SummaryOptions) -> list[str]:
    """Say which animals rest on so few confident images that one of them moves much."""
    few = [
        f"{row['animal']} at {row['timepoint']} ({row['confident_images']})"
        for row in rows
        if row["included"] == "yes" and 0 < (row["confident_images"] or _FEW) < _FEW
    ]
    if not few:
        return []
    more = f" and {len(few) - 10} more" if len(few) > 10 else ""  # noqa: PLR2004
    named = f"{', '.join(few[:10])}{more}"
    minimum = f"the minimum is {options.min_images} (--min-images; in a study min_images)"
    return [f"% pain rests on fewer than {_FEW} confident images of {named}; {minimum}."]


def describe_summary(
    made: StudySummary, sensitivity: list[dict[str, Any]], course: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return what `--json` prints."""
    from amgs.prediction.precision import measure_reliability

    options = made.options
    return {
        "threshold": options.threshold,
        "min_per_minute": None if made.times is None else options.min_per_minute,
        "from_min": options.from_min,
        "to_min": options.to_min,
        "without_sleep": options.leave_out_sleep,
        "sleep_by_model": options.sleep_by_model,
        "animals": made.rows,
        "sensitivity": sensitivity,
        "reliability": [r.as_dict() for r in measure_reliability(made.table, options)],
        "time_course": course,
    }


def print_animals(
    rows: list[dict[str, Any]],
    sensitivity: list[dict[str, Any]],
    options: SummaryOptions,
    outputs: Sequence[Output],
) -> None:
    """Print the animals as a table, and % pain by threshold."""
    from amgs.prediction.summary_columns import mean_columns

    means = mean_columns(outputs)
    scored = [] if means else ["MGS"]
    numbers = ["images", "confident", "% pain", "score"] if sensitivity else ["images", *scored]
    numbers += [name.removeprefix("mean_").replace("_", " ") for name in means]
    title = f"Animals (confidence ≥ {options.threshold:g})" if sensitivity else "Animals"
    print_table(
        title,
        ["animal", "group", "timepoint", *numbers, "included"],
        [
            [
                *(row[name] for name in ("animal", "group", "timepoint")),
                *(_predicted(row) if sensitivity else _scored(row, with_score=not means)),
                *(number(row[name], 2) for name in means),
                row["reason"] or "yes",
            ]
            for row in rows[:_ROWS_SHOWN]
        ],
    )
    if len(rows) > _ROWS_SHOWN:
        note(f"… and {len(rows) - _ROWS_SHOWN} more. Write all of them with --out FILE.csv")
    if sensitivity:
        _print_sensitivity(sensitivity)


def print_reliability(made: StudySummary) -> None:
    """Print how reliable one image and several are, and how many are needed."""
    from amgs.prediction.precision import SHOWN, WANTED, measure_reliability

    found = measure_reliability(made.table, made.options)
    if found:
        print_table(
            "Reliability of an animal's value by the number of its images (images taken as "
            "independent)",
            ["value", *map(str, SHOWN), f"images for {WANTED:g}"],
            [
                [
                    r.value.replace("_", " "),
                    *(number(r.of(n), 2) for n in SHOWN),
                    "–" if r.images_needed is None else r.images_needed,
                ]
                for r in found
            ],
        )


def _predicted(row: dict[str, Any]) -> list[object]:
    return [
        row["images"],
        row["confident_images"],
        number(row["pct_pain"], 1),
        number(row["mean_signed_score"], 2),
    ]


def _scored(row: dict[str, Any], *, with_score: bool) -> list[object]:
    if not with_score:
        return [row["images"]]
    return [row["n_mgs"], number(row["mean_mgs_sum"], 2)]


def _print_sensitivity(sensitivity: list[dict[str, Any]]) -> None:
    shown = (0.5, 0.65, 0.75, 0.85, 0.95)
    print_table(
        "Mean % pain by threshold (animals included)",
        ["group, timepoint", *(f"≥ {t:g}" for t in shown)],
        [
            [
                f"{group}, {timepoint}",
                *(
                    f"{number(row['mean_pct_pain'], 1)} ({row['animals']})"
                    for t in shown
                    for row in sensitivity
                    if (row["threshold"], row["group"], row["timepoint"]) == (t, group, timepoint)
                ),
            ]
            for group, timepoint in dict.fromkeys((r["group"], r["timepoint"]) for r in sensitivity)
        ],
    )
