"""What the columns of amgs mean, their units and ranges, for people and programs elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SPECIES = {"mouse": "Mus musculus", "rat": "Rattus norvegicus"}
"""Species of a scale → its name in taxonomy."""

SEX = {"m": "M", "male": "M", "f": "F", "female": "F"}
"""What tables say of sex, in small letters → how formats write it."""

DICTIONARY_COLUMNS = ("variable", "meaning", "unit", "low", "high")

_KNOWN: dict[str, tuple[str, str, object, object]] = {
    "animal": ("name of the animal, the experimental unit", "", "", ""),
    "group": ("treatment group", "", "", ""),
    "timepoint": ("when it was filmed", "", "", ""),
    "recording": ("name of the recording", "", "", ""),
    "recordings": ("recordings of the animal at the timepoint", "count", 0, ""),
    "minutes": ("length of the recordings that was analysed", "min", 0, ""),
    "images": ("face images", "count", 0, ""),
    "confident_images": ("images of at least the threshold's confidence", "count", 0, ""),
    "confident_per_minute": ("confident images per minute", "1/min", 0, ""),
    "pain_images": ("confident images called pain", "count", 0, ""),
    "pct_pain": ("share of pain among the confident images", "%", 0, 100),
    "pct_pain_se": (
        "standard error of pct_pain, images taken as independent (Agresti & Coull)",
        "percentage points",
        0,
        "",
    ),
    "mean_signed_score": ("mean signed score of the confident images", "", -1, 1),
    "signed_score": ("2 p_pain - 1", "", -1, 1),
    "confident_images_rebased": (
        "images of at least the threshold's confidence, re-based on the animal's own baseline",
        "count",
        0,
        "",
    ),
    "pct_pain_rebased": (
        "share of pain among the confident images, calls re-based on the animal's own baseline",
        "%",
        0,
        100,
    ),
    "mean_signed_score_rebased": (
        "mean signed score of the confident images, re-based on the animal's own baseline",
        "",
        -1,
        1,
    ),
    "mean_mgs_sum": ("mean human MGS, sum of the action units", "score", 0, 10),
    "mgs": ("human MGS of the image, sum of the action units", "score", 0, 10),
    "n_mgs": ("images with a human score", "count", 0, ""),
    "seen_in_training": ("images used for training or model selection", "count", 0, ""),
    "included": ("whether the animal counts at this timepoint", "yes, no", "", ""),
    "reason": ("why it does not", "", "", ""),
    "predicted": ("class the model calls", "pain, no pain", "", ""),
    "confidence": ("of the predicted class", "probability", 0.5, 1),
    "p_pain": ("probability of pain", "probability", 0, 1),
    "time_s": ("time of the image in the recording", "s", 0, ""),
    "possible_sleep": ("whether the image lies in a stretch of possible sleep", "yes, no", "", ""),
    "drowsy_images": ("images in which the animal is drowsy by video and model", "count", 0, ""),
    "asleep_images": ("images in which the animal is asleep by video and model", "count", 0, ""),
    "nearest_training": ("what is known of the training image nearest to it", "", "", ""),
    "image": ("file of the face image", "", "", ""),
    "content": ("SHA-256 of the image's pixels, to recognise it under any name", "", "", ""),
    "part": ("part of the model's training that the image was in; empty for none", "", "", ""),
    "problem": ("why the image could not be read", "", "", ""),
    "zone": ("zone of the video the animal was in", "", "", ""),
    "born": ("day of birth", "", "", ""),
    "sex": ("sex of the animal", "", "", ""),
    "strain": ("strain of the animal", "", "", ""),
    "coat": ("coat colour of the animal", "", "", ""),
    "cage": ("cage the animal lives in", "", "", ""),
    "laboratory": ("laboratory where it was filmed", "", "", ""),
}


_NO_OUTPUTS: Mapping[str, str] = MappingProxyType({})


def describe_column(name: str, outputs: Mapping[str, str] = _NO_OUTPUTS) -> list[object]:
    """Return a row of `DICTIONARY_COLUMNS` for a column.

    Parameters
    ----------
    name
        The column.
    outputs
        What the model says → what that means, in the words of its card.
    """
    if name in _KNOWN:
        return [name, *_KNOWN[name]]
    if name in outputs:
        return [name, outputs[name], "", "", ""]
    plain = name.replace("_", " ")
    if name.startswith("mean_"):
        said = outputs.get(name.removeprefix("mean_"), f"what the model says: {plain[5:]}")
        return [name, f"mean over images: {said}", "", "", ""]
    return [name, f"what the model says: {plain}", "", "", ""]
