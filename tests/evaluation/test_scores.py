from dataclasses import replace
from fractions import Fraction

import pytest

from sori.errors import AudioError
from sori.evaluation.scores import align, compare_scores
from sori.music.score import Key, Metre, Score, ScoreNote


@pytest.fixture
def known():
    notes = tuple(
        ScoreNote(onset=Fraction(k), length=Fraction(1), pitch=p, fifths=(7 * p + 5) % 12 - 5, staff=1 + k % 2)
        for k, p in enumerate([60, 62, 64, 65, 67, 69, 71, 72])
    )
    places = tuple(Fraction(k) for k in (0, 4, 8))
    return Score(notes=notes, bars=places, metres=((places[0], Metre(4, 4)),), keys=((places[0], Key(0)),))


def changed(score, **fields):
    return replace(score, notes=tuple(replace(n, **{k: f(n) for k, f in fields.items()}) for n in score.notes))


def test_a_score_agrees_with_itself(known):
    scores = compare_scores(known, known)
    assert set(scores.parts().values()) == {1.0}
    assert (scores.f1, scores.mv2h.mean, scores.notes) == (1, 1, 8)


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"length": lambda n: n.length / 2}, "note value"),
        ({"fifths": lambda n: n.fifths + 12}, "spelling"),
        ({"staff": lambda n: 3 - n.staff}, "hand"),
    ],
)
def test_each_fault_is_counted_where_it_belongs(known, fields, part):
    parts = compare_scores(known, changed(known, **fields)).parts()
    assert parts.pop(part) == 0
    assert set(parts.values()) == {1.0}


def test_twice_the_beats_is_another_place_but_the_same_notes(known):
    double = changed(known, onset=lambda n: 2 * n.onset, length=lambda n: 2 * n.length)
    double = replace(double, bars=tuple(Fraction(4 * k) for k in range(5)))
    scores = compare_scores(known, double)
    assert scores.f1 == 1
    assert scores.value == 0
    assert scores.place == pytest.approx(2 / 8)
    assert scores.mv2h.value > 0.8  # of all but the last


def test_missing_and_further_notes(known):
    lacking = replace(known, notes=known.notes[:3] + known.notes[4:])
    scores = compare_scores(known, lacking)
    assert (scores.precision, scores.recall) == (1, 7 / 8)
    assert compare_scores(lacking, known).precision == 7 / 8


def test_scores_with_nothing_in_common(known):
    other = changed(known, pitch=lambda n: n.pitch + 30, fifths=lambda n: n.fifths - 18 + 12)
    assert compare_scores(known, other).f1 == 0
    with pytest.raises(AudioError, match="without notes"):
        compare_scores(known, changed(known, is_grace=lambda n: True))


def test_alignment_skips_what_has_no_partner():
    assert align([{60}, {62}, {64}, {65}], [{62}, {63}, {64}, {65}]) == [(1, 0), (2, 2), (3, 3)]
    assert align([], [{60}]) == []
