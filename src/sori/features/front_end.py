"""The front end: the saved recipe that turns samples into what a network sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between, check_choice, check_count, check_keys
from sori.features.mel import mel_filters, mel_spectrogram, mfcc
from sori.features.stft import as_clips, spectrogram
from sori.units import FloatArray, amplitude_to_db, frame_count, power_to_db

KINDS = ("waveform", "spectrogram", "mel", "mfcc")

# What each kind uses besides sr, with its default.
_FRAMES: dict[str, Any] = {"n_fft": 2048, "hop_length": 512}
_MEL: dict[str, Any] = {**_FRAMES, "n_mels": 128, "fmin": 0.0, "fmax": None}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "waveform": {},
    "spectrogram": _FRAMES,
    "mel": _MEL,
    "mfcc": {**_MEL, "n_mfcc": 13},
}


@dataclass(frozen=True, kw_only=True)
class FrontEnd:
    """What becomes of a clip before a network sees it. The same object serves building, training and prediction.

    Parameters
    ----------
    kind
        ``waveform``: the samples, one bin a frame. ``spectrogram``: magnitude in dB. ``mel``: mel spectrogram in
        dB. ``mfcc``: its cepstral coefficients. Decibels reach 80 below the loudest value of the same clip.
    sr
        The rate that clips must have, in Hz.
    n_fft, hop_length
        Frame length and step in samples; 2048 and 512. Frames are centred, with zeros beyond the ends.
    n_mels, fmin, fmax
        Mel filters (128) and their range in Hz (0 to ``sr / 2``).
    n_mfcc
        Cepstral coefficients (13).

    What a kind does not use is None, whatever was given.

    Raises
    ------
    ParameterError
        If the kind is unknown or a number is outside what the analysis allows.

    >>> front_end = FrontEnd(kind="mfcc", sr=22050)
    >>> front_end.shape(66150)
    (130, 13)
    >>> front_end(np.zeros(66150, dtype=np.float32)).shape
    (130, 13)
    """

    kind: str
    sr: int
    n_fft: int | None = None
    hop_length: int | None = None
    n_mels: int | None = None
    n_mfcc: int | None = None
    fmin: float | None = None
    fmax: float | None = None

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, KINDS)
        check_count("sr", self.sr)
        check_between("sr", self.sr, 1, 1_000_000, "Hz")
        defaults = _DEFAULTS[self.kind]
        for field in fields(self):
            if field.name in ("kind", "sr"):
                continue
            value = getattr(self, field.name)
            if field.name not in defaults:
                value = None
            elif value is None:
                value = defaults[field.name]
            if field.type == "int | None" and value is not None:
                check_count(field.name, value)
            object.__setattr__(self, field.name, value)
        if self.n_mels is not None and self.n_fft is not None:
            # Makes the filters once, so that a range or count they cannot have is refused here, not at the first clip.
            mel_filters(sr=self.sr, n_fft=self.n_fft, n_mels=self.n_mels, fmin=self.fmin or 0.0, fmax=self.fmax)
            if self.n_mfcc is not None:
                check_between("n_mfcc", self.n_mfcc, 1, self.n_mels, "(n_mels)")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild a front end from :meth:`to_dict`.

        Raises
        ------
        ParameterError
            If a key is unknown, ``kind`` or ``sr`` is missing, or a value has the wrong type.

        >>> FrontEnd.from_dict({"kind": "mel", "sr": 16000, "n_mells": 64})
        Traceback (most recent call last):
        ...
        sori.errors.ParameterError: unknown key 'n_mells' in FrontEnd; did you mean 'n_mels'?
        """
        if not isinstance(values, Mapping):
            raise ParameterError(f"a front end must be a table of settings. Received {values!r}.")
        check_keys("FrontEnd", values, [field.name for field in fields(cls)])
        for key in ("kind", "sr"):
            if key not in values:
                raise ParameterError(f"a front end needs {key!r}. Received {', '.join(map(str, values)) or 'nothing'}.")
        for key in ("fmin", "fmax"):
            if not isinstance(values.get(key), int | float | None) or isinstance(values.get(key), bool):
                raise ParameterError(f"{key} must be a number of Hz. Received {key}={values[key]!r}.")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings that this kind uses, as JSON can hold them."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}

    def differences(self, other: FrontEnd) -> list[str]:
        """List the settings that differ, each as ``name: mine, not theirs``.

        >>> FrontEnd(kind="mel", sr=16000).differences(FrontEnd(kind="mel", sr=16000, n_mels=64))
        ['n_mels: 128, not 64']
        """
        pairs = [(f.name, getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        return [f"{name}: {mine}, not {theirs}" for name, mine, theirs in pairs if mine != theirs]

    @property
    def bins(self) -> int:
        """Numbers per frame."""
        if self.kind == "waveform":
            return 1
        return self.n_mfcc or self.n_mels or 1 + (self.n_fft or 0) // 2

    def shape(self, n_samples: int) -> tuple[int, int]:
        """``(frames, bins)`` that a clip of ``n_samples`` becomes."""
        if self.hop_length is None or self.n_fft is None:
            return n_samples, self.bins
        return frame_count(n_samples - self.n_fft % 2, hop_length=self.hop_length), self.bins

    def __call__(self, y: FloatArray) -> npt.NDArray[np.float32]:
        """Features of a clip.

        Parameters
        ----------
        y
            Samples at ``self.sr``, shape ``(samples,)`` or a batch ``(n, samples)``.

        Returns
        -------
        float32, shape ``(frames, bins)`` or ``(n, frames, bins)``; each example as if it were alone.

        Raises
        ------
        ParameterError
            If ``y`` is not floating-point, is empty or has a value that is not finite.
        """
        if self.kind == "waveform":
            clips = as_clips(y).astype(np.float32, copy=False)[..., np.newaxis]
            return clips if np.ndim(y) == 2 else clips[0]
        given = {key: value for key, value in self.to_dict().items() if key != "kind"}
        if self.kind == "spectrogram":
            out = amplitude_to_db(spectrogram(y, **given))
        elif self.kind == "mel":
            out = power_to_db(mel_spectrogram(y, **given))
        else:
            out = mfcc(y, **given)
        return np.ascontiguousarray(out.swapaxes(-1, -2))
