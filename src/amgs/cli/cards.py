"""Printing a model's card: for the commands that train and show models."""

from __future__ import annotations

from typing import Any

from amgs.cli.console import number, percent_with_interval, print_facts, print_table, stdout
from amgs.vocabulary import DEFAULT_THRESHOLD, plural_of


def print_card_numbers(card: dict[str, Any]) -> None:
    """Print what a model was trained on and how well it does."""
    if "network" in card["recipe"]:
        stdout().print(f"The recipe of the paper, on this network: {card['recipe']['network']}.")
    split = card["split"]
    unit = "units" if split["kept_whole"] == "given" else plural_of(split["kept_whole"])
    parts = split["parts"]
    print_table(
        "Images",
        ["part", "images", "pain", "no pain", f"{unit} kept whole"],
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
    _print_by_coat(card.get("by_coat") or {})
    _print_promises(card.get("promises") or [])
    if "units" in card:
        _print_units(card["units"])


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
        limits = f"{interval[0]:.3f}–{interval[1]:.3f}" if interval else f"too few {unit}"
        facts.append((name, f"{number(value)} ({limits})"))
    print_facts(f"Test part, 95 % intervals over {unit}", facts)


def _print_by_coat(by_coat: dict[str, dict[str, Any]]) -> None:
    """Print how well animals of each coat are called."""
    if not by_coat:
        return
    rows = []
    for coat, of in by_coat.items():
        interval = of["auc_interval"]
        limits = f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
        rows.append(
            [
                *(coat, str(of["animals"]), str(of["images"]), str(of["pain"])),
                f"{number(of['auc'], 2)}{limits}",
                number(of["balanced_accuracy"], 2),
            ]
        )
    print_table(
        "By coat, each animal left out",
        ["coat", "animals", "images", "pain", "AUC", "balanced accuracy"],
        rows,
    )


def _print_promises(promises: list[dict[str, Any]]) -> None:
    """Print from which confidence on calls on new animals are wrong as seldom as is asked for."""
    if not promises:
        return
    rows = [
        [
            f"{100 * of['error_rate']:.0f} %",
            "none reaches it" if of["min_confidence"] is None else f"{of['min_confidence']:.2f}",
            "" if of["coverage"] is None else f"{100 * of['coverage']:.0f} %",
            "" if of["wrong"] is None else f"{100 * of['wrong']:.0f} %",
        ]
        for of in promises
    ]
    print_table(
        f"Thresholds with a promise, from {promises[0]['animals']} animals, each left out",
        ["at most wrong on new animals", "confidence from", "images that reach it", "wrong here"],
        rows,
    )


def _print_units(units: dict[str, Any]) -> None:
    """Print how well the graded readings agree with people, beside how far people agree."""
    measured = units["left_out"]
    among = units.get("among_raters", {})
    rows = []
    for name in (*units["names"], "mgs_per_unit"):
        of = measured["mgs_per_unit"] if name == "mgs_per_unit" else measured["units"][name]
        stand = among.get(name, {})
        interval = of["pearson_r_interval"]
        limits = "" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})"
        rows.append(
            [
                "mean of the units" if name == "mgs_per_unit" else name.replace("_", " "),
                f"{number(of['pearson_r'], 2)}{limits}",
                number(of["rmse"], 2),
                number(stand.get("model_against_one_rater"), 2),
                number(stand.get("one_rater_against_another"), 2),
                number(stand.get("krippendorff_alpha"), 2),
                number(stand.get("krippendorff_alpha_with_model"), 2),
            ]
        )
    print_table(
        f"Action units: {measured['mgs_per_unit']['images']} images, their animals left out",
        [
            *("unit", "r with mean of raters", "RMSE", "r with one rater"),
            *("r of two raters", "α of raters", "α with the model"),
        ],
        rows,
    )
