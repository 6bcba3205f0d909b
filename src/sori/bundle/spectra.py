"""What the spectra of a front end are made of, as constants for runtimes that only multiply and add.

The Fourier transform is two small matrix products: one of n = a b samples is one of a, b times, and one of b, a times,
with a turn in between. A single matrix would weigh megabytes.

Source: Cooley and Tukey, An Algorithm for the Machine Calculation of Complex Fourier Series (1965).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.signal

from sori.features import FrontEnd, mel_filters
from sori.features.stft import band_bins

_Matrix = npt.NDArray[np.float32]


class Framing(NamedTuple):
    """How frames are gathered from pieces as long as frames and hops share.

    ``before`` and ``after``: zeros around the samples; fewer than none: what no frame reaches is cut off. ``piece``:
    samples of a piece. ``which``: the pieces of each frame, ``(frames, pieces)``. ``window``: ``(n_fft,)``.
    """

    before: int
    after: int
    piece: int
    which: npt.NDArray[np.int64]
    window: _Matrix


def framing(front_end: FrontEnd, samples: int) -> Framing:
    """Return how a clip of so many samples is framed."""
    n_fft, hop = int(front_end.n_fft or 0), int(front_end.hop_length or 0)
    before, count, piece = n_fft // 2 if front_end.center else 0, front_end.shape(samples)[0], math.gcd(n_fft, hop)
    which = np.arange(count)[:, np.newaxis] * (hop // piece) + np.arange(n_fft // piece)
    window = scipy.signal.get_window("hann", n_fft).astype(np.float32)
    return Framing(before, (count - 1) * hop + n_fft - before - samples, piece, which, window)


def band(front_end: FrontEnd) -> tuple[int, int]:
    """Return the first bin that a spectrogram keeps, and the one behind its last."""
    n_fft = int(front_end.n_fft or 0)
    bins = band_bins(sr=front_end.sr, n_fft=n_fft, fmin=front_end.fmin or 0.0, fmax=front_end.fmax)
    kept = range(1 + n_fft // 2)[bins]
    return kept.start, kept.stop


def bank(front_end: FrontEnd) -> _Matrix:
    """Return what a power spectrum is multiplied with to give mel bands, ``(bins, n_mels)``."""
    filters = mel_filters(
        sr=front_end.sr,
        n_fft=int(front_end.n_fft or 0),
        n_mels=int(front_end.n_mels or 0),
        fmin=front_end.fmin or 0.0,
        fmax=front_end.fmax,
    )
    return filters.T.astype(np.float32)


def cosines(front_end: FrontEnd) -> _Matrix:
    """Return what mel bands in dB are multiplied with to give MFCCs, ``(n_mels, n_mfcc)``."""
    basis = scipy.fft.dct(np.eye(int(front_end.n_mels or 0)), axis=0, norm="ortho")[: front_end.n_mfcc]
    return np.asarray(basis.T, dtype=np.float32)


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
