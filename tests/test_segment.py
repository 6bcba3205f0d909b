import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sori import audio, segment
from sori.errors import MissingDependencyError, ParameterError


@given(n=st.integers(0, 300), length=st.integers(1, 80), hop=st.integers(1, 80), pad=st.booleans())
def test_frames_are_slices_and_none_is_lost(n, length, hop, pad):
    y = np.arange(n, dtype=np.float32)
    pieces, start_s = segment.frames(y, sr=100, length_s=length / 100, hop_s=hop / 100, pad=pad)
    assert pieces.shape == (len(start_s), length)
    padded = np.concatenate([y, np.zeros(length + hop, dtype=np.float32)])
    for piece, at in zip(pieces, np.round(start_s * 100).astype(int), strict=True):
        np.testing.assert_array_equal(piece, padded[at : at + length])
    if pad and n:
        last = round(start_s[-1] * 100)
        assert last < n  # no piece of nothing
        assert last + max(length, hop) >= n  # the end is in the last piece, or in a gap between pieces
    else:
        assert len(pieces) == max(0, 1 + (n - length) // hop)


def test_pieces_may_be_written_to():
    pieces, _ = segment.frames(np.zeros(10, dtype=np.float32), sr=10, length_s=0.4, hop_s=0.1)
    pieces[0, 1] = 1
    assert pieces.sum() == 1


@pytest.mark.parametrize("sr", [8000, 22050, 44100])
def test_beats_of_clicks_are_the_clicks(sr):
    times_s = np.arange(0.25, 15, 0.5)
    y = audio.clicks(times_s, sr=sr, duration_s=15.5)
    pieces, start_s = segment.beats(y, sr=sr)
    assert len(pieces) >= 25
    off = (start_s - 0.25 + 0.25) % 0.5 - 0.25
    assert np.abs(off).max() < 0.03
    for piece, at in zip(pieces, start_s, strict=True):
        first = round(at * sr)
        np.testing.assert_array_equal(piece, y[first : first + len(piece)])
    pairs, pair_start_s = segment.beats(y, sr=sr, per=2)
    np.testing.assert_allclose(pair_start_s, start_s[::2][: len(pairs)])
    assert np.mean([len(pair) for pair in pairs]) == pytest.approx(sr, rel=0.05)


def test_silence_has_no_beats():
    pieces, start_s = segment.beats(np.zeros(22050, dtype=np.float32), sr=22050)
    assert pieces == []
    assert start_s.shape == (0,)


def test_a_missing_tracker_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'sori\[beats\]'"):
        segment.beats(np.ones(100, dtype=np.float32), sr=8000)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: segment.frames(np.zeros(9), sr=100, length_s=0, hop_s=1), "length_s must be at least one sample"),
        (lambda: segment.frames(np.zeros(9), sr=100, length_s=1, hop_s=-1), "hop_s must be at least one sample"),
        (lambda: segment.frames(np.zeros((2, 9)), sr=100, length_s=1, hop_s=1), r"shape \(samples,\)"),
        (lambda: segment.beats(np.zeros(9), sr=100, per=0), "per must be"),
        (lambda: segment.beats(np.arange(9), sr=100), "floating-point"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
