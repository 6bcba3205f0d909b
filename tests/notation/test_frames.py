import numpy as np
import pytest

from sori.music import Note
from sori.notation.frames import STEP_S, WIDTH, frames


def test_strokes_are_in_their_halves_of_a_step_and_keys_sound_until_they_end():
    x = frames([Note(1.0, 1.2, 21, 127), Note(1.02, 1.1, 108, 1)])
    step = round(1.0 / STEP_S)
    assert x[step, 0] == pytest.approx(1.0)
    assert x[step, 88 + 87] == pytest.approx(0.4, abs=0.01)
    assert x[step : step + 5, 2 * 88].tolist() == [1] * 5
    assert x[step + 5, 2 * 88] == 0
    assert x.sum() == pytest.approx(1.0 + x[step, 175] + 5 + 3)


def test_notes_outside_the_keyboard_are_moved_by_octaves_and_those_outside_the_time_are_left_out():
    x = frames([Note(0.0, 0.1, 9, 80), Note(0.0, 0.1, 120, 80), Note(9.0, 9.1, 60, 80)], steps=10)
    assert x.shape == (10, WIDTH)
    assert np.flatnonzero(x[0, :88]).tolist() == [0, 87]
    assert frames([]).sum() == 0
