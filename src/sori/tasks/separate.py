"""Take a piano out of a recording that is more than a piano, before it is transcribed."""

from __future__ import annotations

import importlib.util

import numpy as np
import numpy.typing as npt

from sori.audio import resample
from sori.errors import MissingDependencyError, SoriError, check_choice, reason, require

WAYS = ("hpss", "spleeter", "demucs")
_MODULES = {"spleeter": "spleeter.separator", "demucs": "demucs.api"}
_HOW = {
    "spleeter": "pip install spleeter (it wants an environment of its own: an older TensorFlow), then run it once so "
    "that it fetches its weights",
    "demucs": "pip install 'demucs>=4.1', then run it once so that it fetches its weights",
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
    SoriError
        If it fails, as without its weights.
    """
    check_separation(way)
    if way == "hpss":
        librosa = require("librosa", extra="beats")
        return np.asarray(librosa.effects.harmonic(y, margin=2.0), dtype=np.float32)
    heard = resample(y, from_sr=sr, to_sr=_SEPARATED_SR)
    try:
        stem = _spleeter(heard) if way == "spleeter" else _demucs(heard)
    except Exception as error:  # whatever a library of that size may raise
        raise SoriError(f"{way} failed: {reason(error)}") from error
    return resample(stem.astype(np.float32), from_sr=_SEPARATED_SR, to_sr=sr)[: len(y)]


def check_separation(way: str) -> None:
    """Raise ParameterError or MissingDependencyError unless a clip can be separated that way."""
    check_choice("separate", way, WAYS)
    if way in _MODULES and not _is_there(_MODULES[way]):
        raise MissingDependencyError(f"{way} is not installed: {_HOW[way]}; or use --separate hpss")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it would be in
        return False


def _spleeter(y: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    separator = require(_MODULES["spleeter"], extra="").Separator("spleeter:5stems")
    stereo = np.stack([y, y], axis=1)
    piano: npt.NDArray[np.float32] = np.asarray(separator.separate(stereo)["piano"], dtype=np.float32).mean(axis=1)
    return piano


def _demucs(y: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    torch = require("torch", extra="")
    separator = require(_MODULES["demucs"], extra="").Separator(model="htdemucs_6s")
    _, stems = separator.separate_tensor(torch.from_numpy(np.stack([y, y])), _SEPARATED_SR)
    piano: npt.NDArray[np.float32] = np.asarray(stems["piano"].numpy(), dtype=np.float32).mean(axis=0)
    return piano
