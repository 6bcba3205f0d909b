"""The Fourier transform as two small matrix products, for runtimes that have no transform of their own.

A transform of n = a b samples is one of a, b times, and one of b, a times, with a turn in between. As matrix products,
both are small; a single one would weigh megabytes.

Source: Cooley and Tukey, An Algorithm for the Machine Calculation of Complex Fourier Series (1965).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def factors(n: int) -> tuple[int, int]:
    """Return a and b with ``a * b == n``, as near to each other as can be, a the smaller.

    >>> factors(2048)
    (32, 64)
    """
    a = max(d for d in range(1, math.isqrt(n) + 1) if n % d == 0)
    return a, n // a


def turns(rows: int, columns: int, n: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return real and imaginary parts, ``(rows, columns)``, of the turns by ``row * column`` n-ths, clockwise."""
    angles = 2 * np.pi * np.outer(np.arange(rows), np.arange(columns)) / n
    return np.cos(angles).astype(np.float32), -np.sin(angles).astype(np.float32)
