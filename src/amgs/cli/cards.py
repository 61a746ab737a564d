"""Printing a model's card: for the commands that train and show models."""

from __future__ import annotations

from typing import Any

from amgs.cli.console import number, percent_with_interval, print_facts, print_table
from amgs.vocabulary import DEFAULT_THRESHOLD


def print_card_numbers(card: dict[str, Any]) -> None:
    """Print what a model was trained on and how well it does."""
    split = card["split"]
    unit = {"given": "unit"}.get(split["kept_whole"], split["kept_whole"])
    parts = split["parts"]
    print_table(
        "Images",
        ["part", "images", "pain", "no pain", f"{unit}s kept whole"],
        [
            [name, *(str(part[key]) for key in ("images", "pain", "no pain", "units"))]
            for name, part in parts.items()
        ],
    )
    rows = []
    for name, part in card["metrics"].items():
        for what, key in (
            ("any", "all"),
            (f"≥ {DEFAULT_THRESHOLD}", f"confidence_at_least_{DEFAULT_THRESHOLD}"),
        ):
            rates = part[key]
            rows.append(
                [
                    name,
                    what,
                    str(rates["n"]),
                    percent_with_interval(rates["sensitivity"], rates["sensitivity_wilson"]),
                    percent_with_interval(rates["specificity"], rates["specificity_wilson"]),
                    percent_with_interval(rates["accuracy"], rates["accuracy_wilson"]),
                    number(part["auc"]) if key == "all" else "",
                ]
            )
    print_table(
        "Performance (95 % Wilson intervals; only `test` is about new images)",
        ["part", "confidence", "n", "sensitivity", "specificity", "accuracy", "AUC"],
        rows,
    )
    _print_intervals_over_units(card["metrics"]["test"], unit)


def _print_intervals_over_units(test: dict[str, Any], unit: str) -> None:
    """Print the intervals that hold for new animals: whole animals were drawn again and again."""
    intervals = test["intervals_over_units"]
    values = {
        "AUC": (test["auc"], intervals["auc"]),
        "accuracy": (test["all"]["accuracy"], intervals["accuracy"]),
        "balanced accuracy": (test["all"]["balanced_accuracy"], intervals["balanced_accuracy"]),
    }
    facts: list[tuple[str, object]] = []
    for name, (value, interval) in values.items():
        limits = f"{interval[0]:.3f}–{interval[1]:.3f}" if interval else "too few to compute"
        facts.append((name, f"{number(value)} ({limits})"))
    print_facts(f"Test part, 95 % intervals from resampling whole {unit}s", facts)
