"""Spot words in a long recording or a live stream with a sliding window; each word is reported once."""

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

# Classes that are not words, and are not reported.
NOT_WORDS = (*SILENCE, "unknown", "_unknown_")
_SMOOTH_S = 0.3
# Windows that go through the network together; more would not fit in the cache.
_AT_ONCE = 4


# The longest window, in seconds, that is taken for one of words.
_WORD_S = 1.5


@dataclass(frozen=True)
class Event:
    """A detected word: the middle of the window with the highest probability, and that probability (0 to 1)."""

    time_s: float
    label: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class SpotterSettings:
    """How the probabilities of successive windows become events.

    Parameters
    ----------
    threshold
        A word is detected while its smoothed probability is at least this.
    hop_s
        Seconds from one window to the next.
    smooth
        Number of windows whose probabilities are averaged, centred; None: those of 0.3 s.
    gap_s
        The same word counts again only if it begins at least this long after the previous one has ended.
    ignore
        Classes that are not words.

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
        """Number of windows that are averaged."""
        return max(1, round(_SMOOTH_S / self.hop_s + 1e-9)) if self.smooth is None else self.smooth


class Decoder:
    """Turn probabilities, window by window, into events, each as early as possible.

    >>> decoder = Decoder(("no", "silence"), SpotterSettings(threshold=0.5, smooth=1))
    >>> [e for t, p in enumerate([0.1, 0.9, 0.7, 0.2]) for e in decoder(t / 10, np.array([p, 1 - p]))]
    [Event(time_s=0.1, label='no', confidence=0.9)]
    """

    def __init__(self, classes: Sequence[str], settings: SpotterSettings) -> None:
        self.classes = tuple(classes)
        self.settings = settings
        self._words = np.array([name not in settings.ignore for name in classes])
        if not self._words.any():
            raise ParameterError("every class of this model is ignored, so there is no word to detect.")
        self._recent: deque[tuple[float, npt.NDArray[np.floating]]] = deque(maxlen=settings.averaged)
        self._best: Event | None = None
        self._span_s = (0.0, 0.0)  # of the current word
        self._ended_s: dict[str, float] = {}  # end of the last event of each word
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
        """Return the word that has not ended yet, if any: the stream is over."""
        event, self._best = self._best, None
        if event is None:
            return []
        begin_s, end_s = self._span_s
        if begin_s - self._ended_s.get(event.label, -np.inf) < self.settings.gap_s:
            return []
        self._ended_s[event.label] = end_s
        return [event]


class Spotter:
    """Detects words in a stream of samples with a trained classifier. It keeps one window in memory.

    Parameters
    ----------
    run
        A trained model (folder, or the name of one that ships with Sori).

    Raises
    ------
    BundleError
        If it is not a model, or cannot be used on recordings.
    """

    def __init__(self, run: str | Path, settings: SpotterSettings | None = None) -> None:
        self.settings = settings or SpotterSettings()
        self.classifier = Classifier(run, threads=1)
        self.sr = self.classifier.preprocessor.sr
        self.window = self.classifier.preprocessor.samples
        self._hop = max(1, seconds_to_samples(self.settings.hop_s, sr=self.sr))
        self._decoder = Decoder(self.classifier.bundle.classes, self.settings)
        # Half a window of silence before the first sample, so that a window is centred on a word at the very start. A
        # long window that is half empty is like nothing that the network knows.
        self._silence = self.window // 2 if self.window <= _WORD_S * self.sr else 0
        self._kept = np.zeros(self._silence, dtype=np.float32)
        self._start = -self._silence
        self._skip = 0  # samples until the next window, where windows are farther apart than they are long

    @property
    def bundle(self) -> Bundle:
        """The description of the model."""
        return self.classifier.bundle

    def __repr__(self) -> str:
        return f"Spotter({str(self.bundle.path)!r}, threshold {self.settings.threshold:g})"

    def __call__(self, y: npt.NDArray[np.float32]) -> list[Event]:
        """Process the next samples ``(samples,)`` at ``self.sr``, any number; return the words that ended."""
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
        """End the stream; return the words that ended with it."""
        if self._silence:
            missing = self._silence + self._hop * self.settings.averaged
        else:  # a recording shorter than a window is one window
            missing = max(0, self.window - len(self._kept)) if self._start == 0 and len(self._kept) else 0
        events = self(np.zeros(missing, dtype=np.float32))
        return [*events, *self._decoder.finish()]
