import numpy as np
import pytest

from sori.inference.doubt import beside, doubted_below, is_peak
from sori.inference.note_decoder import NoteDecoder
from sori.music import Note, notes_array, targets

FRAME_S = 0.02


def said(heights):
    """A note every half second, ten seconds for each of some heights of its onset."""
    notes = [Note(0.5 * i + 0.1, 0.5 * i + 0.4, 40 + i % 30, 80) for i in range(20 * len(heights))]
    roll = targets(notes_array(notes), frames=500 * len(heights), frame_s=FRAME_S)
    roll[..., 0] *= np.repeat(heights, 500)[:, np.newaxis]
    return roll


def read(roll, length=None, **reading):
    reader = NoteDecoder(frame_s=FRAME_S, **reading)
    notes = []
    for first in range(0, len(roll), length or len(roll)):
        notes += reader(roll[first : first + (length or len(roll))])
    return notes + reader.finish()


def test_a_peak_is_as_high_as_said_above_the_one_before_and_no_lower_than_the_next():
    values = np.array([0.5, 0.2, 0.5, 0.5, 0.6, 0.3, 0.4, 0.1, 0.7])
    assert np.flatnonzero(is_peak(values, at_least=0.5)).tolist() == [0, 2, 4, 8]
    assert np.flatnonzero(is_peak(np.full(4, 0.5), at_least=0.5)).tolist() == [0]
    before, after = beside(values[:3])
    assert (before.tolist(), after.tolist()) == ([0, 0.5, 0.2], [0.2, 0.5, 0])


@pytest.mark.parametrize("at", [0, 150, 300, 599])
def test_a_peak_counts_for_four_seconds_on_either_side(at):
    onset = np.zeros((600, 88))
    onset[at, 30] = 0.5
    doubted = np.flatnonzero(doubted_below(onset, frame_s=FRAME_S))
    assert doubted.tolist() == list(range(max(0, at - 200), min(600, at + 201)))


@pytest.mark.parametrize(
    ("heights", "limit"),
    [
        ([0.39], 0),
        ([0.4], 0.85),
        ([0.6], 0.85),
        ([0.64], 0.4 + 0.45 / 2),
        ([0.67], 0.4 + 0.45 / 8),
        ([0.69], 0),
        ([0.9], 0),
        ([0.8, 0.48], 0.4 + 0.45 / 2),
        ([0.64, 0.1, 0.39], 0.4 + 0.45 / 2),
    ],
)
def test_the_less_sure_the_mean_of_the_peaks_the_higher_must_each_be(heights, limit):
    onset = np.zeros((100, 88))
    onset[10 * np.arange(len(heights)), 30 + np.arange(len(heights))] = heights
    np.testing.assert_allclose(doubted_below(onset, frame_s=FRAME_S), np.full(100, limit), atol=1e-9)


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


def test_fast_repeats_of_a_key_are_no_evidence_against_it():
    """A string that is struck while it rings has a lower peak, on any piano."""
    notes = [Note(0.5 * i + 0.1, 0.5 * i + 0.4, 50 + i, 80) for i in range(8)]
    repeats = [Note(4.5 + 0.1 * i, 4.56 + 0.1 * i, 72, 80) for i in range(60)]
    roll = targets(notes_array([*notes, *repeats]), frames=600, frame_s=FRAME_S)
    roll[:, :, 0] *= 0.9
    roll[228:, :, 0] *= 0.6  # all repeats but the first
    assert len(read(roll)) == 68
    others = [Note(4.5 + 0.1 * i, 4.56 + 0.1 * i, 40 + i % 37, 80) for i in range(60)]
    roll = targets(notes_array([*notes, *others]), frames=600, frame_s=FRAME_S)
    roll[:, :, 0] *= 0.9
    roll[228:, :, 0] *= 0.6
    assert len(read(roll)) < 20


def test_notes_that_are_held_back_are_counted():
    roll = said([0.95, 0.5])
    for length in (None, 130):
        reader = NoteDecoder(frame_s=FRAME_S)
        kept = []
        for first in range(0, len(roll), length or len(roll)):
            kept += reader(roll[first : first + (length or len(roll))])
        kept += reader.finish()
        assert len(kept) + reader.held_back == 40
    sure = NoteDecoder(frame_s=FRAME_S)
    sure(said([0.95]))
    sure.finish()
    assert sure.held_back == 0
