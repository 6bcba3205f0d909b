from fractions import Fraction

import numpy as np
import pytest

from sori.errors import ParameterError
from sori.notation.beats import Beats
from sori.notation.quantise import Quantising, chords, in_beats, place_chords


def beats(count, interval=0.5):
    return Beats(seconds=1 + interval * np.arange(count), places=np.arange(count) % 4, counts=np.full(count, 4))


def test_onsets_near_a_grid_get_its_places(rng):
    places = [Fraction(n, 4) for n in (0, 2, 4, 5, 6, 7, 8, 12, 14, 16)] + [5 + Fraction(n, 3) for n in range(3)]
    onset_s = np.array([1 + 0.5 * float(place) for place in places]) + rng.normal(0, 0.006, len(places))
    pitch = 60 + np.arange(len(places))
    placed = place_chords(onset_s, pitch, beats(12), Quantising())
    assert [placed.place[chord] for chord in placed.chord] == places


@pytest.mark.parametrize("detail", ["simple", "usual", "faithful"])
def test_the_level_of_detail_says_what_may_be_written(rng, detail):
    onset_s = 1 + np.sort(rng.uniform(0, 8, 80))
    placed = place_chords(onset_s, rng.integers(40, 80, 80), beats(20), Quantising(detail=detail))
    most = max(place.denominator for place in placed.place)
    assert most <= {"simple": 4, "usual": 8, "faithful": 16}[detail]
    far = np.abs(in_beats(onset_s, beats(20)) - [float(placed.place[c]) for c in placed.chord])
    assert far.max() < 0.5


def test_fives_are_written_where_any_division_may_be():
    onset_s = np.concatenate([1 + 0.8 * (b + np.arange(5) / 5) for b in range(6)])
    pitch = 60 + np.arange(30) % 7
    placed = place_chords(onset_s, pitch, beats(8, 0.8), Quantising(detail="faithful"))
    assert {place % 1 for place in placed.place} == {Fraction(n, 5) for n in range(5)}


def test_notes_struck_together_are_a_chord_and_a_key_struck_twice_is_not():
    onset_s = np.array([1.0, 1.01, 1.02, 1.5, 1.52, 2.0])
    chord, spread = chords(onset_s, np.array([60, 64, 67, 60, 60, 62]))
    assert chord.tolist() == [0, 0, 0, 1, 2, 3]
    assert not spread.any()


def test_time_goes_on_before_the_first_beat_and_after_the_last():
    assert in_beats([0.5, 1.0, 1.25, 6.5, 7.0], beats(11)).tolist() == [-1, 0, 0.5, 11, 12]


def test_a_wrong_detail():
    with pytest.raises(ParameterError, match="detail"):
        Quantising(detail="exact")
