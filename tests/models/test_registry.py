import numpy as np
import pytest

from sori import models
from sori.errors import ParameterError


@pytest.mark.parametrize("name", models.ARCHITECTURES)
class TestContract:
    @pytest.mark.parametrize("shape", [(130, 13), (44, 64), (500, 200), (3, 5)])
    def test_gives_probabilities(self, name, shape, rng):
        network = models.build(name, input_shape=shape, n_classes=7)
        x = rng.standard_normal((4, *shape)).astype(np.float32)
        out = np.asarray(network(x))
        assert out.shape == (4, 7)
        np.testing.assert_allclose(out.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(np.asarray(network(x[:1])), out[:1], atol=1e-5)

    def test_options_reach_the_network(self, name):
        plain = models.build(name, input_shape=(40, 20), n_classes=3, dropout=0.5, l2=0.01)
        assert any(getattr(layer, "rate", None) == 0.5 for layer in plain.layers)
        assert len(plain.losses) > 0

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"n_classes": 1}, "n_classes must be a whole number, at least 2"),
            ({"input_shape": (0, 3)}, "input_shape"),
            ({"input_shape": (10, 3, 1)}, r"input_shape must be \(frames, bins\)"),
            ({"dropout": 1.0}, "dropout must be"),
            ({"droput": 0.1}, "unknown key 'droput' in the options of .*; did you mean 'dropout'"),
        ],
    )
    def test_arguments_are_checked(self, name, arguments, message):
        with pytest.raises(ParameterError, match=message):
            models.build(name, **{"input_shape": (40, 20), "n_classes": 3, **arguments})


def test_the_mlp_is_the_classic_one():
    network = models.build("mlp", input_shape=(130, 13), n_classes=10)
    assert network.count_params() == 1_014_218
    assert [layer.count_params() for layer in network.layers if layer.count_params()] == [865_792, 131_328, 16_448, 650]
    assert models.multiply_adds(network) == 1690 * 512 + 512 * 256 + 256 * 64 + 64 * 10


@pytest.mark.parametrize("shape", [(216, 64), (216, 128), (1292, 128), (130, 13)])
def test_the_cnn_stays_compact(shape):
    network = models.build("cnn", input_shape=shape, n_classes=50)
    assert network.count_params() < 500_000
    assert models.multiply_adds(network) < 120e6


def test_the_cnn_says_what_it_needs():
    with pytest.raises(ParameterError, match="a waveform has one bin: build the dataset with --feature mel"):
        models.build("cnn", input_shape=(8000, 1), n_classes=3)


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ParameterError, match=r"model must be one of mlp, cnn.*did you mean 'cnn'"):
        models.build("cnnn", input_shape=(40, 20), n_classes=3)
