"""Spot words in a long recording or a live stream: a window slides on, and each word comes out once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sori.bundle import Bundle
from sori.errors import ParameterError, check_between, check_choice, check_count
from sori.features import SILENCE
from sori.inference.classifier import Classifier
from sori.units import seconds_to_samples

# Classes that are no word; a window of theirs is nothing to report.
NOT_WORDS = (*SILENCE, "unknown", "_unknown_")
_SMOOTH_S = 0.3
# Windows that go through the network together; more no longer stay in the cache.
_AT_ONCE = 4


@dataclass(frozen=True)
class Event:
    """A word that was heard: the middle of the window that was surest of it, and how sure it was (0 to 1)."""

    time_s: float
    label: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class SpotterSettings:
    """How probabilities that slide along become events.

    Parameters
    ----------
    threshold
        A word counts while its smoothed probability is at least this.
    hop_s
        Seconds from one window to the next.
    smooth
        Windows whose probabilities are averaged, the one in question in the middle; None: as many as 0.3 s hold.
    gap_s
        The same word again counts as another one only if it begins so long after the one before has ended.
    ignore
        Classes that are no word.

    Source: smoothing and a threshold, as Chen et al., Small-footprint keyword spotting using deep neural networks
    (2014).
    """

    threshold: float = 0.8
    hop_s: float = 0.1
    smooth: int | None = None
    gap_s: float = 0.5
    ignore: tuple[str, ...] = NOT_WORDS

    def __post_init__(self) -> None:
        check_between("threshold", self.threshold, 0, 1)
        check_between("hop_s", self.hop_s, 0.01, 10, "s")
        if self.smooth is not None:
            check_count("smooth", self.smooth)
        check_between("gap_s", self.gap_s, 0, 60, "s")

    @property
    def averaged(self) -> int:
        """Windows that are averaged."""
        return max(1, round(_SMOOTH_S / self.hop_s + 1e-9)) if self.smooth is None else self.smooth


class Decoder:
    """Probabilities in, window by window; events out, each as soon as it can be known.

    >>> decoder = Decoder(("no", "silence"), SpotterSettings(threshold=0.5, smooth=1))
    >>> [e for t, p in enumerate([0.1, 0.9, 0.7, 0.2]) for e in decoder(t / 10, np.array([p, 1 - p]))]
    [Event(time_s=0.1, label='no', confidence=0.9)]
    """

    def __init__(self, classes: Sequence[str], settings: SpotterSettings) -> None:
        self.classes = tuple(classes)
        self.settings = settings
        self._words = np.array([name not in settings.ignore for name in classes])
        if not self._words.any():
            raise ParameterError("every class of this model is ignored, so there is nothing to listen for.")
        self._recent: deque[tuple[float, npt.NDArray[np.floating]]] = deque(maxlen=settings.averaged)
        self._best: Event | None = None
        self._span_s = (0.0, 0.0)  # of the word that is sounding
        self._ended_s: dict[str, float] = {}  # when each word that was told had ended
        for name in settings.ignore:
            if name not in NOT_WORDS:
                check_choice("ignore", name, classes)

    def __call__(self, time_s: float, probabilities: npt.NDArray[np.floating]) -> list[Event]:
        """Take the probabilities ``(classes,)`` of the window about ``time_s``; return the word that ended, if any."""
        self._recent.append((time_s, probabilities))
        if len(self._recent) < self.settings.averaged:
            return []
        middle_s = self._recent[len(self._recent) // 2][0]
        mean = np.mean([p for _, p in self._recent], axis=0)
        k = int(mean.argmax())
        if self._words[k] and mean[k] >= self.settings.threshold:
            now = Event(middle_s, self.classes[k], float(mean[k]))
            if self._best is not None and self._best.label == now.label:
                self._best = max(self._best, now, key=lambda event: event.confidence)
                self._span_s = (self._span_s[0], middle_s)
                return []
            ended = self.finish()
            self._best, self._span_s = now, (middle_s, middle_s)
            return ended
        return self.finish()

    def finish(self) -> list[Event]:
        """Return the word that is still sounding, if any: nothing follows it."""
        event, self._best = self._best, None
        if event is None:
            return []
        begin_s, end_s = self._span_s
        if begin_s - self._ended_s.get(event.label, -np.inf) < self.settings.gap_s:
            return []
        self._ended_s[event.label] = end_s
        return [event]


class Spotter:
    """Listens to a stream of samples with a trained classifier. Memory is that of one window.

    Parameters
    ----------
    run
        A trained model (folder, or the name of one that ships with Sori).

    Raises
    ------
    BundleError
        If it is none, or cannot hear recordings.
    """

    def __init__(self, run: str | Path, settings: SpotterSettings | None = None) -> None:
        self.settings = settings or SpotterSettings()
        self.classifier = Classifier(run, threads=1)
        self.sr = self.classifier.preprocessor.sr
        self.window = self.classifier.preprocessor.samples
        self._hop = max(1, seconds_to_samples(self.settings.hop_s, sr=self.sr))
        self._decoder = Decoder(self.classifier.bundle.classes, self.settings)
        # Half a window of silence before the first sample, so that a word at once is in the middle of some window.
        self._kept = np.zeros(self.window // 2, dtype=np.float32)
        self._start = -(self.window // 2)
        self._skip = 0  # samples until the next window, where windows are farther apart than they are long

    @property
    def bundle(self) -> Bundle:
        """The description of the model."""
        return self.classifier.bundle

    def __repr__(self) -> str:
        return f"Spotter({str(self.bundle.path)!r}, threshold {self.settings.threshold:g})"

    def __call__(self, y: npt.NDArray[np.float32]) -> list[Event]:
        """Listen to the next samples ``(samples,)`` at ``self.sr``, however many; return the words that ended."""
        return [event for time_s, p in self.probabilities(y) for event in self._decoder(time_s, p)]

    def probabilities(self, y: npt.NDArray[np.float32]) -> Iterator[tuple[float, npt.NDArray[np.float32]]]:
        """Yield the middle in seconds and the probabilities ``(classes,)`` of each window that is now complete."""
        skipped = min(self._skip, len(y))
        joined = np.concatenate([self._kept, np.asarray(y[skipped:], dtype=np.float32)])
        count = max(0, (len(joined) - self.window) // self._hop + 1)
        begin = self._start
        self._skip += max(0, count * self._hop - len(joined)) - skipped
        self._kept = joined[count * self._hop :]
        self._start += count * self._hop
        for first in range(0, count, _AT_ONCE):
            places = range(first, min(count, first + _AT_ONCE))
            clips = np.stack([joined[i * self._hop : i * self._hop + self.window] for i in places])
            for i, p in zip(places, self.classifier.predict_clips(clips), strict=True):
                yield (begin + i * self._hop + self.window / 2) / self.sr, p

    def finish(self) -> list[Event]:
        """Say that the stream has ended; return the words that ended with it."""
        events = self(np.zeros(self.window // 2 + self._hop * self.settings.averaged, dtype=np.float32))
        return [*events, *self._decoder.finish()]
