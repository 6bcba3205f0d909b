"""The discrete Fourier transform of blocks of real frames, in memory that is reused."""

from __future__ import annotations

import importlib
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.units import FloatArray


class RealTransform:
    """Transforms up to ``rows`` frames of ``n_fft`` samples in preallocated memory.

    Write the frames into the first ``n_fft`` columns of ``input``, then call it. New memory for every block, as
    ``scipy.fft.rfft`` allocates it, can take as long as the transforms themselves.
    """

    def __init__(self, rows: int, n_fft: int, precision: type[np.floating[Any]]) -> None:
        self.n_fft = n_fft
        self._spectrum = np.empty((rows, 1 + n_fft // 2), dtype=np.result_type(precision, np.complex64))
        self._parts: FloatArray = self._spectrum.view(precision)  # alternating real and imaginary parts
        self._mkl = mkl_fft()
        self.input = np.empty((rows, n_fft), dtype=precision) if self._mkl else self._parts[:, 1:]

    def __call__(self, rows: int) -> npt.NDArray[np.complexfloating]:
        """Return the spectra of the first ``rows`` frames, shape ``(rows, 1 + n_fft // 2)``."""
        spectrum, parts = self._spectrum[:rows], self._parts[:rows]
        if self._mkl:
            self._mkl.rfft(self.input[:rows], axis=-1, out=spectrum)
            return spectrum
        # In place, one column from the left: the real part of the constant, then the real and imaginary part of each
        # bin. Only the constant has to move to make these complex numbers.
        frames = parts[:, 1 : self.n_fft + 1]
        transformed = _fftpack().rfft(frames, axis=-1, overwrite_x=True)
        if not np.may_share_memory(transformed, frames):  # overwriting is allowed, but not guaranteed
            frames[...] = transformed
        parts[:, 0] = parts[:, 1]
        parts[:, 1] = 0
        if self.n_fft % 2 == 0:
            parts[:, -1] = 0
        return spectrum


@cache
def _fftpack() -> ModuleType:
    """Return SciPy's transforms, whose import takes longer than the transform of most clips."""
    return importlib.import_module("scipy.fftpack")


@cache
def mkl_fft() -> ModuleType | None:
    """Return Intel's transforms, twice as fast on x86, if ``pip install 'sori[mkl]'`` has installed them."""
    try:
        import mkl
        import mkl_fft
    except ImportError:
        return None
    # Blocks are distributed to threads before; for so little work, MKL's own threads would mostly wait.
    mkl.domain_set_num_threads(1, domain="fft")
    return mkl_fft  # type: ignore[no-any-return]
