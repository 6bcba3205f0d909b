import numpy as np
import pytest

from sori import models
from sori.errors import ParameterError
from sori.models.backend import keras as load_keras
from sori.training.manifold import mixing_inside


@pytest.fixture(scope="module")
def network():
    load_keras().utils.set_random_seed(0)
    return models.build("mlp", input_shape=(6, 4), n_classes=3)


def test_mixes_at_the_layer_and_nowhere_else(network, rng):
    x = rng.standard_normal((4, 6, 4)).astype(np.float32)
    partner, share = np.array([1, 0, 3, 2]), np.array([1.0, 0.7, 0.6, 0.9], dtype=np.float32)
    keras = load_keras()
    layer = network.layers[3].name
    hidden = np.asarray(keras.Model(network.inputs[0], network.get_layer(layer).output)(x))
    mixed = share[:, None] * hidden + (1 - share[:, None]) * hidden[partner]
    behind = keras.Model(network.get_layer(layer).output, network.outputs[0])
    out = np.asarray(mixing_inside(network, layer)([x, partner, share]))
    np.testing.assert_allclose(out, np.asarray(behind(mixed)), rtol=1e-4, atol=1e-5)


def test_with_a_share_of_one_it_answers_as_the_network(network, rng):
    x = rng.standard_normal((4, 6, 4)).astype(np.float32)
    mixing = mixing_inside(network, network.layers[2].name)
    out = mixing([x, np.array([3, 2, 1, 0]), np.ones(4, dtype=np.float32)])
    np.testing.assert_allclose(np.asarray(out), np.asarray(network(x)), rtol=1e-5, atol=1e-6)
    assert [w.path for w in mixing.trainable_weights] == [w.path for w in network.trainable_weights]


def test_a_layer_that_something_goes_round_is_refused():
    skip = models.build("bcresnet", input_shape=(32, 16), n_classes=3)
    # The third of its depthwise convolutions is inside a block whose input is added to its output.
    inside = [layer.name for layer in skip.layers if layer.__class__.__name__ == "DepthwiseConv2D"][2]
    with pytest.raises(ParameterError, match="a connection bypasses it"):
        mixing_inside(skip, inside)
    with pytest.raises(ParameterError, match="layer must be one of"):
        mixing_inside(skip, "nowhere")
    assert mixing_inside(skip, skip.layers[-2].name) is not None
