import pytest

from sori import models
from sori.errors import ParameterError


@pytest.mark.parametrize("shape", [(216, 64), (216, 128), (1292, 128), (130, 13)])
def test_the_cnn_stays_compact(shape):
    network = models.build("cnn", input_shape=shape, n_classes=50)
    assert network.count_params() < 500_000
    assert models.multiply_adds(network) < 120e6


def test_the_cnn_says_what_it_needs():
    with pytest.raises(ParameterError, match="a waveform has one bin: build the dataset with `feature='mel'`"):
        models.build("cnn", input_shape=(8000, 1), n_classes=3)
