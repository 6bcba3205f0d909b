"""Variants of a clip made by an augmentation, and the values that were drawn for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.augment.recipes import RECIPES, Augmentation
from sori.augment.spectrogram import SpectrogramAugment
from sori.augment.waveform import TRANSFORMS, Chain
from sori.errors import ParameterError, check_choice
from sori.features import FrontEnd

_N_FFT, _HOP, _N_MELS = 1024, 256, 64


@dataclass(frozen=True)
class Variant:
    """A changed clip, the values drawn for it, and its mel spectrogram ``(frames, bins)`` before and after masks.

    ``softer_db`` is the attenuation of ``y`` that avoids clipping; networks get the clip without it.
    """

    y: npt.NDArray[np.float32]
    drawn: Mapping[str, Any]
    softer_db: float
    mel_db: npt.NDArray[np.float32]
    masked_db: npt.NDArray[np.float32] | None


def make_variant(
    y: npt.NDArray[np.float32],
    augmentation: Augmentation,
    *,
    sr: int,
    rng: np.random.Generator,
    drawn: Mapping[str, Any] | None = None,
) -> Variant:
    """Change a clip ``(samples,)`` with the values ``drawn``, or with new ones if it is None.

    Raises
    ------
    ParameterError
        If ``drawn`` does not fit the augmentation, or a value is out of range.
    """
    chain = augmentation.waveform or Chain(())
    if drawn is not None:
        chain.check(drawn["waveform"])
    waveform = chain.draw(rng, samples=len(y), sr=sr) if drawn is None else drawn["waveform"]
    changed = chain.apply(y, waveform, sr=sr)
    mel_db = looked_at(sr)(changed)
    made: dict[str, Any] = {"waveform": waveform}
    masked = None
    if augmentation.spectrogram is not None:
        shape = (1, *mel_db.shape)
        features = (
            augmentation.spectrogram.draw(rng, shape)
            if drawn is None
            else augmentation.spectrogram.read_drawn(drawn.get("spectrogram") or {}, shape)
        )
        masked = _masked(mel_db, augmentation.spectrogram, features)
        made["spectrogram"] = {name: values.tolist() for name, values in features.items()}
    peak = max(1.0, float(np.abs(changed).max(initial=0)))
    return Variant(changed / np.float32(peak), made, 20 * float(np.log10(peak)), mel_db, masked)


def looked_at(sr: int) -> FrontEnd:
    """Return the front end of the figures of variants: a mel spectrogram in dB without a floor."""
    return FrontEnd(kind="mel", sr=sr, n_fft=_N_FFT, hop_length=_HOP, n_mels=_N_MELS, top_db=np.inf)


def named_augmentation(name: str, background: str | None = None) -> Augmentation:
    """Return the recipe of this name, or the augmentation by the transform of this name alone.

    Raises
    ------
    ParameterError
        If the name is unknown, or is Background and no folder is given.
    """
    check_choice("recipe", name, (*RECIPES, *TRANSFORMS))
    if name == "Background" and background is None:
        raise ParameterError("Background needs `background`, a folder of recordings.")
    if name in RECIPES:
        wanted = RECIPES[name]
    elif name == "Background":
        wanted = Augmentation()
    else:
        wanted = Augmentation(waveform=Chain((TRANSFORMS[name](),)))
    return wanted if background is None else wanted.with_background(Path(background))


def _masked(
    mel_db: npt.NDArray[np.float32], change: SpectrogramAugment, drawn: dict[str, npt.NDArray[Any]]
) -> npt.NDArray[np.float32]:
    """Apply to a mel spectrogram what training applies to normalised ones."""
    mean, std = float(mel_db.mean()), max(float(mel_db.std()), 1e-6)
    x = ((mel_db - mean) / std)[np.newaxis]
    return np.asarray(change.apply(x, drawn)[0] * std + mean, dtype=np.float32)
