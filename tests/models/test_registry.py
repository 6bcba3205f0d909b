import numpy as np
import pytest

from sori import models
from sori.errors import ParameterError


def fitting(name, shape):
    """A shape that the network takes: those that hear samples take only those."""
    return (1600, 1) if name.startswith("wave") else shape


@pytest.mark.parametrize("name", models.ARCHITECTURES)
class TestContract:
    @pytest.mark.parametrize("shape", [(130, 16), (44, 64), (101, 40)])
    def test_gives_logits_whoever_else_is_in_the_batch(self, name, shape, rng):
        shape = fitting(name, shape)
        network = models.build(name, input_shape=shape, n_classes=7)
        x = rng.standard_normal((4, *shape)).astype(np.float32)
        out = np.asarray(network(x))
        assert out.shape == (4, 7)
        assert network.layers[-1].activation.__name__ == "linear"
        np.testing.assert_allclose(np.asarray(network(x[:1])), out[:1], atol=1e-4)

    def test_width_and_depth_make_it_smaller_and_larger(self, name):
        def parameters(**options):
            return models.build(name, input_shape=fitting(name, (64, 40)), n_classes=5, **options).count_params()

        plain = parameters()
        assert parameters(width=0.5) < plain < parameters(width=2.0)
        # A stage less leaves a flattened network more to flatten, so it is layers that are counted.
        shape = fitting(name, (64, 40))
        layers = [len(models.build(name, input_shape=shape, n_classes=5, depth=d).layers) for d in (-1, 0, 1)]
        assert layers == sorted(set(layers))

    def test_options_reach_the_network(self, name):
        plain = models.build(name, input_shape=fitting(name, (40, 20)), n_classes=3, dropout=0.5, l2=0.01)
        assert any(getattr(layer, "rate", None) == 0.5 for layer in plain.layers)
        assert len(plain.losses) > 0

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"n_classes": 1}, "n_classes must be a whole number, at least 2"),
            ({"input_shape": (0, 3)}, "input_shape"),
            ({"input_shape": (10, 3, 1)}, r"input_shape must be \(frames, bins\)"),
            ({"dropout": 1.0}, "dropout must be"),
            ({"l2": -1.0}, "l2 must be"),
            ({"width": 0.0}, "width must be"),
            ({"depth": -9}, "depth must be a whole number from -"),
            ({"droput": 0.1}, "unknown key 'droput' in the options of .*; did you mean 'dropout'"),
        ],
    )
    def test_arguments_are_checked(self, name, arguments, message):
        with pytest.raises(ParameterError, match=message):
            models.build(name, **{"input_shape": fitting(name, (40, 20)), "n_classes": 3, **arguments})


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
    with pytest.raises(ParameterError, match="a waveform has one bin: build the dataset with `feature='mel'`"):
        models.build("cnn", input_shape=(8000, 1), n_classes=3)


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ParameterError, match=r"model must be one of mlp, cnn.*did you mean 'cnn'"):
        models.build("cnnn", input_shape=(40, 20), n_classes=3)


@pytest.mark.parametrize(("scale", "parameters"), [(1, 9_232), (3, 54_212), (8, 321_144)])
def test_bcresnet_has_the_size_of_the_paper(scale, parameters):
    # Table 1 there: 9.2 k, 54.2 k and 321 k.
    network = models.build("bcresnet", input_shape=(101, 40), n_classes=12, scale=scale)
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert trainable == pytest.approx(parameters, rel=0.07)


def test_bcresnet_needs_bins_to_halve():
    with pytest.raises(ParameterError, match="needs 8 or more; these segments have 5"):
        models.build("bcresnet", input_shape=(101, 5), n_classes=12)


def test_the_waveform_network_is_the_one_described():
    network = models.build("wave", input_shape=(8000, 1), n_classes=12)
    convolutions = [layer for layer in network.layers if layer.__class__.__name__ == "Conv1D"]
    assert [layer.filters for layer in convolutions] == [32] * 2 + [64] * 2 + [128] * 3 + [256] * 3
    assert {layer.kernel_size for layer in convolutions} == {(9,)}
    assert models.multiply_adds(network) == pytest.approx(2.5e9, rel=0.03)
    small = models.build("bcresnet", input_shape=(101, 40), n_classes=12, scale=2.5)
    assert models.multiply_adds(network) > 50 * models.multiply_adds(small)


def test_skips_carry_what_a_stage_was_given():
    plain, skip = (models.build(name, input_shape=(800, 1), n_classes=3) for name in ("wave", "wave-skip"))
    joined = [layer.output.shape[-1] for layer in skip.layers if layer.__class__.__name__ == "Concatenate"]
    assert joined == [1 + 32, 33 + 64, 97 + 128, 225 + 256]
    assert not any(layer.__class__.__name__ == "Concatenate" for layer in plain.layers)


def test_each_input_has_its_networks():
    with pytest.raises(ParameterError, match="hears samples, and these segments are 63 frames x 130"):
        models.build("wave", input_shape=(63, 130), n_classes=3)
    with pytest.raises(ParameterError, match="a waveform has one bin"):
        models.build("spectrogram-cnn", input_shape=(8000, 1), n_classes=3)
    with pytest.raises(ParameterError, match="8 x 130 is too small"):
        models.build("spectrogram-skip", input_shape=(8, 130), n_classes=3)
    assert [models.default_for(kind) for kind in ("mel", "mfcc", "waveform", None)] == ["cnn", "mlp", "wave", "mlp"]
