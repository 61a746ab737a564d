"""Predictions: a model reads many images; tables of what it said; one number per animal.

readers → models, ready to look at images; pain, orbital, face_state → the kinds there are; classify
→ over many images; sinks → where the answers go; table, human → reading such tables back; truth →
labels from elsewhere; summary_options, summarise, rebasing, wakefulness → from images to animals.
"""

from amgs.prediction.classify import ClassifySummary, classify_images, list_images
from amgs.prediction.models import open_reader
from amgs.prediction.readers import Answer, ImageToClassify, Reader
from amgs.prediction.table import read_predictions
from amgs.prediction.truth import join_truth

__all__ = [
    "Answer",
    "ClassifySummary",
    "ImageToClassify",
    "Reader",
    "classify_images",
    "join_truth",
    "list_images",
    "open_reader",
    "read_predictions",
]
