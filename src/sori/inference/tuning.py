"""Estimate how an instrument is tuned, from the frequencies of its partials."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.fft

from sori.errors import check_between

STANDARD_HZ = 440.0
# Frames of half a second resolve neighbouring notes above the lowest frequency; partials above the highest one are too
# sharp on a piano, whose strings are stiff.
_FRAME_S, _LOWEST_HZ, _HIGHEST_HZ = 0.5, 150.0, 1500.0
_QUIET, _SOFT = 1e-2, 0.03  # magnitude of a frame that is silent; share of its peak below which others are ignored
# Agreement of the partials: 0.15 to 0.5 in music, below 0.02 in speech and noise.
_AGREE, _FEWEST = 0.1, 20
# Deviations below this change nothing in a transcription.
_HEARD_CENTS = 8.0
# Beyond this, a piano may as well be tuned half a semitone too high as too low.
HALFWAY_CENTS = 47.0


class TuningEstimator:
    """Estimates the tuning of a stream of samples, in constant memory.

    Every partial lies some cents from the nearest key of a piano at A = 440 Hz; their circular mean is the tuning.

    Parameters
    ----------
    sr
        Sample rate in Hz.

    >>> estimator = TuningEstimator(16000)
    >>> t = np.arange(10 * 16000) / 16000
    >>> estimator(sum(np.sin(2 * np.pi * 446 * k * t) for k in (1, 2, 3)).astype(np.float32) / 4)
    >>> estimator.tuning_hz
    446.1
    """

    def __init__(self, sr: int) -> None:
        check_between("sr", sr, 1, 1_000_000, "Hz")
        self._sr = sr
        self._n = max(64, 2 ** round(np.log2(_FRAME_S * sr)))
        self._window = np.hanning(self._n).astype(np.float32)
        self._kept = np.zeros(0, dtype=np.float32)
        self._sum, self._weight, self._count = 0j, 0.0, 0

    def __call__(self, y: npt.NDArray[np.float32]) -> None:
        """Take the next samples ``(samples,)``."""
        joined = np.concatenate([self._kept, y])
        step = self._n // 2
        count = max(0, (len(joined) - self._n) // step + 1)
        for i in range(count):
            self._add(joined[i * step : i * step + self._n])
        self._kept = joined[count * step :]

    def _add(self, frame: npt.NDArray[np.float32]) -> None:
        magnitude = np.abs(scipy.fft.rfft(frame * self._window))
        low, high = (round(hz * self._n / self._sr) for hz in (_LOWEST_HZ, min(_HIGHEST_HZ, 0.45 * self._sr)))
        top = float(magnitude.max())
        if top < _QUIET or high <= low + 2:
            return
        level = np.log(magnitude + 1e-9)
        before, at, after = level[low - 1 : high - 1], level[low:high], level[low + 1 : high + 1]
        strength = magnitude[low:high] / top
        peaks = np.flatnonzero((at > before) & (at >= after) & (strength > _SOFT))
        before, at, after = before[peaks], at[peaks], after[peaks]
        bins = low + peaks + 0.5 * (before - after) / np.minimum(before - 2 * at + after, -1e-9)
        semitones = 12 * np.log2(bins * (self._sr / self._n / STANDARD_HZ))
        weight = np.sqrt(strength[peaks])
        self._sum += complex((weight * np.exp(2j * np.pi * semitones)).sum())
        self._weight += float(weight.sum())
        self._count += len(peaks)

    @property
    def cents(self) -> float:
        """Deviation from A = 440 Hz in whole cents, -50 to 50; 0 if it is small, or the partials do not agree."""
        if self._count < _FEWEST or abs(self._sum) < _AGREE * self._weight:
            return 0.0
        cents = float(np.round(100 * np.angle(self._sum) / (2 * np.pi)))
        return cents if abs(cents) >= _HEARD_CENTS else 0.0

    @property
    def tuning_hz(self) -> float:
        """Frequency of A4 in Hz, rounded to tenths."""
        return round(in_hz(self.cents), 1)


def in_hz(cents: float) -> float:
    """Return the frequency of A4 of an instrument that deviates from 440 Hz by so many cents.

    >>> round(in_hz(-50), 1)
    427.5
    """
    return float(STANDARD_HZ * 2 ** (cents / 1200))


def in_cents(tuning_hz: float) -> float:
    """Return the deviation of a tuning from 440 Hz in cents."""
    return float(1200 * np.log2(tuning_hz / STANDARD_HZ))


def check_tuning(tuning_hz: float) -> None:
    """Raise ParameterError unless A4 may have this frequency in Hz."""
    check_between("tuning_hz", tuning_hz, 380, 500, "Hz")
