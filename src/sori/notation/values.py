"""Note values: how long each note is printed, from when its key is released and what follows in its hand."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

# A note lasts to the next one in its hand if its key is held for this part of the gap, and not much longer.
_DETACHED, _RESTS, _OVERLAP = 0.2, 0.4, 0.6
_LONG = 2  # beats
_STACCATO = 0.55  # a note whose key is held for a smaller part of its value has a dot
# A held note is released after what moves beside it, give or take this part of the gap.
_OUTLASTS = -0.05
_RELEASED = 1.05  # a key is released a little before the end of its value


class Value(NamedTuple):
    """A printed length in quarters, and whether the note is played much shorter than that."""

    length: Fraction
    is_staccato: bool


def note_values(
    onset: Sequence[Fraction], held: npt.NDArray[np.float64], beat: Sequence[Fraction], *, sustain: bool = True
) -> list[Value]:
    """Return the value of each note of one hand, the notes being in the order of onsets.

    Parameters
    ----------
    onset
        Places in quarters.
    held
        How long each key is held, in quarters.
    beat
        Length of the beat that each note is in, in quarters.
    sustain
        Whether a note may last beyond the next one of its hand.
    """
    places = sorted(set(onset))
    index = {place: i for i, place in enumerate(places)}
    released: list[list[float]] = [[] for _ in places]
    for at, length in zip(onset, held, strict=True):
        released[index[at]].append(float(at) + float(length))
    values: list[Value] = []
    for at, length, unit in zip(onset, held, beat, strict=True):
        values.append(_value(at, float(length), index[at], places, released, unit, sustain=sustain))
    return values


def _value(
    at: Fraction,
    held: float,
    i: int,
    places: list[Fraction],
    released: list[list[float]],
    beat: Fraction,
    *,
    sustain: bool,
) -> Value:
    gap = places[i + 1] - at if i + 1 < len(places) else None
    before = at - places[i - 1] if i else None
    # A gap that is long, or longer than the one before, is a rest unless the key is held for a good part of it.
    is_long = gap is not None and (before is None or gap >= 2 * before or gap > _LONG * beat)
    least = _RESTS if is_long else _DETACHED
    if gap is None or (held < least * float(gap) and gap > beat / 2):
        value = _rounded(held, at, beat)
        if gap is not None and value >= gap:
            value = gap
        return Value(value, held < _STACCATO * float(value) and value <= beat)
    if held > float(gap) * (1 + _OVERLAP) and sustain:
        # A voice of its own is held while others move; keys that are released one after the other are only legato.
        k = i + 1
        while k < len(places) and min(released[k]) < float(at) + held - _OUTLASTS * float(gap):
            k += 1
        if k > i + 1:
            ends = [place - at for place in places[i + 2 : k + 2]]
            return Value(min(ends, key=lambda end: abs(float(end) - held), default=gap), False)
    return Value(gap, held < _STACCATO * float(gap) and gap <= beat)


def _rounded(held: float, at: Fraction, beat: Fraction) -> Fraction:
    """Return a value that ends at a division of the beat, after how long a key is held."""
    part = beat / (3 if at.denominator % 3 == 0 or beat.numerator % 3 == 0 else 2)
    end = float(at) + _RELEASED * held
    after = -(-Fraction(end).limit_denominator(960) // part) * part - at
    while after <= 0:
        after += part
    return after
