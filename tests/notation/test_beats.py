import numpy as np
import pytest

from sori.errors import ParameterError
from sori.notation.beats import Beats, BeatTracking, track_beats


def odds(at, bars, frames):
    """Odds that are high at some frames, and of bars at some of these."""
    beat, bar = np.full(frames, -6.0), np.full(frames, -3.0)
    beat[at] = 3.0
    bar[bars] = 3.0
    return beat, bar


def test_steady_beats_and_bars_are_found():
    at = np.arange(20, 1000, 25)
    frames, places, counts = track_beats(*odds(at, at[::3], 1020))
    assert frames.tolist() == at.tolist()
    assert set(counts) == {3}
    assert (frames[places == 0] == at[::3]).all()


def test_beats_that_nothing_marks_are_filled_in_and_those_out_of_time_left_out():
    at = np.arange(20, 1000, 25)
    heard = np.delete(at, [7, 8, 20])
    beat, bar = odds(heard, at[::4], 1020)
    beat[[33, 111, 480]] = 1.0
    frames, places, counts = track_beats(beat, bar)
    assert len(frames) == len(at)
    assert np.abs(frames - at).max() <= 5
    assert (places[counts == 4][:8] == [0, 1, 2, 3] * 2).all()


def test_the_tempo_may_bend_but_is_not_doubled_by_a_few_strokes():
    intervals = 25 * np.exp(0.4 * np.sin(np.arange(60) / 8))
    at = np.cumsum(intervals).astype(int)
    beat, bar = odds(at, at[::4], at[-1] + 30)
    beat[(at[10:14] + at[11:15]) // 2] = 1.0
    assert track_beats(beat, bar)[0].tolist() == at.tolist()


def test_what_is_known_is_kept_to():
    at = np.arange(20, 1000, 25)
    for count in (2, 5, 7):
        counts = track_beats(*odds(at, at[::4], 1020), BeatTracking(beats_in_bar=(count,)))[2]
        assert set(counts) == {count}
    slow = track_beats(*odds(at, at[::4], 1020), BeatTracking(tempo=(50, 70)))[0]
    assert np.median(np.diff(slow)) == 50


def test_a_change_of_metre_is_followed():
    at = np.arange(20, 2000, 25)
    bars = np.concatenate([at[:40:4], at[40::3]])
    _, places, counts = track_beats(*odds(at, bars, 2020))
    assert set(counts[:36]) == {4}
    assert set(counts[44:]) == {3}
    assert (places[:40:4] == 0).all()


def test_nothing_likely_gives_no_beats():
    assert [len(part) for part in track_beats(*odds([], [], 500))] == [0, 0, 0]


def test_limits():
    with pytest.raises(ParameterError, match="1 to 16"):
        BeatTracking(beats_in_bar=())
    with pytest.raises(ParameterError, match="the lower first"):
        BeatTracking(tempo=(100, 80))


def test_downbeats():
    beats = Beats(seconds=np.arange(4.0), places=np.array([1, 2, 0, 1]), counts=np.full(4, 3))
    assert beats.downbeats.tolist() == [2.0]
    assert len(beats) == 4
