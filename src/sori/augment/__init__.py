"""Augmentation, which is applied to training data only."""

from sori.augment.batch import Mix
from sori.augment.drawn import MOST_VARIANTS, Drawn
from sori.augment.recipes import RECIPES, Augmentation
from sori.augment.spectrogram import SpectrogramAugment
from sori.augment.variants import Variant, looked_at, make_variant, named_augmentation
from sori.augment.waveform import TRANSFORMS, Background, Chain, Transform

__all__ = [
    "MOST_VARIANTS",
    "RECIPES",
    "TRANSFORMS",
    "Augmentation",
    "Background",
    "Chain",
    "Drawn",
    "Mix",
    "SpectrogramAugment",
    "Transform",
    "Variant",
    "looked_at",
    "make_variant",
    "named_augmentation",
]
