"""Test signals whose content is known exactly: tones, chirps, clicks and noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between, check_choice, check_count
from sori.units import seconds_to_samples

Colour = Literal["white", "pink", "brown", "blue", "violet"]
_Clip = npt.NDArray[np.float32]

# Exponent of frequency in the power spectrum: -1 falls by 3 dB per octave (pink), -2 by 6 dB (brown).
_SLOPES = {"white": 0.0, "pink": -1.0, "brown": -2.0, "blue": 1.0, "violet": 2.0}


def tone(frequency_hz: float, *, sr: int, duration_s: float, amplitude: float = 1.0, phase: float = 0.0) -> _Clip:
    """Sine ``amplitude * sin(2 pi f t + phase)``. Above ``sr / 2`` its samples are those of its alias.

    Parameters
    ----------
    frequency_hz
        0 Hz (a constant, ``amplitude * sin(phase)``) or above.
    sr
        Samples per second.
    duration_s
        Length in seconds, rounded to whole samples.
    phase
        Phase at the first sample, in radians.

    Returns
    -------
    float32, shape ``(samples,)``

    Raises
    ------
    ParameterError
        If ``sr`` is not a whole number, the length is below one sample, or a value is not finite.

    >>> tone(1, sr=4, duration_s=1).round(6)
    array([ 0.,  1.,  0., -1.], dtype=float32)
    """
    t = _times_s(sr, duration_s)
    check_between("frequency_hz", frequency_hz, 0, 1e9, "Hz")
    _check_finite("amplitude", amplitude)
    _check_finite("phase", phase)
    return _rounded(amplitude * np.sin(2 * np.pi * frequency_hz * t + phase))


def complex_tone(
    frequency_hz: float,
    *,
    sr: int,
    duration_s: float,
    amplitudes: Sequence[float] = (1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 1 / 7, 1 / 8),
    amplitude: float = 1.0,
) -> _Clip:
    """Harmonic tone: partial ``k`` at ``k`` times the fundamental, those at or above ``sr / 2`` left out.

    Parameters
    ----------
    amplitudes
        Amplitudes of partials 1, 2, 3, ..., relative to each other.
    amplitude
        The amplitudes of the partials are scaled to add up to this, so the peak does not exceed it.

    Otherwise as :func:`tone`; also raises ParameterError if no partial lies below ``sr / 2`` or all amplitudes are 0.

    >>> complex_tone(100, sr=8000, duration_s=0.5).shape
    (4000,)
    """
    t = _times_s(sr, duration_s)
    check_between("frequency_hz", frequency_hz, 0, 1e9, "Hz")
    _check_finite("amplitude", amplitude)
    for strength in amplitudes:
        _check_finite("amplitudes", strength)
    partials = [(k * frequency_hz, float(a)) for k, a in enumerate(amplitudes, 1) if k * frequency_hz < sr / 2]
    total = sum(abs(a) for _, a in partials)
    if not total:
        raise ParameterError(f"no non-zero partial of {frequency_hz:g} Hz lies below sr / 2 = {sr / 2:g} Hz.")
    waves = (a * np.sin(2 * np.pi * hz * t) for hz, a in partials)
    return _rounded(amplitude / total * np.sum(list(waves), axis=0))


def chirp(
    start_hz: float,
    end_hz: float,
    *,
    sr: int,
    duration_s: float,
    amplitude: float = 1.0,
    logarithmic: bool = False,
) -> _Clip:
    """Sine that glides from one frequency to another: linearly in Hz, or in octaves with ``logarithmic``.

    Otherwise as :func:`tone`; ``logarithmic`` needs both frequencies above 0 Hz.

    >>> chirp(20, 20000, sr=44100, duration_s=2, logarithmic=True).shape
    (88200,)
    """
    t = _times_s(sr, duration_s)
    for name, hz in (("start_hz", start_hz), ("end_hz", end_hz)):
        check_between(name, hz, 1e-6 if logarithmic else 0, 1e9, "Hz")
    _check_finite("amplitude", amplitude)
    if logarithmic and start_hz != end_hz:
        octaves = np.log1p((end_hz - start_hz) / start_hz)  # exact where the two are close
        cycles = start_hz * duration_s / octaves * np.expm1(octaves * t / duration_s)
    else:
        cycles = start_hz * t + (end_hz - start_hz) * t**2 / (2 * duration_s)
    return _rounded(amplitude * np.sin(2 * np.pi * cycles))


def clicks(times_s: Sequence[float], *, sr: int, duration_s: float, amplitude: float = 1.0) -> _Clip:
    """Single samples of ``amplitude`` at ``times_s``, in silence.

    Raises
    ------
    ParameterError
        If a time lies outside the clip.

    >>> clicks([0, 0.5], sr=4, duration_s=1)
    array([1., 0., 1., 0.], dtype=float32)
    """
    out = np.zeros(len(_times_s(sr, duration_s)), dtype=np.float32)
    _check_finite("amplitude", amplitude)
    for time_s in times_s:
        check_between("a click's time", time_s, 0, (len(out) - 1) / sr, "s")
        out[seconds_to_samples(time_s, sr=sr)] = amplitude
    return out


def noise(
    *, sr: int, duration_s: float, rng: np.random.Generator, level_db: float = -20.0, colour: Colour = "white"
) -> _Clip:
    """Gaussian noise whose root mean square is exactly ``level_db`` below full scale.

    Parameters
    ----------
    rng
        Random generator that draws the samples.
    colour
        How power depends on frequency: white is flat, pink falls by 3 dB per octave, brown by 6; blue rises by 3,
        violet by 6. Coloured noise has no DC component.

    Otherwise as :func:`tone`.

    >>> y = noise(sr=8000, duration_s=1, rng=np.random.default_rng(0), level_db=-6)
    >>> round(float(np.sqrt(np.mean(y**2))), 3)
    0.501
    """
    n = len(_times_s(sr, duration_s))
    check_choice("colour", colour, get_args(Colour))
    check_between("level_db", level_db, -200, 60, "dB")
    y = rng.standard_normal(n)
    if colour != "white" and n > 1:
        import scipy.fft  # slow to import

        spectrum = scipy.fft.rfft(y)
        spectrum[0] = 0
        spectrum[1:] *= np.arange(1, len(spectrum), dtype=np.float64) ** (_SLOPES[colour] / 2)
        y = scipy.fft.irfft(spectrum, n)
    return _rounded(y * 10 ** (level_db / 20) / np.sqrt(np.mean(y**2)))


def _times_s(sr: int, duration_s: float) -> npt.NDArray[np.float64]:
    check_count("sr", sr)
    check_between("duration_s", duration_s, 0, 1e7, "s")
    n = seconds_to_samples(duration_s, sr=sr)
    if n < 1:
        raise ParameterError(f"duration_s must be at least one sample, 1/{sr} s. Received duration_s={duration_s!r}.")
    return np.arange(n) / sr


def _rounded(y: npt.NDArray[np.float64]) -> _Clip:
    return y.astype(np.float32)


def _check_finite(name: str, value: float) -> None:
    if not np.isfinite(value):
        raise ParameterError(f"{name} must be finite. Received {name}={value!r}.")
