from dataclasses import replace
from fractions import Fraction

from sori.music.score import ScoreNote
from sori.notation.staves import Clef, clefs, octaves


def high(waltz, staff, pitches):
    """The waltz with other notes on a staff, one on each quarter."""
    notes = [n for n in waltz.notes if n.staff != staff]
    notes += [
        ScoreNote(onset=Fraction(k), length=Fraction(1), pitch=p, fifths=(7 * p + 5) % 12 - 5, staff=staff)
        for k, p in enumerate(pitches)
    ]
    return replace(waltz, notes=tuple(sorted(notes)))


def test_clefs_change_only_where_many_notes_are_far(waltz):
    assert clefs(waltz, 1) == [(0, Clef.TREBLE)]
    assert clefs(waltz, 2) == [(0, Clef.BASS)]
    changing = high(waltz, 2, [48] * 12 + [79] * 12)
    assert clefs(changing, 2) == [(0, Clef.BASS), (12, Clef.TREBLE)]
    assert clefs(high(waltz, 2, [48] * 11 + [64] + [48] * 12), 2) == [(0, Clef.BASS)]


def test_a_stretch_far_above_is_written_an_octave_lower(waltz):
    (found,) = octaves(high(waltz, 1, [72] * 6 + [96, 98, 100, 101] + [72] * 14), 1)
    assert (found.begin, found.end, found.shift) == (6, 10, 1)
    assert octaves(waltz, 1) == []
