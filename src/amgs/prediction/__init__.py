"""Predictions: a model looks at many images; tables of what it said.

classify → model and images to rows of a CSV; table → reading and checking such rows;
truth → labels for them from elsewhere.
"""

from amgs.prediction.classify import ClassifySummary, ImageToClassify, classify_images, list_images
from amgs.prediction.table import read_predictions
from amgs.prediction.truth import join_truth

__all__ = [
    "ClassifySummary",
    "ImageToClassify",
    "classify_images",
    "join_truth",
    "list_images",
    "read_predictions",
]
