import numpy as np
import pytest

from sori.errors import ParameterError
from sori.inference.tuning import TuningEstimator, check_tuning, in_cents, in_hz

SR = 16000


def chords(tuning_hz, *, sr=SR, seconds=12.0, seed=0):
    """Decaying notes with eight partials each, four at a time."""
    rng = np.random.default_rng(seed)
    y = np.zeros(round(seconds * sr))
    t = np.arange(sr) / sr
    for first in range(0, len(y) - sr, sr // 2):
        for pitch in rng.integers(45, 80, 4):
            hz = tuning_hz * 2 ** ((pitch - 69) / 12)
            note = sum(np.sin(2 * np.pi * k * hz * t) / k for k in range(1, 9)) * np.exp(-3 * t)
            y[first : first + sr] += 0.1 * note
    return y.astype(np.float32)


@pytest.mark.parametrize("tuning_hz", [428.5, 433, 437, 443, 446, 452])
@pytest.mark.parametrize("sr", [16000, 44100])
def test_a_tuning_is_found(tuning_hz, sr):
    estimator = TuningEstimator(sr)
    y = chords(tuning_hz, sr=sr)
    for piece in np.array_split(y, 7):
        estimator(piece)
    assert estimator.cents == pytest.approx(in_cents(tuning_hz), abs=2)
    assert estimator.tuning_hz == pytest.approx(tuning_hz, abs=0.5)


@pytest.mark.parametrize("pieces", [1, 2, 13, 500])
def test_it_does_not_depend_on_how_a_recording_is_cut(pieces):
    whole, parts = TuningEstimator(SR), TuningEstimator(SR)
    y = chords(434)
    whole(y)
    for piece in np.array_split(y, pieces):
        parts(piece)
    assert parts.cents == whole.cents != 0


@pytest.mark.parametrize("tuning_hz", [438.5, 440, 441.5])
def test_a_small_deviation_is_none(tuning_hz):
    estimator = TuningEstimator(SR)
    estimator(chords(tuning_hz))
    assert (estimator.cents, estimator.tuning_hz) == (0, 440)


def test_where_partials_do_not_agree_there_is_no_tuning(rng):
    for y in (0.1 * rng.standard_normal(10 * SR), np.zeros(10 * SR), np.zeros(10), chords(430)[:SR] * 1e-4):
        estimator = TuningEstimator(SR)
        estimator(y.astype(np.float32))
        assert estimator.cents == 0


def test_a_halfway_tuning_is_on_one_side_or_the_other():
    estimator = TuningEstimator(SR)
    estimator(chords(427.5))
    assert abs(estimator.cents) == pytest.approx(50, abs=2)


def test_cents_and_hertz():
    assert in_hz(100) == pytest.approx(440 * 2 ** (1 / 12))
    assert in_cents(in_hz(-37)) == pytest.approx(-37)
    check_tuning(415)
    for bad in (0, 300, 600, float("nan")):
        with pytest.raises(ParameterError, match="tuning_hz must be 380 to 500 Hz"):
            check_tuning(bad)
