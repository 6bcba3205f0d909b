"""Complete augmentations, of clips, of features and of batches, and recipes by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from sori.augment.batch import Mix
from sori.augment.spectrogram import SpectrogramAugment
from sori.augment.waveform import (
    Background,
    Chain,
    Gain,
    HarmonicPercussive,
    Noise,
    OrderSwap,
    PitchShift,
    Room,
    Shift,
    Speed,
    TimeStretch,
)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """All changes to the training part, in order: to clips, to features and to batches; None: no change."""

    waveform: Chain | None = None
    spectrogram: SpectrogramAugment | None = None
    mix: Mix | None = None

    def with_background(self, folder: Path) -> Self:
        """Add recordings from a folder as background to half of the clips, before other changes of level or room."""
        before = self.waveform.transforms if self.waveform else ()
        return replace(self, waveform=Chain((Background(folder=folder, probability=0.5), *before)))

    def for_features(self, kind: str | None) -> Self:
        """Remove the changes that make no sense for a kind of features.

        A shift of bins changes the pitch only on a mel axis, and an added constant changes the loudness only where bins
        are levels.
        """
        if kind == "waveform":
            return replace(self, spectrogram=None)
        if self.spectrogram is None or kind == "mel":
            return self
        level = self.spectrogram.level if kind == "spectrogram" else 0.0
        return replace(self, spectrogram=replace(self.spectrogram, shift_bins=0, level=level))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as values that JSON can store."""
        return {
            "waveform": self.waveform.to_list() if self.waveform else None,
            "spectrogram": asdict(self.spectrogram) if self.spectrogram else None,
            "mix": asdict(self.mix) if self.mix else None,
        }


RECIPES: Mapping[str, Augmentation] = {
    # Changes only the features, which are stored, so it costs almost nothing. For textures without a clear beginning.
    "spectrogram": Augmentation(
        spectrogram=SpectrogramAugment(
            roll=True, stretch=0.3, shift_bins=3, level=0.3, masks=2, time_mask=0.18, bin_mask=0.16
        ),
        mix=Mix(mixup=0.3),
    ),
    # Another speaker, pace, room and microphone. The order of sounds makes the word, so it is kept.
    "speech": Augmentation(
        waveform=Chain(
            (
                Speed(factor=(0.85, 1.18), probability=0.8),
                PitchShift(semitones=(-2.5, 2.5), probability=0.3),
                TimeStretch(rate=(0.8, 1.25), probability=0.3),
                Shift(shift_s=(-0.1, 0.1)),
                Room(probability=0.1),
                Gain(gain_db=(-12.0, 6.0), probability=0.8),
                Noise(snr_db=(5.0, 40.0), probability=0.5),
            )
        ),
        spectrogram=SpectrogramAugment(level=0.2, masks=2, time_mask=0.15, bin_mask=0.15),
        mix=Mix(mixup=0.3),
    ),
    # Keeps pitch and instrument.
    "music": Augmentation(
        waveform=Chain(
            (
                TimeStretch(rate=(0.85, 1.2), probability=0.4),
                Shift(shift_s=(-0.05, 0.05), probability=0.5),
                HarmonicPercussive(cut_db=12.0, probability=0.15),
                Room(probability=0.2),
                Gain(gain_db=(-12.0, 6.0), probability=0.8),
                Noise(snr_db=(10.0, 50.0), probability=0.5),
            )
        ),
        spectrogram=SpectrogramAugment(level=0.2, masks=1, time_mask=0.15, bin_mask=0.1),
        mix=Mix(mixup=0.2),
    ),
    "environment": Augmentation(
        waveform=Chain(
            (
                OrderSwap(pieces=4, probability=0.5),
                Speed(factor=(0.8, 1.25), probability=0.7),
                TimeStretch(rate=(0.8, 1.25), probability=0.2),
                HarmonicPercussive(cut_db=12.0, probability=0.1),
                Room(probability=0.1),
                Gain(gain_db=(-12.0, 6.0), probability=0.8),
                Noise(snr_db=(5.0, 45.0), probability=0.5),
            )
        ),
        spectrogram=SpectrogramAugment(roll=True, stretch=0.2, level=0.2, masks=2, time_mask=0.18, bin_mask=0.16),
        mix=Mix(mixup=0.3),
    ),
}
