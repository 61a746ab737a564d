"""The truth about predictions, from labelled images that lie elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from amgs.errors import TableError
from amgs.model.training.sets import refuse_conflicting_content
from amgs.vocabulary import CONTENT_COLUMN

if TYPE_CHECKING:
    import pandas as pd


def join_truth(
    predictions: pd.DataFrame, labels: Sequence[tuple[str, str, str]]
) -> tuple[pd.DataFrame, list[str]]:
    """Add the truth to predictions: by the content of each image, or else by its name.

    Parameters
    ----------
    predictions
        From `read_predictions`. With a ``content`` column, images are matched by content, so that
        equal names of other images are no danger. Without it, a prediction matches a label when
        the one's path ends with the other's, whole names only.
    labels
        Name, content (as in the ``content`` column) and class of labelled images.

    Returns
    -------
    (pandas.DataFrame, list of str)
        The predictions with the truth as ``label``, and what a reader has to know of the match.

    Raises
    ------
    TableError
        If none matches, or if one name matches several images.
    ConflictingLabelsError
        If equal files have different labels.
    """
    by_content = CONTENT_COLUMN in predictions and predictions[CONTENT_COLUMN].ne("").any()
    if by_content:
        refuse_conflicting_content(labels, " in --truth")
        truth = {content: label for _, content, label in labels}
        found = [truth.get(str(content)) for content in predictions[CONTENT_COLUMN]]
    else:
        found = _match_names([str(name) for name in predictions["image"]], labels)
    n_found = sum(label is not None for label in found)
    if n_found == 0:
        msg = (
            f"Expected labels for the images of the predictions, found none: predictions name "
            f"{predictions['image'].iloc[0]!r}, labels {labels[0][0]!r}."
        )
        raise TableError(msg)
    how = "content" if by_content else "name"
    notes = [f"{n_found} of {len(found)} predictions have a label in --truth, matched by {how}."]
    if "label" in predictions:
        before = zip(predictions["label"], found, strict=True)
        torn = sum(a is not None and b is not None and a != b for a, b in before)
        if torn:
            notes.append(
                f"{torn} of them carry another label in the predictions; --truth was used."
            )
    joined = predictions.assign(label=np.array(found, dtype=object))
    joined.attrs = {**predictions.attrs, "truth": f"--truth, by {how}"}
    return joined, notes


def _match_names(names: Sequence[str], labels: Sequence[tuple[str, str, str]]) -> list[str | None]:
    by_tail: dict[str, list[tuple[str, str]]] = {}
    for name, _, label in labels:
        by_tail.setdefault(name.rsplit("/", maxsplit=1)[-1], []).append((name, label))
    matches = [_match(name, by_tail) for name in names]
    used = [match[0] for match in matches if match is not None]
    if len(set(used)) < len(used):
        twice = next(name for name in used if used.count(name) > 1)
        msg = (
            f"Expected every label to belong to one prediction, but {twice} fits several. Give "
            "paths in both tables that tell them apart."
        )
        raise TableError(msg)
    return [None if match is None else match[1] for match in matches]


def _match(image: str, by_tail: dict[str, list[tuple[str, str]]]) -> tuple[str, str] | None:
    candidates = [
        (name, label)
        for name, label in by_tail.get(image.rsplit("/", maxsplit=1)[-1], [])
        if f"/{image}".endswith(f"/{name}") or f"/{name}".endswith(f"/{image}")
    ]
    if len({label for _, label in candidates}) > 1:
        msg = (
            f"Expected one label for {image}, found several: "
            f"{', '.join(name for name, _ in candidates)}. Give paths that tell them apart."
        )
        raise TableError(msg)
    return candidates[0] if candidates else None
