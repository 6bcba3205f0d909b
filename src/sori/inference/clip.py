"""The clips that models are called with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError


def checked_clip(y: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return a clip ``(samples,)`` as float32.

    Raises
    ------
    ParameterError
        If it is not one-dimensional, not floating-point, or not finite.
    """
    y = np.asarray(y)
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.floating) or not np.isfinite(y).all():
        raise ParameterError(f"y must be finite floating-point samples (samples,). Received {y.dtype} {y.shape}.")
    return y.astype(np.float32)
