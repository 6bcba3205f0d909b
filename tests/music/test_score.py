from fractions import Fraction

import pytest

from sori.errors import ParameterError
from sori.music.score import Key, Metre, Score, ScoreNote, fifths_of, spelling


@pytest.mark.parametrize(
    ("pitch", "fifths", "name"),
    [
        (60, 0, "C4"),
        (60, 12, "B#3"),
        (60, -12, "Dbb4"),
        (59, -7, "Cb4"),
        (66, 6, "F#4"),
        (66, -6, "Gb4"),
        (21, 3, "A0"),
    ],
)
def test_a_pitch_has_the_name_that_its_place_on_the_line_of_fifths_gives(pitch, fifths, name):
    found = spelling(pitch, fifths)
    assert str(found) == name
    assert fifths_of(found.step, found.alter) == fifths


def test_names_need_the_right_pitch_and_few_accidentals():
    with pytest.raises(ParameterError, match="no spelling"):
        spelling(60, 1)
    with pytest.raises(ParameterError, match="no spelling"):
        spelling(60, 36)


@pytest.mark.parametrize("text", ["", "3", "3/5", "0/4", "65/4", "3/4/4", "-3/4", "a/4"])
def test_a_metre_is_written_as_musicians_do(text):
    with pytest.raises(ParameterError, match="3/4"):
        Metre.parse(text)


def score(metre, bars, *, repeats=(), notes=()):
    places = [Fraction(0)]
    for length in bars:
        places.append(places[-1] + length)
    return Score(
        notes=tuple(notes), bars=tuple(places), metres=((Fraction(0), metre),), keys=((Fraction(0), Key(0)),),
        repeats=repeats,
    )  # fmt: skip


def test_beats_of_a_pickup_count_from_the_bar_line():
    beats = score(Metre(3, 4), [Fraction(3, 2), Fraction(3)]).beats()
    assert beats == [(Fraction(1, 2), False), (Fraction(3, 2), True), (Fraction(5, 2), False), (Fraction(7, 2), False)]
    compound = score(Metre(6, 8), [Fraction(3)]).beats()
    assert compound == [(Fraction(0), True), (Fraction(3, 2), False)]


def test_repeats_are_written_out():
    notes = [ScoreNote(onset=Fraction(4 * i), length=Fraction(4), pitch=60 + i, fifths=0) for i in range(3)]
    notes = [ScoreNote(onset=n.onset, length=n.length, pitch=n.pitch, fifths=7 * n.pitch % 12) for n in notes]
    whole = score(Metre(4, 4), [Fraction(4)] * 3, repeats=(0, 1, 0, 1, 2), notes=notes).unfolded()
    assert [(note.pitch, int(note.onset)) for note in whole.notes] == [(60, 0), (61, 4), (60, 8), (61, 12), (62, 16)]
    assert whole.bars[-1] == 20
    assert whole.unfolded() is whole


def test_the_names_of_keys():
    assert [str(Key(-3, True)), str(Key(-3, False)), str(Key(2))] == ["C minor", "Eb major", "2 sharps"]
