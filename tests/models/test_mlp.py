from itertools import pairwise

import numpy as np
import pytest

from sori import models
from sori.models.mlp import mlp


def test_the_mlp_is_the_classic_one():
    network = models.build("mlp", input_shape=(130, 13), n_classes=10)
    assert network.count_params() == 1_014_218
    assert [layer.count_params() for layer in network.layers if layer.count_params()] == [865_792, 131_328, 16_448, 650]
    assert models.multiply_adds(network) == 1690 * 512 + 512 * 256 + 256 * 64 + 64 * 10


def parameters(units, inputs, classes):
    sizes = [inputs, *units, classes]
    return sum(a * b + b for a, b in pairwise(sizes))


@pytest.mark.parametrize(
    ("options", "units"),
    [
        ({}, [512, 256, 64]),
        ({"width": 0.25}, [128, 64, 16]),
        ({"depth": -1}, [512, 256]),
        ({"depth": 2, "dropout": 0.5}, [512, 256, 64, 64, 64]),
    ],
)
def test_its_size_is_that_of_dense_layers_one_after_another(options, units):
    network = mlp((5, 7), 3, **options)
    assert network.count_params() == parameters(units, 35, 3)


def test_what_it_computes_is_numpys(rng):
    network = mlp((4, 3), 2, width=0.02)
    x = rng.standard_normal((5, 4, 3)).astype(np.float32)
    weights = network.get_weights()
    y = x.reshape(5, 12)
    for w, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        y = np.maximum(y @ w + b, 0)
    np.testing.assert_allclose(np.asarray(network(x)), y @ weights[-2] + weights[-1], atol=1e-5)
