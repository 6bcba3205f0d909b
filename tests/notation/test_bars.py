from fractions import Fraction

import numpy as np

from sori.music.score import Metre
from sori.notation.bars import bars_of
from sori.notation.beats import Beats
from sori.notation.quantise import Placed


def beats(count, first=0, bar=4, interval=0.6):
    numbers = np.arange(count)
    return Beats(seconds=interval * numbers, places=(numbers + first) % bar, counts=np.full(count, bar))


def placed(places, grid="2"):
    places = [Fraction(place) for place in places]
    count = int(max(places) // 1) - int(min(places) // 1) + 1
    return Placed(np.arange(len(places)), places, np.zeros(len(places), bool), [grid] * count)


def test_bars_are_whole_and_a_beat_is_a_quarter():
    bars = bars_of(beats(9), placed([0, 1, 8]))
    assert bars.lines == [0, 4, 8, 12]
    assert bars.metres == [(0, Metre(4, 4))]
    assert bars.quarters(Fraction(5, 2)) == Fraction(5, 2)


def test_a_pickup_is_short_and_a_bar_that_begins_with_rests_is_whole():
    assert bars_of(beats(9, first=3), placed([0, 1, 4])).lines == [0, 1, 5]
    assert bars_of(beats(9, first=1), placed([0, 1, 4])).lines[:2] == [0, 4]
    early = bars_of(beats(9), placed([-1, 0, 3]))
    assert early.lines == [0, 1, 5]
    assert early.quarters(Fraction(0)) == 1


def test_beats_of_three_parts_are_dotted():
    bars = bars_of(beats(9, bar=2), placed([0, Fraction(1, 3), 3], grid="3"))
    assert bars.metres == [(0, Metre(6, 8))]
    assert bars.quarters(Fraction(1, 3)) == Fraction(1, 2)
    assert bars.beat_length(Fraction(1)) == Fraction(3, 2)


def test_three_quick_beats_are_eighths():
    assert bars_of(beats(20, bar=3, interval=0.25), placed([0, 1, 8])).metres == [(0, Metre(3, 8))]


def test_what_is_known_is_taken():
    assert bars_of(beats(9), placed([0, 8]), metre=Metre(4, 2)).metres == [(0, Metre(4, 2))]
