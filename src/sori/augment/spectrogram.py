"""Augmentation of a batch of spectrograms: what a listener would still call the same sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import check_between, check_choice, check_count

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class SpectrogramAugment:
    """Random changes to a batch ``(n, frames, bins)`` of normalised features; labels stay what they are.

    What is drawn and what is done with it are apart, so that a batch can be logged and made again.

    Parameters
    ----------
    roll
        Begin anywhere: the segment is turned round in time, by any amount.
    stretch
        Play slower or faster by up to a factor ``2 ** stretch``, about a random instant; without ``roll``, an end that
        is reached early is held.
    shift_bins
        Move up or down by up to so many bins (pitch, on a mel axis), repeating the outermost.
    level
        Louder or softer by up to so many standard deviations (0.3 is about 6 dB for a mel spectrogram).
    masks, time_mask, bin_mask
        Blank so many stretches of time and of bins, each up to that part of the whole.
        Source: Park et al., SpecAugment (2019).
    fill
        What a blank holds: ``zero``, which of normalised features is the training part's mean; ``mean``, the example's
        own; ``fade``, the example sinking to that mean and rising again linearly, without an edge.
    """

    roll: bool = False
    stretch: float = 0.0
    shift_bins: int = 0
    level: float = 0.0
    masks: int = 0
    time_mask: float = 0.0
    bin_mask: float = 0.0
    fill: str = "zero"

    def __post_init__(self) -> None:
        check_between("stretch", self.stretch, 0, 2)
        check_count("shift_bins", self.shift_bins, at_least=0)
        check_between("level", self.level, 0, 10)
        check_count("masks", self.masks, at_least=0)
        check_between("time_mask", self.time_mask, 0, 1)
        check_between("bin_mask", self.bin_mask, 0, 1)
        check_choice("fill", self.fill, ("zero", "mean", "fade"))

    def draw(self, rng: np.random.Generator, shape: tuple[int, int, int]) -> dict[str, npt.NDArray[Any]]:
        """Draw everything :meth:`apply` needs for a batch of ``shape`` ``(n, frames, bins)``."""
        n, frames, bins = shape
        # Where a segment is turned round, it begins anywhere already; else a stretch has a middle of its own.
        about = rng.random(n) * frames if self.stretch and not self.roll else np.zeros(n)
        widths = np.array([self.time_mask * frames, self.bin_mask * bins])
        return {
            "roll": rng.integers(frames, size=n) if self.roll else np.zeros(n, dtype=np.int64),
            "about": about,
            "speed": 2.0 ** rng.uniform(-self.stretch, self.stretch, n),
            "shift": rng.integers(-self.shift_bins, self.shift_bins + 1, size=n),
            "level": rng.uniform(-self.level, self.level, n),
            "mask_width": np.floor(rng.random((n, self.masks, 2)) * (widths + 1)).astype(np.int64),
            "mask_at": rng.random((n, self.masks, 2)),
        }

    def apply(self, x: FloatArray, drawn: dict[str, npt.NDArray[Any]]) -> FloatArray:
        """Return the changed batch ``(n, frames, bins)``; ``x`` stays as it is."""
        n, frames, bins = x.shape
        about, speed = drawn["about"][:, np.newaxis], drawn["speed"][:, np.newaxis]
        time = (about + (np.arange(frames) - about) * speed).astype(np.int64)
        if self.roll:
            time = (time + drawn["roll"][:, np.newaxis]) % frames
        time = np.clip(time, 0, frames - 1)
        up = np.clip(np.arange(bins) - drawn["shift"][:, np.newaxis], 0, bins - 1)
        out: FloatArray = x[np.arange(n)[:, np.newaxis, np.newaxis], time[:, :, np.newaxis], up[:, np.newaxis, :]]
        out += drawn["level"].astype(np.float32)[:, np.newaxis, np.newaxis]
        means = out.mean(axis=(1, 2)) if self.fill == "mean" else np.zeros(n, dtype=np.float32)
        mask_widths = np.minimum(drawn["mask_width"], [frames, bins])  # drawn for another length, they may be wider
        starts = np.floor(drawn["mask_at"] * (np.array([frames, bins]) - mask_widths + 1)).astype(np.int64)
        for i, (widths, begins) in enumerate(zip(mask_widths, starts, strict=True)):
            for (t_width, b_width), (t, b) in zip(widths, begins, strict=True):
                if self.fill == "fade":
                    out[i, t : t + t_width] *= _dip(t_width)[:, np.newaxis]
                    out[i, :, b : b + b_width] *= _dip(b_width)
                else:
                    out[i, t : t + t_width] = means[i]
                    out[i, :, b : b + b_width] = means[i]
        return out


def _dip(width: int) -> FloatArray:
    """Fall in a line from 1 to 0 in the middle and rise again; the ends of it lie outside."""
    return np.abs(np.linspace(-1, 1, width + 2, dtype=np.float32))[1:-1]
