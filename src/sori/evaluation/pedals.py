"""Scores of a transcribed sustain pedal: how long it is rightly down, and how often its release is found."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sori.errors import require

_FRAME_S, _TOLERANCE_S = 0.01, 0.1


class Counts(NamedTuple):
    """What was found of what was looked for: hits, the true number and the estimated number."""

    hits: int
    known: int
    estimated: int

    def __add__(self, other: Counts) -> Counts:  # type: ignore[override]
        return Counts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def f1(self) -> float:
        """F1: 1 if there is nothing to find and nothing was found."""
        return 2 * self.hits / (self.known + self.estimated) if self.known + self.estimated else 1.0


class PedalCounts(NamedTuple):
    """Frames of 10 ms in which the pedal is down, and releases, within 100 ms of the true ones."""

    down: Counts = Counts(0, 0, 0)
    releases: Counts = Counts(0, 0, 0)

    def __add__(self, other: PedalCounts) -> PedalCounts:  # type: ignore[override]
        return PedalCounts(self.down + other.down, self.releases + other.releases)


def count_pedals(truth: npt.ArrayLike, estimate: npt.ArrayLike) -> PedalCounts:
    """Compare when a pedal is down with the truth.

    Parameters
    ----------
    truth, estimate
        Times in seconds at which it goes down and up, shape ``(n, 2)``.

    Raises
    ------
    MissingDependencyError
        If mir_eval is not installed.

    >>> counts = count_pedals([[0.0, 1.0], [2.0, 3.0]], [[0.5, 1.05]])
    >>> round(counts.down.f1, 2), round(counts.releases.f1, 2)
    (0.39, 0.67)
    """
    known, found = (np.asarray(rows, dtype=np.float64).reshape(-1, 2) for rows in (truth, estimate))
    frames = round(max(known.max(initial=0.0), found.max(initial=0.0)) / _FRAME_S) + 1
    down = []
    for rows in (known, found):
        roll = np.zeros(frames, dtype=bool)
        for first, last in np.round(rows / _FRAME_S).astype(int):
            roll[first:last] = True
        down.append(roll)
    pairs = require("mir_eval").util.match_events(known[:, 1], found[:, 1], _TOLERANCE_S)
    return PedalCounts(
        Counts(int((down[0] & down[1]).sum()), int(down[0].sum()), int(down[1].sum())),
        Counts(len(pairs), len(known), len(found)),
    )
