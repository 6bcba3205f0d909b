import pytest

from sori.errors import ParameterError
from sori.music import CHORDS, Note, chord_pitches, parse_pitches


def test_notes_sort_by_time():
    first, second = Note(0.0, 1.0, 60, 80), Note(0.5, 0.6, 21, 1)
    assert sorted([second, first]) == [first, second]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1.0, 1.0, 60, 80), "must end after it begins"),
        ((-1.0, 1.0, 60, 80), "onset_s must be"),
        ((0.0, float("nan"), 60, 80), "must end after it begins"),
        ((0.0, 1.0, 128, 80), "pitch must be 0 to 127"),
        ((0.0, 1.0, 60, 0), "velocity must be a whole number, at least 1"),
        ((0.0, 1.0, 60, 200), "velocity must be 1 to 127"),
        ((0.0, 1.0, 60.5, 80), "pitch must be a whole number"),
    ],
)
def test_impossible_notes_are_refused(values, message):
    with pytest.raises(ParameterError, match=message):
        Note(*values)


def test_chords_are_those_of_the_textbook():
    assert chord_pitches(60, "major") == (60, 64, 67)  # C E G
    assert chord_pitches(57, "minor") == (57, 60, 64)  # A C E
    assert chord_pitches(67, "dominant7") == (67, 71, 74, 77)  # G B D F
    assert chord_pitches(60, "major", inversion=2) == (67, 72, 76)
    assert all(chord_pitches(60, kind)[0] == 60 for kind in CHORDS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "mayor"}, "did you mean 'major'"),
        ({"kind": "major", "inversion": 3}, "has inversions 0 to 2"),
        ({"kind": "major", "inversion": -1}, "inversion must be"),
    ],
)
def test_impossible_chords_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        chord_pitches(60, **arguments)


@pytest.mark.parametrize(
    ("text", "pitches"),
    [
        ("60", (60,)),
        ("21-108", tuple(range(21, 109))),
        ("C4-E4, G4", (60, 61, 62, 63, 64, 67)),
        ("Bb3,60,60", (58, 60)),
        ("C-1-D-1", (0, 1, 2)),
    ],
)
def test_pitches_are_read(text, pitches):
    assert parse_pitches(text) == pitches


@pytest.mark.parametrize("text", ["", "H4", "60-50", "128", "C4-", "60,,62"])
def test_what_is_no_pitch_is_refused(text):
    with pytest.raises(ParameterError, match="pitches"):
        parse_pitches(text)
