from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sori.music.score import Metre
from sori.notation.marks import dynamics, pedal_marks, tempo_marks


def loud(waltz, velocities):
    return [replace(n, velocity=velocities[waltz.bar_at(n.onset)]) for n in waltz.notes]


def test_dynamics_stand_where_the_loudness_changes(waltz):
    marks = dynamics(loud(waltz, [50] * 4 + [95] * 4), waltz.bars)
    assert [(m.kind, m.text) for m in marks if m.kind == "dynamic"] == [("dynamic", "p"), ("dynamic", "f")]
    assert marks[-1].at in waltz.bars[3:6]
    assert len(dynamics(loud(waltz, [64] * 8), waltz.bars)) == 1
    assert dynamics(loud(waltz, [0] * 8), waltz.bars) == []


def test_a_gradual_change_is_a_hairpin(waltz):
    marks = dynamics(loud(waltz, [45, 45, 55, 65, 75, 85, 95, 95]), waltz.bars)
    assert [m.text for m in marks if m.kind == "hairpin"][:1] == ["crescendo"]


def test_the_pedal_goes_down_and_up_at_eighths():
    marks = pedal_marks(
        [(0.1, 0.9), (1.0, 1.1), (3.0, 9.0)], lambda s: Fraction(s).limit_denominator(96), end=Fraction(8)
    )
    assert [(m.at, m.until) for m in marks] == [(0, 1), (3, 8)]


@pytest.mark.parametrize(("tempo", "word"), [(40, "Largo"), (66, "Adagio"), (80, "Andante"), (140, "Allegro")])
def test_a_tempo_has_its_word(tempo, word):
    places = [Fraction(k) for k in range(17)]
    marks = tempo_marks(places, 60 / tempo * np.arange(17), lambda at: Metre(4, 4), places[::4])
    assert [m.text for m in marks] == [f"{word}|1|{tempo}"]


def test_another_tempo_that_lasts_is_told():
    places = [Fraction(k) for k in range(81)]
    seconds = np.concatenate([0.5 * np.arange(40), 20 + 0.8 * np.arange(41)])
    marks = tempo_marks(places, seconds, lambda at: Metre(4, 4), places[::4])
    assert [m.text.split("|")[2] for m in marks] == ["120", "75"]
    assert marks[1].at == 40
