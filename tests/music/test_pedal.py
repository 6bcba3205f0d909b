import numpy as np
import pytest

from sori.music import Note
from sori.music.pedal import as_keys, cut_at_strokes, pedals_of, ring_until, rung


def test_a_key_released_under_the_pedal_rings_until_it_is_released():
    pedals = [[1.0, 2.0], [3.0, 4.0]]
    np.testing.assert_allclose(ring_until([0.9, 1.0, 1.5, 2.5, 3.9, 9.0], pedals), [0.9, 2.0, 2.0, 2.5, 4.0, 9.0])
    np.testing.assert_allclose(ring_until([0.9], []), [0.9])


def test_a_note_ends_where_its_key_is_struck_again():
    notes = [Note(1.0, 3.0, 60, 80), Note(0.0, 2.0, 60, 70), Note(0.5, 9.0, 61, 90)]
    assert cut_at_strokes(notes) == [Note(0.0, 1.0, 60, 70), Note(0.5, 9.0, 61, 90), Note(1.0, 3.0, 60, 80)]


def test_of_two_notes_struck_at_once_one_remains():
    assert len(cut_at_strokes([Note(0.0, 1.0, 60, 70), Note(0.0, 2.0, 60, 80)])) == 1


def test_keys_that_ring_sound_as_before():
    """What is held and what the pedal adds are what was heard, for notes that the pedal ends and for others."""
    pedals = [[0.2, 2.0], [2.2, 4.0]]
    notes = [
        Note(0.0, 2.0, 60, 80),  # held by the pedal from the first
        Note(0.5, 1.2, 64, 80),  # struck again
        Note(1.2, 2.05, 64, 80),  # ends with the pedal, heard a little late
        Note(2.0, 4.0, 60, 80),
        Note(4.5, 5.0, 72, 80),  # without the pedal
    ]
    held = as_keys(notes, pedals)
    rung = cut_at_strokes(
        Note(note.onset_s, float(end), note.pitch, note.velocity)
        for note, end in zip(held, ring_until([note.offset_s for note in held], pedals), strict=True)
    )
    for before, after in zip(notes, rung, strict=True):
        assert abs(before.offset_s - after.offset_s) <= 0.051
    assert [note.offset_s for note in held] == [0.5, 1.2, 1.97, 3.97, 5.0]


def test_without_the_pedal_keys_are_held_as_long_as_notes_sound():
    notes = [Note(0.5, 9.0, 61, 90), Note(0.0, 2.0, 60, 70)]
    assert as_keys(notes, ()) == sorted(notes)


def test_a_key_is_never_held_beyond_its_note_nor_for_no_time():
    rng = np.random.default_rng(0)
    onsets = np.sort(rng.uniform(0, 20, 200))
    notes = [Note(on, on + rng.uniform(0.03, 2), int(rng.integers(21, 109)), 64) for on in onsets]
    edges = np.sort(rng.uniform(0, 22, 40)).reshape(-1, 2)
    for note, held in zip(sorted(notes), as_keys(notes, edges), strict=True):
        assert note.onset_s < held.offset_s <= note.offset_s + 0.1


def test_the_pedal_is_read_between_frames():
    p = np.concatenate([np.zeros(10), [0.25, 0.75], np.ones(20), [0.25], np.zeros(3)])
    ((down_s, up_s),) = pedals_of(p, frame_s=0.02, threshold=0.5)
    assert down_s == pytest.approx(10.5 * 0.02)
    assert up_s == pytest.approx((31 + 2 / 3) * 0.02, abs=1e-5)
    assert pedals_of(np.zeros(9), frame_s=0.02) == pedals_of(np.zeros(0), frame_s=0.02) == ()
    assert pedals_of(np.ones(50), frame_s=0.02) == ((0.0, 0.98),)
    short = np.zeros(20)
    short[5:8] = 1
    assert pedals_of(short, frame_s=0.02) == ()


def test_notes_that_the_pedal_ends_end_with_it_and_no_others():
    pedals = [[0.2, 2.0], [2.2, 4.0]]
    notes = [Note(0.0, 1.93, 60, 80), Note(0.5, 1.2, 64, 80), Note(1.2, 2.06, 67, 80), Note(2.1, 2.15, 60, 80)]
    assert [note.offset_s for note in rung(notes, pedals)] == [2.0, 2.0, 2.0, 2.15]
    assert rung(notes, ()) == sorted(notes)
    assert rung(rung(notes, pedals), pedals) == rung(notes, pedals)
