"""Frames of a clip and their spectra, in blocks that fit the processor's cache: the first step of every analysis."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between, check_choice, check_count
from sori.features.transform import RealTransform
from sori.units import FloatArray, frame_count

PadMode = Literal["constant", "reflect", "symmetric", "edge", "wrap"]

# Samples per block of frames: 512 KiB of float32, which fits a core's second-level cache beside other data.
_BLOCK_SAMPLES = 2**17
# Longest frame, and most weights of a bank of filters: 256 MiB while it is made.
_LARGEST_FRAME, _MOST_WEIGHTS = 2**20, 2**25


class Frames:
    """How clips of ``n_samples`` are divided into frames: the checked arguments of every short-time analysis."""

    def __init__(
        self,
        n_samples: int,
        *,
        n_fft: int,
        hop_length: int | None,
        win_length: int | None,
        window: str | tuple[str, float],
        center: bool,
        pad_mode: PadMode,
    ) -> None:
        check_count("n_fft", n_fft)
        win_length = n_fft if win_length is None else win_length
        check_count("win_length", win_length)
        if win_length > n_fft:
            raise ParameterError(f"win_length must be at most n_fft={n_fft}. Received win_length={win_length}.")
        hop_length = max(1, win_length // 4) if hop_length is None else hop_length
        check_count("hop_length", hop_length)
        check_choice("pad_mode", pad_mode, get_args(PadMode))
        if not center and n_samples < n_fft:
            raise ParameterError(
                f"a clip of {n_samples} samples is shorter than n_fft={n_fft}: use center=True or a smaller n_fft."
            )
        self.n_samples, self.n_fft, self.hop_length, self.pad_mode = n_samples, n_fft, hop_length, pad_mode
        self.bins = 1 + n_fft // 2
        self.padding = n_fft // 2 if center else 0
        self.count = frame_count(n_samples + 2 * self.padding - n_fft, hop_length=hop_length)
        self.window = _window(window, win_length, n_fft)
        # Short clips share a block, long ones are cut into several.
        rows = max(1, _BLOCK_SAMPLES // n_fft)
        self.clips_per_block = max(1, rows // self.count)
        self.frames_per_block = min(self.count, rows)
        self.blocks_per_clip = -(-self.count // self.frames_per_block)

    @property
    def rows_per_block(self) -> int:
        """Frames in the largest block."""
        return self.clips_per_block * self.frames_per_block

    def share_out(self, n_clips: int, work: Callable[[range], None]) -> None:
        """Call ``work`` with the blocks of ``n_clips`` clips, on as many threads as ``scipy.fft`` is set to use."""
        blocks = range(-(-n_clips // self.clips_per_block) * self.blocks_per_clip)
        threads = min(_workers(), len(blocks))
        if threads == 1:
            work(blocks)
            return
        bounds = [len(blocks) * i // threads for i in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, (blocks[a:b] for a, b in pairwise(bounds))))

    def spectra(
        self, clips: FloatArray, blocks: range, *, precision: type[np.floating[Any]]
    ) -> Iterator[tuple[slice, npt.NDArray[np.complexfloating]]]:
        """Yield ``(rows, spectrum)`` of each block, where ``rows`` counts the frames of all clips in sequence.

        ``spectrum`` has shape ``(rows, bins)``; the caller may overwrite it, and the next block does.
        """
        n_clips, n_frames = min(self.clips_per_block, len(clips)), self.frames_per_block
        window = self.window.astype(precision)
        longest = (n_frames - 1) * self.hop_length + self.n_fft
        stretch = np.empty((n_clips, longest), dtype=precision)
        frames = np.lib.stride_tricks.sliding_window_view(stretch, self.n_fft, axis=-1)[:, :: self.hop_length]
        transform = RealTransform(n_clips * n_frames, self.n_fft, precision)
        for block in blocks:
            i = block // self.blocks_per_clip * self.clips_per_block
            t = block % self.blocks_per_clip * n_frames
            some = clips[i : i + self.clips_per_block]
            count = min(n_frames, self.count - t)
            self._fill(stretch, some, first=t * self.hop_length - self.padding)
            windowed = transform.input[: len(some) * count].reshape(len(some), count, -1)[..., : self.n_fft]
            np.multiply(frames[: len(some), :count], window, out=windowed)
            start, rows = i * self.count + t, len(some) * count
            yield slice(start, start + rows), transform(rows)

    def _fill(self, stretch: FloatArray, clips: FloatArray, *, first: int) -> None:
        """Copy the samples from ``first`` on, and the padding beyond the ends of the clips."""
        last = first + stretch.shape[-1]
        inside = slice(max(first, 0), min(last, self.n_samples))
        head, tail = inside.start - first, max(inside.stop, inside.start) - first
        out = stretch[: len(clips)]
        out[:, head:tail] = clips[:, inside]
        if self.pad_mode == "constant" or not self.padding:
            out[:, :head] = 0
            out[:, tail:] = 0
        elif head or tail < out.shape[-1]:
            beyond = np.pad(clips, ((0, 0), (self.padding, self.padding)), mode=self.pad_mode)
            piece = beyond[:, first + self.padding : last + self.padding]
            out[:, : piece.shape[-1]] = piece


def check_filters(count: int, *, n_fft: int) -> None:
    """Raise ParameterError if frames or filters would be too large for any sound, as damaged settings make them."""
    check_between("n_fft", n_fft, 1, _LARGEST_FRAME)
    if count * (1 + n_fft // 2) > _MOST_WEIGHTS:
        raise ParameterError(
            f"{count:,} filters for frames of {n_fft:,} samples take too much memory: use fewer, or a smaller n_fft"
        )


def check_hop(hop_length: int, *, n_fft: int) -> None:
    """Raise ParameterError if frames would skip samples."""
    if hop_length > n_fft:
        raise ParameterError(
            f"hop_length must be at most n_fft={n_fft}, or samples between the frames are skipped. "
            f"Received hop_length={hop_length}."
        )


def as_clips(y: FloatArray) -> FloatArray:
    """Return ``y`` as a batch ``(n, samples)``.

    Raises
    ------
    ParameterError
        If it is not one- or two-dimensional, not floating-point, empty, or has a value that is not finite.
    """
    y = np.asarray(y)
    if y.ndim not in (1, 2):
        raise ParameterError(f"y must have shape (samples,) or (n, samples). Received shape {y.shape}.")
    if not np.issubdtype(y.dtype, np.floating):
        raise ParameterError(
            f"y must be floating-point, in [-1, 1]. Received {y.dtype}: divide whole numbers by full scale first."
        )
    if not y.size:
        raise ParameterError(f"y must have at least one sample. Received shape {y.shape}.")
    # A sum of squares takes no memory and keeps NaN and infinity; it may also overflow, hence the second check.
    if not np.isfinite(np.vdot(y, y)) and not np.isfinite(y).all():
        raise ParameterError("y must be finite. Received a clip with NaN or infinite samples.")
    return y[np.newaxis] if y.ndim == 1 else y


def bins_by_frames(out: npt.NDArray[Any], y: FloatArray) -> npt.NDArray[Any]:
    """Turn ``(n, frames, bins)`` into librosa's ``(bins, frames)``, keeping the batch axis only if ``y`` had one."""
    out = out.swapaxes(-1, -2)
    return out if np.ndim(y) == 2 else out[0]


@lru_cache(maxsize=32)
def _window(window: str | tuple[str, float], win_length: int, n_fft: int) -> npt.NDArray[np.float64]:
    if window == "hann" and win_length > 1:  # written out: importing scipy.signal takes longer than most clips
        values = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(win_length) / win_length)
    else:
        import scipy.signal

        try:
            values = scipy.signal.get_window(window, win_length, fftbins=True)
        except ValueError as error:
            raise ParameterError(f"window must be one that scipy.signal knows. Received window={window!r}.") from error
    before = (n_fft - win_length) // 2
    padded = np.zeros(n_fft)
    padded[before : before + win_length] = values
    padded.setflags(write=False)
    return padded


def _workers() -> int:
    """Return the number of threads that ``scipy.fft`` is set to use; 1 if it is not imported."""
    fft = sys.modules.get("scipy.fft")
    return 1 if fft is None else int(fft.get_workers())
