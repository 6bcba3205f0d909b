"""Take a piano out of a recording that is more than a piano, before it is transcribed."""

from __future__ import annotations

import importlib.util

import numpy as np
import numpy.typing as npt

from sori.audio import resample
from sori.errors import MissingDependencyError, check_choice, require

WAYS = ("hpss", "spleeter", "demucs")
_HOW = {
    "spleeter": "pip install spleeter (it wants an environment of its own: an older TensorFlow), then run it once so "
    "that it fetches its weights",
    "demucs": "pip install demucs, then run it once so that it fetches its weights",
}
_SEPARATED_SR = 44100


def separate(y: npt.NDArray[np.float32], *, sr: int, way: str) -> npt.NDArray[np.float32]:
    """Return what is left of a clip ``(samples,)`` without what is no piano.

    Parameters
    ----------
    way
        ``hpss``: without what is short and noisy, drums above all, by median filters over the spectrogram (librosa;
        Fitzgerald 2010); other instruments stay. ``spleeter`` and ``demucs``: the piano's stem of their models that
        have one (``5stems`` and ``htdemucs_6s``).

    Raises
    ------
    ParameterError
        If the way is unknown.
    MissingDependencyError
        If the library is not installed.
    """
    check_separation(way)
    if way == "hpss":
        librosa = require("librosa", extra="beats")
        return np.asarray(librosa.effects.harmonic(y, margin=2.0), dtype=np.float32)
    heard = resample(y, from_sr=sr, to_sr=_SEPARATED_SR)
    stem = _spleeter(heard) if way == "spleeter" else _demucs(heard)
    return resample(stem.astype(np.float32), from_sr=_SEPARATED_SR, to_sr=sr)[: len(y)]


def check_separation(way: str) -> None:
    """Raise ParameterError or MissingDependencyError unless a clip can be separated that way."""
    check_choice("separate", way, WAYS)
    if way != "hpss" and importlib.util.find_spec(way) is None:
        raise MissingDependencyError(f"{way} is not installed: {_HOW[way]}; or use --separate hpss")


def _spleeter(y: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    separator = require("spleeter.separator", extra="").Separator("spleeter:5stems")
    stereo = np.stack([y, y], axis=1)
    piano: npt.NDArray[np.float32] = np.asarray(separator.separate(stereo)["piano"], dtype=np.float32).mean(axis=1)
    return piano


def _demucs(y: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    torch = require("torch", extra="")
    separator = require("demucs.api", extra="").Separator(model="htdemucs_6s")
    _, stems = separator.separate_tensor(torch.from_numpy(np.stack([y, y])), _SEPARATED_SR)
    piano: npt.NDArray[np.float32] = np.asarray(stems["piano"].numpy(), dtype=np.float32).mean(axis=0)
    return piano
