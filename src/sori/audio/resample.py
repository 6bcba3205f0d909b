"""Change the sample rate of a clip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

from sori.errors import ParameterError, check_count

# Beyond this many samples, a result may have at most so many times as many as the clip: an hour at 1 Hz would else
# become gigabytes.
_MANY, _MOST_TIMES = 2**23, 256


def resample(
    y: npt.NDArray[np.float32], *, from_sr: int, to_sr: int, antialias: bool = True
) -> npt.NDArray[np.float32]:
    """Resample at soxr's high-quality setting (aliases below -120 dB).

    Parameters
    ----------
    y
        Shape ``(samples,)`` or ``(channels, samples)``.
    from_sr, to_sr
        Rates in Hz.
    antialias
        False shows why the filter is needed: samples are interpolated linearly and not filtered, so that frequencies
        above the new Nyquist frequency fold down.

    Returns
    -------
    float32, the last axis ``to_sr / from_sr`` times as long.

    Raises
    ------
    ParameterError
        If a rate is not a whole number, or the result is large and more than 256 times as long.

    >>> resample(np.zeros(44100, dtype=np.float32), from_sr=44100, to_sr=22050).shape
    (22050,)
    """
    check_count("from_sr", from_sr)
    check_count("to_sr", to_sr)
    if from_sr == to_sr:
        return y
    check_expansion(y.shape[-1], from_sr=from_sr, to_sr=to_sr)
    if not antialias:
        n = y.shape[-1]
        at = np.arange(round(n * to_sr / from_sr)) * (from_sr / to_sr)
        channels = [np.interp(at, np.arange(n), channel) for channel in np.atleast_2d(y)]
        return np.array(channels, dtype=np.float32).reshape(*y.shape[:-1], -1)
    out: npt.NDArray[np.float32] = soxr.resample(np.ascontiguousarray(y.T), from_sr, to_sr, quality="HQ")
    return np.ascontiguousarray(out.T)


def check_expansion(samples: int | None, *, from_sr: int, to_sr: int) -> None:
    """Raise ParameterError if resampling would make far too many samples of so many; None: their number is unknown."""
    if to_sr > _MOST_TIMES * from_sr and (samples is None or samples * (to_sr / from_sr) > _MANY):
        raise ParameterError(
            f"a recording at {from_sr} Hz cannot be resampled to {to_sr} Hz: at most {_MOST_TIMES} times its rate"
        )
