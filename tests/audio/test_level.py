import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sori import audio
from sori.errors import ParameterError


def test_levels_of_what_is_known():
    square = np.tile([0.5, -0.5], 100)
    assert audio.peak_db(square) == pytest.approx(-6.02, abs=0.01)
    assert audio.rms_db(square) == pytest.approx(-6.02, abs=0.01)
    assert audio.rms_db(audio.tone(100, sr=8000, duration_s=1)) == pytest.approx(-3.01, abs=0.01)
    assert audio.peak_db(np.zeros(5)) == audio.rms_db(np.zeros(5)) == -np.inf


def test_clipping_is_runs_of_full_scale():
    y = np.array([0.1, 1.0, 0.2, -1.0, -1.0, -1.0, 0.0, 1.0, 1.0])
    assert audio.clipped_samples(y) == 3
    assert audio.clipped_samples(np.zeros(0)) == 0
    assert audio.clipped_samples(np.tile([1.0, 1.0, 1.0, -1.0, -1.0, -1.0], 5)) == 30
    for hz in (100, 440, 5000):  # a full-scale tone is not clipped
        assert audio.clipped_samples(audio.tone(hz, sr=44100, duration_s=1)) == 0
    assert audio.clipped_samples(np.clip(2 * audio.tone(440, sr=44100, duration_s=1), -1, 1)) > 10_000


def test_silence_at_the_ends():
    y = np.concatenate([np.zeros(500), audio.tone(100, sr=1000, duration_s=1), np.full(250, 1e-5)])
    start_s, end_s = audio.silent_ends_s(y, sr=1000)
    assert start_s == pytest.approx(0.501)  # the tone begins at zero
    assert end_s == pytest.approx(0.25, abs=0.002)
    assert audio.silent_ends_s(np.zeros(1000), sr=1000) == (1.0, 1.0)


@given(snr=st.floats(-40, 60), seed=st.integers(0, 100))
def test_a_mixture_has_the_level_it_was_asked_for(snr, seed):
    rng = np.random.default_rng(seed)
    y, other = rng.uniform(-1, 1, 1000), rng.uniform(-0.01, 0.01, 300)
    mixed = audio.mix(y, other, snr_db=snr)
    assert audio.snr_db(y, mixed) == pytest.approx(snr, abs=0.02)


def test_ratio_of_what_is_the_same_is_infinite():
    assert audio.snr_db(np.ones(3), np.ones(3)) == np.inf


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: audio.mix(np.ones(3), np.zeros(3), snr_db=0), "silent clip has no level"),
        (lambda: audio.mix(np.ones(3), np.zeros(0), snr_db=0), "silent clip has no level"),
        (lambda: audio.mix(np.ones(3), np.ones(3), snr_db=np.nan), "snr_db must be"),
        (lambda: audio.snr_db(np.ones(3), np.ones(2)), "equal shapes"),
        (lambda: audio.mix(np.ones((2, 3)), np.ones(3), snr_db=0), r"shape \(samples,\)"),
        (lambda: audio.clipped_samples(np.ones((2, 3))), r"shape \(samples,\)"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
