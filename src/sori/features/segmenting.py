"""How recordings are cut into segments."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_between, check_choice, check_count, require
from sori.features.front_end import FrontEnd
from sori.units import FloatArray, seconds_to_samples, segment_samples

_TRACKER_HOP = 512
_TRACKER_SR = 22050
_LONGEST_S, _MOST_SEGMENTS = 1e6, 10**6


@dataclass(frozen=True, kw_only=True)
class Segmenting:
    """How a recording is cut: its first ``duration_s`` seconds into ``segments`` equal pieces, or at its beats.

    Parameters
    ----------
    duration_s
        Seconds of a recording that are used.
    segments
        Number of pieces in that time; each has ``int(duration_s * sr / segments)`` samples.
    overlap
        Above 0: segments of that length begin every ``1 - overlap`` of it, instead of being adjacent.
    pad
        Fill a piece that the recording's end cuts short with zeros, instead of dropping it. A piece that would
        begin after the end is never made.
    by
        ``time``, as above; or ``beats``: a segment of that length begins at every ``beats``-th beat and ends at the
        next such one. Missing samples are zeros; excess samples are left out.
    beats
        Beats from one segment to the next.

    >>> Segmenting(duration_s=30, segments=5).samples(22050)
    132300
    """

    duration_s: float = 30.0
    segments: int = 10
    overlap: float = 0.0
    pad: bool = False
    by: str = "time"
    beats: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.duration_s, int | float) or not 0 < self.duration_s <= _LONGEST_S:
            raise ParameterError(
                f"duration_s must be above 0 s and at most {_LONGEST_S:g}. Received duration_s={self.duration_s!r}."
            )
        check_count("segments", self.segments)
        check_between("segments", self.segments, 1, _MOST_SEGMENTS)
        check_between("overlap", self.overlap, 0, 0.95)
        check_choice("by", self.by, ("time", "beats"))
        check_count("beats", self.beats)

    def samples(self, sr: int) -> int:
        """Return the number of samples in a segment at ``sr`` Hz."""
        n = segment_samples(duration_s=self.duration_s, sr=sr, segments=self.segments)
        if n < 1:
            raise ParameterError(
                f"duration_s / segments must be at least one sample. Received {self.duration_s:g} s / {self.segments} "
                f"at {sr} Hz."
            )
        return n

    def starts(self, sr: int) -> list[int]:
        """Return the first sample of each segment of a recording that is long enough."""
        last = seconds_to_samples(self.duration_s, sr=sr) - self.samples(sr)
        return list(range(0, last + 1, self.step(sr)))

    def step(self, sr: int) -> int:
        """Return the number of samples from the start of a segment to that of the next."""
        return max(1, round(self.samples(sr) * (1 - self.overlap)))

    def cut(self, y: npt.NDArray[np.float32], *, front_end: FrontEnd) -> tuple[npt.NDArray[np.float32], list[int]]:
        """Cut a clip at ``front_end.sr`` into segments.

        Returns
        -------
        float32, shape ``(n, samples)``, and the first sample of each. A segment that the end cuts short is kept
        only if it still has as many frames as a whole one (the missing samples are then zeros).
        """
        n = self.samples(front_end.sr)
        if self.by == "beats":
            bounds = beat_samples(y, sr=front_end.sr)[:: self.beats].tolist()
            pairs = list(pairwise(bounds))
        else:
            starts = [s for s in self.starts(front_end.sr) if self._whole(min(n, len(y) - s), n, front_end)]
            pairs = [(start, start + n) for start in starts]
        clips = np.zeros((len(pairs), n), dtype=np.float32)
        for clip, (start, end) in zip(clips, pairs, strict=True):
            piece = y[start : min(end, start + n)]
            clip[: len(piece)] = piece
        return clips, [start for start, _ in pairs]

    def missing(self, made: int, *, sr: int) -> int:
        """Return how many segments are missing of a recording that was too short, if ``made`` were made."""
        return 0 if self.by == "beats" else len(self.starts(sr)) - made

    def _whole(self, present: int, n: int, front_end: FrontEnd) -> bool:
        if present <= 0:
            return False
        return self.pad or front_end.shape(present)[0] == front_end.shape(n)[0]


def beat_samples(y: FloatArray, *, sr: int) -> npt.NDArray[np.int64]:
    """Find beats; return their samples in ascending order, shape ``(n,)``.

    Raises
    ------
    ParameterError
        If ``y`` is not one-dimensional floating-point samples.
    MissingDependencyError
        If librosa is not installed.

    Source: Ellis, Beat Tracking by Dynamic Programming (2007).
    """
    y = _one_clip(y)
    check_count("sr", sr)
    librosa = require("librosa")
    if len(y) < 2 or not y.any():
        return np.empty(0, dtype=np.int64)
    # The tracker's onset strength is designed for hops of 23 ms, so the hop depends on the rate.
    hop = max(1, round(_TRACKER_HOP * sr / _TRACKER_SR))
    n_fft = max(64, 4 * hop)
    strength = librosa.onset.onset_strength(y=y, sr=sr, hop_length=hop, n_fft=n_fft, n_mels=min(128, n_fft // 8))
    _, found = librosa.beat.beat_track(onset_envelope=strength, sr=sr, hop_length=hop)
    at: npt.NDArray[np.int64] = np.asarray(found, dtype=np.int64) * hop
    return at[at < len(y)]


def _one_clip(y: FloatArray) -> npt.NDArray[np.float32]:
    y = np.asarray(y)
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.floating):
        raise ParameterError(f"y must be floating-point samples of shape (samples,). Received {y.dtype} {y.shape}.")
    return y.astype(np.float32, copy=False)
