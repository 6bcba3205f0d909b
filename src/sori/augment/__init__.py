"""Augmentation, which is applied to training data only."""

from sori.augment.batch import Mix
from sori.augment.drawn import DrawnVariant
from sori.augment.recipes import RECIPES, Augmentation
from sori.augment.spectrogram import SpectrogramAugment
from sori.augment.variants import Variant, looked_at, make_variant, named_augmentation
from sori.augment.waveform import TRANSFORMS, Background, Chain, Transform

__all__ = [
    "RECIPES",
    "TRANSFORMS",
    "Augmentation",
    "Background",
    "Chain",
    "DrawnVariant",
    "Mix",
    "SpectrogramAugment",
    "Transform",
    "Variant",
    "looked_at",
    "make_variant",
    "named_augmentation",
]
