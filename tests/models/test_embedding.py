import numpy as np

from sori.models import build
from sori.models.embedding import pooled


def test_the_head_is_linear_in_mean_and_maximum(rng):
    network = build("embedding", input_shape=(5, 6), n_classes=3)
    kernel, bias = network.get_layer("head").get_weights()
    x = rng.standard_normal((4, 5, 6)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(network(x)), pooled(x) @ kernel + bias, atol=1e-5)
    assert kernel.shape == (12, 3)
