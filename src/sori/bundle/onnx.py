"""Export a Keras model to ONNX."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sori.errors import BundleError, MissingDependencyError, reason
from sori.sessions import onnx_session, run

if TYPE_CHECKING:
    import keras

# Largest allowed difference between the outputs of the Keras model and the ONNX model.
_TOLERANCE, _TOLERANCE_OF_HALF = 1e-4, 5e-3
_SMALL = 64  # weights that are stored as they are


def export_onnx(model: keras.Model, path: Path, *, probe: npt.NDArray[np.float32], half: bool = False) -> None:
    """Write a Keras model as ONNX, without the exporter's log lines, and compare the outputs of both.

    Parameters
    ----------
    probe
        A batch of inputs.
    half
        Store weights in half precision; the model's own should be rounded to it already.

    Raises
    ------
    BundleError
        If the outputs differ.
    """
    expected = np.asarray(model(probe))  # Keras exports only what has been called
    loggers = [logging.getLogger(name) for name in ("tf2onnx", "tensorflow", "absl")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")  # the exporter's, about its own dependencies
            model.export(path, format="onnx", verbose=False)
    except ImportError as error:  # of the exporter, which is another one for each of Keras' back ends
        raise MissingDependencyError(
            f"the model cannot be written as ONNX here ({reason(error)}); Keras on TensorFlow writes it: "
            "KERAS_BACKEND=tensorflow"
        ) from error
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    if half:
        _halve(path)
    gap = float(np.abs(run(onnx_session(path), probe) - expected).max())
    if not gap <= (_TOLERANCE_OF_HALF if half else _TOLERANCE):
        path.unlink()
        raise BundleError(f"the ONNX export's outputs differ from the Keras model's by {gap:.2g}; nothing was saved")


def _halve(path: Path) -> None:
    """Store the large weights of a model as float16, and cast them when it is opened."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    casts, weights = [], []
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < _SMALL:
            weights.append(tensor)
            continue
        weights.append(numpy_helper.from_array(array.astype(np.float16), f"{tensor.name}/half"))
        casts.append(onnx.helper.make_node("Cast", [f"{tensor.name}/half"], [tensor.name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(weights)
    model.graph.node.extend(nodes)
    onnx.save(model, path)
