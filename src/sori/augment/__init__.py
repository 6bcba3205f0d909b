"""Augmentation of training data, and of nothing else."""

from sori.augment.spectrogram import SpectrogramAugment

__all__ = ["SpectrogramAugment"]
