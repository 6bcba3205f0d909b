"""Networks as ONNX files: open one and run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import BundleError, check_count, reason

_BATCH = 64


def onnx_session(path: Path, *, threads: int = 0) -> Any:
    """Open an ONNX model; ``threads`` 0: one per core.

    Raises
    ------
    BundleError
        If the file is not a readable ONNX model.
    """
    import onnxruntime  # takes 0.1 s, and is not needed to read a bundle's description

    check_count("threads", threads, at_least=0)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no common base class
        raise BundleError(f"{path}: not a readable model ({reason(error)})") from error


def run(session: Any, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Run a model over ``x`` batch by batch, so that memory use stays constant."""
    name = session.get_inputs()[0].name
    parts = [session.run(None, {name: x[i : i + _BATCH]})[0] for i in range(0, len(x), _BATCH)]
    return np.concatenate(parts) if parts else np.empty((0, session.get_outputs()[0].shape[-1]), dtype=np.float32)
