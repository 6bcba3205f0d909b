"""Separators: take the piano out of a recording of more than a piano, before it is transcribed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from sori.audio import resample
from sori.errors import MissingDependencyError, SoriError, reason, require
from sori.registry import Registry

_MODULES = {"spleeter": "spleeter.separator", "demucs": "demucs.api"}
_HOW = {
    "spleeter": "pip install spleeter (it wants an environment of its own: an older TensorFlow), then run it once so "
    "that it fetches its weights",
    "demucs": "pip install 'demucs>=4.1', then run it once so that it fetches its weights",
}
_SEPARATED_SR = 44100
Clip = npt.NDArray[np.float32]


def separator(method: str, *, sr: int) -> Callable[[Clip], Clip]:
    """Return a function that takes from a clip ``(samples,)`` at ``sr`` what is no piano; its model is loaded once.

    Parameters
    ----------
    method
        ``hpss``: without what is short and noisy, drums above all, by median filters over the spectrogram (librosa;
        Fitzgerald 2010); other instruments stay. ``spleeter`` and ``demucs``: the piano's stem of their models that
        have one (``5stems`` and ``htdemucs_6s``).

    Raises
    ------
    ParameterError
        If the method is unknown.
    MissingDependencyError
        If the library is not installed.
    SoriError
        If it fails, as without its weights; so may the function.
    """
    make = SEPARATORS[method]
    if method in _MODULES and not _is_there(_MODULES[method]):
        raise MissingDependencyError(f"{method} is not installed: {_HOW[method]}; or use `separate='hpss'`")
    with _failing(method):
        piano_of = make(sr)

    def separate(y: Clip) -> Clip:
        with _failing(method):
            return piano_of(y)

    return separate


@contextmanager
def _failing(method: str) -> Iterator[None]:
    try:
        yield
    except SoriError:
        raise
    except Exception as error:  # whatever a library of that size may raise
        raise SoriError(f"{method} failed: {reason(error)}") from error


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it would be in
        return False


def _hpss(sr: int) -> Callable[[Clip], Clip]:
    librosa = require("librosa", extra="beats")
    return lambda y: np.asarray(librosa.effects.harmonic(y, margin=2.0), dtype=np.float32)


def _spleeter(sr: int) -> Callable[[Clip], Clip]:
    model = require(_MODULES["spleeter"], extra="").Separator("spleeter:5stems")
    return _as_trained(lambda stereo: model.separate(stereo.T)["piano"].T, sr)


def _demucs(sr: int) -> Callable[[Clip], Clip]:
    torch = require("torch", extra="")
    model = require(_MODULES["demucs"], extra="").Separator(model="htdemucs_6s")
    return _as_trained(
        lambda stereo: model.separate_tensor(torch.from_numpy(stereo), _SEPARATED_SR)[1]["piano"].numpy(), sr
    )


def _as_trained(piano_of: Callable[[Clip], Clip], sr: int) -> Callable[[Clip], Clip]:
    """Give a model what it was trained on: two channels ``(2, samples)`` at its rate."""

    def separate(y: Clip) -> Clip:
        heard = resample(y, from_sr=sr, to_sr=_SEPARATED_SR)
        piano = np.asarray(piano_of(np.stack([heard, heard])), dtype=np.float32).mean(axis=0)
        return resample(piano, from_sr=_SEPARATED_SR, to_sr=sr)[: len(y)]

    return separate


# By name, a function that loads the separator for a rate.
SEPARATORS: Registry[Callable[[int], Callable[[Clip], Clip]]] = Registry(
    "separate", "sori.separators", {"hpss": _hpss, "spleeter": _spleeter, "demucs": _demucs}
)
