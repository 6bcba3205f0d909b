"""A classifier's network in whole numbers of 8 bits: a quarter of its size, and what that costs in accuracy."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sori.bundle.bundle import Bundle
from sori.bundle.matching import ids_of_model
from sori.datasets import Dataset
from sori.errors import BundleError, DatasetError, reason, require
from sori.evaluation.answers import answers_of, difference
from sori.sessions import onnx_session, run

if TYPE_CHECKING:
    import onnx

# Training segments whose activations set the ranges of the 8-bit numbers.
_CALIBRATED_ON = 256
# What takes nearly all of the weights and of the time; a softmax in steps of 1/255 would not add up to 1.
_OPERATORS = ("Conv", "Gemm", "MatMul")


def quantised(bundle: Bundle, data: str | Path) -> tuple[onnx.ModelProto, dict[str, Any]]:
    """Quantise the network of a classifier, and measure its accuracy before and after.

    Weights become 8-bit integers, with a scale for each channel; activations too, with scales from training segments.

    Parameters
    ----------
    data
        The dataset that it was trained on.

    Returns
    -------
    model
        The network in ONNX, with pairs of QuantizeLinear and DequantizeLinear.
    measured
        Of the test part (or of validation, if it was tested in folds): ``part``, ``recordings``, ``accuracy_before``,
        ``accuracy_after``, ``difference``, ``interval`` (95 %, by group).

    Raises
    ------
    BundleError
        If the network cannot be quantised, or has nothing to quantise.
    DatasetError
        If the dataset does not hold its recordings.
    """
    onnx, quantisation = require("onnx"), require("onnxruntime.quantization")
    if getattr(bundle.front_end, "kind", "") == "embedding":
        raise BundleError(f"{bundle.path}: is one layer on embeddings, which would not become smaller")
    dataset = Dataset.open(data)
    ids = ids_of_model(bundle, dataset)
    segments, digests, parts = dataset.load(), dataset.digests(), bundle.parts()
    hashes = np.array([digests[recording] for recording in segments.recording])
    train = np.flatnonzero(np.isin(hashes, parts["train"]))
    part = "test" if parts["test"] else "valid"
    tested = np.flatnonzero(np.isin(hashes, parts[part]))
    if not len(train) or not len(tested):
        raise DatasetError(f"{data}: does not hold the recordings that {bundle.path} was trained and tested on")
    some = np.random.default_rng(0).permutation(train)[:_CALIBRATED_ON]
    with tempfile.TemporaryDirectory(prefix="sori-") as folder:
        whole, small = bundle.path / "model.onnx", Path(folder) / "int8.onnx"
        session = onnx_session(whole)  # a damaged file is told before it is taken apart
        root = logging.getLogger()
        level = root.level
        root.setLevel(logging.ERROR)  # it advises to preprocess the model, on the root's log
        try:
            quantisation.quantize_static(
                whole,
                small,
                _reader(quantisation, session.get_inputs()[0].name, segments.x[some]),
                quant_format=quantisation.QuantFormat.QDQ,
                op_types_to_quantize=list(_OPERATORS),
                per_channel=True,
                weight_type=quantisation.QuantType.QInt8,
                activation_type=quantisation.QuantType.QUInt8,
            )
        except Exception as error:  # of many kinds
            raise BundleError(f"{bundle.path}: its network cannot be quantised ({reason(error)})") from error
        finally:
            root.setLevel(level)
        labels = ids[segments.label]
        before, after = (
            answers_of(
                run(one, segments.x[tested]),
                labels[tested],
                recordings=segments.recording[tested],
                groups=segments.group[tested],
                classes=bundle.classes,
                digests=digests,
            )
            for one in (session, onnx_session(small))
        )
        model = onnx.load(small)
    found = difference(before, after)
    accuracies = [float(np.mean([one.right for one in some])) for some in (before, after)]
    return model, {
        "part": part,
        "recordings": len(before),
        "accuracy_before": accuracies[0],
        "accuracy_after": accuracies[1],
        "difference": found.difference,
        "interval": found.interval,
    }


def _reader(quantisation: Any, name: str, x: npt.NDArray[np.float32]) -> Any:
    """Feed segments one by one."""

    class Reader(quantisation.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter(x)

        def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
            segment = next(self._left, None)
            return None if segment is None else {name: segment[np.newaxis]}

    return Reader()
