"""Published weight files as plain arrays: safetensors, a format that holds numbers and no code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from amgs.errors import WeightsError

Array = npt.NDArray[np.generic]

_PICKLES = (b"PK\x03\x04", b"\x80")
"""How files begin that ``torch.save`` writes: a zip file since torch 1.6, a bare pickle before."""


def read_weights(path: Path) -> dict[str, Array]:
    """Read every tensor of a weight file.

    Parameters
    ----------
    path
        A ``.safetensors`` file.

    Returns
    -------
    dict of str to numpy.ndarray
        The tensors by name.

    Raises
    ------
    WeightsError
        If the file is missing, is of another kind, or is cut short.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not path.is_file():
        msg = f"Expected a weight file, found nothing at {path}. Check the path after --weights."
        raise WeightsError(msg)
    with path.open("rb") as stream:
        begin = stream.read(4)
    if begin.startswith(_PICKLES):
        msg = (
            f"Expected a safetensors file, but {path} was saved by torch as a pickle, which can "
            "run code when it is read. It was not read. Use the publisher's file model.safetensors."
        )
        raise WeightsError(msg)
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        msg = (
            f"Expected a safetensors file, but {path} could not be read ({error}). It may be cut "
            "short or damaged: fetch it again."
        )
        raise WeightsError(msg) from error
