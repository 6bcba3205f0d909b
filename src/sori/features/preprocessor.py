"""The preprocessor turns recordings into segments of features, in the same way in datasets, bundles and inference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sori.audio import load, resample
from sori.errors import AudioError, ParameterError, check_keys
from sori.features.front_end import FrontEnd
from sori.features.registry import front_end_from_dict
from sori.features.segmenting import Segmenting
from sori.units import seconds_to_samples

# Classes whose recordings may be digital silence.
SILENCE = ("silence", "_silence_", "_background_noise_")
# Seconds read beyond the part that is used, so that rounding in resampling never shortens the last segment.
_MARGIN_S = 0.05
_LARGEST_SEGMENT = 2**28  # 1 GiB of float32


class Unusable(AudioError):
    """A recording that can be read but contains no usable segment."""


@dataclass(frozen=True)
class Preprocessor:
    """A front end and a segmenting, which belong together.

    Parameters
    ----------
    front_end
        Turns samples into features.
    segmenting
        Cuts a recording into segments.

    Raises
    ------
    ParameterError
        If a segment would be shorter than a frame, or larger than a gigabyte.

    >>> preprocessor = Preprocessor(FrontEnd(kind="mfcc", sr=22050), Segmenting(duration_s=2, segments=2))
    >>> preprocessor.shape
    (44, 13)
    >>> x, starts = preprocessor.segments(np.ones(44100, dtype=np.float32), sr=22050)
    >>> x.shape, starts
    ((2, 44, 13), [0, 22050])
    """

    front_end: FrontEnd
    segmenting: Segmenting

    def __post_init__(self) -> None:
        frames, bins = self.shape
        if not frames:
            raise ParameterError(
                f"a segment of {self.samples} samples is shorter than a frame of {self.front_end.kind}: use longer "
                "segments or a smaller n_fft"
            )
        if frames * bins > _LARGEST_SEGMENT:
            raise ParameterError(
                f"a segment would be {frames:,} frames x {bins}, more than {_LARGEST_SEGMENT:,} numbers: use more "
                "segments, or a shorter duration"
            )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild a preprocessor from :meth:`to_dict`.

        Raises
        ------
        ParameterError
            If a key is unknown or missing, or a value has the wrong type.
        """
        check_keys("Preprocessor", values, ("front_end", "segmenting"))
        for key in ("front_end", "segmenting"):
            if not isinstance(values.get(key), Mapping):
                raise ParameterError(f"a preprocessor needs {key!r}, a table of settings.")
        check_keys("segmenting", values["segmenting"], [field.name for field in fields(Segmenting)])
        return cls(front_end_from_dict(values["front_end"]), Segmenting(**values["segmenting"]))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as values that JSON can store."""
        return {"front_end": self.front_end.to_dict(), "segmenting": asdict(self.segmenting)}

    @property
    def sr(self) -> int:
        """The sample rate in Hz to which recordings are resampled."""
        return self.front_end.sr

    @property
    def samples(self) -> int:
        """Samples of a segment at that rate."""
        return self.segmenting.samples(self.sr)

    @property
    def shape(self) -> tuple[int, int]:
        """``(frames, bins)`` of a segment."""
        return self.front_end.shape(self.samples)

    @property
    def most_segments(self) -> int:
        """Number of segments of a recording that is long enough."""
        return max(1, len(self.segmenting.starts(self.sr)))

    def load(self, path: Path) -> tuple[npt.NDArray[np.float32], int]:
        """Read the part of a recording that is used: samples ``(samples,)`` and their rate.

        Raises
        ------
        AudioError
            If it cannot be read.
        """
        return load(path, duration_s=self.segmenting.duration_s + _MARGIN_S)

    def clips(
        self, y: npt.NDArray[np.float32], *, sr: int, allow_silence: bool = False
    ) -> tuple[npt.NDArray[np.float32], list[int]]:
        """Cut a clip into segments, as samples.

        Parameters
        ----------
        y
            Samples ``(samples,)`` at any rate ``sr``.
        allow_silence
            Accept digital silence like any other sound, as for the classes in :data:`SILENCE`.

        Returns
        -------
        float32, shape ``(n, self.samples)``, and the first sample of each; ``n`` is at least 1.

        Raises
        ------
        ParameterError
            If ``y`` is not one-dimensional floating-point samples.
        Unusable
            If it is silent, or too short for one segment.
        """
        if np.ndim(y) != 1 or not np.issubdtype(np.asarray(y).dtype, np.floating):
            raise ParameterError(
                f"a clip must be floating-point samples in [-1, 1], of shape (samples,). Received "
                f"{np.asarray(y).dtype} of shape {np.shape(y)}."
            )
        used = seconds_to_samples(self.segmenting.duration_s + _MARGIN_S, sr=sr)
        y = resample(np.asarray(y[:used], dtype=np.float32), from_sr=sr, to_sr=self.sr)
        if not (y.any() or allow_silence):
            raise Unusable("silent: every sample is zero, or the channels cancel each other")
        clips, starts = self.segmenting.cut(y, front_end=self.front_end)
        if not starts and self.segmenting.by == "beats":
            raise Unusable("fewer than two beats were found to cut at")
        if not starts:
            raise Unusable(
                f"too short: {len(y) / self.sr:.3g} s, one segment is {self.samples / self.sr:.3g} s "
                "(`pad=True` fills it with zeros)"
            )
        return clips, starts

    def segments(
        self, y: npt.NDArray[np.float32], *, sr: int, allow_silence: bool = False
    ) -> tuple[npt.NDArray[np.float32], list[int]]:
        """Make features of a clip's segments; parameters and errors as :meth:`clips`.

        Returns
        -------
        float32, shape ``(n, frames, bins)``, and the first sample of each segment; ``n`` is at least 1.
        """
        clips, starts = self.clips(y, sr=sr, allow_silence=allow_silence)
        with np.errstate(over="ignore", invalid="ignore"):
            x = self.front_end(clips)
        if not np.isfinite(x).all():
            raise Unusable(f"samples are far too large: up to {np.abs(clips).max():.2g}, where full scale is 1")
        return x, starts

    def windows(
        self, pieces: Iterable[npt.NDArray[np.float32]], *, at_once: int = 64
    ) -> Iterator[tuple[npt.NDArray[np.float32], list[int]]]:
        """Cut a recording of any length into windows as long as a segment, in constant memory.

        They begin where the segments of a dataset do, and go on to the end. If more than a tenth of a window is left
        there, a last one ends with the recording. A recording shorter than a window has none.

        Parameters
        ----------
        pieces
            Successive samples ``(samples,)`` at ``self.sr``.
        at_once
            Greatest number of windows that are yielded together.

        Yields
        ------
        float32, shape ``(n, self.samples)``, and the first sample of each window.
        """
        n, step = self.samples, self.segmenting.step(self.sr)
        kept, begin, done = np.zeros(0, dtype=np.float32), 0, 0  # samples that are kept, and their place
        for piece in pieces:
            kept = np.concatenate([kept, piece])
            while begin + len(kept) >= done + n:
                count = min(at_once, (begin + len(kept) - done - n) // step + 1)
                starts = [done + i * step for i in range(count)]
                yield np.stack([kept[start - begin : start - begin + n] for start in starts]), starts
                done += count * step
                cut = max(0, min(done, begin + len(kept) - n) - begin)  # the last window may need the last samples
                kept, begin = kept[cut:], begin + cut
        end = begin + len(kept)
        if done and end - (done - step + n) > n / 10:
            yield kept[np.newaxis, -n:], [end - n]

    def segments_of_file(self, path: Path, *, allow_silence: bool = False) -> tuple[npt.NDArray[np.float32], list[int]]:
        """Read a recording and make features of its segments, exactly as they are made for a dataset.

        Raises
        ------
        AudioError
            If the recording cannot be read; :class:`Unusable` if it is silent, or too short for one segment.
        """
        y, sr = self.load(path)
        try:
            return self.segments(y, sr=sr, allow_silence=allow_silence)
        except (Unusable, ParameterError) as error:
            raise type(error)(f"{path}: {error}") from error
