"""Predictions: a model looks at many images; tables of what it said.

classify → model and images to rows of a CSV; table → reading and checking such rows.
"""

from amgs.prediction.classify import ClassifySummary, ImageToClassify, classify_images, list_images
from amgs.prediction.table import read_predictions

__all__ = [
    "ClassifySummary",
    "ImageToClassify",
    "classify_images",
    "list_images",
    "read_predictions",
]
