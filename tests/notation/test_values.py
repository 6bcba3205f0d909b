from fractions import Fraction

import numpy as np
import pytest

from sori.notation.values import note_values

QUARTER = Fraction(1)


def values(onset, held, **given):
    found = note_values([Fraction(o) for o in onset], np.array(held, dtype=float), [QUARTER] * len(onset), **given)
    return [value.length for value in found], [value.is_staccato for value in found]


def test_notes_last_to_the_next_one_whether_keys_are_held_a_little_less_or_more():
    lengths, staccato = values([0, 1, 2, 3], [0.9, 1.1, 0.7, 0.9])
    assert lengths == [1, 1, 1, 1]
    assert staccato == [False] * 4


def test_a_short_note_is_a_value_with_a_dot_and_not_a_rest():
    lengths, staccato = values([0, 1, 2, 3], [0.4, 0.45, 0.4, 0.9])
    assert lengths == [1, 1, 1, 1]
    assert staccato == [True, True, True, False]


def test_a_note_that_is_released_long_before_the_next_is_followed_by_a_rest():
    assert values([0, 4], [0.9, 1])[0][0] == 1
    assert values([0, 4], [0.3, 1])[0][0] == Fraction(1, 2)
    assert values([0, 4], [3.8, 1])[0][0] == 4


def test_a_held_note_lasts_while_others_move():
    lengths, _ = values([0, 0, 1, 2, 3, 4], [3.9, 0.9, 0.9, 0.9, 0.9, 0.9])
    assert lengths[:2] == [4, 1]
    assert values([0, 0, 1, 2, 3, 4], [3.9, 0.9, 0.9, 0.9, 0.9, 0.9], sustain=False)[0][:2] == [1, 1]


def test_fingers_that_hold_each_note_into_the_next_play_legato():
    assert values([0, 1, 2, 3, 4], [2.0, 2.0, 2.0, 2.0, 0.9])[0][:4] == [1, 1, 1, 1]


@pytest.mark.parametrize("held", [1e-6, 0.01, 100.0])
def test_every_value_is_longer_than_nothing(held):
    assert min(values([0, Fraction(1, 3), 2], [held] * 3)[0]) > 0
