"""A classifier as one TensorFlow Lite (LiteRT) file from samples to probabilities, for phones and small devices."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import tempfile
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.bundle.bundle import Bundle
from sori.bundle.gap import TOLERANCE, gap_of
from sori.bundle.spectra import band, bank, cosines, factors, framing, turns
from sori.errors import BundleError, MissingDependencyError, reason, require
from sori.features import FrontEnd
from sori.folders import replacing_file
from sori.models.backend import keras as load_keras
from sori.models.backend import silenced

_LOWEST_POWER = 1e-10


def export_tflite(run: str | Path, path: Path) -> dict[str, Any]:
    """Write a trained classifier as one TensorFlow Lite file, and compare it with the classifier.

    The file takes ``(1, samples)``, float32, one segment at the model's rate, and returns probabilities
    ``(1, classes)``, in the order of the classes.

    Returns
    -------
    ``sr``, ``samples`` and ``classes``, and ``gap``, the largest difference from the classifier's own probabilities on
    test sounds.

    Raises
    ------
    BundleError
        If the model is no classifier, is of embeddings or has no Keras model, or its outputs differ by more than 1e-3.
    MissingDependencyError
        If Keras does not run on TensorFlow here.
    """
    bundle = Bundle.open(run)
    preprocessor = bundle.preprocessor
    if bundle.task not in ("classifier", "spotter") or preprocessor is None:
        raise BundleError(f"{run}: is not a classifier of recordings, so there is nothing to export from samples")
    if not isinstance(preprocessor.front_end, FrontEnd):
        raise BundleError(
            f"{run}: the front end {preprocessor.front_end.kind} has no form in TensorFlow Lite; export it as ONNX"
        )
    stored = bundle.path / "model.keras"
    if not stored.is_file():
        raise BundleError(f"{run}: has no model.keras to convert; export it as ONNX, or train it again")
    keras = load_keras()
    if keras.config.backend() != "tensorflow":
        raise MissingDependencyError("TensorFlow Lite is written by Keras on TensorFlow: KERAS_BACKEND=tensorflow")
    try:
        network = keras.saving.load_model(stored, compile=False)
    except Exception as error:  # of zipfile, h5py, Keras and TensorFlow
        raise BundleError(f"{stored}: damaged ({reason(error)})") from error
    samples = keras.Input((preprocessor.samples,), batch_size=1)
    whole = keras.Model(samples, network(_features(samples, preprocessor.front_end)))
    with replacing_file(path) as temporary:
        data = _converted(whole)
        temporary.write_bytes(data)
        gap = gap_of(partial(_answer, data), bundle)
        if not gap <= TOLERANCE:
            raise BundleError(f"{run}: the exported file answers otherwise, by {gap:.2g}; nothing was written")
    return {"sr": preprocessor.sr, "samples": preprocessor.samples, "classes": list(bundle.classes), "gap": gap}


def _features(samples: Any, front_end: FrontEnd) -> Any:
    """Return the features ``(1, frames, bins)`` of samples ``(1, samples)``, as Keras computes them."""
    ops = load_keras().ops
    if front_end.kind == "waveform":
        return ops.expand_dims(samples, 2)
    power = _power(_frames(samples, front_end), int(front_end.n_fft or 0))
    if front_end.kind == "spectrogram":
        first, behind = band(front_end)
        power = power[:, :, first:behind]
    else:
        power = ops.matmul(power, bank(front_end))
    db = ops.log(ops.maximum(power, _LOWEST_POWER)) * float(10 / np.log(10))
    if front_end.top_db is not None and np.isfinite(front_end.top_db):
        db = ops.maximum(db, ops.max(db, axis=(1, 2), keepdims=True) - float(front_end.top_db))
    if front_end.kind == "mfcc":
        db = ops.matmul(db, cosines(front_end))
    return db


def _frames(samples: Any, front_end: FrontEnd) -> Any:
    """Return windowed frames, ``(1, frames, n_fft)``."""
    ops, length = load_keras().ops, int(samples.shape[1])
    cut = framing(front_end, length)
    x = ops.pad(samples, ((0, 0), (cut.before, max(0, cut.after))))[:, : cut.before + length + cut.after]
    x = ops.take(ops.reshape(x, (1, -1, cut.piece)), cut.which.astype(np.int32), axis=1)
    return ops.reshape(x, (1, len(cut.which), len(cut.window))) * cut.window


def _power(frames: Any, n_fft: int) -> Any:
    """Return the power spectrum of frames, ``(1, frames, 1 + n_fft // 2)``, as the ONNX file computes it."""
    ops, count = load_keras().ops, frames.shape[1]
    a, b = factors(n_fft)
    kept = 1 + b // 2
    x = ops.reshape(frames, (1, count, a, b))
    (c, s), (turn_c, turn_s), (last_c, last_s) = turns(a, a, a), turns(a, b, n_fft), turns(b, kept, b)
    real, imaginary = ops.matmul(c, x), ops.matmul(s, x)
    real, imaginary = real * turn_c - imaginary * turn_s, real * turn_s + imaginary * turn_c
    real, imaginary = (
        ops.matmul(real, last_c) - ops.matmul(imaginary, last_s),
        ops.matmul(real, last_s) + ops.matmul(imaginary, last_c),
    )
    power = ops.transpose(ops.square(real) + ops.square(imaginary), (0, 1, 3, 2))
    return ops.reshape(power, (1, count, kept * a))[:, :, : 1 + n_fft // 2]


def _converted(model: Any) -> bytes:
    """Return a Keras model as a TensorFlow Lite file, without the converter's log lines."""
    with tempfile.TemporaryDirectory(prefix="sori-") as folder, contextlib.redirect_stdout(io.StringIO()), silenced():
        file = Path(folder) / "model.tflite"
        model.export(file, format="litert", verbose=False)
        return file.read_bytes()


def _answer(data: bytes, clips: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the probabilities that a TensorFlow Lite file gives."""
    with silenced(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that TensorFlow's own interpreter moves to this package
        moved = importlib.util.find_spec("ai_edge_litert") is not None
        module = require("ai_edge_litert.interpreter") if moved else require("tensorflow").lite
        interpreter = module.Interpreter(model_content=data)
        interpreter.allocate_tensors()
        given, found = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
        rows = []
        for clip in clips:
            interpreter.set_tensor(given, clip[np.newaxis])
            interpreter.invoke()
            rows.append(interpreter.get_tensor(found)[0])
    return np.stack(rows)
