"""Quantising: from seconds to places in bars, by a grid for each beat that explains its onsets most simply."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sori.errors import check_choice
from sori.notation.beats import Beats

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]

# The places in a beat that each grid has, as parts of it, and the cost of its use by the level of detail.
_GRIDS: dict[str, tuple[int, ...]] = {
    "beat": (1,),
    "2": (2,),
    "4": (4,),
    "8": (8,),
    "3": (3,),
    "6": (6,),
    "12": (12,),
    "2+3": (2, 3),
    "3+4": (3, 4),
    "5": (5,),
    "7": (7,),
    "16": (16,),
}
# What a grid costs, and how onsets scatter, were chosen on performances of composers that test nothing.
_COSTS = {"beat": 0.0, "2": 0.6, "4": 2.2, "8": 12.5, "16": 18.0, "3": 1.9, "6": 6.1, "12": 12.0, "2+3": 7.5}
_COSTS |= {"3+4": 11.0, "5": 11.0, "7": 14.0}
DETAIL = {
    "simple": ("beat", "2", "4", "3"),
    "usual": ("beat", "2", "4", "8", "3", "6", "2+3"),
    "faithful": tuple(_GRIDS),
    "proportional": ("4",),  # of music without metre
}
TERNARY = frozenset({"3", "6", "12"})
_EXACT = (1.0, 0.4, 0.15)  # parts of the usual spread
_CHORD_S = 0.035  # onsets closer than this are struck together


@dataclass(frozen=True, kw_only=True)
class Quantising:
    """How onsets become places.

    Parameters
    ----------
    detail
        ``simple``, ``usual``, ``faithful`` or ``proportional``: which divisions of a beat there may be.
    spread_s
        Standard deviation of onsets around their places in seconds.
    relative
        And in parts of a beat, which is added to it.
    collision
        Cost of two chords at one place.
    change
        Cost of a change between two and three parts from a beat to the next.
    """

    detail: str = "usual"
    spread_s: float = 0.02
    relative: float = 0.08
    collision: float = 3.0
    change: float = 2.3

    def __post_init__(self) -> None:
        check_choice("detail", self.detail, DETAIL)


@dataclass(frozen=True, eq=False)
class Placed:
    """Chords of notes with their places.

    Parameters
    ----------
    chord
        Number of the chord that each note belongs to, shape ``(notes,)``.
    place
        Place of each chord in beats from the first beat, shape ``(chords,)`` of fractions.
    is_spread
        Whether its notes are struck one after the other.
    grids
        Name of the grid of each beat.
    """

    chord: _Ints
    place: list[Fraction]
    is_spread: npt.NDArray[np.bool_]
    grids: list[str]


def in_beats(seconds: npt.ArrayLike, beats: Beats) -> _Floats:
    """Return seconds as beats from the first one, with the nearest interval before the first and after the last."""
    from scipy.interpolate import PchipInterpolator  # smooth, and never back in time

    times = np.asarray(seconds, dtype=np.float64)
    smooth = PchipInterpolator(beats.seconds, np.arange(len(beats)))
    at = np.asarray(smooth(np.clip(times, beats.seconds[0], beats.seconds[-1])))
    first, last = beats.seconds[1] - beats.seconds[0], beats.seconds[-1] - beats.seconds[-2]
    at = np.where(times < beats.seconds[0], (times - beats.seconds[0]) / first, at)
    return np.where(times > beats.seconds[-1], len(beats) - 1 + (times - beats.seconds[-1]) / last, at)


def chords(onset_s: _Floats, pitch: _Ints) -> tuple[_Ints, npt.NDArray[np.bool_]]:
    """Return the chord of each note, notes being in the order of onsets, and whether each chord is spread."""
    chord = np.zeros(len(onset_s), dtype=np.int64)
    spread: list[bool] = []
    begin = 0
    for i in range(len(onset_s)):
        if i and not _together(onset_s, pitch, begin, i):
            begin = i
        chord[i] = len(spread) - (i != begin)
        if i == begin:
            chord[i] = len(spread)
            spread.append(False)
        elif onset_s[i] - onset_s[i - 1] > _CHORD_S:
            spread[-1] = True
    return chord, np.array(spread, dtype=bool)


def _together(onset_s: _Floats, pitch: _Ints, begin: int, i: int) -> bool:
    gap, so_far = onset_s[i] - onset_s[i - 1], onset_s[i] - onset_s[begin]
    return bool(gap <= _CHORD_S and so_far <= 2 * _CHORD_S) and pitch[i] not in pitch[begin:i]


def place_chords(onset_s: _Floats, pitch: _Ints, beats: Beats, quantising: Quantising | None = None) -> Placed:
    """Give every chord a place, by Viterbi's algorithm over the grids of successive beats.

    Parameters
    ----------
    onset_s, pitch
        Of the notes, in the order of onsets.
    """
    quantising = quantising or Quantising()
    chord, spread = chords(onset_s, pitch)
    count = len(spread)
    middle = np.bincount(chord, onset_s, count) / np.maximum(1, np.bincount(chord, minlength=count))
    at = in_beats(middle, beats)
    interval = np.gradient(beats.seconds)
    names = DETAIL[quantising.detail]
    first, last = int(np.floor(at.min(initial=0))), int(np.floor(at.max(initial=0)))
    costs = dict(_COSTS)
    grids: list[str] = []
    # A sequencer's onsets are exact: the likeliest of several spreads is taken.
    _, _, exact = min(_grids(at, interval, names, costs, quantising, first, last, exact) for exact in _EXACT)
    for _ in range(2):  # the second time with the costs of grids by how often this piece has them
        _, grids, _ = _grids(at, interval, names, costs, quantising, first, last, exact)
        used = [grid for grid in grids if grid]
        if used:
            for name in names:
                often = (used.count(name) + 2.0 * np.exp(-costs[name])) / (len(used) + 2)
                costs[name] = 0.5 * costs[name] - 0.5 * min(0.0, float(np.log(often)))
    place = [Fraction(0)] * count
    for b in range(first, last + 1):
        inside = np.flatnonzero((at >= b) & (at < b + 1))
        if len(inside):
            slots = _slots(grids[b - first])
            nearest = np.abs((at[inside] - b)[:, None] - np.array([float(s) for s in slots])).argmin(axis=1)
            for i, slot in zip(inside, nearest, strict=True):
                place[int(i)] = b + slots[int(slot)]
    return Placed(chord, place, spread, grids)


@lru_cache(maxsize=64)
def _slots(name: str) -> list[Fraction]:
    """Return the places of a grid in a beat, and the next beat."""
    return sorted({Fraction(k, parts) for parts in _GRIDS[name] for k in range(parts)} | {Fraction(1)})


def _grids(
    at: _Floats,
    interval: _Floats,
    names: tuple[str, ...],
    costs: dict[str, float],
    quantising: Quantising,
    first: int,
    last: int,
    exact: float,
) -> tuple[float, list[str], float]:
    """Return the cost of the best grids, with that of their spread; these grids; and the spread again."""
    slots = [np.array([float(slot) for slot in _slots(name)]) for name in names]
    own = np.array([costs[name] for name in names])
    ternary = np.array([name in TERNARY for name in names])
    switch = quantising.change * (ternary[:, None] != ternary[None, :])
    free = np.array([name == "beat" for name in names])
    switch[free, :] = switch[:, free] = 0
    total = np.zeros(len(names))
    back: list[_Ints] = []
    edges = np.searchsorted(at, np.arange(first, last + 2))
    for b in range(first, last + 1):
        inside = at[edges[b - first] : edges[b - first + 1]] - b
        following = at[edges[b - first + 1]] - b if edges[b - first + 1] < len(at) else 9.0
        beat_s = interval[min(max(b, 0), len(interval) - 1)]
        sigma = exact * (quantising.spread_s / beat_s + quantising.relative)
        here = own.copy()
        for k, places in enumerate(slots):
            if not len(inside):
                here[k] = own[k] if names[k] != "beat" else 0.0
                continue
            far = np.abs(inside[:, None] - places)
            nearest = far.argmin(axis=1)
            here[k] += 0.5 * ((far.min(axis=1) / sigma) ** 2).sum()
            here[k] += quantising.collision * (np.diff(nearest) == 0).sum()
            if nearest[-1] == len(places) - 1 and following - 1 < (places[1] - places[0]) / 2:
                here[k] += quantising.collision
        arrived = total[:, None] + switch
        back.append(arrived.argmin(axis=0))
        total = arrived.min(axis=0) + here
    k = int(total.argmin())
    found = [k]
    for choice in reversed(back[1:]):
        k = int(choice[k])
        found.append(k)
    return float(total.min()) + len(at) * float(np.log(exact)), [names[k] for k in reversed(found)], exact
