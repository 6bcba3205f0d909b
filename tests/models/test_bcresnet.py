import numpy as np
import pytest

from sori import models
from sori.errors import ParameterError
from sori.models.backend import keras as load_keras
from sori.models.bcresnet import _normalised_by_band


@pytest.mark.parametrize(("scale", "parameters"), [(1, 9_232), (3, 54_212), (8, 321_144)])
def test_bcresnet_has_the_size_of_the_paper(scale, parameters):
    # Table 1 there: 9.2 k, 54.2 k and 321 k.
    network = models.build("bcresnet", input_shape=(101, 40), n_classes=12, scale=scale)
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert trainable == pytest.approx(parameters, rel=0.07)


def test_bcresnet_needs_bins_to_halve():
    with pytest.raises(ParameterError, match="needs 8 or more; these segments have 5"):
        models.build("bcresnet", input_shape=(101, 5), n_classes=12)


@pytest.mark.parametrize("bins", [8, 13, 40, 64])
def test_any_number_of_bins_from_8_will_do(bins):
    network = models.build("bcresnet", input_shape=(20, bins), n_classes=3)
    assert network.output.shape == (None, 3)
    assert sum(layer.__class__.__name__ == "Add" for layer in network.layers) == 12  # blocks


def test_bands_are_normalised_by_their_own_statistics(rng):
    """As many bands as divide the bins, up to five: what is loud in one of them changes no other."""
    keras = load_keras()
    inputs = keras.Input((6, 10, 3))
    network = keras.Model(inputs, _normalised_by_band(inputs))
    assert network.count_params() == 4 * 5 * 3
    x = rng.standard_normal((8, 6, 10, 3)).astype(np.float32)
    x[:, :, 4:6] = 100 + 10 * x[:, :, 4:6]
    y = np.asarray(network(x, training=True)).reshape(8, 6, 5, 2, 3)
    np.testing.assert_allclose(y.mean(axis=(0, 1, 3)), 0, atol=1e-3)
    np.testing.assert_allclose(y.std(axis=(0, 1, 3)), 1, atol=1e-2)
