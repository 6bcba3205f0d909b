"""The front end: saved settings that turn samples into the input of a network."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between, check_choice, check_count, check_keys
from sori.features.frames import as_clips, check_filters, check_hop
from sori.features.mel import mel_filters, mel_spectrogram, mfcc
from sori.features.stft import band_bins, spectrogram
from sori.features.stream import FeatureStream
from sori.units import FloatArray, amplitude_to_db, frame_count, power_to_db

KINDS = ("waveform", "spectrogram", "mel", "mfcc")

# What each kind uses besides sr, with its default.
_FRAMES: dict[str, Any] = {"n_fft": 2048, "hop_length": 512, "fmin": 0.0, "fmax": None, "center": True, "top_db": 80.0}
_MEL: dict[str, Any] = {**_FRAMES, "n_mels": 128}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "waveform": {},
    "spectrogram": _FRAMES,
    "mel": _MEL,
    "mfcc": {**_MEL, "n_mfcc": 13},
}


@dataclass(frozen=True, kw_only=True)
class FrontEnd:
    """Computes the input of a network from a clip. The same object serves building, training and prediction.

    Parameters
    ----------
    kind
        ``waveform``: the samples, one bin per frame. ``spectrogram``: magnitude in dB. ``mel``: mel spectrogram in
        dB. ``mfcc``: its cepstral coefficients.
    sr
        Sample rate that clips must have, in Hz.
    n_fft, hop_length
        Frame length and step in samples (2048 and 512). The step is at most the length.
    center
        Frame ``t`` is centred on sample ``t * hop_length``, with zeros beyond the ends (True), or starts there (False).
    top_db
        Values are limited to this many dB below the loudest value of the same clip (80); ``math.inf`` for no limit.
    n_mels
        Number of mel filters (128).
    n_mfcc
        Number of cepstral coefficients (13).
    fmin, fmax
        The band in Hz (0 to ``sr / 2``) that the mel filters cover, or that is kept of a spectrogram.

    Parameters that a kind does not use are set to None.

    Raises
    ------
    ParameterError
        If the kind is unknown or a number is out of range.

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
    center: bool | None = None
    top_db: float | None = None

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
                value = operator.index(value)  # JSON cannot store NumPy integers
            object.__setattr__(self, field.name, value)
        object.__setattr__(self, "sr", operator.index(self.sr))
        for name, unit in (("fmin", "Hz"), ("fmax", "Hz"), ("top_db", "dB")):
            if not isinstance(getattr(self, name), int | float | None) or isinstance(getattr(self, name), bool):
                raise ParameterError(f"{name} must be a number of {unit}. Received {name}={getattr(self, name)!r}.")
        if not isinstance(self.center, bool | None):
            raise ParameterError(f"center must be true or false. Received center={self.center!r}.")
        if self.n_fft is not None:
            check_filters(1, n_fft=self.n_fft)
        if self.n_fft is not None and self.hop_length is not None:
            check_hop(self.hop_length, n_fft=self.n_fft)
        if self.top_db is not None:
            check_between("top_db", self.top_db, 0, np.inf, "dB")
        if self.kind == "spectrogram":
            self._band()
        if self.n_mels is not None and self.n_fft is not None:
            # Makes the filters once, so that an impossible range or count is refused here, not at the first clip.
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
        # JSON has no infinity.
        return cls(**{**values, "top_db": np.inf} if values.get("top_db") == "inf" else values)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings that this kind uses as values that JSON can store (infinite ``top_db``: ``"inf"``)."""
        used = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        return {**used, "top_db": "inf"} if used.get("top_db") == np.inf else used

    @property
    def bins(self) -> int:
        """Values per frame."""
        if self.kind == "waveform":
            return 1
        if self.kind == "spectrogram":
            return len(range(1 + (self.n_fft or 0) // 2)[self._band()])
        return self.n_mfcc or self.n_mels or 0

    def shape(self, n_samples: int) -> tuple[int, int]:
        """Return ``(frames, bins)`` of the features of a clip of ``n_samples``."""
        if self.hop_length is None or self.n_fft is None:
            return n_samples, self.bins
        if self.center:
            return frame_count(n_samples - self.n_fft % 2, hop_length=self.hop_length), self.bins
        beyond_first = n_samples - self.n_fft
        return (frame_count(beyond_first, hop_length=self.hop_length) if beyond_first >= 0 else 0), self.bins

    def __call__(self, y: FloatArray) -> npt.NDArray[np.float32]:
        """Compute the features of a clip.

        Parameters
        ----------
        y
            Samples at ``self.sr``, shape ``(samples,)`` or a batch ``(n, samples)``.

        Returns
        -------
        float32, shape ``(frames, bins)`` or ``(n, frames, bins)``; examples do not affect each other.

        Raises
        ------
        ParameterError
            If ``y`` is not floating-point, is empty or has a value that is not finite, or with ``center=False`` is
            shorter than a frame.
        """
        if self.kind == "waveform":
            clips = as_clips(y).astype(np.float32)[..., np.newaxis]  # a copy: it may be written to
            return clips if np.ndim(y) == 2 else clips[0]
        given = {key: value for key, value in self.to_dict().items() if key not in ("kind", "top_db")}
        if self.kind == "spectrogram":
            magnitude = spectrogram(y, **{k: v for k, v in given.items() if k not in ("fmin", "fmax")})
            out = amplitude_to_db(magnitude[..., self._band(), :], top_db=self.top_db)
        elif self.kind == "mel":
            out = power_to_db(mel_spectrogram(y, **given), top_db=self.top_db)
        else:
            out = mfcc(y, **given, top_db=self.top_db)
        return np.ascontiguousarray(out.swapaxes(-1, -2))

    def _band(self) -> slice:
        """Bins of a spectrogram that are kept."""
        return band_bins(sr=self.sr, n_fft=self.n_fft or 0, fmin=self.fmin or 0.0, fmax=self.fmax)

    def stream(self) -> FeatureStream:
        """Return a stream that computes features of samples as they arrive.

        Raises
        ------
        ParameterError
            If ``top_db`` is finite: the loudest value is not known before the clip ends.

        >>> stream = FrontEnd(kind="mel", sr=16000, center=False, top_db=np.inf).stream()
        >>> stream(np.zeros(3000, dtype=np.float32)).shape  # one frame of 2048, another after 512 more
        (2, 128)
        """
        return FeatureStream(self)
