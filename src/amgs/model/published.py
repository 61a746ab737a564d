"""Models that others published, fetched from where they did, checked and imported on this machine.

Adding one is one line in `PUBLISHED`. Nothing of it lies in amgs but its address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amgs.config import cache_folder
from amgs.errors import UnknownNameError
from amgs.files import refuse_to_replace_folder
from amgs.jobs import ProgressCallback, no_progress
from amgs.model.bundle import CARD
from amgs.model.download import Fingerprint, fetch
from amgs.model.importing import AUTHORS_GIT_ID, import_model

_MOST_LABEL_BYTES = 10_000
_MOST_GRAPH_BYTES = 400_000_000


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A frozen graph with its labels, and where they are published.

    Parameters
    ----------
    title
        What it is.
    megabytes
        About how much has to be fetched.
    graph, labels
        The addresses.
    fingerprint
        Of the graph.
    """

    title: str
    megabytes: int
    graph: str
    labels: str
    fingerprint: Fingerprint


_AUTHORS = "https://github.com/markjm/MGS-Pipeline/raw/HEAD/assets"

PUBLISHED: Mapping[str, PublishedModel] = {
    "authors": PublishedModel(
        title="the network of Tuttle et al. 2018, CD-1 albino mice",
        megabytes=90,
        graph=f"{_AUTHORS}/model-v3.pb",
        labels=f"{_AUTHORS}/labels-v3.txt",
        fingerprint=Fingerprint("git id", AUTHORS_GIT_ID),
    )
}


def get_model(
    name: str, out: Path, *, overwrite: bool = False, progress: ProgressCallback = no_progress
) -> dict[str, Any]:
    """Fetch a published model and convert it into a model folder.

    Parameters
    ----------
    name
        Out of `PUBLISHED`.
    out
        The model folder.
    overwrite
        Replace a model that is there.
    progress
        Told how much has come.

    Returns
    -------
    dict
        The card.

    Raises
    ------
    UnknownNameError
        If no such model is known.
    DownloadError
        If it cannot be fetched; the message says which files to bring, and what to type then.
    WeightsError
        If what came cannot be converted.
    OutputExistsError
        If the folder exists and `overwrite` is false.
    """
    if name not in PUBLISHED:
        msg = f"Expected one of the published models {', '.join(PUBLISHED)}, found {name!r}."
        raise UnknownNameError(msg)
    published = PUBLISHED[name]
    refuse_to_replace_folder(out, CARD, overwrite=overwrite)
    folder = cache_folder() / "published" / name
    files = {address: folder / address.rsplit("/", 1)[1] for address in _addresses(published)}
    graph, labels = files.values()
    by_hand = (
        f"Both files are needed, {published.graph} and {published.labels}; then: "
        f"amgs models import {graph.name} --labels {labels.name} --out {out}"
    )
    # The small one first: without a network, the reader waits for one answer only.
    fetch(published.labels, labels, by_hand=by_hand, most_bytes=_MOST_LABEL_BYTES)
    fetch(
        published.graph,
        graph,
        published.fingerprint,
        progress,
        by_hand=by_hand,
        most_bytes=_MOST_GRAPH_BYTES,
    )
    return import_model(graph, labels, out, overwrite=overwrite)


def _addresses(published: PublishedModel) -> tuple[str, str]:
    return published.graph, published.labels
