"""Spectrogram with bins evenly spaced in pitch: the pattern of a transposed note is the same, shifted by some bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between, check_count, check_keys
from sori.features.filter_bank import FilterGroup, filter_groups, filtered
from sori.features.frames import Frames, as_clips, check_filters
from sori.units import FloatArray, frame_count

# Dynamic range: a full-scale sine is 1, and levels this many dB below it, or lower, are 0.
DB = 80.0
_MOST_WINDOWS = 8
KIND = "log-frequency"


@lru_cache(maxsize=16)
def log_frequency_filters(
    *, sr: int, n_fft: int, fmin: float, bins_per_octave: int, n_bins: int
) -> npt.NDArray[np.float32]:
    """Triangular filters, evenly spaced in the logarithm of frequency, not narrower than the spectrum's resolution.

    Where bins of the spectrum are farther apart than the filters, neighbouring filters interpolate between them.

    Parameters
    ----------
    sr, n_fft
        Sample rate in Hz and frame length of the spectra that the filters are applied to.
    fmin
        Centre of the lowest filter, in Hz.
    bins_per_octave, n_bins
        Filters per octave, and their number. Filters above ``sr / 2`` are empty.

    Returns
    -------
    float32, shape ``(n_bins, 1 + n_fft // 2)``, read-only; each filter sums to one.

    Raises
    ------
    ParameterError
        If a count is below 1 or ``fmin`` is not a frequency below ``sr / 2``.

    >>> log_frequency_filters(sr=16000, n_fft=2048, fmin=27.5, bins_per_octave=12, n_bins=88).shape
    (88, 1025)
    """
    for name, value in (("n_fft", n_fft), ("bins_per_octave", bins_per_octave), ("n_bins", n_bins)):
        check_count(name, value)
    check_filters(n_bins, n_fft=n_fft)
    check_between("fmin", fmin, 1, sr / 2, "Hz")
    bins_hz = np.fft.rfftfreq(n_fft, 1 / sr)
    middles_hz = fmin * 2.0 ** (np.arange(n_bins) / bins_per_octave)
    half_widths_hz = np.maximum(middles_hz * (2 ** (1 / bins_per_octave) - 1), sr / n_fft)[:, np.newaxis]
    filters = np.maximum(0, 1 - np.abs(bins_hz - middles_hz[:, np.newaxis]) / half_widths_hz)
    filters[middles_hz > sr / 2] = 0
    filters /= np.maximum(filters.sum(axis=1, keepdims=True), 1e-12)
    filters = filters.astype(np.float32)
    filters.setflags(write=False)
    return filters


@dataclass(frozen=True, kw_only=True)
class LogFrequency:
    """Log-frequency spectrograms with one or several windows: long ones resolve pitch, short ones resolve time.

    Parameters
    ----------
    sr
        Sample rate that clips must have, in Hz.
    hop_length
        Samples from one frame to the next; frame ``t`` is centred on sample ``t * hop_length``.
    windows
        Frame lengths in samples; each makes a channel.
    fmin
        Centre of the lowest bin in Hz.
    bins_per_octave, n_bins
        Bins per octave, and their number.

    >>> LogFrequency()(np.zeros(16000, dtype=np.float32)).shape
    (51, 296, 2)
    """

    sr: int = 16000
    hop_length: int = 320
    windows: tuple[int, ...] = (1024, 4096)
    fmin: float = 27.5 * 2 ** (-1 / 36)
    bins_per_octave: int = 36
    n_bins: int = 296

    def __post_init__(self) -> None:
        check_count("sr", self.sr)
        check_between("sr", self.sr, 1, 1_000_000, "Hz")
        check_count("hop_length", self.hop_length)
        if isinstance(self.fmin, bool) or not isinstance(self.fmin, int | float):
            raise ParameterError(f"fmin must be a number of Hz. Received fmin={self.fmin!r}.")
        if not isinstance(self.windows, list | tuple) or not 1 <= len(self.windows) <= _MOST_WINDOWS:
            raise ParameterError(f"windows must be 1 to {_MOST_WINDOWS} frame lengths. Received {self.windows!r}.")
        object.__setattr__(self, "windows", tuple(self.windows))
        for n_fft in self.windows:
            self._groups(n_fft, rows=1)  # refuses impossible settings here, not at the first clip

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild a front end from :meth:`to_dict`.

        Raises
        ------
        ParameterError
            If a key is unknown.
        """
        check_keys("LogFrequency", values, ["kind", *(field.name for field in fields(cls))])
        return cls(**{key: value for key, value in values.items() if key != "kind"})

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as values that JSON can store."""
        return {"kind": KIND, **asdict(self)}

    def frames(self, n_samples: int) -> int:
        """Return the number of frames of a clip of ``n_samples``."""
        return frame_count(n_samples, hop_length=self.hop_length)

    @property
    def frame_s(self) -> float:
        """Seconds from one frame to the next."""
        return self.hop_length / self.sr

    def __call__(self, y: FloatArray) -> npt.NDArray[np.float32]:
        """Compute the levels of a clip ``(samples,)``, with 80 dB mapped to 0 to 1.

        1 is the power of a full-scale sine in one bin of the spectrum. A filter that is wider than a bin spreads it, so
        the value for a sine is 0.8 (at 7 kHz) to 1.

        Returns
        -------
        float32, shape ``(frames, n_bins, windows)``, or ``(n, frames, n_bins, windows)`` for a batch.

        Raises
        ------
        ParameterError
            If ``y`` is not floating-point, is empty or has a value that is not finite.
        """
        clips = as_clips(y)
        out = np.empty((len(clips), self.frames(clips.shape[-1]), self.n_bins, len(self.windows)), dtype=np.float32)
        for channel, n_fft in enumerate(self.windows):
            frames = Frames(
                clips.shape[-1],
                n_fft=n_fft,
                hop_length=self.hop_length,
                win_length=None,
                window="hann",
                center=True,
                pad_mode="constant",
            )
            groups = self._groups(n_fft, frames.rows_per_block)
            power = np.zeros((len(clips) * frames.count, self.n_bins), dtype=np.float32)

            def work(
                blocks: range,
                frames: Frames = frames,
                groups: Sequence[FilterGroup] = groups,
                power: FloatArray = power,
            ) -> None:
                squares = np.empty((frames.rows_per_block, 2 * frames.bins), dtype=np.float32)
                for where, spectrum in frames.spectra(clips, blocks, precision=np.float32):
                    energy = np.square(spectrum.view(np.float32), out=squares[: len(spectrum)])
                    filtered(energy, groups, out=power[where])

            frames.share_out(len(clips), work)
            # A full-scale sine has magnitude n_fft / 4 under a Hann window.
            np.maximum(power, (n_fft / 4) ** 2 * 10 ** (-DB / 10), out=power)
            level = np.log10(power, out=power)
            level -= np.float32(2 * np.log10(n_fft / 4) - DB / 10)
            level *= np.float32(10 / DB)
            out[..., channel] = level.reshape(out.shape[:-1])
        return out if np.ndim(y) == 2 else out[0]

    def _groups(self, n_fft: int, rows: int) -> list[FilterGroup]:
        return _filter_groups(
            rows=rows,
            sr=self.sr,
            n_fft=n_fft,
            fmin=self.fmin,
            bins_per_octave=self.bins_per_octave,
            n_bins=self.n_bins,
        )


@lru_cache(maxsize=16)
def _filter_groups(*, rows: int, **bank: Any) -> list[FilterGroup]:
    return filter_groups(log_frequency_filters(**bank), rows=rows, parts=True)
