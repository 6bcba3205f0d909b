import numpy as np
import pytest

from sori.music import Note, NoteReader, notes_array, targets
from sori.music.doubt import doubted_below

FRAME_S = 0.02


def said(heights):
    """A note every half second, ten seconds for each of some heights of its onset."""
    notes = [Note(0.5 * i + 0.1, 0.5 * i + 0.4, 40 + i % 30, 80) for i in range(20 * len(heights))]
    roll = targets(notes_array(notes), frames=500 * len(heights), frame_s=FRAME_S)
    roll[..., 0] *= np.repeat(heights, 500)[:, np.newaxis]
    return roll


def read(roll, length=None, **reading):
    reader = NoteReader(frame_s=FRAME_S, **reading)
    notes = []
    for first in range(0, len(roll), length or len(roll)):
        notes += reader(roll[first : first + (length or len(roll))])
    return notes + reader.finish()


def test_what_a_transcriber_is_unsure_of_throughout_is_not_believed():
    assert len(read(said([0.95]))) == 20
    assert read(said([0.55])) == []
    assert len(read(said([0.55]), doubt=False)) == 20


def test_a_soft_note_among_sure_ones_is_believed():
    roll = said([0.95])
    soft = [5, 11]
    for i in soft:
        roll[25 * i : 25 * i + 20, :, 0] *= 0.5
    assert len(read(roll)) == 20


def test_a_sure_note_among_unsure_ones_is_believed():
    roll = said([0.55])
    roll[25 * 8 : 25 * 8 + 20, :, 0] *= 0.95 / 0.55
    assert [note.pitch for note in read(roll)] == [48]


def test_a_low_threshold_does_not_make_it_doubt():
    assert len(read(said([0.3]), threshold=0.2)) == 20


@pytest.mark.parametrize("length", [1, 130, 777])
def test_however_it_is_cut_it_doubts_the_same(length):
    roll = said([0.95, 0.5, 0.66, 0.95, 0.55])
    whole = read(roll)
    assert 30 < len(whole) < 90
    assert read(roll, length) == whole


def test_nothing_heard_is_nothing_to_doubt():
    assert not doubted_below(np.zeros((300, 88)), frame_s=FRAME_S).any()
