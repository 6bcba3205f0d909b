"""Scores of beats and bars, by mir_eval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import AudioError, require


@dataclass(frozen=True, kw_only=True)
class BeatScores:
    """F1 of beats and of the beginnings of bars, within 70 ms; ``level`` is F1 of beats at the best metrical level.

    For ``level``, the estimate may also count twice or half as often, or between the beats.

    Source: Davies, Degara and Plumbley (2009), as mir_eval has it; without its rule to leave out the first 5 s.
    """

    beat_f1: float
    bar_f1: float
    level_f1: float
    beats: int
    estimated: int

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as plain values, for JSON."""
        return asdict(self)


def score_beats(truth: Sequence[tuple[float, bool]], estimate: Sequence[tuple[float, bool]]) -> BeatScores:
    """Score beats, each a time in seconds and whether a bar begins there.

    Raises
    ------
    AudioError
        If the truth has no beats.
    """
    mir_eval = require("mir_eval")
    if not truth:
        raise AudioError("the truth has no beats")

    def f1(known: npt.NDArray[np.float64], found: npt.NDArray[np.float64]) -> float:
        if not len(known) or not len(found):
            return 0.0
        return float(mir_eval.beat.f_measure(known, found))

    known, found = (np.array([at for at, _ in beats]) for beats in (truth, estimate))
    bars, found_bars = (np.array([at for at, first in beats if first]) for beats in (truth, estimate))
    middles = (known[:-1] + known[1:]) / 2
    levels = (known, known[::2], known[1::2], middles, np.sort(np.concatenate([known, middles])))
    return BeatScores(
        beat_f1=f1(known, found),
        bar_f1=f1(bars, found_bars),
        level_f1=max(f1(level, found) for level in levels),
        beats=len(known),
        estimated=len(found),
    )
