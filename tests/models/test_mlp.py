from sori import models


def test_the_mlp_is_the_classic_one():
    network = models.build("mlp", input_shape=(130, 13), n_classes=10)
    assert network.count_params() == 1_014_218
    assert [layer.count_params() for layer in network.layers if layer.count_params()] == [865_792, 131_328, 16_448, 650]
    assert models.multiply_adds(network) == 1690 * 512 + 512 * 256 + 256 * 64 + 64 * 10
