import numpy as np

from sori.music import Note
from sori.music.pedal import cut_at_strokes, ring_until


def test_a_key_released_under_the_pedal_rings_until_it_is_released():
    pedals = [[1.0, 2.0], [3.0, 4.0]]
    np.testing.assert_allclose(ring_until([0.9, 1.0, 1.5, 2.5, 3.9, 9.0], pedals), [0.9, 2.0, 2.0, 2.5, 4.0, 9.0])
    np.testing.assert_allclose(ring_until([0.9], []), [0.9])


def test_a_note_ends_where_its_key_is_struck_again():
    notes = [Note(1.0, 3.0, 60, 80), Note(0.0, 2.0, 60, 70), Note(0.5, 9.0, 61, 90)]
    assert cut_at_strokes(notes) == [Note(0.0, 1.0, 60, 70), Note(0.5, 9.0, 61, 90), Note(1.0, 3.0, 60, 80)]


def test_of_two_notes_struck_at_once_one_remains():
    assert len(cut_at_strokes([Note(0.0, 1.0, 60, 70), Note(0.0, 2.0, 60, 80)])) == 1
