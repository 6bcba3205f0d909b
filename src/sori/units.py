"""All conversions of units: seconds, samples and frames; Hz, notes and mel; amplitude, power and decibels."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import overload

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between

FloatArray = npt.NDArray[np.floating]
Reference = float | Callable[[FloatArray], float]

# Slaney's mel scale: linear below 1 kHz, logarithmic above (Auditory Toolbox, 1998).
_LINEAR_HZ_PER_MEL = 200.0 / 3
_KNEE_HZ = 1000.0
_KNEE_MEL = _KNEE_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0
_NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def segment_samples(*, duration_s: float, sr: int, segments: int) -> int:
    """Return the number of samples in one of ``segments`` equal pieces of ``duration_s`` seconds, rounded down.

    >>> segment_samples(duration_s=30, sr=22050, segments=10)
    66150
    """
    return int(duration_s * sr / segments)


def seconds_to_samples(seconds: float, *, sr: int) -> int:
    """Nearest whole number of samples in ``seconds``.

    >>> seconds_to_samples(0.5, sr=22050)
    11025
    """
    return round(seconds * sr)


def frame_count(n_samples: int, *, hop_length: int) -> int:
    """Return the number of frames in a centred analysis of ``n_samples``.

    >>> frame_count(66150, hop_length=512)
    130
    """
    return 1 + n_samples // hop_length


def frame_times_s(n_frames: int, *, sr: int, hop_length: int) -> npt.NDArray[np.float64]:
    """Centre of each frame of a centred analysis in seconds, shape ``(n_frames,)``.

    >>> frame_times_s(3, sr=1000, hop_length=500)
    array([0. , 0.5, 1. ])
    """
    return np.arange(n_frames) * hop_length / sr


@overload
def hz_to_mel(hz: float, *, htk: bool = False) -> float: ...
@overload
def hz_to_mel(hz: npt.NDArray[np.float64], *, htk: bool = False) -> npt.NDArray[np.float64]: ...
def hz_to_mel(hz: float | npt.NDArray[np.float64], *, htk: bool = False) -> float | npt.NDArray[np.float64]:
    """Convert Hz to mel on Slaney's scale, or on HTK's (O'Shaughnessy, 1987).

    >>> float(hz_to_mel(440.0)), round(float(hz_to_mel(440.0, htk=True)), 2)
    (6.6, 549.64)
    """
    hz = np.asarray(hz, dtype=np.float64)
    if htk:
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    above = _KNEE_MEL + np.log(np.maximum(hz, _KNEE_HZ) / _KNEE_HZ) / _LOG_STEP
    return np.where(hz >= _KNEE_HZ, above, hz / _LINEAR_HZ_PER_MEL)


def mel_to_hz(mel: npt.NDArray[np.float64], *, htk: bool = False) -> npt.NDArray[np.float64]:
    """Convert mel to Hz, the inverse of :func:`hz_to_mel`.

    >>> mel_to_hz(np.array([6.6, 15.0]))
    array([ 440., 1000.])
    """
    if htk:
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    above = _KNEE_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _KNEE_MEL) - _KNEE_MEL))
    return np.where(mel >= _KNEE_MEL, above, mel * _LINEAR_HZ_PER_MEL)


def midi_to_hz(pitch: float, *, tuning_hz: float = 440.0) -> float:
    """Frequency in Hz of a MIDI number, where A4 (69) is ``tuning_hz``.

    >>> midi_to_hz(60)
    261.6255653005986
    """
    return float(tuning_hz * 2.0 ** ((pitch - 69) / 12))


def hz_to_midi(hz: float, *, tuning_hz: float = 440.0) -> float:
    """Fractional MIDI number of a frequency above 0.

    >>> hz_to_midi(220.0)
    57.0
    """
    check_between("hz", hz, np.finfo(np.float64).tiny, np.inf, "Hz")
    return float(69 + 12 * np.log2(hz / tuning_hz))


def note_name(pitch: float) -> str:
    """Name of the note nearest to a MIDI number (60 is C4), with the deviation in cents unless it is zero.

    >>> note_name(60), note_name(69.1), note_name(57.98)
    ('C4', 'A4 +10 cents', 'A#3 -2 cents')
    """
    nearest = round(pitch)
    cents = round(100 * (pitch - nearest))
    return f"{_NOTE_NAMES[nearest % 12]}{nearest // 12 - 1}" + (f" {cents:+d} cents" if cents else "")


def note_to_midi(name: str) -> int:
    """MIDI number of a note's name: a letter, sharps (#) or flats (b), and the octave.

    >>> note_to_midi("C4"), note_to_midi("Eb-1"), note_to_midi("A#3")
    (60, 3, 58)
    """
    match = re.fullmatch(r"([A-Ga-g])([#♯b♭]*)(-?\d+)", name.strip())
    if match is None:
        raise ParameterError(f"a note is a letter from A to G, # or b, and an octave, as in C#4. Received {name!r}.")
    shift = sum(1 if sign in "#♯" else -1 for sign in match[2])
    return _NOTE_NAMES.index(match[1].upper()) + shift + 12 * (int(match[3]) + 1)


def power_to_db(
    S: FloatArray, *, ref: Reference = 1.0, amin: float = 1e-10, top_db: float | None = 80.0
) -> npt.NDArray[np.float32]:
    """Power in decibels: ``10 log10(max(S, amin) / ref)``.

    Parameters
    ----------
    S
        Power, any shape. With three dimensions or more, the leading ones are a batch.
    ref
        The power at 0 dB; or a function, such as ``np.max``, that computes it for each example.
    amin
        Lower powers are raised to this; 1e-10 is -100 dB at ``ref=1``.
    top_db
        Values are limited to this many dB below the loudest value of the same example; None for no limit.

    Returns
    -------
    float32, the shape of ``S``.

    Raises
    ------
    ParameterError
        If ``amin`` or ``ref`` is not above zero, or ``top_db`` is negative.

    Notes
    -----
    In a batch each example has its own floor; in librosa the loudest example sets the floor of all.

    >>> power_to_db(np.array([1.0, 0.1, 0.0]), top_db=None).round(3)
    array([   0.,  -10., -100.], dtype=float32)
    """
    tiny = float(np.finfo(np.float32).tiny)
    check_between("amin", amin, tiny, np.inf)
    if callable(ref):
        whole = np.asarray(S)
        examples = whole.reshape(-1, *whole.shape[-2:]) if whole.ndim > 2 else whole[np.newaxis]
        found = [power_to_db(one, ref=max(float(ref(one)), amin), amin=amin, top_db=top_db) for one in examples]
        return np.stack(found).reshape(whole.shape)
    check_between("ref", ref, tiny, np.inf)
    db = np.maximum(S, amin).astype(np.float32, copy=False)  # a new array: the steps below may work in place
    np.log10(db, out=db)
    db *= np.float32(10.0)
    db -= np.float32(10.0 * np.log10(max(amin, ref)))
    if top_db is not None:
        check_between("top_db", top_db, 0, np.inf, "dB")
        if db.size:
            loudest = db.max(axis=(-2, -1), keepdims=True) if db.ndim > 2 else db.max()
            np.maximum(db, loudest - np.float32(top_db), out=db)
    return db


def amplitude_to_db(
    S: FloatArray, *, ref: Reference = 1.0, amin: float = 1e-5, top_db: float | None = 80.0
) -> npt.NDArray[np.float32]:
    """Amplitude in decibels: ``20 log10(max(|S|, amin) / ref)``; otherwise as :func:`power_to_db`.

    >>> amplitude_to_db(np.array([1.0, 0.1])).round(3)
    array([  0., -20.], dtype=float32)
    """
    magnitude = np.abs(np.asarray(S)).astype(np.float64, copy=False)
    power: Reference = (lambda squares: float(ref(np.sqrt(squares))) ** 2) if callable(ref) else ref**2
    return power_to_db(np.square(magnitude), ref=power, amin=amin**2, top_db=top_db)
