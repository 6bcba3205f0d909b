import numpy as np
import pytest

from sori.errors import ParameterError
from sori.features import LogFrequency
from sori.models.piano import piano

FRONT_END = LogFrequency()


def test_frames_in_keys_out_at_any_length():
    network = piano((None, FRONT_END.n_bins, 2), width=0.25)
    for frames in (1, 37):
        x = np.zeros((2, frames, FRONT_END.n_bins, 2), dtype=np.float32)
        assert network(x).shape == (2, frames, 88, 5)


def test_a_picture_moved_up_by_a_key_is_seen_as_that_key():
    """Before the keys meet, a key's answer depends on its own harmonics only, wherever the key is."""
    network = piano((None, FRONT_END.n_bins, 2), width=0.25)
    keras_model = type(network)
    before_meeting = next(layer for layer in network.layers if layer.__class__.__name__ == "Add").output
    shared = keras_model(network.inputs[0], before_meeting)
    x = np.zeros((1, 20, FRONT_END.n_bins, 2), dtype=np.float32)
    x[0, 10, 130:140] = np.random.default_rng(0).random((10, 2))
    moved = np.roll(x, 3, axis=2)
    a, b = np.asarray(shared(x)), np.asarray(shared(moved))
    np.testing.assert_allclose(b[:, :, 30:60], a[:, :, 29:59], atol=1e-5)


def test_what_is_far_in_time_changes_nothing():
    network = piano((None, FRONT_END.n_bins, 2), width=0.25)
    x = np.random.default_rng(0).random((1, 180, FRONT_END.n_bins, 2)).astype(np.float32)
    other = x.copy()
    other[:, 160:] = 0
    np.testing.assert_allclose(np.asarray(network(other))[:, :70], np.asarray(network(x))[:, :70], atol=1e-4)


def test_the_pedal_is_heard_in_all_keys_together():
    network = piano((None, FRONT_END.n_bins, 2), width=0.25)
    x = np.random.default_rng(0).random((1, 30, FRONT_END.n_bins, 2)).astype(np.float32)
    pedal = np.asarray(network(x))[..., 4]
    assert (pedal == pedal[:, :, :1]).all()
    assert np.ptp(pedal[0, :, 0]) > 0


def test_too_few_bins_and_bad_numbers_are_refused():
    with pytest.raises(ParameterError, match="264 bins"):
        piano((None, 100, 2))
    with pytest.raises(ParameterError, match="dropout"):
        piano((None, 296, 2), dropout=2.0)
    with pytest.raises(ParameterError, match="channels"):
        piano((None, 296, 2), channels=0)


def test_a_spectrum_begins_as_it_is_heard():
    made = piano((None, FRONT_END.n_bins, 2), width=0.25, target="spectrum")
    x = np.random.default_rng(0).random((1, 9, FRONT_END.n_bins, 2)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(made(x)), x[:, :, :264], atol=1e-6)
    with pytest.raises(ParameterError, match="did you mean 'notes'"):
        piano((None, FRONT_END.n_bins, 2), target="note")
