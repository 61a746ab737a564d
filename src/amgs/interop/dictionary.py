"""What the columns of amgs mean, their units and ranges, for people and programs elsewhere."""

from __future__ import annotations

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
    "born": ("day of birth", "", "", ""),
    "sex": ("sex of the animal", "", "", ""),
    "strain": ("strain of the animal", "", "", ""),
    "coat": ("coat colour of the animal", "", "", ""),
    "cage": ("cage the animal lives in", "", "", ""),
    "laboratory": ("laboratory where it was filmed", "", "", ""),
}


def describe_column(name: str) -> list[object]:
    """Return a row of `DICTIONARY_COLUMNS` for a column; of a model's own output its name alone."""
    if name in _KNOWN:
        return [name, *_KNOWN[name]]
    plain = name.replace("_", " ")
    if name.startswith("mean_"):
        return [name, f"mean over images of what the model says: {plain[5:]}", "", "", ""]
    return [name, f"what the model says: {plain}", "", "", ""]
