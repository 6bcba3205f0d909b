"""Separators: extract the piano from a mixture before transcription."""

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
    "spleeter": "pip install spleeter (it needs an environment of its own, with an older TensorFlow), then run it once "
    "so that it fetches its weights",
    "demucs": "pip install 'demucs>=4.1', then run it once so that it fetches its weights",
}
_SEPARATED_SR = 44100
Clip = npt.NDArray[np.float32]


def separator(method: str, *, sr: int) -> Callable[[Clip], Clip]:
    """Return a function that extracts the piano from a clip ``(samples,)`` at ``sr``; its model is loaded once.

    Parameters
    ----------
    method
        ``hpss``: removes short, noisy sounds, mainly drums, by median filters over the spectrogram (librosa;
        Fitzgerald 2010); other instruments stay. ``spleeter`` and ``demucs``: the piano stem of their models that
        have one (``5stems`` and ``htdemucs_6s``).

    Raises
    ------
    ParameterError
        If the method is unknown.
    MissingDependencyError
        If the library is not installed.
    SoriError
        If it fails, for example without its weights; the function may also raise it.
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
    except Exception as error:  # these libraries may raise anything
        raise SoriError(f"{method} failed: {reason(error)}") from error


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the parent package is missing
        return False


def _hpss(sr: int) -> Callable[[Clip], Clip]:
    librosa = require("librosa")
    return lambda y: np.asarray(librosa.effects.harmonic(y, margin=2.0), dtype=np.float32)


def _spleeter(sr: int) -> Callable[[Clip], Clip]:
    model = require(_MODULES["spleeter"]).Separator("spleeter:5stems")
    return _as_trained(lambda stereo: model.separate(stereo.T)["piano"].T, sr)


def _demucs(sr: int) -> Callable[[Clip], Clip]:
    torch = require("torch")
    model = require(_MODULES["demucs"]).Separator(model="htdemucs_6s")
    return _as_trained(
        lambda stereo: model.separate_tensor(torch.from_numpy(stereo), _SEPARATED_SR)[1]["piano"].numpy(), sr
    )


def _as_trained(piano_of: Callable[[Clip], Clip], sr: int) -> Callable[[Clip], Clip]:
    """Convert clips to the input of a model, two channels ``(2, samples)`` at its rate, and back."""

    def separate(y: Clip) -> Clip:
        resampled = resample(y, from_sr=sr, to_sr=_SEPARATED_SR)
        piano = np.asarray(piano_of(np.stack([resampled, resampled])), dtype=np.float32).mean(axis=0)
        return resample(piano, from_sr=_SEPARATED_SR, to_sr=sr)[: len(y)]

    return separate


# By name, a function that loads the separator for a rate.
SEPARATORS: Registry[Callable[[int], Callable[[Clip], Clip]]] = Registry(
    "separate", "sori.separators", {"hpss": _hpss, "spleeter": _spleeter, "demucs": _demucs}
)
