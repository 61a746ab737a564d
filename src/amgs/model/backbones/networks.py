"""Running a backbone with onnxruntime: the seam behind which another engine could stand."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amgs.errors import WeightsError
from amgs.model.backbones.onnx_names import INPUT_NAME, OUTPUT_NAME

BATCH_SIZE = 4
"""Images per pass. Larger batches are not faster on a processor core, only hungrier."""


def open_session(onnx_file: Path, expected: str) -> Any:
    """Open an ONNX file for passes that use one core each.

    Parameters
    ----------
    onnx_file
        The file.
    expected
        What it should be, for the message.

    Raises
    ------
    WeightsError
        If onnxruntime cannot read the file.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(
            onnx_file.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        msg = f"Expected {expected}, found {onnx_file}: {error}"
        raise WeightsError(msg) from error


class Network:
    """A backbone ready to run on the processor.

    A pass uses one core; several threads may call `features` at once, each with its own batch. So
    all cores are busy without waiting for each other, and the numbers cannot depend on how many
    cores there are.

    Parameters
    ----------
    onnx_file
        The graph: images (batch, 3, side, side) in, features (batch, n) out.

    Raises
    ------
    WeightsError
        If onnxruntime cannot read the file.
    """

    def __init__(self, onnx_file: Path) -> None:
        self._file = onnx_file
        self._session = open_session(onnx_file, "a network that onnxruntime can run")

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as the path of its file: sessions cannot be pickled."""
        return _open_once, (self._file,)

    def features(self, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Compute the features of preprocessed images.

        The result for an image does not depend on which others are in the batch.

        Parameters
        ----------
        images
            float32, (batch, 3, side, side).

        Returns
        -------
        numpy.ndarray
            float32, (batch, n_features).
        """
        result: npt.NDArray[np.float32] = self._session.run([OUTPUT_NAME], {INPUT_NAME: images})[0]
        return result

    def check(self, input_px: int, n_features: int) -> None:
        """Run once on a black image and see that the right number of features comes out.

        Raises
        ------
        WeightsError
            If the network fails or gives something else: its weights do not fit its graph.
        """
        try:
            found = self.features(np.zeros((1, 3, input_px, input_px), np.float32))
        except Exception as error:
            msg = f"The shapes of the weights do not fit the network: {error}"
            raise WeightsError(msg) from error
        if found.shape != (1, n_features) or not np.isfinite(found).all():
            msg = f"Expected {n_features} finite features from the network, found {found.shape[1]}."
            raise WeightsError(msg)


@lru_cache(maxsize=2)
def _open_once(onnx_file: Path) -> Network:
    """Open a network once per process, however many units of work it receives."""
    return Network(onnx_file)
