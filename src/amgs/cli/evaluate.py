"""`amgs evaluate`: predictions against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amgs.cli.console import (
    FiguresOption,
    JsonOption,
    OverwriteOption,
    QuietOption,
    note,
    number,
    percent,
    percent_with_interval,
    print_facts,
    print_json,
    print_table,
    warn,
)
from amgs.vocabulary import CONTENT_DIGITS, DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from amgs.model.evaluate import CurvePoint, Evaluation, MgsAgreement


SEEN = (
    "{} of {} images were used to train or choose the model that is judged here: the numbers are "
    "better than for new images. Leave them out with --unseen-only."
)


def evaluate(
    predictions: Annotated[
        Path,
        typer.Argument(
            help="Predictions by `amgs classify` with the truth in a `label` column (or in folders "
            "called `pain` and `no pain`), or the log of the original authors' program."
        ),
    ],
    threshold: Annotated[
        float,
        typer.Option(help="Exclude images with lower confidence. 0.75 is the paper's threshold."),
    ] = DEFAULT_THRESHOLD,
    truth: Annotated[
        Path | None,
        typer.Option(help="Labelled images, as for `amgs train`, that hold the truth."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the accuracy–coverage curve as a CSV.")
    ] = None,
    figures: FiguresOption = None,
    unseen_only: Annotated[
        bool,
        typer.Option("--unseen-only", help="Leave out images that the model was trained with."),
    ] = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure how good predictions are: accuracy, coverage, calibration, and human MGS if known.

    Sensitivity is the share of pain images called pain, specificity that of no-pain images called
    no pain. Where animals are known, intervals (95 %) are over animals, each left out in turn; else
    they are Wilson's, which take images as independent and are too narrow for a statement about
    animals.

    Example: `amgs evaluate predictions.csv --figures figures/`
    """
    from amgs.files import refuse_to_replace_file
    from amgs.model.evaluate import evaluate_predictions, trained_on
    from amgs.prediction import join_truth, read_predictions

    if out is not None:
        from amgs.figures.accuracy_coverage import CURVE_COLUMNS

        refuse_to_replace_file(out, CURVE_COLUMNS, overwrite=overwrite)
    table = read_predictions(predictions)
    if truth is not None:
        from amgs.model.training.sets import load_training_set
        from amgs.provenance import hash_file

        labels = [
            (image.name, hash_file(image.path)[:CONTENT_DIGITS], image.label)
            for image in load_training_set(truth)
        ]
        table, notes = join_truth(table, labels)
        warn(notes[1:])
        note(notes[0], quiet=quiet)
    if unseen_only:
        table = table[~trained_on(table)]
    result = evaluate_predictions(table, threshold)
    if result.n_trained_on:
        warn([SEEN.format(result.n_trained_on, result.point.n_total)])
    if out is not None:
        _write_curve(out, result)
    written = _write_figures(figures, result) if figures is not None else []
    if json:
        print_json(result.as_dict())
        return
    _print(result)
    for path in written:
        note(f"Figure written to {path}", quiet=quiet)


def _write_curve(out: Path, result: Evaluation) -> None:
    from amgs.figures.accuracy_coverage import CURVE_COLUMNS, curve_rows
    from amgs.tables import write_table

    write_table(out, CURVE_COLUMNS, curve_rows(result.curve))


def _write_figures(folder: Path, result: Evaluation) -> list[Path]:
    from amgs.figures.table import write_figures

    written = write_figures(folder, "evaluation", result)
    if result.mgs is not None:
        written += write_figures(folder, "human against model", result.mgs)
    return written


def _print(result: Evaluation) -> None:
    point = result.point
    counts = point.counts
    print_table(
        f"Confidence ≥ {point.threshold}: {counts.n} of {point.n_total} images "
        f"({percent(point.coverage)})",
        ["", "truly pain", "truly no pain"],
        [["called pain", counts.tp, counts.fp], ["called no pain", counts.fn, counts.tn]],
    )
    thresholds = sorted({*result.curve, point}, key=lambda p: p.threshold)
    print_table(
        f"Accuracy and coverage (95 % intervals, {_over(result)})",
        ["confidence ≥", "images", "coverage", "sensitivity", "specificity", "accuracy"],
        [_curve_row(p) for p in thresholds],
    )
    print_facts(
        "All images",
        [
            ("AUC", f"{number(result.auc)}{_limits(result.auc_over_animals)}"),
            (
                "expected calibration error",
                f"{number(result.expected_calibration_error)} of {result.point.n_total} images",
            ),
            ("truth from", result.truth),
            ("files without a prediction", result.n_problems),
            ("predictions without a truth", result.n_unlabelled),
            ("images used for training or model selection", result.n_trained_on),
        ],
    )
    print_table(
        "Calibration: how often calls of a given confidence are right",
        ["confidence", "images", "mean confidence", "right"],
        [
            [f"{b.lower:.2f}–{b.upper:.2f}", b.n, number(b.mean_confidence), number(b.accuracy)]
            for b in result.reliability
        ],
    )
    if result.mgs is not None:
        _print_mgs(result.mgs)


def _over(result: Evaluation) -> str:
    if result.n_animals is None:
        return "Wilson, images taken as independent"
    return f"over {result.n_animals} animals"


def _limits(interval: tuple[float, float] | None) -> str:
    return f" ({interval[0]:.3f} to {interval[1]:.3f})" if interval else ""


def _curve_row(point: CurvePoint) -> list[str]:
    counts = point.counts
    intervals = point.over_animals or point.as_dict()["intervals"]
    return [
        f"{point.threshold:.2f}",
        str(counts.n),
        percent(point.coverage),
        *(
            percent_with_interval(getattr(counts, name), intervals[name])
            for name in ("sensitivity", "specificity", "accuracy")
        ),
    ]


def _print_mgs(mgs: MgsAgreement) -> None:
    by_animal = mgs.by_animal
    if by_animal is not None:
        print_facts(
            f"Human MGS against signed score, {mgs.n} images of {by_animal.n_animals} animals",
            [
                (
                    "r over images",
                    f"{number(mgs.pearson_r)}{_limits(by_animal.image_r_interval)}",
                ),
                (
                    "r of animals' means",
                    f"{number(by_animal.between_r)}{_limits(by_animal.between_interval)}",
                ),
                (
                    "r within animals (repeated measures)",
                    f"{number(by_animal.within_r)}{_limits(by_animal.within_interval)}",
                ),
                *_scale_facts(mgs),
            ],
        )
    interval = None if by_animal is not None else mgs.pearson_r_interval
    limits = f"{_limits(interval)}, p = {format_p(mgs.p)}" if interval else ""
    print_table(
        f"Human MGS against signed score, {mgs.n} images: Pearson r = {number(mgs.pearson_r)}"
        f"{limits} (tests take images as independent)",
        ["MGS", "images", "mean signed score", "SEM", "t against 0", "p (Bonferroni)"],
        [
            [
                f"{r.mgs:g}",
                r.n,
                number(r.mean),
                number(r.sem),
                number(r.t, 2),
                format_p(r.p_bonferroni),
            ]
            for r in mgs.by_score
        ],
    )


def _scale_facts(mgs: MgsAgreement) -> list[tuple[str, object]]:
    found = mgs.predicted
    if found is None:
        return []
    return [
        (
            "model's MGS minus people's, over animals",
            f"{found.bias:.2f}{_limits(found.bias_interval)}",
        ),
        ("limits of agreement of one image", f"{found.lower:.2f} to {found.upper:.2f}"),
    ]


def format_p(p: float | None) -> str:
    """Write a p value so that a small one is not rounded to nothing."""
    if p is None:
        return "–"
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1e}"  # noqa: PLR2004
