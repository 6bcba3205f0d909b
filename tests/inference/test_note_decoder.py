import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sori.inference.note_decoder import NoteDecoder, notes_from
from sori.music import Note, notes_array, targets

FRAME_S = 0.02


def passage(seed, n=60, length_s=8.0):
    """Notes that do not overlap on a key."""
    rng = np.random.default_rng(seed)
    free: dict[int, float] = {}
    notes = []
    for onset_s in np.sort(rng.uniform(0.1, length_s, n)):
        pitch = int(rng.integers(21, 109))
        if free.get(pitch, 0) <= onset_s:
            offset_s = onset_s + rng.uniform(0.1, 2)
            notes.append(Note(float(onset_s), float(offset_s), pitch, int(rng.integers(1, 128))))
            free[pitch] = offset_s + 0.15
    return notes


def heard(*, height=0.9, sounding=1.0, until=40, offsets=(), velocity=64, frames=60, onset=10):
    """What a transcriber says of C4 struck at one frame, sounding until another, with peaks of its offset."""
    roll = np.zeros((frames, 88, 4), dtype=np.float32)
    roll[onset - 2 : onset + 3, 39, 0] = height * np.array([0.2, 0.6, 1, 0.6, 0.2])
    roll[onset:until, 39, 1] = sounding
    roll[onset, 39, 3] = velocity / 127
    for at, offset in offsets:
        roll[at - 1 : at + 2, 39, 2] = offset * np.array([0.5, 1, 0.5])
    return roll


@pytest.mark.parametrize(
    ("until", "offsets", "end"),
    [
        (40, [], 40),
        (60, [], 60),
        (40, [(36, 0.9)], 36),
        (40, [(35, 0.9)], 35),  # the sound dies away within five frames of it
        (40, [(34, 0.9)], 40),
        (40, [(44, 0.9)], 40),
        (40, [(36, 0.31)], 36),
        (40, [(36, 0.29)], 40),
        (12, [], 12),
        (14, [(12, 0.9)], 12),
        (14, [(13, 0.9)], 13),
    ],
)
def test_a_note_ends_where_it_no_longer_sounds_or_at_an_offset_shortly_before(until, offsets, end):
    found = notes_from(heard(until=until, offsets=offsets), frame_s=FRAME_S)
    np.testing.assert_allclose(found, [[10 * FRAME_S, end * FRAME_S, 60, 64]], atol=1e-9)


@pytest.mark.parametrize(
    ("sounding", "reading", "end"), [(0.16, {}, 40), (0.14, {}, 12), (0.25, {"sounding": 0.25}, 40)]
)
def test_it_sounds_from_the_level_that_is_asked_for(sounding, reading, end):
    found = notes_from(heard(sounding=sounding), frame_s=FRAME_S, **reading)
    assert found[0, 1] == pytest.approx(end * FRAME_S)


@pytest.mark.parametrize(
    ("height", "reading", "notes"),
    [(0.41, {}, 1), (0.39, {}, 0), (0.5, {"threshold": 0.5}, 1), (0.49, {"threshold": 0.5}, 0)],
)
def test_an_onset_is_as_high_as_the_threshold(height, reading, notes):
    assert len(notes_from(heard(height=height), frame_s=FRAME_S, doubt=False, **reading)) == notes


@pytest.mark.parametrize(("min_note_s", "notes"), [(0.0399, 1), (0.0401, 0)])
def test_a_note_is_at_least_as_long_as_is_asked_for(min_note_s, notes):
    assert len(notes_from(heard(until=12), frame_s=FRAME_S, min_note_s=min_note_s)) == notes


@pytest.mark.parametrize(("said", "velocity"), [(0, 1), (0.6, 1), (64.4, 64), (64.6, 65), (127, 127), (150, 127)])
def test_velocities_are_those_of_midi(said, velocity):
    assert notes_from(heard(velocity=said), frame_s=FRAME_S)[0, 3] == velocity


def test_a_note_ends_after_a_minute():
    found = notes_from(heard(until=3400, frames=3500), frame_s=FRAME_S)
    np.testing.assert_allclose(found[:, :2], [[0.2, 60.2]])


def test_a_note_is_told_nine_frames_after_its_end():
    roll = heard(until=30, frames=60)
    reader = NoteDecoder(frame_s=FRAME_S, doubt=False)
    told = [len(reader(frame[np.newaxis])) for frame in roll]
    assert np.flatnonzero(told).tolist() == [30 + 9 - 1]  # the frame with which there are so many


def test_what_is_no_piano_is_doubted_unless_it_should_not_be():
    unsure = heard(height=0.55)
    assert len(notes_from(unsure, frame_s=FRAME_S)) == 0
    assert len(notes_from(unsure, frame_s=FRAME_S, doubt=False)) == 1


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_notes_come_back_from_what_should_be_said_of_them(seed):
    notes = notes_array(passage(seed))
    back = notes_from(targets(notes, frames=600, frame_s=FRAME_S), frame_s=FRAME_S)
    assert back.shape == notes.shape
    np.testing.assert_array_equal(back[:, 2:], notes[:, 2:])
    np.testing.assert_allclose(back[:, 0], notes[:, 0], atol=1e-3)
    np.testing.assert_allclose(back[:, 1], notes[:, 1], atol=FRAME_S)


@pytest.mark.parametrize("length", [1, 7, 50, 599])
@pytest.mark.parametrize("kind", ["music", "noise"])
def test_however_a_stream_is_cut_its_notes_are_the_same(length, kind):
    said = (
        targets(notes_array(passage(5)), frames=600, frame_s=FRAME_S)
        if kind == "music"
        else np.random.default_rng(0).random((200, 88, 4)).astype(np.float32)
    )
    reader = NoteDecoder(frame_s=FRAME_S)
    notes = []
    for first in range(0, len(said), length):
        notes += reader(said[first : first + length])
    notes += reader.finish()
    assert [n.onset_s for n in notes] == sorted(n.onset_s for n in notes) or kind == "noise"
    np.testing.assert_allclose(
        sorted(map(tuple, notes_array(notes))), sorted(map(tuple, notes_from(said, frame_s=FRAME_S)))
    )


def test_what_is_kept_of_a_stream_stays_short():
    reader = NoteDecoder(frame_s=FRAME_S)
    for _ in range(100):
        reader(np.zeros((100, 88, 4), dtype=np.float32))
    assert len(reader._kept) < 120


def test_a_key_struck_again_ends_the_note_before():
    notes = np.array([[0.2, 0.6, 60, 64], [0.6, 1.0, 60, 90.0]])
    back = notes_from(targets(notes, frames=80, frame_s=FRAME_S), frame_s=FRAME_S)
    np.testing.assert_allclose(back, notes, atol=0.02)


def test_notes_below_the_threshold_and_shorter_than_allowed_are_left_out():
    said = targets(np.array([[0.2, 0.26, 60, 64], [0.5, 1.0, 64, 64]]), frames=80, frame_s=FRAME_S)
    assert len(notes_from(said, frame_s=FRAME_S, min_note_s=0.1)) == 1
    said[..., 0] *= 0.3
    assert len(notes_from(said, frame_s=FRAME_S)) == 0


def test_nothing_said_is_no_notes():
    assert notes_from(np.zeros((0, 88, 4), dtype=np.float32), frame_s=FRAME_S).shape == (0, 4)
    assert NoteDecoder(frame_s=FRAME_S).finish() == []


def test_what_lies_outside_the_frames_is_left_out():
    said = targets(np.array([[-1.0, 0.1, 60, 64], [3.0, 4.0, 61, 64]]), frames=50, frame_s=FRAME_S)
    assert said[:5, 39, 1].all()
    assert not said[..., 0].any()
    assert not targets(np.array([[-3.0, -1.0, 60, 64]]), frames=50, frame_s=FRAME_S).any()


def test_repeated_notes_never_overlap():
    onsets = 0.2 + 0.113 * np.arange(30)
    rows = np.stack([onsets, onsets + 0.113, np.full(30, 60.0), np.full(30, 64.0)], axis=1)
    back = notes_from(targets(rows, frames=250, frame_s=FRAME_S), frame_s=FRAME_S)
    assert len(back) == 30
    assert (back[:-1, 1] <= back[1:, 0] + 1e-9).all()
