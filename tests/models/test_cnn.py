from itertools import pairwise

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


@pytest.mark.parametrize("shape", [(216, 64), (1292, 128), (130, 13)])
def test_the_first_map_is_no_larger_than_it_may_be(shape):
    network = models.build("cnn", input_shape=shape, n_classes=3)
    first = next(layer for layer in network.layers if layer.__class__.__name__ == "Conv2D")
    assert first.output.shape[1] <= 256
    assert first.output.shape[2] <= 64
    assert first.strides == (-(-shape[0] // 256), -(-shape[1] // 64))


def test_its_size_is_that_of_its_convolutions():
    channels = [1, 16, 32, 64, 128, 192]
    weights = sum(9 * a * b + 4 * b for a, b in pairwise(channels))  # and four numbers a channel of normalisation
    network = models.build("cnn", input_shape=(100, 40), n_classes=7)
    assert network.count_params() == weights + 2 * 192 * 7 + 7
