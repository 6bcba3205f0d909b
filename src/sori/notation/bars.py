"""Bars: from beats to metres, bar lines and places in quarters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sori.music.score import Metre
from sori.notation.beats import Beats
from sori.notation.quantise import TERNARY, Placed

_FAST_S = 0.33  # three beats faster than this are eighths: 3/8
_BARS = 4  # a metre of fewer bars takes its kind of beat from its neighbours


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars of a score, and where each beat lies.

    Parameters
    ----------
    first
        Number of the first beat of the score, counted from the first one that was found; 0 or below.
    beats
        Place of each beat from there on in quarters, and the end of the last bar.
    lines
        Place of each bar line: the beginning of each bar, and the end of the last one.
    metres
        Where each metre begins.
    """

    first: int
    beats: list[Fraction]
    lines: list[Fraction]
    metres: list[tuple[Fraction, Metre]]

    def quarters(self, place: Fraction) -> Fraction:
        """Return a place that is counted in beats from the first found one, in quarters from the score's beginning."""
        i = min(max(int(place // 1) - self.first, 0), len(self.beats) - 2)
        return self.beats[i] + (place - self.first - i) * (self.beats[i + 1] - self.beats[i])

    def beat_length(self, at: Fraction) -> Fraction:
        """Return the length of the beat at a place in quarters."""
        return next(metre for begin, metre in reversed(self.metres) if begin <= at or begin == 0).beat


def bars_of(beats: Beats, placed: Placed, *, metre: Metre | None = None, until: Fraction | None = None) -> Bars:
    """Lay out bars from the beat of the first chord to the end of the bar of the last one.

    Where the first chord is in the second half of a bar, that bar is a pickup; else it begins with rests.

    Parameters
    ----------
    metre
        The metre of the whole piece, if it is known.
    until
        The end of the last note, in beats, if it is later than the last chord.
    """
    first = int(min(placed.place, default=Fraction(0)) // 1)
    rests = _place(beats, first)
    if 2 * rests < beats.counts[min(max(first, 0), len(beats) - 1)]:  # more than half of the bar is there
        first -= rests
    last = int(max([*placed.place, until or Fraction(0)]) // 1)
    numbers = range(first, max(last, first) + 1)
    counts = [int(beats.counts[min(max(i, 0), len(beats) - 1)]) for i in numbers]
    places = [_place(beats, i) for i in numbers]
    while places[-1] != counts[-1] - 1:  # the last bar is whole
        counts.append(counts[-1])
        places.append(places[-1] + 1)
    grids = dict(enumerate(placed.grids, start=int(min(placed.place, default=Fraction(0)) // 1)))
    metres = _metres(counts, places, [grids.get(first + i, "beat") for i in range(len(counts))], beats, metre)
    at, where, lines = Fraction(0), list[Fraction](), list[Fraction]()
    changes: list[tuple[Fraction, Metre]] = []
    for i, here in enumerate(metres):
        if places[i] == 0 or i == 0:
            lines.append(at)
            if not changes or changes[-1][1] != here:
                changes.append((at, here))
        where.append(at)
        at += here.beat
    return Bars(first, [*where, at], [*lines, at], changes)


def _place(beats: Beats, i: int) -> int:
    """Return the place in its bar of a beat, also before the first and after the last one found."""
    if i < 0:
        return int((beats.places[0] + i) % beats.counts[0])
    if i >= len(beats):
        return int((beats.places[-1] + i - len(beats) + 1) % beats.counts[-1])
    return int(beats.places[i])


def _metres(
    counts: Sequence[int], places: Sequence[int], grids: Sequence[str], beats: Beats, known: Metre | None
) -> list[Metre]:
    """Return the metre at each beat: one for every run of bars with as many beats."""
    whole = _kind(counts, grids, beats)
    runs = [0] + [i for i in range(1, len(counts)) if places[i] == 0 and counts[i] != counts[i - 1]] + [len(counts)]
    metres: list[Metre] = []
    for begin, end in itertools.pairwise(runs):
        count = counts[begin]
        ternary, eighths = whole
        if end - begin >= _BARS * count:
            ternary, eighths = _kind(counts[begin:end], grids[begin:end], beats)
        if known is not None and known.beats == count:
            one = known
        elif ternary:
            one = Metre(3 * count, 8)
        else:
            one = Metre(count, 8 if eighths and count == 3 else 4)
        metres += [one] * (end - begin)
    return metres


def _kind(counts: Sequence[int], grids: Sequence[str], beats: Beats) -> tuple[bool, bool]:
    """Tell whether beats have three parts, and whether they are so fast that they are eighths."""
    three = sum(grid in TERNARY for grid in grids)
    two = sum(grid in ("2", "4", "8") for grid in grids)
    fast = len(beats) > 1 and float(np.median(np.diff(beats.seconds))) < _FAST_S
    return three > two and 3 * three > len(grids), fast and counts[len(counts) // 2] == 3
