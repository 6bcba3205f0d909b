from fractions import Fraction

import pytest

from sori.music.score import Metre, ScoreNote
from sori.notation.layout import lay_out_bar

HALF = Fraction(1, 2)


def chord(onset, length, pitch=60):
    return (ScoreNote(onset=Fraction(onset), length=Fraction(length), pitch=pitch, fifths=0),)


def printed(metre, *chords, **given):
    one = Metre.parse(metre)
    events = lay_out_bar(Fraction(0), one.bar, one, chords, **given)
    assert sum(event.length for event in events) == one.bar or given
    return events


def names(events):
    return [("" if event.notes else "rest ") + event.name + "." * event.dots for event in events]


@pytest.mark.parametrize(
    ("metre", "chords", "expected"),
    [
        ("4/4", [chord(0, 4)], ["whole"]),
        ("3/4", [chord(0, 3)], ["half."]),
        ("4/4", [chord(HALF, 1), chord(Fraction(3, 2), HALF)], ["rest eighth", "quarter", "eighth", "rest half"]),
        ("4/4", [chord(1, 2)], ["rest quarter", "quarter", "quarter", "rest quarter"]),
        ("6/8", [chord(0, Fraction(3, 2)), chord(Fraction(3, 2), 1)], ["quarter.", "quarter", "rest eighth"]),
        ("2/4", [], ["rest whole"]),
        ("4/4", [chord(0, Fraction(5, 2))], ["half", "eighth", "rest eighth", "rest quarter"]),
    ],
)
def test_lengths_are_printed_so_that_beats_are_seen(metre, chords, expected):
    assert names(printed(metre, *chords)) == expected


def test_parts_of_a_note_are_tied():
    events = printed("4/4", chord(0, Fraction(5, 2)))
    assert [(event.tied_from, event.tied_on) for event in events if event.notes] == [(False, True), (True, False)]
    over = lay_out_bar(Fraction(4), Fraction(8), Metre(4, 4), [chord(3, 2)])
    assert (over[0].tied_from, over[0].tied_on, over[0].length) == (True, False, 1)


def test_thirds_of_a_beat_are_a_triplet():
    third = Fraction(1, 3)
    events = printed("2/4", chord(0, third), chord(third, third), chord(2 * third, third), chord(1, 1))
    assert [event.tuplet for event in events] == [(3, 2)] * 3 + [None]
    assert [(event.starts, event.stops) for event in events[:3]] == [(True, False), (False, False), (False, True)]
    assert names(events) == ["eighth"] * 3 + ["quarter"]
    assert [event.beams for event in events[:3]] == [["begin"], ["continue"], ["end"]]


def test_beams_have_hooks_and_end_with_the_beat():
    events = printed(
        "2/4", chord(0, Fraction(3, 4)), chord(Fraction(3, 4), Fraction(1, 4)), chord(1, HALF), chord(1 + HALF, HALF)
    )
    assert [event.beams for event in events] == [["begin"], ["end", "backward hook"], ["begin"], ["end"]]


def test_a_second_voice_has_no_rests():
    events = printed("4/4", chord(1, 1), hidden=True)
    assert [(event.at, event.length) for event in events] == [(1, 1)]
