import numpy as np
import pytest

from sori.errors import ParameterError
from sori.features import LogFrequency
from sori.models.densenet import densenet

FRONT_END = LogFrequency()


def test_densenet_answers_as_piano_does_and_shares_nothing_over_keys():
    network = densenet((None, FRONT_END.n_bins, 2), width=0.25)
    for frames in (1, 23):
        assert network(np.zeros((1, frames, FRONT_END.n_bins, 2), dtype=np.float32)).shape == (1, frames, 88, 5)
    with pytest.raises(ParameterError, match="264 bins"):
        densenet((None, 40, 2))


def test_a_spectrum_begins_as_it_is_heard():
    made = densenet((None, FRONT_END.n_bins, 2), width=0.25, target="spectrum")
    x = np.random.default_rng(0).random((1, 9, FRONT_END.n_bins, 2)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(made(x)), x[:, :, :264], atol=1e-6)
    with pytest.raises(ParameterError, match="did you mean 'notes'"):
        densenet((None, FRONT_END.n_bins, 2), target="note")
