"""Quantisation: uniform steps, and steps that grow with the level (mu-law)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between, check_count
from sori.units import FloatArray


def quantise(y: FloatArray, bits: int) -> npt.NDArray[np.float32]:
    """Quantise uniformly to ``bits`` bits (mid-tread).

    Parameters
    ----------
    y
        Samples in [-1, 1], any shape; values beyond are clipped.
    bits
        1 to 24. Codes run from ``-2^(bits-1)`` to ``2^(bits-1) - 1``, and a step is ``2^(1-bits)``. Zero is a code,
        so silence stays silent.

    Returns
    -------
    float32, the shape of ``y``: code times step.

    Raises
    ------
    ParameterError
        If ``bits`` is out of range, or ``y`` is not floating-point or not finite.

    >>> quantise(np.array([-1.0, -0.3, 0.1, 0.3, 1.0]), 2)
    array([-1. , -0.5,  0. ,  0.5,  0.5], dtype=float32)
    """
    check_count("bits", bits)
    if bits > 24:
        raise ParameterError(f"bits must be 1 to 24, the most that float32 holds. Received bits={bits}.")
    _check_samples(y)
    half = 2.0 ** (bits - 1)
    codes = np.clip(np.round(np.asarray(y, dtype=np.float64) * half), -half, half - 1)
    return (codes / half + 0.0).astype(np.float32)  # + 0.0: no negative zeros


def theoretical_snr_db(bits: int) -> float:
    """Signal-to-noise ratio of a full-scale sine quantised to ``bits``: 6.02 dB per bit plus 1.76 dB.

    >>> round(theoretical_snr_db(16), 2)
    98.09
    """
    return float(20 * np.log10(2) * bits + 10 * np.log10(1.5))


def mu_law_encode(y: FloatArray, *, mu: int = 255) -> npt.NDArray[np.int32]:
    """Compress the level and round to ``mu + 1`` codes: small samples get small steps.

    Parameters
    ----------
    y
        Samples in [-1, 1], any shape; values beyond are clipped.
    mu
        255: eight bits, as in telephony (the curve of ITU-T G.711, without its segments).

    Returns
    -------
    int32 codes from 0 to ``mu``, the shape of ``y``.

    Raises
    ------
    ParameterError
        If ``mu`` is not a whole number above 0, or ``y`` is not floating-point or not finite.

    >>> mu_law_encode(np.array([-1.0, 0.0, 0.01, 1.0]))
    array([  0, 128, 157, 255], dtype=int32)
    """
    check_count("mu", mu)
    check_between("mu", mu, 1, 2**24)
    _check_samples(y)
    y = np.clip(np.asarray(y, dtype=np.float64), -1, 1)
    compressed = np.sign(y) * np.log1p(mu * np.abs(y)) / np.log1p(mu)
    codes: npt.NDArray[np.int32] = np.floor((compressed + 1) / 2 * mu + 0.5).astype(np.int32)
    return codes


def mu_law_decode(codes: npt.NDArray[np.integer], *, mu: int = 255) -> npt.NDArray[np.float32]:
    """Invert :func:`mu_law_encode`, except for its rounding.

    Raises
    ------
    ParameterError
        If a code is not a whole number from 0 to ``mu``.

    >>> mu_law_decode(np.array([0, 157, 255])).round(3)
    array([-1.  ,  0.01,  1.  ], dtype=float32)
    """
    check_count("mu", mu)
    codes = np.asarray(codes)
    if not np.issubdtype(codes.dtype, np.integer) or (codes.size and (codes.min() < 0 or codes.max() > mu)):
        raise ParameterError(f"codes must be whole numbers from 0 to mu={mu}.")
    compressed = 2 * codes.astype(np.float64) / mu - 1
    y: npt.NDArray[np.float64] = np.sign(compressed) * np.expm1(np.abs(compressed) * np.log1p(mu)) / mu
    return y.astype(np.float32)


def _check_samples(y: FloatArray) -> None:
    if not np.issubdtype(np.asarray(y).dtype, np.floating) or not np.isfinite(y).all():
        raise ParameterError("y must be finite floating-point samples, in [-1, 1].")
