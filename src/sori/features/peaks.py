"""The strongest peaks and the centroid of a spectrum."""

from __future__ import annotations

import numpy as np

from sori.errors import ParameterError, check_count
from sori.units import FloatArray

_SILENT = 1e-12
_NEXT_TO_NOTHING = 1e-3


def spectral_peaks(
    frequencies_hz: FloatArray, magnitude: FloatArray, *, count: int = 6, apart_hz: float = 0.0, floor_db: float = 60.0
) -> list[tuple[float, float]]:
    """Find the strongest local maxima of a magnitude spectrum, interpolated between bins.

    Parameters
    ----------
    frequencies_hz, magnitude
        Shape ``(bins,)``, evenly spaced in frequency.
    count
        Largest number of peaks.
    apart_hz
        A weaker maximum nearer than this to a stronger one is part of it.
    floor_db
        Maxima more than this below the strongest are not peaks.

    Returns
    -------
    ``(frequency in Hz, magnitude)`` of each, strongest first. Both come from a parabola through the logarithms of the
    maximum and its neighbours, unless one of these is almost zero.

    Raises
    ------
    ParameterError
        If the two differ in shape.

    Source: Smith and Serra, PARSHL (1987).

    >>> spectral_peaks(np.arange(5.0), np.array([0.0, 1.0, 2.0, 1.0, 0.0]))
    [(2.0, 2.0)]
    """
    check_count("count", count)
    hz, magnitude = np.asarray(frequencies_hz, dtype=np.float64), np.asarray(magnitude, dtype=np.float64)
    if hz.shape != magnitude.shape or hz.ndim != 1:
        raise ParameterError(
            f"frequencies_hz and magnitude must have shape (bins,). Received {hz.shape} and {magnitude.shape}."
        )
    if len(hz) < 3 or magnitude.max() < _SILENT:
        return []
    middle = magnitude[1:-1]
    tops = 1 + np.flatnonzero((middle > magnitude[:-2]) & (middle >= magnitude[2:]))
    tops = tops[magnitude[tops] >= magnitude.max() * 10 ** (-floor_db / 20)]
    found: list[tuple[float, float]] = []
    for i in tops[np.argsort(-magnitude[tops], kind="stable")]:
        around = magnitude[i - 1 : i + 2]
        left, top, right = np.log(np.maximum(around, _NEXT_TO_NOTHING * magnitude[i]))
        curvature = left - 2 * top + right
        shift = 0.5 * (left - right) / curvature if around.min() > _NEXT_TO_NOTHING * magnitude[i] else 0.0
        at = float(hz[i] + shift * (hz[1] - hz[0]))
        if all(abs(at - other) >= apart_hz for other, _ in found):
            found.append((at, float(np.exp(top - 0.25 * (left - right) * shift))))
        if len(found) == count:
            break
    return found


def spectral_centroid(frequencies_hz: FloatArray, magnitude: FloatArray) -> float:
    """Mean frequency in Hz, weighted by magnitude; NaN for silence.

    >>> spectral_centroid(np.array([0.0, 100.0, 200.0]), np.array([0.0, 1.0, 1.0]))
    150.0
    """
    total = float(np.sum(magnitude, dtype=np.float64))
    return float(np.dot(frequencies_hz, np.asarray(magnitude, dtype=np.float64)) / total) if total > 0 else float("nan")
