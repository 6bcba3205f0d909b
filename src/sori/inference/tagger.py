"""A tagger: from a recording to the kinds of sound in it over time, without training."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sori.audio import blocks, resample
from sori.bundle import Bundle
from sori.errors import BundleError, ParameterError, check_between, check_count
from sori.features.embedding import SoundNetwork
from sori.inference.clip import checked_clip
from sori.inference.spotter import Event

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLOCK_S = 30.0
# A sound goes on while its score is at least this part of the threshold.
_GOES_ON = 0.5
_WINDOW_S = SoundNetwork.window / SoundNetwork.sr


@dataclass(frozen=True, order=True)
class Sound:
    """A sound in a recording: from when to when, in seconds, its kind, and its highest score, 0 to 1."""

    start_s: float
    end_s: float
    label: str
    score: float


@dataclass(frozen=True, kw_only=True)
class TaggerSettings:
    """How the scores of successive windows become sounds.

    Parameters
    ----------
    threshold
        A sound begins where its smoothed score is at least this, and ends where it is below half of it. Scores are no
        calibrated probabilities.
    smooth
        Number of windows whose scores are averaged, centred.
    hop_s
        Seconds from one window of 0.975 s to the next.
    ignore
        Classes that are no sounds to be told.
    """

    threshold: float = 0.3
    smooth: int = 3
    hop_s: float = 0.48
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_between("threshold", self.threshold, 0.001, 1)
        check_count("smooth", self.smooth)
        check_between("hop", self.hop_s, 0.01, 60, "s")
        if self.smooth % 2 == 0:
            raise ParameterError(f"smooth must be odd, since it is centred. Received smooth={self.smooth}.", "smooth")

    def begins_s(self, window: int) -> float:
        """Return when a sound begins that is first heard in a window: half a step before the window's middle."""
        return 0.0 if window == 0 else max(0.0, window * self.hop_s + (_WINDOW_S - self.hop_s) / 2)


@dataclass(frozen=True, eq=False)
class Tags:
    """The scores of a recording.

    Parameters
    ----------
    classes
        Names of the kinds of sound.
    times_s
        Middle of each window, in seconds.
    scores
        Score of each window and class, 0 to 1, shape ``(windows, classes)``.
    duration_s
        Length of the recording.
    settings
        How they become sounds.
    """

    classes: tuple[str, ...]
    times_s: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float32]
    duration_s: float
    settings: TaggerSettings

    def __repr__(self) -> str:
        return f"Tags({', '.join(f'{name} {score:.2f}' for name, score in self.top(3))}, {self.duration_s:.1f} s)"

    def top(self, count: int = 5) -> list[tuple[str, float]]:
        """Return the classes with the highest mean scores, the highest first."""
        means = self.scores.mean(axis=0) if len(self.scores) else np.zeros(len(self.classes))
        return [(self.classes[i], float(means[i])) for i in np.argsort(-means, kind="stable")[:count]]

    @cached_property
    def sounds(self) -> list[Sound]:
        """The sounds, in the order of their beginnings."""
        decoder = SoundDecoder(self.settings)
        for scores in self.scores:
            decoder(scores)
        decoder.finish()
        half_s = self.settings.hop_s / 2
        found = []
        for first, last, key, score in decoder.ended:
            if self.classes[key] in self.settings.ignore:
                continue
            start_s = min(self.settings.begins_s(first), self.duration_s)
            is_last = last == len(self.times_s) - 1
            end_s = self.duration_s if is_last else min(self.duration_s, float(self.times_s[last]) + half_s)
            found.append(Sound(start_s, max(end_s, start_s), self.classes[key], score))
        return sorted(found)

    def plot(self, *, count: int = 12, ax: Axes | None = None) -> Axes:
        """Draw the scores of the classes with the highest ones over time."""
        from sori import plots

        return plots.tags(self.scores, self.times_s, self.classes, count=count, ax=ax)


class SoundDecoder:
    """Turns the scores of successive windows into sounds; ``ended`` holds first and last window, class and score."""

    def __init__(self, settings: TaggerSettings) -> None:
        self._settings = settings
        self._recent: deque[npt.NDArray[np.float32]] = deque(maxlen=settings.smooth)
        self._open: dict[int, tuple[int, float]] = {}
        self._count = self._smoothed = 0
        self.ended: list[tuple[int, int, int, float]] = []

    def __call__(self, scores: npt.NDArray[np.float32]) -> list[tuple[int, int, float]]:
        """Take the scores of the next window; return the window, class and score of each sound that begins."""
        self._recent.append(scores)
        self._count += 1
        if self._count <= self._settings.smooth // 2:
            return []
        return self._step(np.mean(self._recent, axis=0))

    def finish(self) -> list[tuple[int, int, float]]:
        """Return the sounds that begin in the last windows, and end all."""
        begun: list[tuple[int, int, float]] = []
        while self._smoothed < self._count:
            # The oldest window is no longer beside the next one to be smoothed.
            while self._count - len(self._recent) < self._smoothed - self._settings.smooth // 2:
                self._recent.popleft()
            begun += self._step(np.mean(self._recent, axis=0))
        for key, (first, score) in self._open.items():
            self.ended.append((first, self._smoothed - 1, key, score))
        self._open.clear()
        return begun

    def _step(self, scores: npt.NDArray[np.float32]) -> list[tuple[int, int, float]]:
        at, self._smoothed = self._smoothed, self._smoothed + 1
        begun = []
        for key in list(self._open):
            first, score = self._open[key]
            if scores[key] < _GOES_ON * self._settings.threshold:
                self.ended.append((first, at - 1, key, score))
                del self._open[key]
            else:
                self._open[key] = first, max(score, float(scores[key]))
        for key in np.flatnonzero(scores >= self._settings.threshold).tolist():
            if key not in self._open:
                self._open[key] = at, float(scores[key])
                begun.append((at, key, float(scores[key])))
        return begun


class Tagger:
    """A trained tagger, loaded once. Called with pieces of a recording at its rate, it returns sounds as they begin.

    Parameters
    ----------
    path
        The folder of a tagger, or ``sounds``, which ships with Sori: YAMNet's 521 kinds of sound.
    settings
        How scores become sounds.

    Raises
    ------
    BundleError
        If the folder does not hold a tagger.
    """

    def __init__(self, path: str | Path = "sounds", settings: TaggerSettings | None = None) -> None:
        self.bundle = Bundle.open(path)
        if self.bundle.task != "tagger":
            raise BundleError(f"{path}: is a {self.bundle.task}, not a tagger")
        self.settings = settings or TaggerSettings()
        self._network = SoundNetwork(self.bundle.path / "model.onnx")
        self.classes, self.sr = self.bundle.classes, SoundNetwork.sr
        self._begin()

    def _begin(self) -> None:
        """Begin a stream."""
        self._windows = _Windows(self._network.window, round(self.settings.hop_s * self.sr))
        self._decoder = SoundDecoder(self.settings)

    def __repr__(self) -> str:
        return f"Tagger({str(self.bundle.path)!r}, {len(self.classes)} classes)"

    def tag(self, y: npt.NDArray[np.float32], *, sr: int) -> Tags:
        """Return the scores of a clip ``(samples,)`` at any rate.

        Raises
        ------
        ParameterError
            If it is not one-dimensional and floating-point.
        """
        return self._tags([resample(checked_clip(y), from_sr=sr, to_sr=self.sr)])

    def tag_file(self, path: str | Path) -> Tags:
        """Return the scores of a recording of any length.

        Raises
        ------
        AudioError
            If it cannot be read.
        """
        return self._tags(blocks(path, sr=self.sr, block_s=_BLOCK_S))

    def __call__(self, y: npt.NDArray[np.float32]) -> list[Event]:
        """Take the next samples of a stream; return the sounds that begin in it.

        Raises
        ------
        ParameterError
            If they are not one-dimensional and floating-point.
        """
        begun: list[Event] = []
        for window in self._windows(checked_clip(y)):
            begun += self._events(self._decoder(self._network.both(window)[0]))
        self._decoder.ended.clear()  # a stream may go on for days
        return begun

    def finish(self) -> list[Event]:
        """End the stream; return the sounds that begin in what is left. The next samples begin another."""
        begun: list[Event] = []
        for window in self._windows.rest():
            begun += self._events(self._decoder(self._network.both(window)[0]))
        begun += self._events(self._decoder.finish())
        self._begin()
        return begun

    def _events(self, begun: Iterable[tuple[int, int, float]]) -> list[Event]:
        return [
            Event(self.settings.begins_s(at), self.classes[key], score)
            for at, key, score in begun
            if self.classes[key] not in self.settings.ignore
        ]

    def _tags(self, pieces: Iterable[npt.NDArray[np.float32]]) -> Tags:
        windows, samples = _Windows(self._network.window, round(self.settings.hop_s * self.sr)), 0
        rows: list[npt.NDArray[np.float32]] = []
        for piece in pieces:
            samples += len(piece)
            rows += [self._network.both(window)[0] for window in windows(piece)]
        rows += [self._network.both(window)[0] for window in windows.rest()]
        times_s = np.arange(len(rows)) * self.settings.hop_s + _WINDOW_S / 2
        duration_s = samples / self.sr
        scores = np.stack(rows) if rows else np.zeros((0, len(self.classes)), dtype=np.float32)
        return Tags(self.classes, np.minimum(times_s, duration_s), scores, duration_s, self.settings)


class _Windows:
    """Cuts a stream into overlapping windows."""

    def __init__(self, size: int, hop: int) -> None:
        self._size, self._hop, self._count = size, hop, 0
        self._kept = np.zeros(0, dtype=np.float32)

    def __call__(self, piece: npt.NDArray[np.float32]) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the windows that are complete."""
        self._kept = np.concatenate([self._kept, np.asarray(piece, dtype=np.float32)])
        while len(self._kept) >= max(self._size, self._hop):
            window, self._kept = self._kept[: self._size], self._kept[self._hop :]
            self._count += 1
            yield window

    def rest(self) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the last window, padded, if more than half a step of it is new, or there is no other."""
        known = max(0, self._size - self._hop) if self._count else 0
        if len(self._kept) and (not self._count or len(self._kept) - known > self._hop // 2):
            yield np.pad(self._kept, (0, max(0, self._size - len(self._kept))))[: self._size]
