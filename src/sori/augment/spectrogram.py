"""Augmentation of a batch of spectrograms, by changes that a listener would call the same sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between, check_choice, check_count

FloatArray = npt.NDArray[np.float32]
_MOST_DRAWN = 1e6


@dataclass(frozen=True, kw_only=True)
class SpectrogramAugment:
    """Random changes to a batch ``(n, frames, bins)`` of normalised features; labels do not change.

    Drawing and applying are separate, so that a batch can be logged and reproduced.

    Parameters
    ----------
    roll
        Rotate the segment in time by a random amount.
    stretch
        Play slower or faster by up to a factor ``2 ** stretch``, about a random instant; without ``roll``, the first or
        last frame is repeated where the segment has ended.
    shift_bins
        Largest shift up or down in bins (pitch, on a mel axis); the outermost bin is repeated.
    level
        Largest change of level in standard deviations (0.3 is about 6 dB for a mel spectrogram).
    masks, time_mask, bin_mask
        Number of masks over time and over bins, and the largest fraction of the whole that each covers.
        Source: Park et al., SpecAugment (2019).
    fill
        Content of a mask: ``zero``, which is the training part's mean of normalised features; ``mean``, the example's
        own mean; ``fade``, the example faded linearly to zero and back, without an edge.
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
        # A rotated segment already begins at a random time; otherwise the stretch needs a random centre of its own.
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

    def read_drawn(self, values: Mapping[str, Any], shape: tuple[int, int, int]) -> dict[str, npt.NDArray[Any]]:
        """Turn lists read from a file into what :meth:`draw` returns for a batch of ``shape``.

        Raises
        ------
        ParameterError
            If they could not have been drawn.
        """
        expected = self.draw(np.random.default_rng(0), shape)
        if set(values) != set(expected):
            raise ParameterError(
                f"the values drawn for features must be {', '.join(expected)}. Received {list(values)}."
            )
        read = {}
        for name, like in expected.items():
            try:
                array = np.array(values[name], dtype=like.dtype).reshape(like.shape)
            except (TypeError, ValueError, OverflowError) as error:
                raise ParameterError(f"{name} must be {like.shape} numbers. Received {values[name]!r}.") from error
            if not (np.abs(array) <= _MOST_DRAWN).all():
                raise ParameterError(f"{name} must be numbers of at most {_MOST_DRAWN:g}. Received {values[name]!r}.")
            if name.startswith("mask") and (array < 0).any():
                raise ParameterError(f"{name} must not be negative. Received {values[name]!r}.")
            read[name] = array
        return read

    def apply(self, x: FloatArray, drawn: dict[str, npt.NDArray[Any]]) -> FloatArray:
        """Return the changed batch ``(n, frames, bins)``; ``x`` is not changed."""
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
        mask_widths = np.minimum(drawn["mask_width"], [frames, bins])  # masks drawn for another length may be wider
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
    """Fall linearly from 1 to 0 in the middle and rise again, without the end points."""
    return np.abs(np.linspace(-1, 1, width + 2, dtype=np.float32))[1:-1]
