from dataclasses import replace
from fractions import Fraction

import numpy as np
import pretty_midi
import pytest

from sori.music.midi import read_beats, read_notes, read_pedals
from sori.notation.midi import write_performed, write_quantised


def test_a_performance_keeps_its_times_and_has_its_beats(waltz, played, tmp_path):
    uneven = tuple(1 + 0.5 * k + 0.2 * np.sin(k / 3) for k in range(25))
    write_performed(replace(waltz, seconds=uneven), played, [(1.0, 2.0)], tmp_path / "a.mid")
    found = read_notes(tmp_path / "a.mid")
    known = sorted((n.pitch, n.onset_s, n.offset_s) for n in played)
    assert np.abs(np.array(sorted((n.pitch, n.onset_s, n.offset_s) for n in found)) - known).max() < 1e-3
    assert read_pedals(tmp_path / "a.mid").ravel() == pytest.approx([1, 2], abs=1e-3)
    song = pretty_midi.PrettyMIDI(str(tmp_path / "a.mid"))
    beats, bars = song.get_beats(), song.get_downbeats()
    assert [min(abs(beats - at)) < 2e-3 for at in uneven[:24]] == [True] * 24
    assert [min(abs(bars - at)) < 2e-3 for at in uneven[:24:3]] == [True] * 8
    ours = [at for at, _ in read_beats(tmp_path / "a.mid")]
    assert ours == pytest.approx(beats[: len(ours)], abs=1e-3)


def test_the_score_is_on_its_grid(waltz, tmp_path):
    write_quantised(waltz, tmp_path / "a.mid")
    found = sorted((n.pitch, 2 * n.onset_s) for n in read_notes(tmp_path / "a.mid"))
    assert np.array(found) == pytest.approx(np.array(sorted((n.pitch, float(n.onset)) for n in waltz.notes)), abs=1e-3)
    signature = pretty_midi.PrettyMIDI(str(tmp_path / "a.mid")).time_signature_changes[0]
    assert (signature.numerator, signature.denominator) == (3, 4)


def test_a_pickup_is_a_short_bar(waltz, played, tmp_path):
    bars = (Fraction(0), Fraction(1), *(Fraction(1 + 3 * k) for k in range(1, 8)), Fraction(24))
    write_performed(replace(waltz, bars=bars), played, (), tmp_path / "a.mid")
    downbeats = [at for at, first in read_beats(tmp_path / "a.mid") if first]
    assert downbeats[2:5] == pytest.approx([1.5, 3.0, 4.5], abs=2e-3)
