"""Short-time Fourier transform, in blocks of frames that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import scipy.fft

from sori.errors import ParameterError, check_between, check_choice, check_count
from sori.units import FloatArray, frame_count

PadMode = Literal["constant", "reflect", "symmetric", "edge", "wrap"]

# Frames per block: 64 windows of 2048 float64 samples are 1 MiB, a core's second-level cache, and small enough
# that the allocator hands the same memory out again instead of fetching fresh pages for every block.
_BLOCK_FRAMES = 64


def spectrum(y: FloatArray, *, sr: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Magnitude spectrum of a whole clip, without a window, up to Nyquist.

    Parameters
    ----------
    y
        Samples, shape ``(samples,)`` or a batch ``(n, samples)``.
    sr
        Samples per second.

    Returns
    -------
    frequencies_hz : float64, shape ``(1 + samples // 2,)``
    magnitude : float32, shape ``(1 + samples // 2,)`` or ``(n, 1 + samples // 2)``; a sine of amplitude 1 that
        fits a whole number of times gives ``samples / 2`` in its bin.

    Raises
    ------
    ParameterError
        If ``y`` is not floating-point, is empty or has a value that is not finite, or ``sr`` is not a whole number.

    >>> hz, magnitude = spectrum(np.sin(2 * np.pi * 100 * np.arange(1000) / 1000), sr=1000)
    >>> float(hz[magnitude.argmax()]), round(float(magnitude.max()))
    (100.0, 500)
    """
    clips = as_clips(y)
    check_count("sr", sr)
    frequencies_hz = np.arange(1 + clips.shape[-1] // 2) * sr / clips.shape[-1]
    magnitude: npt.NDArray[np.float32] = np.abs(scipy.fft.rfft(clips.astype(np.float64, copy=False), axis=-1)).astype(
        np.float32
    )
    return frequencies_hz, magnitude if np.ndim(y) == 2 else magnitude[0]


def stft(
    y: FloatArray,
    *,
    sr: int,
    n_fft: int = 2048,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: str | tuple[str, float] = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
) -> npt.NDArray[np.complex64]:
    """Short-time Fourier transform.

    Parameters
    ----------
    y
        Samples, shape ``(samples,)`` or a batch ``(n, samples)``.
    sr
        Samples per second. The transform does not depend on it; it is asked for because every function that
        takes samples does, so that none can be handed on without its rate.
    n_fft
        Samples per frame; 2048 is 93 ms at 22 050 Hz.
    hop_length
        Samples from one frame to the next; None is a quarter of the window.
    win_length
        Samples of the window, padded with zeros to ``n_fft``; None is ``n_fft``.
    window
        A name, or name and parameter, known to :func:`scipy.signal.get_window`.
    center
        Frame ``t`` is centred on sample ``t * hop_length``, the clip being padded by ``n_fft // 2`` at both ends;
        otherwise it starts there.
    pad_mode
        How that padding is filled: constant (zeros), reflect, symmetric, edge or wrap.

    Returns
    -------
    complex64, shape ``(1 + n_fft // 2, frames)``, or ``(n, 1 + n_fft // 2, frames)`` for a batch; computed in
    64-bit, since 32-bit butterflies are off by up to 0.003 dB in quiet bins beside loud ones.

    Raises
    ------
    ParameterError
        If a length is below 1, the window is unknown, ``y`` is not floating-point, is empty or has a value that
        is not finite, or it is shorter than ``n_fft`` with ``center=False``.

    >>> stft(np.zeros(66150), sr=22050).shape
    (1025, 130)
    """
    clips = as_clips(y)
    check_count("sr", sr)
    frames = Frames(
        clips.shape[-1],
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    out = np.empty((len(clips), frames.count, frames.bins), dtype=np.complex64)
    rows = out.reshape(-1, frames.bins)
    for where, block in frames.spectra(clips, np.float64):
        rows[where] = block
    return bins_by_frames(out, y)


def spectrogram(
    y: FloatArray,
    *,
    sr: int,
    n_fft: int = 2048,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: str | tuple[str, float] = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    power: float = 1.0,
) -> npt.NDArray[np.float32]:
    """Magnitude of the :func:`stft`, to the given ``power`` (1: amplitude, 2: power).

    Returns
    -------
    float32, shape ``(1 + n_fft // 2, frames)``, or ``(n, 1 + n_fft // 2, frames)`` for a batch.

    Raises
    ------
    ParameterError
        As :func:`stft`; also if ``power`` is not above 0.

    >>> spectrogram(np.zeros(22050), sr=22050, n_fft=1024).shape
    (513, 87)
    """
    clips = as_clips(y)
    check_count("sr", sr)
    check_between("power", power, 1e-30, np.inf)
    frames = Frames(
        clips.shape[-1],
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    out = np.empty((len(clips), frames.count, frames.bins), dtype=np.float32)
    rows = out.reshape(-1, frames.bins)
    for where, block in frames.spectra(clips, np.float64):
        rows[where] = squared_magnitude(block) ** (power / 2)
    return bins_by_frames(out, y)


class Frames:
    """How a clip of ``n_samples`` is cut into frames: the checked arguments of every short-time analysis."""

    def __init__(
        self,
        n_samples: int,
        *,
        n_fft: int,
        hop_length: int | None,
        win_length: int | None,
        window: str | tuple[str, float],
        center: bool,
        pad_mode: PadMode,
    ) -> None:
        check_count("n_fft", n_fft)
        win_length = n_fft if win_length is None else win_length
        check_count("win_length", win_length)
        if win_length > n_fft:
            raise ParameterError(f"win_length must be at most n_fft={n_fft}. Received win_length={win_length}.")
        hop_length = max(1, win_length // 4) if hop_length is None else hop_length
        check_count("hop_length", hop_length)
        check_choice("pad_mode", pad_mode, get_args(PadMode))
        if not center and n_samples < n_fft:
            raise ParameterError(
                f"a clip of {n_samples} samples is shorter than n_fft={n_fft}: use center=True or a smaller n_fft."
            )
        self.n_fft, self.hop_length, self.pad_mode = n_fft, hop_length, pad_mode
        self.bins = 1 + n_fft // 2
        self.padding = n_fft // 2 if center else 0
        self.count = frame_count(n_samples + 2 * self.padding - n_fft, hop_length=hop_length)
        self.window = _window(window, win_length, n_fft)

    def spectra(
        self, clips: FloatArray, precision: type[np.floating[Any]]
    ) -> Iterator[tuple[slice, npt.NDArray[np.complexfloating]]]:
        """Yield ``(rows, spectrum)`` block by block, ``rows`` counting the frames of all clips one after another.

        ``spectrum`` has shape ``(rows, bins)``, and the consumer may overwrite it. Short clips share a block, long
        ones are cut into several.
        """
        n_clips, n_samples = clips.shape
        clips_per_block = max(1, _BLOCK_FRAMES // self.count)
        frames_per_block = min(self.count, _BLOCK_FRAMES)
        window = self.window.astype(precision)
        padded = np.zeros((min(clips_per_block, n_clips), n_samples + 2 * self.padding), dtype=precision)
        windowed = np.empty((len(padded) * frames_per_block, self.n_fft), dtype=precision)
        for i in range(0, n_clips, clips_per_block):
            some = clips[i : i + clips_per_block]
            if self.pad_mode == "constant":
                padded[: len(some), self.padding : self.padding + n_samples] = some
            else:
                padded[: len(some)] = np.pad(some, ((0, 0), (self.padding, self.padding)), mode=self.pad_mode)
            frames = np.lib.stride_tricks.sliding_window_view(padded[: len(some)], self.n_fft, axis=-1)
            frames = frames[:, :: self.hop_length]
            for t in range(0, self.count, frames_per_block):
                block = frames[:, t : t + frames_per_block]
                n_rows = block.shape[0] * block.shape[1]
                product = windowed[:n_rows]
                np.multiply(block, window, out=product.reshape(block.shape))
                first = i * self.count + t
                yield slice(first, first + n_rows), scipy.fft.rfft(product, axis=-1, overwrite_x=True)


def squared_magnitude(spectrum: npt.NDArray[np.complexfloating]) -> FloatArray:
    """``|z|^2`` of a complex array that may be overwritten."""
    parts = spectrum.view(spectrum.real.dtype)
    np.square(parts, out=parts)
    return parts[..., ::2] + parts[..., 1::2]


def as_clips(y: FloatArray) -> FloatArray:
    """Return ``y`` as a batch ``(n, samples)``.

    Raises
    ------
    ParameterError
        If it is not one- or two-dimensional, not floating-point, empty, or has a value that is not finite.
    """
    y = np.asarray(y)
    if y.ndim not in (1, 2):
        raise ParameterError(f"y must have shape (samples,) or (n, samples). Received shape {y.shape}.")
    if not np.issubdtype(y.dtype, np.floating):
        raise ParameterError(
            f"y must be floating-point, in [-1, 1]. Received {y.dtype}: divide whole numbers by full scale first."
        )
    if not y.size:
        raise ParameterError(f"y must have at least one sample. Received shape {y.shape}.")
    # NaN and infinity survive a sum of squares, which takes no memory; so might an overflow, hence the second look.
    if not np.isfinite(np.vdot(y, y)) and not np.isfinite(y).all():
        raise ParameterError("y must be finite. Received a clip with NaN or infinite samples.")
    return y[np.newaxis] if y.ndim == 1 else y


def bins_by_frames(out: npt.NDArray[Any], y: FloatArray) -> npt.NDArray[Any]:
    """Turn ``(n, frames, bins)`` into librosa's ``(bins, frames)``, keeping the batch axis only if ``y`` had one."""
    out = out.swapaxes(-1, -2)
    return out if np.ndim(y) == 2 else out[0]


@lru_cache(maxsize=32)
def _window(window: str | tuple[str, float], win_length: int, n_fft: int) -> npt.NDArray[np.float64]:
    if window == "hann":  # written out: importing scipy.signal takes longer than most clips
        values = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(win_length) / win_length)
    else:
        import scipy.signal

        try:
            values = scipy.signal.get_window(window, win_length, fftbins=True)
        except ValueError as error:
            raise ParameterError(f"window must be one that scipy.signal knows. Received window={window!r}.") from error
    before = (n_fft - win_length) // 2
    padded = np.zeros(n_fft)
    padded[before : before + win_length] = values
    padded.setflags(write=False)
    return padded
