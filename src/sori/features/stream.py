"""Features of samples as they arrive, such as those of a microphone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError
from sori.features.frames import as_clips
from sori.units import FloatArray

_Array = npt.NDArray[np.float32]


class FeatureStream:
    """Call it with samples as they arrive: it returns the frames that are complete, equal to those of the whole clip.

    It stores less than one frame of samples, for streams of any length.

    Parameters
    ----------
    front_end
        A :class:`sori.features.FrontEnd`, whose :meth:`~sori.features.FrontEnd.stream` makes this.

    Raises
    ------
    ParameterError
        If its ``top_db`` is finite: the loudest value is not known before the clip ends.
    """

    def __init__(self, front_end: Any) -> None:
        if front_end.top_db is not None and front_end.top_db != np.inf:
            raise ParameterError(
                f"a stream cannot have top_db={front_end.top_db:g}: the loudest value is unknown until the clip ends; "
                "use FrontEnd(..., top_db=math.inf)"
            )
        self.front_end = front_end
        self._frame_by_frame = replace(front_end, center=False)
        self._padding = (front_end.n_fft or 0) // 2 if front_end.center else 0
        self._kept: _Array
        self._begin()

    def __call__(self, y: FloatArray) -> _Array:
        """Take the next samples, shape ``(samples,)`` (may be empty), and return the frames that they complete.

        Returns
        -------
        float32, shape ``(frames, bins)``; no frames until there are samples for one.

        Raises
        ------
        ParameterError
            If ``y`` is a batch, is not floating-point or has a value that is not finite.
        """
        y = np.asarray(y)
        if y.ndim != 1:
            raise ParameterError(f"a stream takes samples of shape (samples,). Received shape {y.shape}.")
        if not y.size:
            return np.empty((0, self.front_end.bins), dtype=np.float32)
        as_clips(y)  # refuses invalid samples before they are stored
        self._begun = True
        samples = np.concatenate([self._kept, y.astype(np.float32, copy=False)])
        frames, bins = self._frame_by_frame.shape(len(samples))
        step = self.front_end.hop_length or 1
        self._kept = samples[frames * step :].copy()  # a copy, so that the rest of the memory is released
        if not frames:
            return np.empty((0, bins), dtype=np.float32)
        frames_of: _Array = self._frame_by_frame(samples)
        return frames_of

    def finish(self) -> _Array:
        """End the stream and return the frames that reach beyond its end; a new stream may then begin."""
        beyond = self._padding if self._begun else 0
        last = self(np.zeros(beyond, dtype=np.float32))
        self._begin()
        return last

    def _begin(self) -> None:
        self._kept = np.zeros(self._padding, dtype=np.float32)
        self._begun = False
