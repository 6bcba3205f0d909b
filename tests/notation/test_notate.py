from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sori.errors import AudioError, ParameterError
from sori.evaluation.scores import compare_scores
from sori.music import Note
from sori.music.midi import read_notes
from sori.music.score import Metre
from sori.notation.notate import NotationOptions, is_uneven, notate
from sori.notation.rhythm import beats_from
from tests.conftest import ROOT


@pytest.fixture
def marked(waltz):
    """The beats of the waltz, as a person would mark them."""
    return beats_from(np.array(waltz.seconds), np.arange(25) % 3 == 0)


def test_with_its_beats_a_waltz_is_written_as_it_is(waltz, played, marked):
    score = notate(played, options=NotationOptions(beats=marked, key=2))
    scores = compare_scores(waltz, score)
    assert scores.f1 == 1
    assert (scores.place, scores.metre, scores.key, scores.spelling) == (1, 1, 1, 1)
    assert scores.value > 0.9
    assert scores.hand > 0.9
    assert scores.mv2h.mean > 0.9


def test_the_prelude_is_written_with_all_its_notes():
    notes = read_notes(ROOT / "examples" / "prelude.mid")
    score = notate(notes, options=NotationOptions(metre=Metre(4, 4)))
    assert len(score.notes) == len(notes) == 549
    assert score.keys[0][1].fifths == 0
    assert [metre for _, metre in score.metres] == [Metre(4, 4)]
    assert {note.onset.denominator for note in score.notes} <= {1, 2, 4, 8}
    assert 33 <= len(score.bars) - 1 <= 37  # the printed one has 35


@pytest.mark.parametrize("detail", ["simple", "usual", "faithful"])
@pytest.mark.parametrize(
    "notes",
    [
        [Note(1.0, 1.5, 60, 80)],
        [Note(0.0, 1.5, pitch, 80) for pitch in (48, 60, 64, 67)],
        [Note(i / 20, i / 20 + 0.04, 60, 80) for i in range(200)],
        [Note(i / 2, i / 2 + 0.4, pitch, 80) for i, pitch in enumerate([0, 5, 127, 120, 60, 62, 64, 65] * 3)],
        [Note(0.0, 600.0, 60, 80)],
        [Note(i / 2 + 300 * (i > 9), i / 2 + 300 * (i > 9) + 0.4, 60 + i % 5, 80) for i in range(20)],
    ],
    ids=["one", "chord", "same key", "no piano", "long", "gap"],
)
def test_no_note_is_lost_and_all_are_in_bars(notes, detail):
    score = notate(notes, options=NotationOptions(detail=detail))
    assert sorted(n.pitch for n in score.notes) == sorted(n.pitch for n in notes)
    assert all(score.bars[0] <= n.onset and n.end <= score.bars[-1] for n in score.notes)
    assert all(n.length > 0 or n.is_grace for n in score.notes)
    if detail == "simple":
        assert {n.voice for n in score.notes} == {1}


def test_music_without_metre_is_in_proportion(rng):
    at = np.cumsum(rng.exponential(0.5, 40))
    score = notate([Note(float(t), float(t) + 0.2, 60, 80) for t in at], options=NotationOptions(is_free=True))
    assert score.is_free
    main = [note for note in score.notes if not note.is_grace]
    first = main[0]
    assert all(abs(2 * (n.onset_s - first.onset_s) - float(n.onset - first.onset)) < 0.4 for n in main)
    assert not any(mark.kind == "tempo" for mark in score.marks)


def test_the_pedal_is_marked(played, marked):
    score = notate(played, [(1.0, 2.4), (2.5, 3.9)], NotationOptions(beats=marked))
    assert [(m.at, m.until) for m in score.marks if m.kind == "pedal"] == [(0, 3), (3, 6)]


def test_a_known_metre_is_kept(played):
    score = notate(played, options=NotationOptions(metre=Metre(3, 4), tempo=(100, 140)))
    assert {metre for _, metre in score.metres} == {Metre(3, 4)}
    assert np.median(np.diff(score.seconds)) == pytest.approx(0.5, abs=0.02)


def test_uneven_beats_are_told(marked, rng):
    assert not is_uneven(marked)
    assert is_uneven(replace(marked, seconds=np.cumsum(np.exp(rng.normal(0, 0.6, 25)))))


def test_limits():
    with pytest.raises(AudioError, match="no notes"):
        notate([])
    with pytest.raises(ParameterError, match="at most 7"):
        NotationOptions(key=8)
    with pytest.raises(ParameterError, match="tempo"):
        NotationOptions(tempo=(100, 50))
    assert Fraction(1) == Metre(3, 4).beat
