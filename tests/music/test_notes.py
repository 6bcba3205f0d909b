import numpy as np
import pytest

from sori.errors import ParameterError
from sori.music import CHORDS, HIGHEST, KEYS, LOWEST, Note, chord_pitches, notes_array, parse_band, parse_pitches
from sori.units import note_to_midi


def test_notes_sort_by_time():
    first, second = Note(0.0, 1.0, 60, 80), Note(0.5, 0.6, 21, 1)
    assert sorted([second, first]) == [first, second]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1.0, 1.0, 60, 80), "must end after it begins"),
        ((-1.0, 1.0, 60, 80), "onset_s must be"),
        ((0.0, float("nan"), 60, 80), "must end after it begins"),
        ((1e7, 2e7, 60, 80), "must end after it begins"),
        ((0.0, 1.0, 128, 80), "pitch must be 0 to 127"),
        ((0.0, 1.0, -1, 80), "pitch must be a whole number, at least 0"),
        ((0.0, 1.0, 60, 0), "velocity must be a whole number, at least 1"),
        ((0.0, 1.0, 60, 200), "velocity must be 1 to 127"),
        ((0.0, 1.0, 60.5, 80), "pitch must be a whole number"),
    ],
)
def test_impossible_notes_are_refused(values, message):
    with pytest.raises(ParameterError, match=message):
        Note(*values)


def test_all_that_midi_has_can_be_a_note():
    assert [Note(0.0, 1.0, pitch, 80).pitch for pitch in (0, 127)] == [0, 127]
    assert [Note(0.0, 1.0, 60, velocity).velocity for velocity in (1, 127)] == [1, 127]


def test_a_piano_has_88_keys_from_a0_to_c8():
    assert (LOWEST, HIGHEST, KEYS) == (note_to_midi("A0"), note_to_midi("C8"), 88)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_notes_become_rows(n):
    rows = notes_array([Note(float(i), i + 0.5, 60 + i, 80 + i) for i in range(n)])
    np.testing.assert_array_equal(rows, np.array([[i, i + 0.5, 60 + i, 80 + i] for i in range(n)]).reshape(n, 4))
    assert notes_array(rows) is rows


SPELLED = {
    "major": "C4 E4 G4",
    "minor": "C4 Eb4 G4",
    "diminished": "C4 Eb4 Gb4",
    "augmented": "C4 E4 G#4",
    "sus2": "C4 D4 G4",
    "sus4": "C4 F4 G4",
    "major7": "C4 E4 G4 B4",
    "minor7": "C4 Eb4 G4 Bb4",
    "dominant7": "C4 E4 G4 Bb4",
    "diminished7": "C4 Eb4 Gb4 Bbb4",
    "half-diminished7": "C4 Eb4 Gb4 Bb4",
    "fifth": "C4 G4",
}


@pytest.mark.parametrize("kind", CHORDS)
def test_chords_are_spelled_as_in_the_textbook(kind):
    assert chord_pitches(60, kind) == tuple(note_to_midi(name) for name in SPELLED[kind].split())


def test_chords_on_other_roots_and_turned_over():
    assert chord_pitches(60, "major") == (60, 64, 67)  # C E G
    assert chord_pitches(57, "minor") == (57, 60, 64)  # A C E
    assert chord_pitches(67, "dominant7") == (67, 71, 74, 77)  # G B D F
    assert chord_pitches(60, "major", inversion=2) == (67, 72, 76)
    assert chord_pitches(60, "major7", inversion=1) == (64, 67, 71, 72)


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
        ("0-127", tuple(range(128))),
        ("60-60", (60,)),
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


def test_a_band_is_two_keys():
    assert parse_band("piano") == (21, 108)
    assert parse_band("C2-C6") == (36, 84)
    assert parse_band("A4") == (69, 69)
    for bad in ("C2,C6", "", "H2-C6"):
        with pytest.raises(ParameterError):
            parse_band(bad)
