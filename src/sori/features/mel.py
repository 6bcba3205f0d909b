"""Mel spectrogram and mel-frequency cepstral coefficients (MFCC)."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between, check_choice, check_count
from sori.features.filter_bank import FilterGroup, filter_groups, filtered
from sori.features.frames import Frames, PadMode, as_clips, bins_by_frames, check_filters
from sori.features.stft import check_band, magnitude_power
from sori.units import FloatArray, hz_to_mel, mel_to_hz, power_to_db

MelNorm = Literal["slaney"] | None

_ROWS_AT_ONCE = 256


@lru_cache(maxsize=32)
def mel_filters(
    *,
    sr: int,
    n_fft: int,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: MelNorm = "slaney",
) -> npt.NDArray[np.float32]:
    """Triangular filters, evenly spaced in mel.

    Parameters
    ----------
    sr, n_fft
        Sample rate in Hz and frame length of the spectra that the filters are applied to.
    n_mels
        Number of filters.
    fmin, fmax
        Lower edge of the first filter and upper edge of the last, in Hz; ``fmax=None`` is ``sr / 2``.
    htk
        HTK's mel scale instead of Slaney's.
    norm
        ``"slaney"``: each filter has unit area; None: unit height.

    Returns
    -------
    float32, shape ``(n_mels, 1 + n_fft // 2)``, read-only.

    Raises
    ------
    ParameterError
        If a count is below 1, or not ``0 <= fmin < fmax <= sr / 2``.

    Warns
    -----
    UserWarning
        If a filter falls between two bins and is empty.

    Source: Slaney, Auditory Toolbox (1998).

    >>> mel_filters(sr=16000, n_fft=512, n_mels=40).shape
    (40, 257)
    """
    for name, value in (("sr", sr), ("n_fft", n_fft), ("n_mels", n_mels)):
        check_count(name, value)
    check_filters(n_mels, n_fft=n_fft)
    fmax = check_band(sr=sr, fmin=fmin, fmax=fmax)
    if norm not in ("slaney", None):
        raise ParameterError(f"norm must be 'slaney' or None. Received norm={norm!r}.")
    bins_hz = np.fft.rfftfreq(n_fft, 1 / sr)
    corners_hz = mel_to_hz(np.linspace(hz_to_mel(fmin, htk=htk), hz_to_mel(fmax, htk=htk), n_mels + 2), htk=htk)
    widths_hz = np.diff(corners_hz)[:, np.newaxis]
    above_corner_hz = bins_hz - corners_hz[:, np.newaxis]
    rising = above_corner_hz[:-2] / widths_hz[:-1]
    falling = -above_corner_hz[2:] / widths_hz[1:]
    filters = np.maximum(0, np.minimum(rising, falling))
    if norm == "slaney":
        filters *= 2 / (corners_hz[2:] - corners_hz[:-2])[:, np.newaxis]
    empty = np.flatnonzero(~filters.any(axis=1))
    if empty.size:
        warnings.warn(
            f"{empty.size} of {n_mels} mel filters are empty (the first: {', '.join(map(str, empty[:3]))}): they are "
            f"narrower than a bin of {sr / n_fft:.1f} Hz; use fewer n_mels or a larger n_fft than {n_fft}",
            stacklevel=2,
        )
    filters = filters.astype(np.float32)
    filters.setflags(write=False)
    return filters


def mel_spectrogram(
    y: FloatArray,
    *,
    sr: int,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: str | tuple[str, float] = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    power: float = 2.0,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: MelNorm = "slaney",
) -> npt.NDArray[np.float32]:
    """Spectrogram on the mel scale; its default ``power`` is 2, so :func:`power_to_db` converts it to decibels.

    The arguments are those of :func:`sori.features.stft` and :func:`mel_filters`.

    Returns
    -------
    float32, shape ``(n_mels, frames)``, or ``(n, n_mels, frames)`` for a batch ``(n, samples)``.

    Raises
    ------
    ParameterError
        As :func:`sori.features.stft` and :func:`mel_filters`.

    >>> mel_spectrogram(np.zeros(22050), sr=22050, n_mels=64).shape
    (64, 44)
    """
    bank = _checked(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=norm)
    clips = as_clips(y)
    frames = Frames(
        clips.shape[-1],
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    return bins_by_frames(_mel(clips, frames, bank, power=power, precision=np.float64), y)


def mfcc(
    y: FloatArray,
    *,
    sr: int,
    n_mfcc: int = 20,
    dct_type: Literal[1, 2, 3] = 2,
    norm: Literal["ortho"] | None = "ortho",
    lifter: float = 0.0,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: str | tuple[str, float] = "hann",
    center: bool = True,
    pad_mode: PadMode = "constant",
    power: float = 2.0,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    mel_norm: MelNorm = "slaney",
    top_db: float | None = 80.0,
) -> npt.NDArray[np.float32]:
    """Mel-frequency cepstral coefficients: the cosine transform of the mel spectrogram in dB.

    Parameters
    ----------
    n_mfcc
        Number of coefficients, at most ``n_mels``; the first is the mean level.
    dct_type, norm
        Type and normalisation of the cosine transform.
    lifter
        Above 0: coefficient ``n`` is scaled by ``1 + lifter / 2 * sin(pi * (n + 1) / lifter)``.
    top_db
        As in :func:`power_to_db`.

    The other parameters are those of :func:`mel_spectrogram`; ``mel_norm`` is its ``norm``.

    Returns
    -------
    float32, shape ``(n_mfcc, frames)``, or ``(n, n_mfcc, frames)`` for a batch ``(n, samples)``.

    Raises
    ------
    ParameterError
        As :func:`mel_spectrogram`; also if ``n_mfcc`` is above ``n_mels`` or ``lifter`` below 0.

    Source: Davis and Mermelstein (1980); the numbers are librosa's to 1e-3.

    >>> mfcc(np.zeros(66150), sr=22050, n_mfcc=13).shape
    (13, 130)
    """
    bank = _checked(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=mel_norm)
    clips = as_clips(y)
    frames = Frames(
        clips.shape[-1],
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
    )
    basis = _cosines(n_mfcc, n_mels, dct_type, norm, lifter)
    # From 1024 samples up, and with a length of small factors, the 32-bit error averaged over the filters stays below
    # 1e-3 (worst measured: 7e-4); shorter frames cost little more in 64-bit.
    fast = n_fft >= 1024 and _has_small_factors(n_fft)
    precision = np.float32 if fast else np.float64
    mel = _mel(clips, frames, bank, power=power, precision=precision)
    return bins_by_frames(_cepstra(mel, basis, top_db=top_db), y)


def _checked(**bank: Any) -> dict[str, Any]:
    """Return the settings of a filter bank; if they are invalid, raise here, before anything else is checked."""
    mel_filters(**bank)
    return bank


def _cepstra(
    mel: npt.NDArray[np.float32], basis: npt.NDArray[np.float64], *, top_db: float | None
) -> npt.NDArray[np.float32]:
    """Cepstral coefficients of mel spectrograms ``(n, frames, n_mels)``, in blocks that stay in the cache."""
    out = np.empty((*mel.shape[:-1], basis.shape[1]), dtype=np.float32)
    rows, out_rows = mel.reshape(-1, mel.shape[-1]), out.reshape(-1, out.shape[-1])
    floor_db = None
    if top_db is not None:
        check_between("top_db", top_db, 0, np.inf, "dB")
        loudest_db = power_to_db(mel.max(axis=(1, 2)), top_db=None)
        floor_db = np.repeat(loudest_db - np.float32(top_db), mel.shape[1])[:, np.newaxis]
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        block = slice(first, first + _ROWS_AT_ONCE)
        level_db = power_to_db(rows[block], top_db=None)
        if floor_db is not None:
            np.maximum(level_db, floor_db[block], out=level_db)
        # In 64-bit: the levels of silence sum to -1131, and 32-bit rounding leaves errors of 1e-3 in all coefficients.
        out_rows[block] = level_db.astype(np.float64) @ basis
    return out


def _mel(
    clips: FloatArray,
    frames: Frames,
    bank: dict[str, Any],
    *,
    power: float,
    precision: type[np.floating[Any]],
) -> npt.NDArray[np.float32]:
    """Mel spectrogram of a batch, shape ``(n, frames, n_mels)``."""
    check_between("power", power, 1e-30, np.inf)
    squared = power == 2
    groups = _filter_groups(parts=squared, rows=frames.rows_per_block, **bank)
    out = np.zeros((len(clips), frames.count, bank["n_mels"]), dtype=np.float32)
    rows = out.reshape(-1, out.shape[-1])

    def work(blocks: range) -> None:
        rounded = np.empty((frames.rows_per_block if squared else 0, 2 * frames.bins), dtype=np.float32)
        for where, spectrum in frames.spectra(clips, blocks, precision=precision):
            if squared:
                energy = np.square(spectrum.view(precision), out=rounded[: len(spectrum)], casting="same_kind")
            else:
                energy = magnitude_power(spectrum, power=power).astype(np.float32, copy=False)
            filtered(energy, groups, out=rows[where])

    frames.share_out(len(clips), work)
    return out


@lru_cache(maxsize=32)
def _filter_groups(*, parts: bool, rows: int, **bank: Any) -> list[FilterGroup]:
    return filter_groups(mel_filters(**bank), rows=rows, parts=parts)


@lru_cache(maxsize=32)
def _cosines(n_mfcc: int, n_mels: int, dct_type: int, norm: str | None, lifter: float) -> npt.NDArray[np.float64]:
    """Matrix of the cosine transform, shape ``(n_mels, n_mfcc)``."""
    check_count("n_mfcc", n_mfcc)
    if n_mfcc > n_mels:
        raise ParameterError(f"n_mfcc must be at most n_mels={n_mels}. Received n_mfcc={n_mfcc}.")
    check_choice("dct_type", str(dct_type), ("1", "2", "3"))
    if norm not in ("ortho", None):
        raise ParameterError(f"norm must be 'ortho' or None. Received norm={norm!r}.")
    check_between("lifter", lifter, 0, np.inf)
    if dct_type == 2:  # written out: importing scipy.fft takes longer than most clips
        k, m = np.arange(n_mfcc), np.arange(n_mels)[:, np.newaxis]
        basis: npt.NDArray[np.float64] = 2 * np.cos(np.pi * k * (2 * m + 1) / (2 * n_mels))
        if norm == "ortho":
            basis *= np.sqrt(np.where(k == 0, 1 / 4, 1 / 2) / n_mels)
    else:
        import scipy.fft

        basis = scipy.fft.dct(np.eye(n_mels), type=dct_type, norm=norm, axis=-1)[:, :n_mfcc]
    if lifter > 0:
        basis = basis * (1 + lifter / 2 * np.sin(np.pi * np.arange(1, n_mfcc + 1) / lifter))
    return basis


def _has_small_factors(n: int) -> bool:
    """Return whether 2, 3 and 5 are the only prime factors of ``n``, as of lengths that transform fast."""
    for factor in (2, 3, 5):
        while n % factor == 0:
            n //= factor
    return n == 1
