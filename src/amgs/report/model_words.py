"""What a report says of the model: what it is, and how it did on the animals of the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amgs.errors import count_of
from amgs.model.card_warnings import FEW_UNITS
from amgs.model.promise import say_promise
from amgs.model.proving import FIGURES, say_figure
from amgs.model.training.by_coat import say_by_coat
from amgs.report.material import ReportMaterial
from amgs.vocabulary import plural_of

_IN_METHODS = "On animals of this study"


def describe_model(material: ReportMaterial) -> str:
    """Say which model read the images, what it was trained on and how well it does."""
    card = material.card
    if not card:
        said = "; ".join(
            f"{o.name.replace('_', ' ')}: {o.meaning}" for o in material.outputs if o.is_number
        )
        built_in = material.model and not material.calls_pain
        return f"Images were read by the model {material.model} ({said})." if built_in else ""
    if "adapted_from" in card:
        return (
            f"Images were read by a model that was trained elsewhere and adapted ({card['title']}; "
            f"{card['adapting']['way']}). {on_these_animals(material, _IN_METHODS)}".strip()
        )
    if "imported_from" in card:
        return (
            f"Images were read by a model that was trained elsewhere ({card['title']}, from "
            f"{card['imported_from']['file']}, SHA-256 {card['imported_from']['sha256'][:12]}…). "
            f"{on_these_animals(material, _IN_METHODS)}".strip()
        )
    data, test = card["data"], card["metrics"]["test"]
    # In a table with a `part` column its owner decided; an animal is in one part all the same.
    given = card["split"]["kept_whole"] == "given"
    kept = (
        "image"
        if given and not data["animals"]
        else "animal"
        if given
        else (card["split"]["kept_whole"])
    )
    how = "divided by its owner" if given else f"split by {kept}"
    rates = test["all"]
    of_animals = f" of {data['animals']} animals" if data["animals"] else ""
    text = (
        f"A pain / no pain classifier was trained on {data['images']} labelled images{of_animals} "
        "(features of "
        f"{card['backbone']['title']}, recipe '{card['recipe']['name']}' of amgs "
        f"{card['provenance']['amgs']}, {how})."
    )
    if material.label_rule:
        rule = material.label_rule
        text += (
            f" Images were labelled pain from a mean MGS of {rule['pain_from']:g} and no pain up "
            f"to {rule['no_pain_to']:g}."
        )
    if rates["accuracy"] is not None:
        auc = "" if test["auc"] is None else f" and the area under the ROC curve {test['auc']:.2f}"
        text += (
            f" On the test part ({rates['n']} images of "
            f"{card['split']['parts']['test']['units']} {plural_of(kept)} kept apart) accuracy was "
            f"{100 * rates['accuracy']:.0f} %{_over_units(test, plural_of(kept))}{auc}."
        )
        if card["split"]["parts"]["test"]["units"] < FEW_UNITS:
            text += f" So few {plural_of(kept)} allow little conclusion about others."
    if coats := say_by_coat(card.get("by_coat") or {}):
        text += f" Area under the ROC curve {coats}."
    promise = say_promise(card)
    return f"{text} {promise[0].upper()}{promise[1:]}." if promise else text


def _over_units(test: Mapping[str, Any], units: str) -> str:
    limits = test.get("intervals_over_units", {}).get("accuracy")
    if not limits:
        return f" (too few {units} for an interval)"
    return f" (95 % interval over {units} {100 * limits[0]:.0f} to {100 * limits[1]:.0f} %)"


def on_these_animals(
    material: ReportMaterial, begin: str = "How this model did on your animals"
) -> str:
    """Say how the model did on animals of this study, or that this was not found out."""
    card, check = material.card, material.model_check
    if not card:
        return ""
    if check:
        measured = check["all"]
        figures = "; ".join(f"{FIGURES[key]} {say_figure(measured, key)}" for key in FIGURES)
        new = (
            "not used to train it, which was done with other images of these animals: new ones "
            "may be read less well"
            if check.get("same_animals")
            else "not used to train it"
        )
        return (
            f"{begin} ({measured['images']} images of "
            f"{count_of(measured['animals'], 'animal')}, scored by people and {new}; 95 % "
            f"intervals over animals; checked on {check['at'][:10]}): {figures}."
        )
    if "adapted_from" in card and material.trained_here:
        before, after = card["adapting"]["before"], card["adapting"]["after"]
        figures = "; ".join(
            f"{FIGURES[key]} {say_figure(before, key)} before, {say_figure(after, key)} after"
            for key in FIGURES
        )
        return (
            f"{begin} ({after['images']} scored images of "
            f"{count_of(after['animals'], 'animal')}, each judged by a model that was adapted "
            f"without its animal): {figures}."
        )
    if material.trained_here:
        return (
            "This model was trained on scores of this study: how it did on its animals is what the "
            "test part says."
        )
    if material.trained_here is False:
        return (
            "How this model's calls do on the animals of this study was not checked: they rest on "
            "animals of another study. About a hundred scored images tell (amgs models check)."
        )
    return ""
