"""Levels of a clip, clipping and silence, and mixing at a given signal-to-noise ratio."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between
from sori.units import FloatArray

_SILENT_DB = -60.0


def dbfs(amplitude: float) -> float:
    """Convert an amplitude, 0 or above, to dBFS (dB relative to full scale); 0 gives ``-inf``.

    >>> round(dbfs(0.5), 2)
    -6.02
    """
    return float(20 * np.log10(amplitude)) if amplitude > 0 else float("-inf")


def peak_db(y: FloatArray) -> float:
    """Return the largest magnitude in dBFS; ``-inf`` for digital silence."""
    return dbfs(float(np.abs(y).max(initial=0)))


def rms_db(y: FloatArray) -> float:
    """Return the root mean square in dBFS (a full-scale square wave is 0, a sine -3.01); ``-inf`` for digital silence.

    >>> round(rms_db(np.sin(np.arange(1000) * 2 * np.pi / 100)), 2)
    -3.01
    """
    return dbfs(_rms(y))


def clipped_samples(y: FloatArray, *, at: float = 0.999) -> int:
    """Count clipped samples: those in runs of three or more equal values whose magnitude is ``at`` or above.

    >>> clipped_samples(np.array([0.5, 1.0, 1.0, 1.0, 0.5, 1.0, 0.2]))
    3
    """
    if np.ndim(y) != 1:
        raise ParameterError(f"y must have shape (samples,). Received shape {np.shape(y)}.")
    y = np.asarray(y)
    if len(y) < 3:
        return 0
    middle = (y[1:-1] == y[:-2]) & (y[1:-1] == y[2:]) & (np.abs(y[1:-1]) >= at)
    flat = np.zeros(len(y), dtype=bool)
    for shift in range(3):
        flat[shift : len(y) - 2 + shift] |= middle
    return int(flat.sum())


def silent_ends_s(y: FloatArray, *, sr: int, below_db: float = _SILENT_DB) -> tuple[float, float]:
    """Return the seconds at the start and at the end in which no sample reaches ``below_db`` dBFS.

    >>> silent_ends_s(np.array([0.0, 0.0, 0.5, 0.0]), sr=2)
    (1.0, 0.5)
    """
    loud = np.flatnonzero(np.abs(y) >= 10 ** (below_db / 20))
    if not loud.size:
        return len(y) / sr, len(y) / sr
    return float(loud[0] / sr), float((len(y) - 1 - loud[-1]) / sr)


def snr_db(y: FloatArray, degraded: FloatArray) -> float:
    """Signal-to-noise ratio in dB: power of ``y`` over power of ``degraded - y``; ``inf`` if the two are equal.

    Raises
    ------
    ParameterError
        If the two differ in shape.

    >>> round(snr_db(np.array([1.0, -1.0]), np.array([1.1, -1.1])), 1)
    20.0
    """
    if np.shape(y) != np.shape(degraded):
        raise ParameterError(f"y and degraded must have equal shapes. Received {np.shape(y)} and {np.shape(degraded)}.")
    error = _rms(np.asarray(degraded, dtype=np.float64) - np.asarray(y, dtype=np.float64))
    if error == 0:
        return float("inf")
    return dbfs(_rms(y)) - dbfs(error)


def mix(y: FloatArray, other: FloatArray, *, snr_db: float) -> npt.NDArray[np.float32]:
    """Add ``other`` to ``y``, scaled to lie ``snr_db`` below it, and cut or repeated to its length.

    Parameters
    ----------
    y, other
        Samples at one rate, shape ``(samples,)``.
    snr_db
        0: as loud as ``y``; above 0: softer. Levels are measured over the whole clips.

    Raises
    ------
    ParameterError
        If either is silent, or ``snr_db`` is not finite.

    >>> y, other = np.ones(4), np.full(2, 0.5)
    >>> mix(y, other, snr_db=0)
    array([2., 2., 2., 2.], dtype=float32)
    """
    check_between("snr_db", snr_db, -200, 200, "dB")
    if np.ndim(y) != 1 or np.ndim(other) != 1:
        raise ParameterError(f"y and other must have shape (samples,). Received {np.shape(y)} and {np.shape(other)}.")
    fitted = np.resize(np.asarray(other, dtype=np.float64), len(y)) if len(other) else np.zeros(len(y))
    levels = _rms(y), _rms(fitted)
    if not all(levels):
        raise ParameterError("a silent clip has no level to mix at.")
    gain = levels[0] / levels[1] * 10 ** (-snr_db / 20)
    return (np.asarray(y, dtype=np.float64) + gain * fitted).astype(np.float32)


def _rms(y: FloatArray) -> float:
    y = np.asarray(y).ravel()
    return float(np.sqrt(np.mean(np.square(y, dtype=np.float64)))) if y.size else 0.0
