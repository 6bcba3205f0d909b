import itertools
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from sori.music.score import ScoreNote
from sori.notation.voices import separate_voices


def note(onset, length, pitch, **more):
    return ScoreNote(
        onset=Fraction(onset), length=Fraction(length), pitch=pitch, fifths=(7 * pitch + 5) % 12 - 5, **more
    )


def voices(notes, **given):
    return {(n.onset, n.pitch): (n.voice, n.length) for n in separate_voices(notes, **given)}


def test_chords_one_after_the_other_are_one_voice():
    found = voices([note(0, 1, 60), note(0, 1, 64), note(1, 1, 62), note(3, 1, 65)])
    assert {voice for voice, _ in found.values()} == {1}


def test_the_upper_of_two_is_the_first():
    found = voices([note(0, 4, 48), note(0, 1, 72), note(1, 1, 74), note(2, 2, 76)])
    assert found[0, 48] == (2, 4)
    assert {found[at, pitch][0] for at, pitch in ((0, 72), (1, 74), (2, 76))} == {1}
    found = voices([note(0, 4, 79), note(0, 1, 60), note(1, 1, 62), note(2, 2, 64)])
    assert found[0, 79] == (1, 4)
    assert found[1, 62][0] == found[2, 64][0] == 2


def test_a_melody_over_a_note_that_began_alone_puts_it_below():
    found = voices([note(0, 4, 60), note(1, 1, 72), note(2, 2, 74)])
    assert found[0, 60][0] == 2
    assert found[1, 72][0] == found[2, 74][0] == 1


def test_one_voice_more_than_there_may_be_cuts_what_sounds():
    found = voices([note(0, 4, 48), note(1, 2, 60), note(2, 2, 72)])
    assert len(found) == 3
    assert (
        sum(length < most for (_, length), most in zip((found[k] for k in sorted(found)), (4, 2, 2), strict=True)) == 1
    )


def test_grace_notes_follow_their_note():
    found = separate_voices([note(0, 4, 48), note(0, 1, 72), note(0, 0, 71, is_grace=True)])
    assert next(n.voice for n in found if n.is_grace) in (1, 2)


@given(
    st.lists(
        st.tuples(st.integers(0, 24), st.integers(1, 12), st.integers(40, 80)), min_size=1, max_size=40,
        unique_by=lambda n: (n[0], n[2]),
    ),
    st.integers(1, 3),
)  # fmt: skip
def test_no_note_is_lost_and_no_voice_overlaps(drawn, most):
    notes = [note(Fraction(onset, 4), Fraction(length, 4), pitch) for onset, length, pitch in drawn]
    found = separate_voices(notes, most=most)
    assert sorted((n.onset, n.pitch) for n in found) == sorted((n.onset, n.pitch) for n in notes)
    assert all(1 <= n.voice <= most and n.length > 0 for n in found)
    for number in range(1, most + 1):
        chords = sorted({(n.onset, n.end) for n in found if n.voice == number})
        assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(chords))
